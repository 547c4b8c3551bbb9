/* Federated averaging: every round, the server moves by the weighted mean of a cohort's updates.
 * direction = sum over the cohort of w_i (y_i - x), w_i = n_i / sum n_j (or all alike). The server optimizer makes of
 * it FedAvg (sgd, lr 1), FedAvgM, FedAdagrad, FedAdam or FedYogi; with client.proximal_mu it is FedProx. */
#include "cohort.h"
#include "fill.h"

struct fedavg {
    struct mu_cohort cohort;
};

static const struct mu_field fields[] = {MU_COHORT_FIELDS(struct fedavg, cohort), {0}};

static int step(const struct mu_cohort *cohort, struct mu_sim *sim, size_t n, struct mu_term *term) {
    (void)cohort;
    MU_TRY(mu_sim_combine(sim, 0, 0, n, term));
    return mu_sim_step(sim, 0);
}

static const struct mu_cohort_policy policy = {.work = {.slot = 0, .control = MU_NO_SLOT}, .step = step};

static int check(const void *state, const struct mu_strategy_context *context, struct mu_err *err) {
    return mu_cohort_check(state, context, err);
}

static int plan(const void *options, const struct mu_strategy_context *context, struct mu_privacy_plan *out,
                struct mu_err *err) {
    return mu_cohort_plan(options, context, out, err);
}

static int start(void *state, struct mu_sim *sim) {
    return mu_cohort_start(state, sim, &policy);
}

static int arrival(void *state, struct mu_sim *sim, const struct mu_update *update) {
    return mu_cohort_arrival(state, sim, update, &policy);
}

static int lost(void *state, struct mu_sim *sim, const struct mu_loss *loss) {
    return mu_cohort_lost(state, sim, loss, &policy);
}

static int timer(void *state, struct mu_sim *sim, uint64_t id) {
    return mu_cohort_timer(state, sim, id, &policy);
}

static int available(void *state, struct mu_sim *sim, uint32_t client) {
    (void)client;
    return mu_cohort_available(state, sim);
}

const struct mu_strategy mu_strategy_fedavg = {
    .kind = {"fedavg",
             "synchronous rounds: the weighted mean of a cohort's updates",
             "McMahan et al. 2017",
             {fields, sizeof(struct fedavg), NULL}},
    .concurrency = mu_cohort_concurrency,
    .weight_sum = mu_mean_promise,
    .plan = plan,
    .check = check,
    .start = start,
    .arrival = arrival,
    .lost = lost,
    .timer = timer,
    .available = available,
};
