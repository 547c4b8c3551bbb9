/* Probability laws for durations, speeds and bandwidths. Wherever the config expects one, a bare number stands for a
 * constant and an array for one value per client. A sample is a pure function of the generator it is given and of the
 * client, so what a client draws never depends on anybody else. */
#ifndef MUSTER_WORLD_DISTRIBUTION_H
#define MUSTER_WORLD_DISTRIBUTION_H

#include "muster/base/rng.h"
#include "muster/config/field.h"

/* The rows: every law there is. */
extern const struct mu_registry mu_distributions;

/* A parsed choice made ready to draw from. Filled by mu_law_init; `options` stays the config's, `table` is the law's.
 */
struct mu_law {
    const struct mu_distribution *row; /* NULL: no law was chosen */
    const void *options;
    void *table;      /* what the row's prepare made of its options, or NULL */
    uint32_t clients; /* size of the population, at least 1 */
};

/* What a law is for. `file` and `pointer` place errors; `property` tells the seeded layout of one law over the
 * population from that of another, as in a shuffled linear. */
struct mu_law_scope {
    const char *file, *pointer;
    uint64_t seed;
    uint32_t clients;
    int property;
};

/* One row of the registry. */
struct mu_distribution {
    struct mu_kind kind;
    bool fixed; /* each client has one value: sample takes nothing from its generator */
    /* OPTIONAL. Makes law->table, one block that mu_free releases; reads files; checks what needs the number of
     * clients. On failure law->table is NULL. */
    int (*prepare)(struct mu_law *law, const struct mu_law_scope *scope, struct mu_err *err);
    /* REQUIRED. One draw. `client` places a client on laws that are laid out over the population (linear, list). */
    double (*sample)(const struct mu_law *law, struct mu_rng *rng, uint32_t client);
    /* REQUIRED. Expectation over the draws of one client; infinity if it diverges. */
    double (*mean)(const struct mu_law *law, uint32_t client);
    /* REQUIRED. The infimum over all draws and clients. */
    double (*least)(const struct mu_law *law);
    /* REQUIRED. P(X <= x) for one client. */
    double (*cdf)(const struct mu_law *law, uint32_t client, double x);
};

/* Prepares a parsed choice. An absent one gives a law without a row. On failure *law is cleared. */
int mu_law_init(struct mu_law *law, const struct mu_choice *choice, const struct mu_law_scope *scope,
                struct mu_err *err);
void mu_law_clear(struct mu_law *law);

double mu_law_sample(const struct mu_law *law, struct mu_rng *rng, uint32_t client);
double mu_law_mean(const struct mu_law *law, uint32_t client);
double mu_law_least(const struct mu_law *law);
double mu_law_cdf(const struct mu_law *law, uint32_t client, double x);

/* Fails (MU_BAD_CONFIG, at the scope's place) unless every draw is positive, or at least 0, or within 0..1. What has
 * probability 0 is allowed: an exponential is positive. `what` names the quantity, as "a duration". */
int mu_law_require_positive(const struct mu_law *law, const struct mu_law_scope *scope, const char *what,
                            struct mu_err *err);
int mu_law_require_not_negative(const struct mu_law *law, const struct mu_law_scope *scope, const char *what,
                                struct mu_err *err);
int mu_law_require_probability(const struct mu_law *law, const struct mu_law_scope *scope, const char *what,
                               struct mu_err *err);

#endif
