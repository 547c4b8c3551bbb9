/* FedBuff (Nguyen et al. 2022): a step for every buffer_size arrivals, x += 1/K sum of s(staleness) update. The divisor
 * is K = buffer_size, not the sum of the s, and stays K for a buffer flushed at the end. */
#include "buffer.h"
#include "muster/privacy/privacy.h"
#include "staleness/staleness.h"

struct fedbuff {
    struct mu_buffer buffer;
    struct mu_choice staleness;
};

static const struct mu_field fields[] = {
    MU_BUFFER_FIELDS(struct fedbuff, buffer),
    MU_STALENESS_FIELD(struct fedbuff, staleness, "{\"kind\": \"polynomial\"}"),
    {0},
};

static int step(const struct mu_buffer *buffer, struct mu_sim *sim, size_t n, struct mu_term *term) {
    const struct fedbuff *s = (const void *)buffer;
    for (size_t i = 0; i < n; i++) {
        const uint64_t staleness = mu_sim_update(sim, term[i].id)->staleness;
        term[i].weight = mu_staleness_factor(&s->staleness, staleness) / (double)buffer->buffer_size;
    }
    MU_TRY(mu_sim_combine(sim, 0, 0, n, term));
    return mu_sim_step(sim, 0);
}

static const struct mu_buffer_policy policy = {.work = {.slot = 0, .control = MU_NO_SLOT}, .step = step};

static double weight_sum(const void *options, size_t n, const uint64_t *staleness) {
    const struct fedbuff *s = options;
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += mu_staleness_factor(&s->staleness, staleness[i]) / (double)s->buffer.buffer_size;
    }
    return sum;
}

static int check(const void *state, const struct mu_strategy_context *context, struct mu_err *err) {
    return mu_buffer_check(state, context, err);
}

/* Nobody is drawn at random, so there is no amplification: a client pays for each step it is in. */
static int plan(const void *options, const struct mu_strategy_context *context, struct mu_privacy_plan *out,
                struct mu_err *err) {
    const struct fedbuff *s = options;
    if (context->privacy->adaptive.enabled) {
        char place[512];
        mu_fail(err, MU_BAD_CONFIG, mu_place(place, context->file, "/privacy/adaptive", "enabled"),
                "updates in one buffer would be clipped at different lengths");
        return mu_fail_help(err, "adaptive clipping needs the rounds of fedavg");
    }
    out->sampling = MU_DP_SAMPLING_NONE;
    out->q = 1;
    out->cohort = (double)s->buffer.buffer_size;
    out->workers = s->buffer.buffer_size;
    return MU_OK;
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

const struct mu_strategy mu_strategy_fedbuff = {
    .kind = {"fedbuff",
             "a step for every so many arrivals, whoever they are from",
             "Nguyen et al. 2022",
             {fields, sizeof(struct fedbuff), NULL}},
    .asynchronous = true,
    .concurrency = mu_buffer_concurrency,
    .weight_sum = weight_sum,
    .plan = plan,
    .check = check,
    .start = start,
    .arrival = arrival,
    .lost = lost,
    .available = available,
    .finish = finish,
};
