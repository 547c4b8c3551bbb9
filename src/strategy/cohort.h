/* Synchronous rounds, which fedavg and its relatives share: draw a cohort, send it the model, wait for all of it.
 * A strategy embeds a `mu_cohort` as its first member and puts MU_COHORT_FIELDS among its rows. */
#ifndef MUSTER_STRATEGY_COHORT_H
#define MUSTER_STRATEGY_COHORT_H

#include "muster/sim/strategy.h"

struct mu_cohort {
    /* options */
    int64_t cohort;  /* clients per round, MU_UNSET if fraction is given */
    double fraction; /* of all clients, NAN if cohort is given */
    int sampling;    /* enum mu_sampling */
    int weights;     /* enum mu_cohort_weights */
    /* state */
    int64_t pending;      /* jobs of the round that have not ended */
    int64_t diverged;     /* jobs of the round whose update was not finite */
    struct mu_ints jobs;  /* the round's jobs, 0 once lost */
    struct mu_ints times; /* how often the client was drawn */
};

enum mu_cohort_weights { MU_COHORT_SAMPLES, MU_COHORT_UNIFORM };

extern const char *const mu_cohort_samplings[], *const mu_cohort_weightings[];

#define MU_COHORT_FIELDS(type, member)                                                                                \
    {"cohort",                                                                                                        \
     MU_INT,                                                                                                          \
     MU_OPTION,                                                                                                       \
     offsetof(type, member.cohort),                                                                                   \
     "clients",                                                                                                       \
     1,                                                                                                               \
     1e6,                                                                                                             \
     "null",                                                                                                          \
     "clients that take part in a round; 10, or all of fewer, if neither this nor fraction is given"},                \
        {"fraction",                                                                                                  \
         MU_REAL,                                                                                                     \
         MU_OPTION,                                                                                                   \
         offsetof(type, member.fraction),                                                                             \
         "",                                                                                                          \
         0,                                                                                                           \
         1,                                                                                                           \
         "null",                                                                                                      \
         "cohort as a fraction of all clients, rounded up",                                                           \
         .open = true},                                                                                               \
        {"sampling",                                                                                                  \
         MU_ENUM,                                                                                                     \
         MU_OPTION,                                                                                                   \
         offsetof(type, member.sampling),                                                                             \
         "",                                                                                                          \
         0,                                                                                                           \
         0,                                                                                                           \
         "\"uniform\"",                                                                                               \
         "how the cohort is drawn: without replacement all alike (uniform) or by data size (size), with replacement " \
         "likewise (replacement, size_replacement), or each client independently (poisson)",                          \
         mu_cohort_samplings},                                                                                        \
        {"weights",                                                                                                   \
         MU_ENUM,                                                                                                     \
         MU_OPTION,                                                                                                   \
         offsetof(type, member.weights),                                                                              \
         "",                                                                                                          \
         0,                                                                                                           \
         0,                                                                                                           \
         "\"samples\"",                                                                                               \
         "weight of an update within its round: by the client's rows, or all alike",                                  \
         mu_cohort_weightings},                                                                                       \
        {"pending", MU_INT, MU_STATE, offsetof(type, member.pending), "jobs", 0, 0, "0", "jobs under way"},           \
        {"diverged", MU_INT, MU_STATE, offsetof(type, member.diverged), "jobs", 0, 0, "0", "jobs that diverged"},     \
        {"jobs", MU_INTS, MU_STATE, offsetof(type, member.jobs), "", 0, 0, "[]", "jobs of the round"}, {              \
        "times", MU_INTS, MU_STATE, offsetof(type, member.times), "", 0, 0, "[]", "times each was drawn"              \
    }

/* Rules that span the options, and those that need the number of clients. */
int mu_cohort_check(const struct mu_cohort *cohort, const struct mu_strategy_context *context, struct mu_err *err);

/* What distinguishes one synchronous strategy from another. */
struct mu_cohort_policy {
    struct mu_work work; /* what each client of the cohort is to do */
    /* The round is complete: combine and step. `term` has part 0 of each update that arrived, in the order of the draw,
     * with weights that sum to 1; it may be changed. The updates are released afterwards. */
    int (*step)(const struct mu_cohort *cohort, struct mu_sim *sim, size_t n, struct mu_term *term);
};

/* The callbacks of a synchronous strategy. A round in which not one update arrived fails with MU_DIVERGED if an update
 * was not finite, and is drawn anew otherwise; an empty Poisson draw is drawn again. */
int mu_cohort_start(struct mu_cohort *cohort, struct mu_sim *sim, const struct mu_cohort_policy *policy);
int mu_cohort_arrival(struct mu_cohort *cohort, struct mu_sim *sim, const struct mu_cohort_policy *policy);
int mu_cohort_lost(struct mu_cohort *cohort, struct mu_sim *sim, const struct mu_loss *loss,
                   const struct mu_cohort_policy *policy);

#endif
