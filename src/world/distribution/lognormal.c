/* exp(N(mu, sigma^2)): the median is exp(mu). */
#include "row.h"

struct lognormal {
    double mu, sigma;
};

static double sample(const struct mu_law *law, struct mu_rng *rng, uint32_t client) {
    (void)client;
    const struct lognormal *o = law->options;
    return exp(o->mu + o->sigma * mu_rng_normal(rng));
}

static double mean(const struct mu_law *law, uint32_t client) {
    (void)client;
    const struct lognormal *o = law->options;
    return exp(o->mu + 0.5 * o->sigma * o->sigma);
}

static double least(const struct mu_law *law) {
    (void)law;
    return 0.0;
}

static double cdf(const struct mu_law *law, uint32_t client, double x) {
    (void)client;
    const struct lognormal *o = law->options;
    return x > 0.0 ? 0.5 * erfc((o->mu - log(x)) / o->sigma * M_SQRT1_2) : 0.0;
}

static const struct mu_field fields[] = {
    ANY_NUMBER(lognormal, mu, NULL, "mean of the logarithm"),
    POSITIVE(lognormal, sigma, NULL, "standard deviation of the logarithm"),
    {0},
};

const struct mu_distribution mu_distribution_lognormal = {
    .kind = {"lognormal", "exponential of a normal", "", {fields, sizeof(struct lognormal), NULL}},
    .sample = sample,
    .mean = mean,
    .least = least,
    .cdf = cdf,
};
