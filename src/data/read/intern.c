#include "intern.h"

#include <stdbool.h>
#include <string.h>

#include "muster/base/mem.h"

enum { FIRST_SLOTS = 64 };

/* FNV-1a (Fowler, Noll, Vo), 64 bit. */
static uint64_t hash_text(const char *text, size_t n) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < n; i++) {
        hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3u;
    }
    return hash ^ hash >> 32;
}

static bool is_text(const struct mu_intern *intern, uint32_t id, const char *text, size_t n) {
    const size_t end = id + 1 < intern->n ? intern->at[id + 1] : intern->text_n;
    return end - intern->at[id] == n + 1 && memcmp(intern->text + intern->at[id], text, n) == 0;
}

/* The slot that holds the text, or the free one where it belongs. */
static size_t find_slot(const struct mu_intern *intern, const char *text, size_t n) {
    size_t at = hash_text(text, n) & (intern->slots - 1);
    while (intern->slot[at] != 0 && !is_text(intern, intern->slot[at] - 1, text, n)) {
        at = (at + 1) & (intern->slots - 1);
    }
    return at;
}

static int grow_slots(struct mu_intern *intern, struct mu_err *err) {
    const size_t slots = intern->slots > 0 ? 2 * intern->slots : FIRST_SLOTS;
    uint32_t *const slot = mu_alloc(slots, sizeof *slot, err);
    if (slot == NULL) {
        return err->code;
    }
    mu_free(intern->slot);
    intern->slot = slot;
    intern->slots = slots;
    for (uint32_t id = 0; id < intern->n; id++) {
        const char *const text = mu_intern_text(intern, id);
        const size_t end = id + 1 < intern->n ? intern->at[id + 1] : intern->text_n;
        slot[find_slot(intern, text, end - intern->at[id] - 1)] = id + 1;
    }
    return MU_OK;
}

int mu_intern_add(struct mu_intern *intern, const char *text, size_t n, uint32_t *id, struct mu_err *err) {
    if (2 * (intern->n + 1) > intern->slots) {
        MU_TRY(grow_slots(intern, err));
    }
    const size_t slot = find_slot(intern, text, n);
    if (intern->slot[slot] == 0) {
        void *grown = intern->text;
        int rc = mu_grow(&grown, &intern->text_capacity, intern->text_n + n + 1, 1, err);
        intern->text = grown;
        MU_TRY(rc);
        grown = intern->at;
        rc = mu_grow(&grown, &intern->at_capacity, intern->n + 1, sizeof *intern->at, err);
        intern->at = grown;
        MU_TRY(rc);
        memcpy(intern->text + intern->text_n, text, n);
        intern->text[intern->text_n + n] = '\0';
        intern->at[intern->n] = intern->text_n;
        intern->text_n += n + 1;
        intern->slot[slot] = (uint32_t)++intern->n;
    }
    *id = intern->slot[slot] - 1;
    return MU_OK;
}

const char *mu_intern_text(const struct mu_intern *intern, uint32_t id) {
    return intern->text + intern->at[id];
}

void mu_intern_clear(struct mu_intern *intern) {
    mu_free(intern->text);
    mu_free(intern->at);
    mu_free(intern->slot);
    memset(intern, 0, sizeof *intern);
}
