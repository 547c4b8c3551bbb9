/* Probability laws for durations, speeds and bandwidths. Wherever the config expects one, a bare number stands for a
 * constant. A sample is a pure function of the generator it is given, so what a client draws never depends on anybody
 * else. */
#ifndef MUSTER_WORLD_DISTRIBUTION_H
#define MUSTER_WORLD_DISTRIBUTION_H

#include "muster/base/rng.h"
#include "muster/config/field.h"

extern const struct mu_registry mu_distributions;

/* One row of the registry: a law. */
struct mu_distribution {
    struct mu_kind kind;
    /* REQUIRED. One draw. `client` of `clients` places a client on laws that are laid out over the population (linear).
     */
    double (*sample)(const void *options, struct mu_rng *rng, uint32_t client, uint32_t clients);
    /* REQUIRED. Expectation over draws and clients; infinity or NAN if there is none. */
    double (*mean)(const void *options, uint32_t clients);
    /* REQUIRED. The smallest value that can be drawn, for checks such as "a duration must be positive". */
    double (*least)(const void *options);
    /* OPTIONAL. P(X <= x), for tests and reports. */
    double (*cdf)(const void *options, double x);
};

/* Shorthands on a parsed choice. */
double mu_distribution_sample(const struct mu_choice *law, struct mu_rng *rng, uint32_t client, uint32_t clients);
double mu_distribution_mean(const struct mu_choice *law, uint32_t clients);
double mu_distribution_least(const struct mu_choice *law);

#endif
