/* Ringmaster ASGD (Maranjyan et al. 2025): every arrival is a step, x += update, unless its delay is R or more: then it
 * is dropped. With `stop`, a job whose delay reaches R is stopped and its client starts again from the current model;
 * then nothing arrives too late. */
#include "flight.h"

struct ringmaster {
    struct mu_flight flight;
    int64_t threshold;
    bool stop;
};

static const struct mu_field fields[] = {
    MU_FLIGHT_FIELDS(struct ringmaster, flight),
    {"threshold", MU_INT, MU_OPTION, offsetof(struct ringmaster, threshold), "versions", 1, 1e15, NULL,
     "R: updates are used while their staleness is less"},
    {"stop", MU_BOOL, MU_OPTION, offsetof(struct ringmaster, stop), "", 0, 0, "true",
     "stop jobs whose staleness reaches the threshold and start them again; false: wait for them, to drop them"},
    {0},
};

static int check(const void *state, const struct mu_strategy_context *context, struct mu_err *err) {
    return mu_concurrency_check(((const struct ringmaster *)state)->flight.concurrency, context, err);
}

static int start(void *state, struct mu_sim *sim) {
    return mu_flight_fill(&((struct ringmaster *)state)->flight, sim);
}

static int arrival(void *state, struct mu_sim *sim, const struct mu_update *update) {
    struct ringmaster *s = state;
    const uint64_t threshold = (uint64_t)s->threshold;
    mu_flight_end(&s->flight, update->job);
    if (update->staleness >= threshold) {
        MU_TRY(mu_sim_release(sim, update->job, false));
    } else {
        MU_TRY(mu_step_with(sim, update->job, 1));
        const uint64_t version = mu_sim_version(sim, 0);
        if (s->stop && version >= threshold) {
            MU_TRY(mu_flight_restart(&s->flight, sim, version - threshold + 1));
        }
    }
    return mu_flight_fill(&s->flight, sim);
}

static int lost(void *state, struct mu_sim *sim, const struct mu_loss *loss) {
    struct ringmaster *s = state;
    mu_flight_end(&s->flight, loss->job);
    return mu_flight_fill(&s->flight, sim);
}

static int available(void *state, struct mu_sim *sim, uint32_t client) {
    (void)client;
    return mu_flight_fill(&((struct ringmaster *)state)->flight, sim);
}

const struct mu_strategy mu_strategy_ringmaster = {
    .kind = {"ringmaster",
             "every arrival is a step, unless its delay exceeds a threshold",
             "Maranjyan et al. 2025",
             {fields, sizeof(struct ringmaster), NULL}},
    .asynchronous = true,
    .concurrency = mu_flight_concurrency,
    .weight_sum = mu_mean_promise,
    .check = check,
    .start = start,
    .arrival = arrival,
    .lost = lost,
    .available = available,
};
