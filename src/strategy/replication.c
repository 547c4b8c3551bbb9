/* Replication: each chunk is held by s + 1 workers (the groups of fractional repetition), and a round is over as soon
 * as one of each group has answered; the others are cancelled. It is gc with code frc, but for the deadline: there is
 * none, nobody is given time to catch up. */
#include "coded_code.h"
#include "coded_plain.h"

struct replication {
    struct mu_coded coded;
    int64_t s;
};

static const struct mu_field fields[] = {
    {"s", MU_INT, MU_OPTION, offsetof(struct replication, s), "workers", 0, 1e6, "1",
     "each chunk is held by s + 1 workers, which must divide their number"},
    MU_CODED_FIELDS(struct replication, coded),
    {0},
};

/* frc, and no options of it: its s is the strategy's. */
static const struct mu_code_options unset = {MU_UNSET};
static struct mu_choice frc(void) {
    return (struct mu_choice){mu_registry_find(&mu_codes, "frc"), (void *)(uintptr_t)&unset};
}

static uint32_t models(const void *options) {
    const struct replication *const s = options;
    return mu_coded_models(&s->coded, 0);
}

static int check(const void *state, const struct mu_strategy_context *context, struct mu_err *err) {
    const struct replication *const s = state;
    const struct mu_choice choice = frc();
    char place[512];
    mu_place(place, context->file, context->pointer, "s");
    const struct mu_code_request request = {&choice, context->clients, s->s, 0, place};
    MU_TRY(mu_code_check(&request, err));
    return mu_coded_check(&s->coded, 0, context, err);
}

static int task(void *state, struct mu_sim *sim, uint32_t worker, struct mu_coded_task *task) {
    struct replication *const s = state;
    struct mu_coding *coding;
    const struct mu_choice choice = frc();
    MU_TRY(mu_coded_code(&s->coded, sim, &choice, s->s, &coding));
    mu_coded_part(task, s->coded.round);
    mu_coded_add_row(task, s->coded.round, coding, worker, 0, mu_sim_clients(sim));
    return MU_OK;
}

static int accepts(void *state, struct mu_sim *sim, const uint64_t *late, bool *yes) {
    struct replication *const s = state;
    struct mu_coding *coding;
    const struct mu_choice choice = frc();
    MU_TRY(mu_coded_code(&s->coded, sim, &choice, s->s, &coding));
    return mu_coded_plain_accepts(sim, coding, late, yes);
}

static int close(void *state, struct mu_sim *sim, const uint64_t *late, bool again, bool *more) {
    struct replication *const s = state;
    struct mu_coding *coding;
    const struct mu_choice choice = frc();
    (void)again, (void)more;
    MU_TRY(mu_coded_code(&s->coded, sim, &choice, s->s, &coding));
    return mu_coded_plain_decode(&s->coded, sim, coding, late);
}

static const struct mu_coded_policy policy = {.task = task, .accepts = accepts, .at_once = true, .close = close};

static int start(void *state, struct mu_sim *sim) {
    struct replication *const s = state;
    return mu_coded_start(&s->coded, sim, &policy, s);
}

static int arrival(void *state, struct mu_sim *sim, const struct mu_update *update) {
    struct replication *const s = state;
    return mu_coded_arrival(&s->coded, sim, update, &policy, s);
}

static int lost(void *state, struct mu_sim *sim, const struct mu_loss *loss) {
    struct replication *const s = state;
    return mu_coded_lost(&s->coded, sim, loss, &policy, s);
}

static int timer(void *state, struct mu_sim *sim, uint64_t id) {
    struct replication *const s = state;
    return mu_coded_timer(&s->coded, sim, id, &policy, s);
}

static int available(void *state, struct mu_sim *sim, uint32_t client) {
    struct replication *const s = state;
    return mu_coded_available(&s->coded, sim, client, &policy, s);
}

static void end(void *state) {
    struct replication *const s = state;
    mu_coded_end(&s->coded);
}

const struct mu_strategy mu_strategy_replication = {
    .kind = {"replication",
             "every chunk on s + 1 workers, the first answer of each group counts",
             "the trivial code",
             {fields, sizeof(struct replication), NULL}},
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
