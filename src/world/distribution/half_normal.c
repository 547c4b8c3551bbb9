/* min + |N(0, sd^2)|: FLSim's law of training durations, which FedBuff's experiments use. */
#include "row.h"

struct half_normal {
    double min, sd;
};

static double sample(const struct mu_law *law, struct mu_rng *rng, uint32_t client) {
    (void)client;
    const struct half_normal *o = law->options;
    return o->min + o->sd * fabs(mu_rng_normal(rng));
}

static double mean(const struct mu_law *law, uint32_t client) {
    (void)client;
    const struct half_normal *o = law->options;
    return o->min + o->sd * M_2_SQRTPI * M_SQRT1_2; /* sqrt(2 / pi) */
}

static double least(const struct mu_law *law) {
    return ((const struct half_normal *)law->options)->min;
}

static double cdf(const struct mu_law *law, uint32_t client, double x) {
    (void)client;
    const struct half_normal *o = law->options;
    return x > o->min ? erf((x - o->min) / o->sd * M_SQRT1_2) : 0.0;
}

static const struct mu_field fields[] = {
    ANY_NUMBER(half_normal, min, "0", "smallest value"),
    POSITIVE(half_normal, sd, NULL, "standard deviation of the normal whose absolute value is added"),
    {0},
};

const struct mu_distribution mu_distribution_half_normal = {
    .kind = {"half_normal",
             "min plus the absolute value of a normal",
             "Nguyen et al. 2022",
             {fields, sizeof(struct half_normal), NULL}},
    .sample = sample,
    .mean = mean,
    .least = least,
    .cdf = cdf,
};
