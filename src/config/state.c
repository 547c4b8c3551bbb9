#include "muster/config/state.h"

#include <string.h>

#include <cJSON.h>

#include "muster/base/mem.h"

int mu_blob_add(struct mu_blob *blob, const void *data, size_t n, struct mu_err *err) {
    void *grown = blob->data;
    MU_TRY(mu_grow(&grown, &blob->capacity, blob->n + n, 1, err));
    blob->data = grown;
    if (n > 0) {
        memcpy(blob->data + blob->n, data, n);
    }
    blob->n += n;
    return MU_OK;
}

/* Elements that an array of n has room for. */
static size_t room_of(size_t n) {
    size_t room = 4;
    while (room < n) {
        room *= 2;
    }
    return room;
}

/* Moves n elements of 8 bytes into storage of the right room; *v may be NULL. */
static int widen(void **v, size_t n, size_t room, struct mu_err *err) {
    void *wide = mu_alloc(room, 8, err);
    if (wide == NULL) {
        return err->code;
    }
    if (n > 0) {
        memcpy(wide, *v, n * 8);
    }
    mu_free(*v);
    *v = wide;
    return MU_OK;
}

int mu_ints_push(struct mu_ints *ints, int64_t value, struct mu_err *err) {
    void *v = ints->v;
    if (ints->n == 0 || room_of(ints->n) == ints->n) {
        MU_TRY(widen(&v, ints->n, room_of(ints->n + 1), err));
        ints->v = v;
    }
    ints->v[ints->n++] = value;
    return MU_OK;
}

int mu_reals_push(struct mu_reals *reals, double value, struct mu_err *err) {
    void *v = reals->v;
    if (reals->n == 0 || room_of(reals->n) == reals->n) {
        MU_TRY(widen(&v, reals->n, room_of(reals->n + 1), err));
        reals->v = v;
    }
    reals->v[reals->n++] = value;
    reals->axes = 1;
    reals->shape[0] = reals->n;
    return MU_OK;
}

static size_t scalar_bytes(enum mu_type type) {
    return type == MU_BOOL ? sizeof(bool) : 8;
}

/* A choice that was made during a run is saved as an option would be written, then with the state of its row. `rows`
 * has room for two. */
static struct mu_group choice_group(const struct mu_field *field, struct mu_field rows[static 2]) {
    rows[0] = *field;
    rows[0].role = MU_OPTION;
    rows[0].offset = 0;
    rows[1] = (struct mu_field){0};
    return (struct mu_group){rows, sizeof(struct mu_choice), NULL};
}

static int save_choice(const struct mu_field *field, const struct mu_choice *choice, struct mu_blob *blob,
                       struct mu_err *err) {
    struct mu_field rows[2];
    const struct mu_group group = choice_group(field, rows);
    cJSON *json = mu_group_json(&group, choice);
    char *text = json != NULL ? cJSON_PrintUnformatted(json) : NULL;
    cJSON_Delete(json);
    const size_t n = text != NULL ? strlen(text) + 1 : 0;
    int code = text != NULL ? mu_blob_add(blob, &n, sizeof n, err) : mu_fail(err, MU_RANK_FAILED, NULL, "no memory");
    code = code == MU_OK ? mu_blob_add(blob, text, n, err) : code;
    cJSON_free(text);
    if (code == MU_OK && choice->kind != NULL) {
        code = mu_state_save(&choice->kind->group, choice->options, blob, err);
    }
    return code;
}

int mu_state_save(const struct mu_group *group, const void *values, struct mu_blob *blob, struct mu_err *err) {
    for (const struct mu_field *f = group->fields; f != NULL && f->type != MU_NONE; f++) {
        const void *member = (const char *)values + f->offset;
        if (f->type == MU_GROUP) {
            MU_TRY(mu_state_save(f->of, member, blob, err));
        }
        if (f->role != MU_STATE) {
            continue;
        }
        if (f->type == MU_INTS) {
            const struct mu_ints *ints = member;
            MU_TRY(mu_blob_add(blob, &ints->n, sizeof ints->n, err));
            MU_TRY(mu_blob_add(blob, ints->v, ints->n * 8, err));
        } else if (f->type == MU_REALS) {
            const struct mu_reals *reals = member;
            MU_TRY(mu_blob_add(blob, &reals->n, sizeof reals->n, err));
            MU_TRY(mu_blob_add(blob, &reals->axes, sizeof reals->axes, err));
            MU_TRY(mu_blob_add(blob, reals->shape, sizeof reals->shape, err));
            MU_TRY(mu_blob_add(blob, reals->v, reals->n * 8, err));
        } else if (f->type == MU_CHOICE) {
            MU_TRY(save_choice(f, member, blob, err));
        } else {
            MU_TRY(mu_blob_add(blob, member, scalar_bytes(f->type), err));
        }
    }
    return MU_OK;
}

