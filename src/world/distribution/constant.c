/* Always the same value: what a bare number in the config means. */
#include "row.h"

struct constant {
    double value;
};

static double sample(const struct mu_law *law, struct mu_rng *rng, uint32_t client) {
    (void)rng;
    (void)client;
    return ((const struct constant *)law->options)->value;
}

static double mean(const struct mu_law *law, uint32_t client) {
    (void)client;
    return ((const struct constant *)law->options)->value;
}

static double least(const struct mu_law *law) {
    return ((const struct constant *)law->options)->value;
}

static double cdf(const struct mu_law *law, uint32_t client, double x) {
    (void)client;
    return x >= ((const struct constant *)law->options)->value ? 1.0 : 0.0;
}

static const struct mu_field fields[] = {
    ANY_NUMBER(constant, value, NULL, "the value"),
    {0},
};

const struct mu_distribution mu_distribution_constant = {
    .kind = {"constant",
             "always the same value; a bare number means this",
             "",
             {fields, sizeof(struct constant), NULL}},
    .fixed = true,
    .sample = sample,
    .mean = mean,
    .least = least,
    .cdf = cdf,
};
