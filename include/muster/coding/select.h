/* Which scheme with which parameters? A probe has recorded each worker's time in some rounds at one load. For a
 * candidate, the times at its load are the recorded ones plus alpha times the difference of loads, and running the
 * scheme's rounds over them, without any training, gives its total time; the least one of a grid is the choice.
 * specs/gradient_coding.md, section 2.6. Only computing depends on the load there: a scheme's larger messages (M-SGC's
 * W - 1 + B vectors) cost nothing in this estimate unless `vector_s` says so. */
#ifndef MUSTER_CODING_SELECT_H
#define MUSTER_CODING_SELECT_H

#include "muster/base/err.h"
#include "muster/coding/closing.h"

/* A probe, made ready. */
struct mu_profile {
    uint32_t n, rounds;
    const double *time_s; /* [rounds][n], borrowed */
    double load;          /* share of the batch that each worker processed in the probe */
    double alpha;         /* seconds per unit of load */
    double vector_s;      /* seconds that each further vector of a message takes; the first one is in the times */
    uint32_t *order;      /* [rounds][n]: workers by time; owned */
};

/* Times must be finite and not negative (MU_BAD_CONFIG). Release with mu_profile_clear. */
int mu_profile_init(struct mu_profile *profile, uint32_t n, uint32_t rounds, const double *time_s, double load,
                    double alpha, struct mu_err *err);
void mu_profile_clear(struct mu_profile *profile);

/* Least-squares slope of time over load; NAN unless two loads differ. */
double mu_profile_slope(size_t count, const double *load, const double *time_s);

enum mu_scheme { MU_SCHEME_UNCODED, MU_SCHEME_GC, MU_SCHEME_SR_SGC, MU_SCHEME_M_SGC, MU_SCHEMES };
extern const char *const mu_scheme_names[]; /* "uncoded", "gc", "sr_sgc", "m_sgc", NULL */

struct mu_candidate {
    enum mu_scheme scheme;
    uint32_t s;            /* gc */
    uint32_t B, W, lambda; /* sr_sgc, m_sgc */
};

struct mu_select_options {
    struct mu_closing_rule rule;
    int64_t jobs;        /* to be decoded; rounds beyond the probe's repeat it from its start */
    uint32_t most_delay; /* T: the number of models in rotation - 1 */
    uint32_t most_W;     /* of sr_sgc, whose W the delay does not bound */
    bool groups;         /* gc where s + 1 divides n: fractional repetition, which needs one of each group only */
};

struct mu_estimate {
    struct mu_candidate candidate;
    uint32_t delay;
    double load;
    double total_s;
    uint64_t rounds, waited; /* waited: rounds that were waited out beyond the deadline */
};

/* Total time of one candidate. MU_BAD_CONFIG if its parameters make no sense. Stops, with infinity, as soon as it
 * exceeds `limit_s`. */
int mu_select_estimate(const struct mu_profile *profile, const struct mu_select_options *options,
                       const struct mu_candidate *candidate, double limit_s, struct mu_estimate *out,
                       struct mu_err *err);

/* The best of a scheme: gc over s = 0..n - 1; sr_sgc over lambda = 1..n, B = 1..most_delay, W = B + 1, 2 B + 1 ..
 * most_W; m_sgc over lambda = 1..n and all B < W with W - 2 + B <= most_delay. Of equal ones the first in this order.
 * Without any (most_delay = 0) total_s is infinite. */
int mu_select_best(const struct mu_profile *profile, const struct mu_select_options *options, enum mu_scheme scheme,
                   struct mu_estimate *best, struct mu_err *err);

/* The best of every scheme; *winner is the fastest of them, of equal ones the first. */
int mu_select_schemes(const struct mu_profile *profile, const struct mu_select_options *options,
                      struct mu_estimate best[static MU_SCHEMES], enum mu_scheme *winner, struct mu_err *err);

#endif