/* What is left to read. */
struct reader {
    const unsigned char *at, *end;
    struct mu_err *err;
};

static int take(struct reader *r, void *out, size_t n) {
    if ((size_t)(r->end - r->at) < n) {
        return mu_fail(r->err, MU_IO, NULL, "the saved state is shorter than its strategy's");
    }
    memcpy(out, r->at, n);
    r->at += n;
    return MU_OK;
}

static int take_array(struct reader *r, size_t n, void **v) {
    if ((size_t)(r->end - r->at) / 8 < n) {
        return mu_fail(r->err, MU_IO, NULL, "the saved state is shorter than its strategy's");
    }
    MU_TRY(widen(v, 0, room_of(n), r->err));
    return take(r, *v, n * 8);
}

static int load_reals(struct reader *r, struct mu_reals *reals) {
    size_t n = 0;
    MU_TRY(take(r, &n, sizeof n));
    MU_TRY(take(r, &reals->axes, sizeof reals->axes));
    MU_TRY(take(r, reals->shape, sizeof reals->shape));
    if (reals->axes > sizeof reals->shape / sizeof *reals->shape) {
        return mu_fail(r->err, MU_IO, NULL, "the saved state has an array of %zu axes", reals->axes);
    }
    void *v = reals->v;
    reals->v = NULL;
    const int code = take_array(r, n, &v);
    reals->v = v;
    reals->n = code == MU_OK ? n : 0;
    return code;
}

static int load_ints(struct reader *r, struct mu_ints *ints) {
    size_t n = 0;
    MU_TRY(take(r, &n, sizeof n));
    void *v = ints->v;
    ints->v = NULL;
    const int code = take_array(r, n, &v);
    ints->v = v;
    ints->n = code == MU_OK ? n : 0;
    return code;
}

static int load_group(const struct mu_group *group, void *values, struct reader *r);

static int load_choice(const struct mu_field *field, struct mu_choice *choice, struct reader *r) {
    size_t n = 0;
    MU_TRY(take(r, &n, sizeof n));
    if (n == 0 || (size_t)(r->end - r->at) < n || r->at[n - 1] != '\0') {
        return mu_fail(r->err, MU_IO, NULL, "the saved state is shorter than its strategy's");
    }
    struct mu_field rows[2];
    const struct mu_group group = choice_group(field, rows);
    cJSON *json = cJSON_Parse((const char *)r->at);
    r->at += n;
    mu_group_clear(&group, choice);
    const int code = json != NULL ? mu_group_parse(&group, json, "checkpoint", "", choice, r->err)
                                  : mu_fail(r->err, MU_IO, NULL, "a choice in the saved state is not JSON");
    cJSON_Delete(json);
    return code == MU_OK && choice->kind != NULL ? load_group(&choice->kind->group, choice->options, r) : code;
}

static int load_group(const struct mu_group *group, void *values, struct reader *r) {
    for (const struct mu_field *f = group->fields; f != NULL && f->type != MU_NONE; f++) {
        void *member = (char *)values + f->offset;
        if (f->type == MU_GROUP) {
            MU_TRY(load_group(f->of, member, r));
        }
        if (f->role != MU_STATE) {
            continue;
        }
        if (f->type == MU_INTS) {
            MU_TRY(load_ints(r, member));
        } else if (f->type == MU_REALS) {
            MU_TRY(load_reals(r, member));
        } else if (f->type == MU_CHOICE) {
            MU_TRY(load_choice(f, member, r));
        } else {
            MU_TRY(take(r, member, scalar_bytes(f->type)));
        }
    }
    return MU_OK;
}

int mu_state_load(const struct mu_group *group, void *values, const unsigned char *data, size_t n, struct mu_err *err) {
    struct reader r = {data, data + n, err};
    MU_TRY(load_group(group, values, &r));
    return r.at == r.end ? MU_OK : mu_fail(err, MU_IO, NULL, "the saved state is longer than its strategy's");
}
