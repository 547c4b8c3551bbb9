#include <math.h>

#include "muster/base/mem.h"
#include "property.h"
#include "row.h"

int mu_straggle_effect_check(const void *values, const char *file, const char *pointer, struct mu_err *err) {
    const struct mu_straggle_effect *effect = values;
    if (effect->extra_s.kind != NULL || effect->slowdown.kind != NULL) {
        return MU_OK;
    }
    char place[512];
    mu_fail(err, MU_BAD_CONFIG, mu_place(place, file, pointer, NULL), "a straggler needs extra_s or slowdown");
    return mu_fail_help(err, "for example \"slowdown\": 10 or \"extra_s\": {\"kind\": \"exponential\", \"mean\": 1.5}");
}

static int prepare_effect(struct mu_straggling *s, const struct mu_law_scope *scope, struct mu_err *err) {
    const struct mu_straggle_effect *effect = s->options;
    char pointer[512];
    struct mu_law_scope inner;
    mu_scope_enter(&inner, pointer, scope, "extra_s", MU_PROPERTY_STRAGGLER);
    MU_TRY(mu_law_init(&s->extra_s, &effect->extra_s, &inner, err));
    if (s->extra_s.row != NULL) {
        MU_TRY(mu_law_require_not_negative(&s->extra_s, &inner, "an added delay", err));
    }
    mu_scope_enter(&inner, pointer, scope, "slowdown", MU_PROPERTY_STRAGGLER);
    MU_TRY(mu_law_init(&s->slowdown, &effect->slowdown, &inner, err));
    if (s->slowdown.row != NULL) {
        MU_TRY(mu_law_require_positive(&s->slowdown, &inner, "a slowdown", err));
    }
    return MU_OK;
}

static int prepare_all(struct mu_straggling *s, const struct mu_law_scope *scope, struct mu_err *err) {
    if (s->row->effect) {
        MU_TRY(prepare_effect(s, scope, err));
    }
    return s->row->prepare == NULL ? MU_OK : s->row->prepare(s, scope, err);
}

int mu_straggling_init(struct mu_straggling *s, const struct mu_choice *choice, const struct mu_law_scope *scope,
                       struct mu_err *err) {
    *s = (struct mu_straggling){.seed = scope->seed, .clients = scope->clients};
    if (choice->kind == NULL) {
        return MU_OK;
    }
    /* A kind is the first member of its row. */
    s->row = (const struct mu_straggler *)choice->kind;
    s->options = choice->options;
    const int rc = prepare_all(s, scope, err);
    if (rc != MU_OK) {
        mu_straggling_clear(s);
    }
    return rc;
}

void mu_straggling_clear(struct mu_straggling *s) {
    mu_law_clear(&s->extra_s);
    mu_law_clear(&s->slowdown);
    mu_free(s->table);
    *s = (struct mu_straggling){0};
}

struct mu_straggle mu_straggling_job(const struct mu_straggling *s, uint32_t client, uint32_t ordinal) {
    struct mu_straggle straggle = {.slowdown = 1.0, .duration_s = NAN};
    if (s->row != NULL && s->row->job != NULL) {
        s->row->job(s, client, ordinal, &straggle);
    }
    return straggle;
}
