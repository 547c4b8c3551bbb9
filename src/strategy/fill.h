/* What strategies without rounds share: a number of jobs that is kept in flight, and small services. */
#ifndef MUSTER_STRATEGY_FILL_H
#define MUSTER_STRATEGY_FILL_H

#include "muster/base/mem.h"
#include "muster/sim/strategy.h"

#define MU_CONCURRENCY_FIELD(type, member)                                                 \
    {                                                                                      \
        "concurrency", MU_INT, MU_OPTION, offsetof(type, member), "jobs", 1, 1e8, "null",  \
            "jobs kept in flight, each by a client of its own; null: all clients are busy" \
    }

/* Fails if there are fewer clients than jobs are to be in flight: a busy client gets no second job. */
int mu_concurrency_check(int64_t concurrency, const struct mu_strategy_context *context, struct mu_err *err);

/* The number of jobs to keep in flight; concurrency may be MU_UNSET. */
uint64_t mu_concurrency(int64_t concurrency, const struct mu_sim *sim);

/* The `concurrency` of a strategy whose option has this value. */
uint64_t mu_concurrency_promise(int64_t concurrency, uint32_t clients);
/* The `weight_sum` of a mean: 1. */
double mu_mean_promise(const void *options, size_t n, const uint64_t *staleness);

/* Gives work to clients drawn from the idle ones, all alike, until `target` jobs are in flight or nobody is idle. */
int mu_fill(struct mu_sim *sim, const struct mu_work *work, uint64_t target);

/* Plain training of the model, without control variates or caches. */
extern const struct mu_work mu_plain_work;

/* Whether the run protects whole clients. */
bool mu_protects_clients(const struct mu_sim *sim);

/* Appends to a list of the strategy's state. */
int mu_note(struct mu_sim *sim, struct mu_ints *list, int64_t value);

/* Room for n terms, to be freed with mu_free; on NULL the run has been failed (MU_RANK_FAILED). */
struct mu_term *mu_terms(struct mu_sim *sim, size_t n);

/* Steps with a single update and releases it. */
int mu_step_with(struct mu_sim *sim, mu_job job, double weight);

/* Rounded to the nearest ns. */
uint64_t mu_seconds_ns(double seconds);

#endif
