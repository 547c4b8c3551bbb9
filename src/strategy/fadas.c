/* FADAS (Wang et al. 2024, in the form of an implementation that specs/async.md section 4 restates): the mean of a
 * buffer goes to an adaptive server optimizer, which should be `amsgrad`, and the server's learning rate is divided by
 * the buffer's largest staleness where that exceeds delay_threshold. */
#include "buffer.h"

struct fadas {
    struct mu_buffer buffer;
    int64_t delay_threshold;
};

static const struct mu_field fields[] = {
    MU_BUFFER_FIELDS(struct fadas, buffer),
    {"delay_threshold", MU_INT, MU_OPTION, offsetof(struct fadas, delay_threshold), "versions", 0, 1e15, "1",
     "largest staleness in the buffer up to which the server's learning rate is not reduced"},
    {0},
};

static int step(const struct mu_buffer *buffer, struct mu_sim *sim, size_t n, struct mu_term *term) {
    const struct fadas *s = (const void *)buffer;
    uint64_t worst = 0;
    for (size_t i = 0; i < n; i++) {
        const uint64_t staleness = mu_sim_update(sim, term[i].id)->staleness;
        worst = staleness > worst ? staleness : worst;
        term[i].weight = 1 / (double)n;
    }
    MU_TRY(mu_sim_combine(sim, 0, 0, n, term));
    return mu_sim_step_scaled(sim, 0, worst > (uint64_t)s->delay_threshold ? 1 / (double)worst : 1);
}

static const struct mu_buffer_policy policy = {.work = {.slot = 0, .control = MU_NO_SLOT}, .step = step};

static int check(const void *state, const struct mu_strategy_context *context, struct mu_err *err) {
    return mu_buffer_check(state, context, err);
}

static int start(void *state, struct mu_sim *sim) {
    return mu_buffer_fill(state, sim, &policy);
}

static int arrival(void *state, struct mu_sim *sim, const struct mu_update *update) {
    return mu_buffer_arrival(state, sim, update, &policy);
}

static int lost(void *state, struct mu_sim *sim, const struct mu_loss *loss) {
    (void)loss;
    return mu_buffer_fill(state, sim, &policy);
}

static int available(void *state, struct mu_sim *sim, uint32_t client) {
    (void)client;
    return mu_buffer_fill(state, sim, &policy);
}

static int finish(void *state, struct mu_sim *sim) {
    return mu_buffer_finish(state, sim, &policy);
}

const struct mu_strategy mu_strategy_fadas = {
    .kind = {"fadas",
             "a buffer for an adaptive server optimizer whose rate falls with the delay",
             "Wang et al. 2024",
             {fields, sizeof(struct fadas), NULL}},
    .asynchronous = true,
    .concurrency = mu_buffer_concurrency,
    .weight_sum = mu_mean_promise,
    .check = check,
    .start = start,
    .arrival = arrival,
    .lost = lost,
    .available = available,
    .finish = finish,
};
