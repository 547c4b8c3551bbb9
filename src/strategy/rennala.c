/* Rennala SGD (Tyurin, Richtarik 2023): a step with the mean of a batch of updates that all started from the current
 * model; whoever arrives starts again from it at once. With `stop` all jobs still under way at a step are stopped and
 * start again from the new model; otherwise they are let run, and their updates ignored. */
#include "flight.h"

struct rennala {
    struct mu_flight flight;
    int64_t batch;
    bool stop;
    struct mu_ints gathered;
};

static const struct mu_field fields[] = {
    MU_FLIGHT_FIELDS(struct rennala, flight),
    {"batch", MU_INT, MU_OPTION, offsetof(struct rennala, batch), "updates", 1, 1000000, "10",
     "updates from the current model that make a step"},
    {"stop", MU_BOOL, MU_OPTION, offsetof(struct rennala, stop), "", 0, 0, "true",
     "stop all jobs at a step and start them again; false: wait for them, to ignore them"},
    {"gathered", MU_INTS, MU_STATE, offsetof(struct rennala, gathered), "", 0, 0, "[]", "jobs of the batch"},
    {0},
};

static int check(const void *state, const struct mu_strategy_context *context, struct mu_err *err) {
    return mu_concurrency_check(((const struct rennala *)state)->flight.concurrency, context, err);
}

static int start(void *state, struct mu_sim *sim) {
    return mu_flight_fill(&((struct rennala *)state)->flight, sim);
}

static int step(struct rennala *s, struct mu_sim *sim) {
    const size_t n = s->gathered.n;
    struct mu_term *term = mu_terms(sim, n);
    if (term == NULL) {
        return MU_RANK_FAILED;
    }
    for (size_t i = 0; i < n; i++) {
        term[i] = (struct mu_term){MU_TERM_UPDATE, (mu_job)s->gathered.v[i], 0, 1 / (double)s->batch};
    }
    int code = mu_sim_combine(sim, 0, 0, n, term);
    mu_free(term);
    if (code == MU_OK) {
        code = mu_sim_step(sim, 0);
    }
    for (size_t i = 0; code == MU_OK && i < n; i++) {
        code = mu_sim_release(sim, (mu_job)s->gathered.v[i], true);
    }
    s->gathered.n = 0;
    return code;
}

static int arrival(void *state, struct mu_sim *sim, const struct mu_update *update) {
    struct rennala *s = state;
    mu_flight_end(&s->flight, update->job);
    if (update->staleness > 0) {
        MU_TRY(mu_sim_release(sim, update->job, false));
        return mu_flight_fill(&s->flight, sim);
    }
    MU_TRY(mu_note(sim, &s->gathered, (int64_t)update->job));
    if (s->gathered.n == (size_t)s->batch) {
        MU_TRY(step(s, sim));
        if (s->stop) {
            MU_TRY(mu_flight_restart(&s->flight, sim, mu_sim_version(sim, 0)));
        }
    }
    return mu_flight_fill(&s->flight, sim);
}

static int lost(void *state, struct mu_sim *sim, const struct mu_loss *loss) {
    struct rennala *s = state;
    mu_flight_end(&s->flight, loss->job);
    return mu_flight_fill(&s->flight, sim);
}

static int available(void *state, struct mu_sim *sim, uint32_t client) {
    (void)client;
    return mu_flight_fill(&((struct rennala *)state)->flight, sim);
}

const struct mu_strategy mu_strategy_rennala = {
    .kind = {"rennala",
             "a step with a batch of updates that all started from the current model",
             "Tyurin, Richtarik 2023",
             {fields, sizeof(struct rennala), NULL}},
    .asynchronous = true,
    .concurrency = mu_flight_concurrency,
    .weight_sum = mu_mean_promise,
    .check = check,
    .start = start,
    .arrival = arrival,
    .lost = lost,
    .available = available,
};
