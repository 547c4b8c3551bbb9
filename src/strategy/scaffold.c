/* SCAFFOLD, option II (Karimireddy et al. 2020): local steps are corrected by c - c_i, an estimate of how a client's
 * gradient differs from everybody's. With S the cohort and N all clients: x += sum over S of w_i (y_i - x),   c += 1/N
 * sum over S of dc_i,   c_i += dc_i,   dc_i = -c + (x - y_i) / (K lr), K being the client's own number of steps. c is
 * an auxiliary slot of the server, c_i lives on the client's home rank. */
#include <string.h>

#include "cohort.h"
#include "fill.h"
#include "muster/base/mem.h"
#include "muster/train/local.h"

struct scaffold {
    struct mu_cohort cohort;
};

static const struct mu_field fields[] = {MU_COHORT_FIELDS(struct scaffold, cohort), {0}};

enum { MODEL = 0, CONTROL = 1 };

static int step(const struct mu_cohort *cohort, struct mu_sim *sim, size_t n, struct mu_term *term) {
    (void)cohort;
    MU_TRY(mu_sim_combine(sim, MODEL, 0, n, term));
    for (size_t i = 0; i < n; i++) {
        /* A client that was drawn twice changes its vector once. */
        term[i].part = 1;
        term[i].weight = 1.0 / mu_sim_clients(sim);
    }
    MU_TRY(mu_sim_combine(sim, CONTROL, 0, n, term));
    MU_TRY(mu_sim_step(sim, CONTROL));
    return mu_sim_step(sim, MODEL);
}

static const struct mu_cohort_policy policy = {.work = {.slot = MODEL, .control = CONTROL}, .step = step};

static int check(const void *state, const struct mu_strategy_context *context, struct mu_err *err) {
    MU_TRY(mu_cohort_check(state, context, err));
    const char *optimizer = context->client->optimizer.kind->name;
    if (strcmp(optimizer, "sgd") != 0) {
        char place[512];
        mu_place(place, context->file, "/client/optimizer", "kind");
        mu_fail(err, MU_BAD_CONFIG, place, "scaffold is defined for plain sgd only, got \"%s\"", optimizer);
        return mu_fail_help(err, "its control variates are mean gradients, read off the distance that sgd has moved");
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

const struct mu_strategy mu_strategy_scaffold = {
    .kind = {"scaffold",
             "synchronous rounds with control variates against client drift (option II)",
             "Karimireddy et al. 2020",
             {fields, sizeof(struct scaffold), NULL}},
    .auxiliary = 1,
    .client_vectors = true,
    .control = true,
    .concurrency = mu_cohort_concurrency,
    .weight_sum = mu_mean_promise,
    .check = check,
    .start = start,
    .arrival = arrival,
    .lost = lost,
    .timer = timer,
    .available = available,
};
