#include "gradient.h"

#include <assert.h>
#include <string.h>

#include "muster/base/mem.h"
#include "muster/config/state.h"
#include "sim_impl.h"

uint64_t mu_gradient_cost(const struct mu_gradient_work *work) {
    uint64_t rows = 0;
    for (size_t i = 0; i < work->chunks; i++) {
        rows += work->chunk[i].rows;
    }
    return work->difference ? 2 * rows : rows;
}

/* Holds the models that the work is about. */
static void hold(struct mu_sim *sim, struct mu_gradient_order *g) {
    for (uint64_t p = 0; p < g->parts; p++) {
        struct mu_slot *slot = &sim->slot[g->wire.slot[p]];
        g->kept[p] = slot->current;
        g->kept[p]->refs++;
        if (g->wire.difference) {
            assert(slot->previous != NULL);
            g->before[p] = slot->previous;
            g->before[p]->refs++;
        }
    }
}

int mu_gradient_take(struct mu_sim *sim, struct mu_sim_job *job, const struct mu_gradient_work *work) {
    assert(work->parts >= 1 && work->parts <= MU_MAX_PARTS);
    const size_t chunks = sim->dim > 0 ? work->chunks : 0;
    struct mu_gradient_order *g = mu_alloc(1, sizeof *g + chunks * sizeof *g->chunk, sim->err);
    if (g == NULL) {
        return sim->err->code;
    }
    g->parts = work->parts;
    g->wire.chunks = chunks;
    g->wire.dedup = work->dedup;
    g->wire.difference = work->difference;
    g->wire.clip = work->clip;
    memcpy(g->wire.slot, work->slot, work->parts * sizeof *work->slot);
    if (chunks > 0) {
        memcpy(g->chunk, work->chunk, chunks * sizeof *g->chunk);
    }
    hold(sim, g);
    job->gradient = g;
    return MU_OK;
}

void mu_gradient_drop(struct mu_sim *sim, struct mu_sim_job *job) {
    struct mu_gradient_order *g = job->gradient;
    for (uint64_t p = 0; g != NULL && p < g->parts; p++) {
        mu_version_drop(sim, g->wire.slot[p], g->kept[p]);
        if (g->before[p] != NULL) {
            mu_version_drop(sim, g->wire.slot[p], g->before[p]);
        }
    }
    mu_free(g);
    job->gradient = NULL;
}

size_t mu_gradient_tail(const struct mu_sim_job *job, struct mu_tail tail[static 2]) {
    const struct mu_gradient_order *g = job->gradient;
    if (g == NULL) {
        return 0;
    }
    tail[0] = (struct mu_tail){&g->wire, sizeof g->wire};
    tail[1] = (struct mu_tail){g->chunk, g->wire.chunks * sizeof *g->chunk};
    return 2;
}

/* What is saved of gradient work: this, then its chunks. */
struct saved {
    uint64_t parts;
    struct mu_wire_gradient wire;
    uint64_t version[MU_MAX_PARTS];
    double max_abs[MU_MAX_PARTS];
};

int mu_gradient_save(const struct mu_sim_job *job, struct mu_blob *blob, struct mu_err *err) {
    const struct mu_gradient_order *g = job->gradient;
    if (g == NULL) {
        return MU_OK;
    }
    struct saved saved = {.parts = g->parts, .wire = g->wire};
    for (uint64_t p = 0; p < g->parts; p++) {
        saved.version[p] = g->kept[p]->number;
        saved.max_abs[p] = job->arrived ? g->max_abs[p] : 0;
    }
    MU_TRY(mu_blob_add(blob, &saved, sizeof saved, err));
    return mu_blob_add(blob, g->chunk, g->wire.chunks * sizeof *g->chunk, err);
}

static bool restore(struct mu_sim *sim, struct mu_gradient_order *g, const struct saved *saved) {
    for (uint64_t p = 0; p < saved->parts; p++) {
        const uint32_t slot = saved->wire.slot[p];
        struct mu_version *kept =
            slot < sim->slots ? mu_map_get(&sim->slot[slot].versions, saved->version[p] + 1) : NULL;
        struct mu_version *before =
            kept != NULL && saved->wire.difference ? mu_map_get(&sim->slot[slot].versions, saved->version[p]) : NULL;
        if (kept == NULL || (saved->wire.difference && before == NULL)) {
            return false;
        }
        g->kept[p] = kept;
        g->before[p] = before;
        g->max_abs[p] = saved->max_abs[p];
        kept->refs++;
        if (before != NULL) {
            before->refs++;
        }
        g->parts = p + 1;
    }
    return true;
}

int mu_gradient_load(struct mu_sim *sim, struct mu_sim_job *job, const unsigned char *data, size_t bytes, size_t *at,
                     bool *good) {
    struct saved saved;
    *good = false;
    if (bytes - *at < sizeof saved) {
        return MU_OK;
    }
    memcpy(&saved, data + *at, sizeof saved);
    *at += sizeof saved;
    if (saved.parts > MU_MAX_PARTS || saved.wire.chunks > (bytes - *at) / sizeof(struct mu_chunk)) {
        return MU_OK;
    }
    const size_t chunks = saved.wire.chunks * sizeof(struct mu_chunk);
    struct mu_gradient_order *g = job->gradient = mu_alloc(1, sizeof *g + chunks, sim->err);
    if (g == NULL) {
        return sim->err->code;
    }
    g->wire = saved.wire;
    memcpy(g->chunk, data + *at, chunks);
    *at += chunks;
    *good = restore(sim, g, &saved);
    return MU_OK;
}
