/* Ignoring stragglers: each worker has 1/n of the rows, a round is over with the first n - s answers, and their sum
 * stands for all rows: it is divided by the rows it is of. If the same workers are always late, their rows are never
 * learnt from. */
#include "coded_plain.h"

struct ignore {
    struct mu_coded coded;
    int64_t s;
};

static const struct mu_field fields[] = {
    {"s", MU_INT, MU_OPTION, offsetof(struct ignore, s), "workers", 0, 1e6, "1",
     "the last s workers of a round are not waited for"},
    MU_CODED_FIELDS(struct ignore, coded),
    {0},
};

static uint32_t models(const void *options) {
    const struct ignore *const s = options;
    return mu_coded_models(&s->coded, 0);
}

static int check(const void *state, const struct mu_strategy_context *context, struct mu_err *err) {
    const struct ignore *const s = state;
    if (s->s >= (int64_t)context->clients) {
        char place[512];
        return mu_fail(err, MU_BAD_CONFIG, mu_place(place, context->file, context->pointer, "s"),
                       "s = %lld stragglers of %u workers: s must be in 0..%lld", (long long)s->s, context->clients,
                       (long long)context->clients - 1);
    }
    return mu_coded_check(&s->coded, 0, context, err);
}

static int task(void *state, struct mu_sim *sim, uint32_t worker, struct mu_coded_task *task) {
    const struct ignore *const s = state;
    mu_coded_plain_share(&s->coded, sim, worker, task);
    return MU_OK;
}

static int accepts(void *state, struct mu_sim *sim, const uint64_t *late, bool *yes) {
    const struct ignore *const s = state;
    *yes = mu_bits_count(late, mu_bits_words(mu_sim_clients(sim))) <= s->s;
    return MU_OK;
}

static int close(void *state, struct mu_sim *sim, const uint64_t *late, bool again, bool *more) {
    struct ignore *const s = state;
    (void)again, (void)more;
    return mu_coded_plain_mean(&s->coded, sim, late);
}

static const struct mu_coded_policy policy = {.task = task, .accepts = accepts, .at_once = true, .close = close};

static int start(void *state, struct mu_sim *sim) {
    struct ignore *const s = state;
    return mu_coded_start(&s->coded, sim, &policy, s);
}

static int arrival(void *state, struct mu_sim *sim, const struct mu_update *update) {
    struct ignore *const s = state;
    return mu_coded_arrival(&s->coded, sim, update, &policy, s);
}

static int lost(void *state, struct mu_sim *sim, const struct mu_loss *loss) {
    struct ignore *const s = state;
    return mu_coded_lost(&s->coded, sim, loss, &policy, s);
}

static int timer(void *state, struct mu_sim *sim, uint64_t id) {
    struct ignore *const s = state;
    return mu_coded_timer(&s->coded, sim, id, &policy, s);
}

static int available(void *state, struct mu_sim *sim, uint32_t client) {
    struct ignore *const s = state;
    return mu_coded_available(&s->coded, sim, client, &policy, s);
}

const struct mu_strategy mu_strategy_ignore = {
    .kind = {"ignore",
             "gradients of the first n - s workers, the others are ignored",
             "Tandon et al. 2017, baseline",
             {fields, sizeof(struct ignore), NULL}},
    .gradients = true,
    .models = models,
    .check = check,
    .start = start,
    .arrival = arrival,
    .lost = lost,
    .timer = timer,
    .available = available,
};
