/* FedAsync (Xie, Koyejo, Gupta 2019): every arrival is a step that pulls the model towards the client's model, by less
 * the staler that is: x = (1 - a) x + a y, a = alpha s(staleness). With x_v the version that the client started from,
 * y = x_v + update, so direction = a (update + x_v - x); the server optimizer sgd with lr 1 makes it the paper's. */
#include "fill.h"
#include "staleness/staleness.h"

struct fedasync {
    double alpha;
    int64_t concurrency;
    struct mu_choice staleness;
};

static const struct mu_field fields[] = {
    {"alpha", MU_REAL, MU_OPTION, offsetof(struct fedasync, alpha), "", 0, 1, "0.6",
     "weight of a fresh client model in the mix", .open = true},
    MU_CONCURRENCY_FIELD(struct fedasync, concurrency),
    MU_STALENESS_FIELD(struct fedasync, staleness, "{\"kind\": \"polynomial\"}"),
    {0},
};

static uint64_t concurrency(const void *options, uint32_t clients) {
    return mu_concurrency_promise(((const struct fedasync *)options)->concurrency, clients);
}

static double weight_sum(const void *options, size_t n, const uint64_t *staleness) {
    const struct fedasync *s = options;
    return n == 1 ? s->alpha * mu_staleness_factor(&s->staleness, staleness[0]) : 0;
}

static int check(const void *state, const struct mu_strategy_context *context, struct mu_err *err) {
    return mu_concurrency_check(((const struct fedasync *)state)->concurrency, context, err);
}

static int fill(void *state, struct mu_sim *sim) {
    return mu_fill(sim, &mu_plain_work, mu_concurrency(((const struct fedasync *)state)->concurrency, sim));
}

static int arrival(void *state, struct mu_sim *sim, const struct mu_update *update) {
    const struct fedasync *s = state;
    const mu_job job = update->job;
    const double a = s->alpha * mu_staleness_factor(&s->staleness, update->staleness);
    const struct mu_term term[] = {
        {MU_TERM_UPDATE, job, 0, a},
        {MU_TERM_VERSION, update->version, 0, a},
        {MU_TERM_VERSION, mu_sim_version(sim, 0), 0, -a},
    };
    /* For a fresh update the two versions are one and cancel. */
    MU_TRY(mu_sim_combine(sim, 0, 0, update->staleness > 0 ? 3 : 1, term));
    MU_TRY(mu_sim_step(sim, 0));
    MU_TRY(mu_sim_release(sim, job, true));
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

const struct mu_strategy mu_strategy_fedasync = {
    .kind = {"fedasync",
             "every arrival pulls the model towards the client's, by less the staler it is",
             "Xie, Koyejo, Gupta 2019",
             {fields, sizeof(struct fedasync), NULL}},
    .asynchronous = true,
    .concurrency = concurrency,
    .weight_sum = weight_sum,
    .check = check,
    .start = fill,
    .arrival = arrival,
    .lost = lost,
    .available = available,
};
