/* Plain gradient coding (Tandon et al. 2017): the full gradient in spite of s stragglers a round, for (s + 1) times the
 * work. Rounds end by the mu-rule as soon as the code decodes from those that arrived: any n - s of them, and with
 * fractional repetition one of each group. */
#include "coded_code.h"
#include "coded_plain.h"

struct gc {
    struct mu_coded coded;
    struct mu_choice code;
};

static const struct mu_field fields[] = {
    {"code", MU_CHOICE, MU_OPTION, offsetof(struct gc, code), "", 0, 0, "{\"kind\": \"auto\", \"s\": 1}",
     "which chunks each worker holds, how, and how many stragglers a round it survives", &mu_codes},
    MU_CODED_RULE_FIELDS(struct gc, coded),
    MU_CODED_FIELDS(struct gc, coded),
    {0},
};

static uint32_t models(const void *options) {
    const struct gc *const s = options;
    return mu_coded_models(&s->coded, 0);
}

static int check(const void *state, const struct mu_strategy_context *context, struct mu_err *err) {
    const struct gc *const s = state;
    MU_TRY(mu_coded_code_check(&s->code, MU_UNSET, context, err));
    return mu_coded_check(&s->coded, 0, context, err);
}

static int task(void *state, struct mu_sim *sim, uint32_t worker, struct mu_coded_task *task) {
    struct gc *const s = state;
    struct mu_coding *coding;
    MU_TRY(mu_coded_code(&s->coded, sim, &s->code, MU_UNSET, &coding));
    mu_coded_part(task, s->coded.round);
    mu_coded_add_row(task, s->coded.round, coding, worker, 0, mu_sim_clients(sim));
    return MU_OK;
}

static int accepts(void *state, struct mu_sim *sim, const uint64_t *late, bool *yes) {
    struct gc *const s = state;
    struct mu_coding *coding;
    MU_TRY(mu_coded_code(&s->coded, sim, &s->code, MU_UNSET, &coding));
    return mu_coded_plain_accepts(sim, coding, late, yes);
}

static int close(void *state, struct mu_sim *sim, const uint64_t *late, bool again, bool *more) {
    struct gc *const s = state;
    struct mu_coding *coding;
    (void)again, (void)more;
    MU_TRY(mu_coded_code(&s->coded, sim, &s->code, MU_UNSET, &coding));
    return mu_coded_plain_decode(&s->coded, sim, coding, late);
}

static const struct mu_coded_policy policy = {.task = task, .accepts = accepts, .close = close};

static int start(void *state, struct mu_sim *sim) {
    struct gc *const s = state;
    return mu_coded_start(&s->coded, sim, &policy, s);
}

static int arrival(void *state, struct mu_sim *sim, const struct mu_update *update) {
    struct gc *const s = state;
    return mu_coded_arrival(&s->coded, sim, update, &policy, s);
}

static int lost(void *state, struct mu_sim *sim, const struct mu_loss *loss) {
    struct gc *const s = state;
    return mu_coded_lost(&s->coded, sim, loss, &policy, s);
}

static int timer(void *state, struct mu_sim *sim, uint64_t id) {
    struct gc *const s = state;
    return mu_coded_timer(&s->coded, sim, id, &policy, s);
}

static int available(void *state, struct mu_sim *sim, uint32_t client) {
    struct gc *const s = state;
    return mu_coded_available(&s->coded, sim, client, &policy, s);
}

static void end(void *state) {
    struct gc *const s = state;
    mu_coded_end(&s->coded);
}

const struct mu_strategy mu_strategy_gc = {
    .kind = {"gc",
             "gradient coding: full gradients in spite of s stragglers a round",
             "Tandon et al. 2017",
             {fields, sizeof(struct gc), NULL}},
    .gradients = true,
    .models = models,
    .check = check,
    .start = start,
    .arrival = arrival,
    .lost = lost,
    .timer = timer,
    .available = available,
    .end = end,
};
