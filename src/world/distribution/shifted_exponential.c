/* A fixed part plus an exponential one: the usual model of a worker's time in coded computation. */
#include "row.h"

struct shifted_exponential {
    double shift, mean;
};

static double sample(const struct mu_law *law, struct mu_rng *rng, uint32_t client) {
    (void)client;
    const struct shifted_exponential *o = law->options;
    return o->shift + o->mean * mu_rng_exponential(rng);
}

static double mean(const struct mu_law *law, uint32_t client) {
    (void)client;
    const struct shifted_exponential *o = law->options;
    return o->shift + o->mean;
}

static double least(const struct mu_law *law) {
    return ((const struct shifted_exponential *)law->options)->shift;
}

static double cdf(const struct mu_law *law, uint32_t client, double x) {
    (void)client;
    const struct shifted_exponential *o = law->options;
    return x > o->shift ? -expm1(-(x - o->shift) / o->mean) : 0.0;
}

static const struct mu_field fields[] = {
    ANY_NUMBER(shifted_exponential, shift, NULL, "smallest value, to which the exponential part is added"),
    POSITIVE(shifted_exponential, mean, NULL, "mean of the exponential part"),
    {0},
};

const struct mu_distribution mu_distribution_shifted_exponential = {
    .kind = {"shifted_exponential",
             "shift plus an exponential of the given mean",
             "",
             {fields, sizeof(struct shifted_exponential), NULL}},
    .sample = sample,
    .mean = mean,
    .least = least,
    .cdf = cdf,
};
