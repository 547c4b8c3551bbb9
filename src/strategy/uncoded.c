/* Full gradients without a code: each worker has 1/n of the rows, and everybody is waited for. */
#include "coded_plain.h"

struct uncoded {
    struct mu_coded coded;
};

static const struct mu_field fields[] = {MU_CODED_FIELDS(struct uncoded, coded), {0}};

static uint32_t models(const void *options) {
    const struct uncoded *const s = options;
    return mu_coded_models(&s->coded, 0);
}

static int check(const void *state, const struct mu_strategy_context *context, struct mu_err *err) {
    const struct uncoded *const s = state;
    return mu_coded_check(&s->coded, 0, context, err);
}

static int task(void *state, struct mu_sim *sim, uint32_t worker, struct mu_coded_task *task) {
    const struct uncoded *const s = state;
    mu_coded_plain_share(&s->coded, sim, worker, task);
    return MU_OK;
}

static int close(void *state, struct mu_sim *sim, const uint64_t *late, bool again, bool *more) {
    struct uncoded *const s = state;
    (void)again, (void)more;
    return mu_coded_plain_mean(&s->coded, sim, late);
}

static const struct mu_coded_policy policy = {.task = task, .at_once = true, .close = close};

static int start(void *state, struct mu_sim *sim) {
    struct uncoded *const s = state;
    return mu_coded_start(&s->coded, sim, &policy, s);
}

static int arrival(void *state, struct mu_sim *sim, const struct mu_update *update) {
    struct uncoded *const s = state;
    return mu_coded_arrival(&s->coded, sim, update, &policy, s);
}

static int lost(void *state, struct mu_sim *sim, const struct mu_loss *loss) {
    struct uncoded *const s = state;
    return mu_coded_lost(&s->coded, sim, loss, &policy, s);
}

static int timer(void *state, struct mu_sim *sim, uint64_t id) {
    struct uncoded *const s = state;
    return mu_coded_timer(&s->coded, sim, id, &policy, s);
}

static int available(void *state, struct mu_sim *sim, uint32_t client) {
    struct uncoded *const s = state;
    return mu_coded_available(&s->coded, sim, client, &policy, s);
}

const struct mu_strategy mu_strategy_uncoded = {
    .kind = {"uncoded",
             "full gradients, 1/n of the rows each, everybody is waited for",
             "plain gradient descent",
             {fields, sizeof(struct uncoded), NULL}},
    .gradients = true,
    .models = models,
    .check = check,
    .start = start,
    .arrival = arrival,
    .lost = lost,
    .timer = timer,
    .available = available,
};
