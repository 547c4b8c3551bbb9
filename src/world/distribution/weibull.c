/* Weibull: P(X > x) = exp(-(x / scale)^shape); heavy-tailed below shape 1. */
#include "row.h"

struct weibull {
    double shape, scale;
};

static double sample(const struct mu_law *law, struct mu_rng *rng, uint32_t client) {
    (void)client;
    const struct weibull *o = law->options;
    return o->scale * pow(mu_rng_exponential(rng), 1.0 / o->shape);
}

static double mean(const struct mu_law *law, uint32_t client) {
    (void)client;
    const struct weibull *o = law->options;
    return o->scale * tgamma(1.0 + 1.0 / o->shape);
}

static double least(const struct mu_law *law) {
    (void)law;
    return 0.0;
}

static double cdf(const struct mu_law *law, uint32_t client, double x) {
    (void)client;
    const struct weibull *o = law->options;
    return x > 0.0 ? -expm1(-pow(x / o->scale, o->shape)) : 0.0;
}

static const struct mu_field fields[] = {
    POSITIVE(weibull, shape, NULL, "shape; 1 is the exponential, less has a heavier tail"),
    POSITIVE(weibull, scale, NULL, "scale; exceeded with probability 1/e"),
    {0},
};

const struct mu_distribution mu_distribution_weibull = {
    .kind = {"weibull", "P(X > x) = exp(-(x / scale)^shape)", "", {fields, sizeof(struct weibull), NULL}},
    .sample = sample,
    .mean = mean,
    .least = least,
    .cdf = cdf,
};
