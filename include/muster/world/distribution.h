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

/* One row of the registry. */
struct mu_distribution {
    struct mu_kind kind;
    /* OPTIONAL. Makes law->table (freed with mu_free), reads files, checks what needs the number of clients; `file` and
     * `pointer` place errors. */
    int (*prepare)(struct mu_law *law, const char *file, const char *pointer, struct mu_err *err);
    /* REQUIRED. One draw. `client` places a client on laws that are laid out over the population (linear, list). */
    double (*sample)(const struct mu_law *law, struct mu_rng *rng, uint32_t client);
    /* REQUIRED. Expectation over the draws of one client; infinity if it diverges. */
    double (*mean)(const struct mu_law *law, uint32_t client);
    /* REQUIRED. The infimum over draws and clients, for checks such as "a duration must be positive". */
    double (*least)(const struct mu_law *law);
    /* REQUIRED. P(X <= x) for one client. */
    double (*cdf)(const struct mu_law *law, uint32_t client, double x);
};

/* Prepares `law` for `clients` clients. An absent choice gives a law without a row. On failure *law is cleared. */
int mu_law_init(struct mu_law *law, const struct mu_choice *choice, uint32_t clients, const char *file,
                const char *pointer, struct mu_err *err);
void mu_law_clear(struct mu_law *law);

double mu_law_sample(const struct mu_law *law, struct mu_rng *rng, uint32_t client);
double mu_law_mean(const struct mu_law *law, uint32_t client);
double mu_law_least(const struct mu_law *law);
double mu_law_cdf(const struct mu_law *law, uint32_t client, double x);

#endif
