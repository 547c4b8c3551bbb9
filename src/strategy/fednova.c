/* FedNova (Wang et al. 2020): clients that take more local steps must not weigh more. Each update is divided by the
 * number of gradients a_i it amounts to, and the mean is scaled back to the cohort's mean length: x += tau sum over S
 * of p_i (y_i - x) / a_i,   tau = sum over S of p_i a_i   (p_i steps_i with a proximal term). */
#include <math.h>

#include "cohort.h"
#include "muster/train/local.h"

struct fednova {
    struct mu_cohort cohort;
};

static const struct mu_field fields[] = {MU_COHORT_FIELDS(struct fednova, cohort), {0}};

static int step(const struct mu_cohort *cohort, struct mu_sim *sim, size_t n, struct mu_term *term) {
    (void)cohort;
    const struct mu_client_config *client = mu_sim_client(sim);
    double tau = 0;
    for (size_t i = 0; i < n; i++) {
        const struct mu_update *update = mu_sim_update(sim, term[i].id);
        if (update->steps == 0) {
            continue; /* a client without rows: its update is zero */
        }
        const double reach = mu_client_reach(client, mu_sim_client_lr(sim, update->version), update->steps);
        tau += term[i].weight * (client->proximal_mu > 0 ? (double)update->steps : reach);
        term[i].weight /= reach;
    }
    for (size_t i = 0; i < n; i++) {
        term[i].weight *= tau;
    }
    MU_TRY(mu_sim_combine(sim, 0, 0, n, term));
    return mu_sim_step(sim, 0);
}

static const struct mu_cohort_policy policy = {.work = {.slot = 0, .control = MU_NO_SLOT}, .step = step};

static int check(const void *state, const struct mu_strategy_context *context, struct mu_err *err) {
    MU_TRY(mu_cohort_check(state, context, err));
    if (isnan(mu_client_reach(context->client, 1, 1))) {
        char place[512];
        mu_place(place, context->file, "/client/optimizer", "kind");
        mu_fail(err, MU_BAD_CONFIG, place, "fednova is not defined for \"%s\"", context->client->optimizer.kind->name);
        return mu_fail_help(err,
                            "use sgd, momentum or nesterov: it must be known how many gradients an update amounts to");
    }
    return MU_OK;
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

const struct mu_strategy mu_strategy_fednova = {
    .kind = {"fednova",
             "synchronous rounds that normalise for how many local steps each client took",
             "Wang et al. 2020",
             {fields, sizeof(struct fednova), NULL}},
    .concurrency = mu_cohort_concurrency,
    .check = check,
    .start = start,
    .arrival = arrival,
    .lost = lost,
    .timer = timer,
    .available = available,
};
