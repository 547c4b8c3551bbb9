/* FedFix (Fraboni et al. 2023): a step at the end of every window of a fixed length, with whatever has arrived in it;
 * an arrival at the very end is in. A client that has arrived idles until the end and starts again from the new model;
 * the others work on. An empty window is a step too: the version counts windows. x += sum of d_i update_i. With jobs of
 * tau_i, client i arrives once in ceil(tau_i / window) windows, so d_i = ceil(tau_i / window) p_i makes the steps
 * follow the objective. */
#include <math.h>

#include "fill.h"
#include "muster/config/state.h"

enum { CORRECTED, EXPECTED, RATE, UNCORRECTED };
static const char *const weightings[] = {"corrected", "expected", "rate", "uncorrected", NULL};

struct fedfix {
    double window_s;
    int weights;
    struct mu_ints jobs;      /* arrived in this window */
    struct mu_reals expected; /* windows that a job of each client is expected to take */
};

static const struct mu_field fields[] = {
    {"window_s", MU_REAL, MU_OPTION, offsetof(struct fedfix, window_s), "simulated seconds", 1e-9, 1e9, NULL,
     "time from one step to the next"},
    {"weights", MU_ENUM, MU_OPTION, offsetof(struct fedfix, weights), "", 0, 0, "\"corrected\"",
     "of an update, the client's p_i times: the windows its job took (corrected), their expectation (expected), the "
     "windows so far per update of the client (rate), 1 (uncorrected)",
     weightings},
    {"jobs", MU_INTS, MU_STATE, offsetof(struct fedfix, jobs), "", 0, 0, "[]", "arrived in this window"},
    {"expected", MU_REALS, MU_STATE, offsetof(struct fedfix, expected), "windows", 0, 0, "[]",
     "a job of each client is expected to take"},
    {0},
};

/* Windows so far, which is the version, tell when the one under way ends. Under a wall clock a callback may be late. */
static int set_timer(const struct fedfix *s, struct mu_sim *sim) {
    const uint64_t at = (mu_sim_version(sim, 0) + 1) * mu_seconds_ns(s->window_s);
    return mu_sim_timer(sim, at > mu_sim_now(sim) ? at : mu_sim_now(sim), 0);
}

static int start(void *state, struct mu_sim *sim) {
    struct fedfix *s = state;
    struct mu_err err = {.code = MU_OK};
    s->expected.n = 0;
    for (uint32_t i = 0; s->weights == EXPECTED && i < mu_sim_clients(sim); i++) {
        const double windows = mu_sim_expect(sim, i, mu_seconds_ns(s->window_s));
        if (!isfinite(windows)) {
            return mu_sim_fail(sim, MU_BAD_CONFIG,
                               "fedfix with weights \"expected\": the mean duration of client %u's jobs is infinite",
                               i);
        }
        if (mu_reals_push(&s->expected, windows, &err) != MU_OK) {
            return mu_sim_fail(sim, err.code, "%s", err.text);
        }
    }
    MU_TRY(mu_fill(sim, &mu_plain_work, mu_sim_clients(sim)));
    return set_timer(s, sim);
}

static int arrival(void *state, struct mu_sim *sim, const struct mu_update *update) {
    return mu_note(sim, &((struct fedfix *)state)->jobs, (int64_t)update->job);
}

/* The client idles until the window's end, like one that has arrived. */
static int lost(void *state, struct mu_sim *sim, const struct mu_loss *loss) {
    (void)state, (void)sim, (void)loss;
    return MU_OK;
}

static double weight_of(const struct fedfix *s, const struct mu_sim *sim, const struct mu_update *update) {
    const double p = mu_sim_importance(sim, update->client);
    switch (s->weights) {
    case CORRECTED:
        return (double)(update->staleness + 1) * p;
    case EXPECTED:
        return s->expected.v[update->client] * p;
    case RATE: /* both counts include this window and this update */
        return (double)(mu_sim_version(sim, 0) + 1) / (double)(mu_sim_participations(sim, update->client) + 1) * p;
    default:
        return p;
    }
}

static int close_window(const struct fedfix *s, struct mu_sim *sim, struct mu_term *term) {
    for (size_t i = 0; i < s->jobs.n; i++) {
        const struct mu_update *update = mu_sim_update(sim, (mu_job)s->jobs.v[i]);
        term[i] = (struct mu_term){MU_TERM_UPDATE, update->job, 0, weight_of(s, sim, update)};
    }
    MU_TRY(mu_sim_combine(sim, 0, 0, s->jobs.n, term));
    MU_TRY(mu_sim_step(sim, 0));
    for (size_t i = 0; i < s->jobs.n; i++) {
        MU_TRY(mu_sim_release(sim, (mu_job)s->jobs.v[i], true));
    }
    return MU_OK;
}

static int timer(void *state, struct mu_sim *sim, uint64_t id) {
    (void)id;
    struct fedfix *s = state;
    struct mu_term *term = mu_terms(sim, s->jobs.n);
    if (term == NULL) {
        return MU_RANK_FAILED;
    }
    const int code = close_window(s, sim, term);
    mu_free(term);
    MU_TRY(code);
    s->jobs.n = 0;
    MU_TRY(mu_fill(sim, &mu_plain_work, mu_sim_clients(sim)));
    return set_timer(s, sim);
}

const struct mu_strategy mu_strategy_fedfix = {
    .kind = {"fedfix",
             "a step per window of fixed length, weighted against the bias towards fast clients",
             "Fraboni et al. 2023",
             {fields, sizeof(struct fedfix), NULL}},
    .asynchronous = true,
    .start = start,
    .arrival = arrival,
    .lost = lost,
    .timer = timer,
};
