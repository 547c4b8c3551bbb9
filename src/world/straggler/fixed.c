/* Always the same clients, named by number or, as a share of the population, drawn from the seed. */
#include "muster/base/mem.h"
#include "property.h"
#include "row.h"

struct fixed {
    struct mu_straggle_effect effect;
    struct mu_ints clients;
    double fraction;
};

/* `straggles` marks round(fraction * clients) of them, each set of that size with the same probability. */
static int mark_share(bool *straggles, uint32_t clients, double fraction, uint64_t seed, struct mu_err *err) {
    uint32_t *order = mu_alloc_uninit(clients, sizeof *order, err);
    if (order == NULL) {
        return MU_RANK_FAILED;
    }
    for (uint32_t i = 0; i < clients; i++) {
        order[i] = i;
    }
    struct mu_rng rng;
    mu_rng_init(&rng, seed, MU_STREAM_POPULATION, UINT32_MAX, MU_PROPERTY_STRAGGLER);
    mu_rng_shuffle(&rng, clients, order);
    const uint32_t n = (uint32_t)llround(fraction * clients);
    for (uint32_t i = 0; i < n; i++) {
        straggles[order[i]] = true;
    }
    mu_free(order);
    return MU_OK;
}

/* s->table: bool per client. */
static int prepare(struct mu_straggling *s, const struct mu_law_scope *scope, struct mu_err *err) {
    const struct fixed *o = s->options;
    bool *straggles = mu_alloc(s->clients, sizeof *straggles, err);
    if ((s->table = straggles) == NULL) {
        return MU_RANK_FAILED;
    }
    if (!isnan(o->fraction)) {
        return mark_share(straggles, s->clients, o->fraction, s->seed, err);
    }
    for (size_t i = 0; i < o->clients.n; i++) {
        if (o->clients.v[i] >= s->clients) {
            char place[512];
            return mu_fail(err, MU_BAD_CONFIG, mu_place(place, scope->file, scope->pointer, "clients"),
                           "expected clients within 0..%u, got %lld", (unsigned)(s->clients - 1),
                           (long long)o->clients.v[i]);
        }
        straggles[o->clients.v[i]] = true;
    }
    return MU_OK;
}

static void job(const struct mu_straggling *s, uint32_t client, uint32_t ordinal, struct mu_straggle *out) {
    (void)ordinal;
    out->straggles = ((const bool *)s->table)[client];
}

static int check(const void *values, const char *file, const char *pointer, struct mu_err *err) {
    const struct fixed *o = values;
    if ((o->clients.n == 0) == isnan(o->fraction)) {
        char place[512];
        return mu_fail(err, MU_BAD_CONFIG, mu_place(place, file, pointer, NULL), "expected either clients or fraction");
    }
    return mu_straggle_effect_check(values, file, pointer, err);
}

static const struct mu_field fields[] = {
    {"clients", MU_INTS, MU_OPTION, offsetof(struct fixed, clients), "", 0, UINT32_MAX, "null",
     "numbers of the clients that straggle, from 0", NULL, false},
    PROBABILITY(fixed, fraction, "null", "share of the population that straggles, drawn from the seed"),
    EFFECT_FIELDS,
    {0},
};

const struct mu_straggler mu_straggler_fixed = {
    .kind = {"fixed", "every job of the same clients straggles", "", {fields, sizeof(struct fixed), check}},
    .effect = true,
    .prepare = prepare,
    .job = job,
};
