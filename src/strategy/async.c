/* Asynchronous FedAvg of Fraboni et al. 2023: all clients are busy all the time and every arrival is a step,
 * x += d_i update_i. Client i's share of the arrivals is (1 / tau_i) / sum_j (1 / tau_j), tau being the mean duration
 * of a job, so d_i = p_i tau_i sum_j (1 / tau_j) makes the steps follow the objective; d_i = 1 favours the fast. */
#include "fill.h"
#include "muster/config/state.h"

enum { CORRECTED, IDENTICAL };
static const char *const weightings[] = {"corrected", "identical", NULL};

struct async {
    int weights;
    struct mu_reals weight; /* d_i of each client; empty: 1 */
};

static const struct mu_field fields[] = {
    {"weights", MU_ENUM, MU_OPTION, offsetof(struct async, weights), "", 0, 0, "\"corrected\"",
     "of an update: corrected for how often its client arrives, by the mean duration of its jobs, or all 1",
     weightings},
    {"weight", MU_REALS, MU_STATE, offsetof(struct async, weight), "", 0, 0, "[]", "of each client's updates"},
    {0},
};

/* Mean duration of a client's jobs in ns; in a world without durations all are alike. */
static double mean_duration(const struct mu_sim *sim, uint32_t client) {
    const double mean = mu_sim_expect(sim, client, 0);
    return mean > 0 ? mean : 1;
}

static int fill(void *state, struct mu_sim *sim) {
    (void)state;
    return mu_fill(sim, &mu_plain_work, mu_sim_clients(sim));
}

static int start(void *state, struct mu_sim *sim) {
    struct async *s = state;
    struct mu_err err = {.code = MU_OK};
    double rate = 0; /* arrivals per ns */
    s->weight.n = 0;
    for (uint32_t i = 0; s->weights == CORRECTED && i < mu_sim_clients(sim); i++) {
        const double mean = mean_duration(sim, i);
        rate += 1 / mean;
        if (mu_reals_push(&s->weight, mean * mu_sim_importance(sim, i), &err) != MU_OK) {
            return mu_sim_fail(sim, err.code, "%s", err.text);
        }
    }
    for (size_t i = 0; i < s->weight.n; i++) {
        s->weight.v[i] *= rate;
    }
    return fill(state, sim);
}

static int arrival(void *state, struct mu_sim *sim, const struct mu_update *update) {
    const struct async *s = state;
    MU_TRY(mu_step_with(sim, update->job, s->weights == CORRECTED ? s->weight.v[update->client] : 1));
    return fill(state, sim);
}

static int lost(void *state, struct mu_sim *sim, const struct mu_loss *loss) {
    (void)loss;
    return fill(state, sim);
}

static int available(void *state, struct mu_sim *sim, uint32_t client) {
    (void)client;
    return fill(state, sim);
}

const struct mu_strategy mu_strategy_async = {
    .kind = {"async",
             "every arrival is a step, weighted against the bias towards fast clients",
             "Fraboni et al. 2023",
             {fields, sizeof(struct async), NULL}},
    .asynchronous = true,
    .start = start,
    .arrival = arrival,
    .lost = lost,
    .available = available,
};
