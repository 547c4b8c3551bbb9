/* Cyclical weight transfer (Chang et al. 2018): the model travels, and each client trains on from where the one before
 * it stopped. Here the next client is drawn at random. One job is in flight at a time. */
#include "muster/sim/strategy.h"

struct relay {
    double share; /* option */
    bool waiting; /* state: nobody could be reached, so no job is in flight */
};

static const struct mu_field fields[] = {
    {"share", MU_REAL, MU_OPTION, offsetof(struct relay, share), "", 0, 1, "1", "part of an update that is kept"},
    {"waiting", MU_BOOL, MU_STATE, offsetof(struct relay, waiting), "", 0, 0, "false", "no client could be reached"},
    {0},
};

static int hand_on(struct relay *relay, struct mu_sim *sim) {
    const struct mu_work work = {.slot = 0, .control = MU_NO_SLOT};
    struct mu_pick pick;
    relay->waiting = mu_sim_sample(sim, MU_SAMPLE_UNIFORM, 1, &pick, 1) == 0;
    return relay->waiting ? MU_OK : mu_sim_dispatch(sim, pick.client, &work, NULL);
}

static int start(void *state, struct mu_sim *sim) {
    return hand_on(state, sim);
}

static int arrival(void *state, struct mu_sim *sim, const struct mu_update *update) {
    const struct relay *relay = state;
    const mu_job job = update->job;
    const struct mu_term term = {MU_TERM_UPDATE, job, 0, relay->share};
    MU_TRY(mu_sim_combine(sim, 0, 0, 1, &term)); /* direction = share * (y - x) */
    MU_TRY(mu_sim_step(sim, 0));                 /* x = x + lr * direction, with the server's sgd */
    MU_TRY(mu_sim_release(sim, job, true));
    return hand_on(state, sim);
}

static int lost(void *state, struct mu_sim *sim, const struct mu_loss *loss) {
    if (loss->cause == MU_LOSS_DIVERGED) {
        return mu_sim_fail(sim, MU_DIVERGED, "the update of client %u is not finite", loss->client);
    }
    return hand_on(state, sim);
}

static int available(void *state, struct mu_sim *sim, uint32_t client) {
    (void)client;
    const struct relay *relay = state;
    return relay->waiting ? hand_on(state, sim) : MU_OK;
}

const struct mu_strategy mu_strategy_relay = {
    .kind = {"relay",
             "the model travels from client to client",
             "Chang et al. 2018",
             {fields, sizeof(struct relay), NULL}},
    .start = start,
    .arrival = arrival,
    .lost = lost,
    .available = available,
};
