/* One value per client: what a bare array in the config means. */
#include "row.h"

struct list {
    struct mu_reals values;
};

static int prepare(struct mu_law *law, const struct mu_law_scope *scope, struct mu_err *err) {
    const struct list *o = law->options;
    if (o->values.n == law->clients && o->values.axes == 1) {
        return MU_OK;
    }
    char place[512];
    return mu_fail(err, MU_BAD_CONFIG, mu_place(place, scope->file, scope->pointer, NULL),
                   "expected a list of one value per client: %u, got %zu", (unsigned)law->clients, o->values.n);
}

static double mean(const struct mu_law *law, uint32_t client) {
    return ((const struct list *)law->options)->values.v[client];
}

static double sample(const struct mu_law *law, struct mu_rng *rng, uint32_t client) {
    (void)rng;
    return mean(law, client);
}

static double least(const struct mu_law *law) {
    const struct mu_reals *values = &((const struct list *)law->options)->values;
    double smallest = INFINITY;
    for (size_t i = 0; i < values->n; i++) {
        smallest = fmin(smallest, values->v[i]);
    }
    return smallest;
}

static double cdf(const struct mu_law *law, uint32_t client, double x) {
    return x >= mean(law, client) ? 1.0 : 0.0;
}

static const struct mu_field fields[] = {
    {"values", MU_REALS, MU_OPTION, offsetof(struct list, values), "", 0, 0, NULL, "each client's value, in order",
     NULL, false},
    {0},
};

const struct mu_distribution mu_distribution_list = {
    .kind = {"list", "one value per client; a bare array means this", "", {fields, sizeof(struct list), NULL}},
    .fixed = true,
    .prepare = prepare,
    .sample = sample,
    .mean = mean,
    .least = least,
    .cdf = cdf,
};
