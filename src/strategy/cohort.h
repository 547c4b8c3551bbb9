/* Synchronous rounds, which fedavg and its relatives share: draw a cohort, send it the model, wait for all of it, or
 * for a deadline, or for the first K. A strategy embeds a `mu_cohort` as its first member and puts MU_COHORT_FIELDS
 * among its rows. */
#ifndef MUSTER_STRATEGY_COHORT_H
#define MUSTER_STRATEGY_COHORT_H

#include "muster/sim/strategy.h"

struct mu_cohort {
    /* options */
    int64_t cohort;    /* clients per round, MU_UNSET if fraction is given */
    double fraction;   /* of all clients, NAN if cohort is given */
    int sampling;      /* enum mu_sampling */
    int weights;       /* enum mu_cohort_weights */
    double deadline_s; /* or NAN */
    double over_selection;
    /* state */
    bool waiting;         /* for a client to come online, so that a round can start */
    int64_t round;        /* number of the round under way, the id of its deadline's timer; timer 0 ends the waiting */
    int64_t wanted;       /* updates that complete the round */
    int64_t pending;      /* jobs of the round that have not ended */
    int64_t arrived;      /* jobs of the round whose update is here */
    int64_t diverged;     /* jobs of the round whose update was not finite */
    struct mu_ints jobs;  /* the round's jobs, in the order of their dispatch */
    struct mu_ints ends;  /* how far each is, enum mu_cohort_end */
    struct mu_ints times; /* how often its client was drawn */
};

enum mu_cohort_end { MU_COHORT_PENDING, MU_COHORT_ARRIVED, MU_COHORT_GONE };
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
        {"deadline_s",                                                                                                \
         MU_REAL,                                                                                                     \
         MU_OPTION,                                                                                                   \
         offsetof(type, member.deadline_s),                                                                           \
         "simulated seconds",                                                                                         \
         0,                                                                                                           \
         1e9,                                                                                                         \
         "null",                                                                                                      \
         "a round ends so long after its start; updates that are not there by then are late and are not used",        \
         .open = true},                                                                                               \
        {"over_selection",                                                                                            \
         MU_REAL,                                                                                                     \
         MU_OPTION,                                                                                                   \
         offsetof(type, member.over_selection),                                                                       \
         "",                                                                                                          \
         1,                                                                                                           \
         1000,                                                                                                        \
         "1",                                                                                                         \
         "how many times the cohort is drawn, rounded up; the first cohort of them to arrive make the step, the "     \
         "others are late"},                                                                                          \
        {"waiting",                                                                                                   \
         MU_BOOL,                                                                                                     \
         MU_STATE,                                                                                                    \
         offsetof(type, member.waiting),                                                                              \
         "",                                                                                                          \
         0,                                                                                                           \
         0,                                                                                                           \
         "false",                                                                                                     \
         "nobody could be drawn; the next client that comes online starts a round"},                                  \
        {"round", MU_INT, MU_STATE, offsetof(type, member.round), "", 0, 0, "0", "number of the round"},              \
        {"wanted", MU_INT, MU_STATE, offsetof(type, member.wanted), "updates", 0, 0, "0", "that complete the round"}, \
        {"pending", MU_INT, MU_STATE, offsetof(type, member.pending), "jobs", 0, 0, "0", "under way"},                \
        {"arrived", MU_INT, MU_STATE, offsetof(type, member.arrived), "jobs", 0, 0, "0", "whose update is here"},     \
        {"diverged", MU_INT, MU_STATE, offsetof(type, member.diverged), "jobs", 0, 0, "0", "that diverged"},          \
        {"jobs", MU_INTS, MU_STATE, offsetof(type, member.jobs), "", 0, 0, "[]", "of the round"},                     \
        {"ends", MU_INTS, MU_STATE, offsetof(type, member.ends), "", 0, 0, "[]", "how far each job is"}, {            \
        "times", MU_INTS, MU_STATE, offsetof(type, member.times), "", 0, 0, "[]", "each job's client was drawn"       \
    }

/* Rules that span the options, and those that need the number of clients. */
int mu_cohort_check(const struct mu_cohort *cohort, const struct mu_strategy_context *context, struct mu_err *err);

/* The `plan` of a synchronous strategy: a round is one release, of clients drawn independently (poisson) or as a set of
 * fixed size (uniform); with tree noise nobody counts as drawn. Weights by size, over-selection and other samplings are
 * refused. */
int mu_cohort_plan(const struct mu_cohort *cohort, const struct mu_strategy_context *context,
                   struct mu_privacy_plan *plan, struct mu_err *err);

/* The `concurrency` of a synchronous strategy. */
uint64_t mu_cohort_concurrency(const void *options, uint32_t clients);

/* What distinguishes one synchronous strategy from another. */
struct mu_cohort_policy {
    struct mu_work work; /* what each client of the cohort is to do */
    /* The round is complete: combine and step. `term` has part 0 of each update that arrived, in the order of the draw,
     * with weights that sum to 1; it may be changed. The updates are released afterwards. */
    int (*step)(const struct mu_cohort *cohort, struct mu_sim *sim, size_t n, struct mu_term *term);
};

/* The callbacks of a synchronous strategy. A round in which not one update arrived fails with MU_DIVERGED if an update
 * was not finite, and is drawn anew without a step otherwise; an empty Poisson draw is drawn again. Under client-level
 * privacy both are steps of noise alone, and weights are 1 over the expected cohort. If fewer clients
 * are idle than a round is to have, it has those; if none is, one starts 1 ns after the next one came online. An update
 * that arrives at the very deadline is in time. */
int mu_cohort_start(struct mu_cohort *cohort, struct mu_sim *sim, const struct mu_cohort_policy *policy);
int mu_cohort_arrival(struct mu_cohort *cohort, struct mu_sim *sim, const struct mu_update *update,
                      const struct mu_cohort_policy *policy);
int mu_cohort_lost(struct mu_cohort *cohort, struct mu_sim *sim, const struct mu_loss *loss,
                   const struct mu_cohort_policy *policy);
int mu_cohort_timer(struct mu_cohort *cohort, struct mu_sim *sim, uint64_t id, const struct mu_cohort_policy *policy);
int mu_cohort_available(struct mu_cohort *cohort, struct mu_sim *sim);

#endif
