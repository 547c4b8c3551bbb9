/* Waiting times without memory. */
#include "row.h"

struct exponential {
    double mean;
};

static double sample(const struct mu_law *law, struct mu_rng *rng, uint32_t client) {
    (void)client;
    return ((const struct exponential *)law->options)->mean * mu_rng_exponential(rng);
}

static double mean(const struct mu_law *law, uint32_t client) {
    (void)client;
    return ((const struct exponential *)law->options)->mean;
}

static double least(const struct mu_law *law) {
    (void)law;
    return 0.0;
}

static double cdf(const struct mu_law *law, uint32_t client, double x) {
    (void)client;
    return x > 0.0 ? -expm1(-x / ((const struct exponential *)law->options)->mean) : 0.0;
}

static const struct mu_field fields[] = {
    POSITIVE(exponential, mean, NULL, "mean"),
    {0},
};

const struct mu_distribution mu_distribution_exponential = {
    .kind = {"exponential", "memoryless waiting time", "", {fields, sizeof(struct exponential), NULL}},
    .sample = sample,
    .mean = mean,
    .least = least,
    .cdf = cdf,
};
