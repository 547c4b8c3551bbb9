/* Evenly spaced over the population: the first client has `from`, the last `to`. The time scenario F-X of Fraboni et
 * al. 2023 is linear from 1 to 1 - X/100. Speed then goes with the client's number, and with its data if those are
 * ordered too; `shuffle` deals the values out in an order drawn from the seed. */
#include "muster/base/mem.h"
#include "row.h"

struct linear {
    double from, to;
    bool shuffle;
};

/* law->table: each client's place, if shuffled. */
static int prepare(struct mu_law *law, const struct mu_law_scope *scope, struct mu_err *err) {
    const struct linear *o = law->options;
    if (!o->shuffle) {
        return MU_OK;
    }
    uint32_t *place = mu_alloc_uninit(law->clients, sizeof *place, err);
    if (place == NULL) {
        return MU_RANK_FAILED;
    }
    for (uint32_t i = 0; i < law->clients; i++) {
        place[i] = i;
    }
    struct mu_rng rng;
    mu_rng_init(&rng, scope->seed, MU_STREAM_POPULATION, UINT32_MAX, (uint32_t)scope->property);
    mu_rng_shuffle(&rng, law->clients, place);
    law->table = place;
    return MU_OK;
}

static double mean(const struct mu_law *law, uint32_t client) {
    const struct linear *o = law->options;
    const uint32_t place = law->table == NULL ? client : ((const uint32_t *)law->table)[client];
    if (place == 0) {
        return o->from;
    }
    return place == law->clients - 1 ? o->to : o->from + (o->to - o->from) * place / (law->clients - 1.0);
}

static double sample(const struct mu_law *law, struct mu_rng *rng, uint32_t client) {
    (void)rng;
    return mean(law, client);
}

static double least(const struct mu_law *law) {
    const struct linear *o = law->options;
    return law->clients == 1 ? o->from : fmin(o->from, o->to);
}

static double cdf(const struct mu_law *law, uint32_t client, double x) {
    return x >= mean(law, client) ? 1.0 : 0.0;
}

static const struct mu_field fields[] = {
    ANY_NUMBER(linear, from, NULL, "the first client's value"),
    ANY_NUMBER(linear, to, NULL, "the last client's value"),
    {"shuffle", MU_BOOL, MU_OPTION, offsetof(struct linear, shuffle), "", 0, 0, "false",
     "deal the values out in an order drawn from the seed, not by client number", NULL, false},
    {0},
};

const struct mu_distribution mu_distribution_linear = {
    .kind = {"linear",
             "evenly spaced over the clients, from the first to the last",
             "Fraboni et al. 2023",
             {fields, sizeof(struct linear), NULL}},
    .fixed = true,
    .prepare = prepare,
    .sample = sample,
    .mean = mean,
    .least = least,
    .cdf = cdf,
};
