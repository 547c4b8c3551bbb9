/* Pareto: P(X > x) = (scale / x)^shape from scale on; no mean up to shape 1, no variance up to shape 2. */
#include "row.h"

struct pareto {
    double scale, shape;
};

static double sample(const struct mu_law *law, struct mu_rng *rng, uint32_t client) {
    (void)client;
    const struct pareto *o = law->options;
    return o->scale * exp(mu_rng_exponential(rng) / o->shape);
}

static double mean(const struct mu_law *law, uint32_t client) {
    (void)client;
    const struct pareto *o = law->options;
    return o->shape > 1.0 ? o->scale * o->shape / (o->shape - 1.0) : INFINITY;
}

static double least(const struct mu_law *law) {
    return ((const struct pareto *)law->options)->scale;
}

static double cdf(const struct mu_law *law, uint32_t client, double x) {
    (void)client;
    const struct pareto *o = law->options;
    return x > o->scale ? -expm1(o->shape * log(o->scale / x)) : 0.0;
}

static const struct mu_field fields[] = {
    POSITIVE(pareto, scale, NULL, "smallest value"),
    POSITIVE(pareto, shape, NULL, "tail index; 1.2 to 3 is usual"),
    {0},
};

const struct mu_distribution mu_distribution_pareto = {
    .kind = {"pareto", "power-law tail, P(X > x) = (scale / x)^shape", "", {fields, sizeof(struct pareto), NULL}},
    .sample = sample,
    .mean = mean,
    .least = least,
    .cdf = cdf,
};
