/* Asynchronous SGD whose step shrinks with the delay of what it uses: x += w(d) update, d the staleness.
 * ratio: w = n / max(n, d), n being the threshold, by default the number of jobs in flight (the form of an
 * implementation that specs/async.md section 4 restates). smoothness: w = min(1, 1 / (4 L lr d)) for a smoothness L of
 * the objective, and drop: w = 0 beyond the threshold (both reconstructed from general knowledge of Mishchenko et al.
 * 2022 and Koloskova et al. 2022). */
#include <math.h>

#include "fill.h"

enum { RATIO, SMOOTHNESS, DROP };
static const char *const rules[] = {"ratio", "smoothness", "drop", NULL};

struct delay_adaptive {
    int64_t concurrency;
    int rule;
    double threshold, smoothness;
};

static const struct mu_field fields[] = {
    MU_CONCURRENCY_FIELD(struct delay_adaptive, concurrency),
    {"rule", MU_ENUM, MU_OPTION, offsetof(struct delay_adaptive, rule), "", 0, 0, "\"ratio\"",
     "weight of an update of staleness d: threshold / max(threshold, d) (ratio), min(1, 1 / (4 smoothness lr d)) "
     "(smoothness), 1 up to the threshold and none beyond (drop)",
     rules},
    {"threshold", MU_REAL, MU_OPTION, offsetof(struct delay_adaptive, threshold), "versions", 0, 1e15, "null",
     "staleness up to which nothing is reduced; null: the number of jobs in flight", .open = true},
    {"smoothness", MU_REAL, MU_OPTION, offsetof(struct delay_adaptive, smoothness), "", 0, INFINITY, "null",
     "Lipschitz constant L of the gradient, for the rule smoothness", .open = true},
    {0},
};

static uint64_t concurrency(const void *options, uint32_t clients) {
    return mu_concurrency_promise(((const struct delay_adaptive *)options)->concurrency, clients);
}

static int check(const void *state, const struct mu_strategy_context *context, struct mu_err *err) {
    const struct delay_adaptive *s = state;
    char place[512];
    MU_TRY(mu_concurrency_check(s->concurrency, context, err));
    if ((s->rule == SMOOTHNESS) != !isnan(s->smoothness)) {
        return mu_fail(err, MU_BAD_CONFIG, mu_place(place, context->file, context->pointer, "smoothness"),
                       s->rule == SMOOTHNESS ? "the rule \"smoothness\" needs it"
                                             : "it belongs to the rule \"smoothness\"");
    }
    if (s->rule == SMOOTHNESS && !isnan(s->threshold)) {
        return mu_fail(err, MU_BAD_CONFIG, mu_place(place, context->file, context->pointer, "threshold"),
                       "the rule \"smoothness\" has none");
    }
    return MU_OK;
}

static int fill(void *state, struct mu_sim *sim) {
    return mu_fill(sim, &mu_plain_work, mu_concurrency(((const struct delay_adaptive *)state)->concurrency, sim));
}

static double weight_of(const struct delay_adaptive *s, const struct mu_sim *sim, const struct mu_update *update) {
    const double delay = (double)update->staleness;
    const double threshold = isnan(s->threshold) ? (double)mu_concurrency(s->concurrency, sim) : s->threshold;
    switch (s->rule) {
    case SMOOTHNESS:
        return fmin(1, 1 / (4 * s->smoothness * mu_sim_client_lr(sim, update->version) * delay));
    case DROP:
        return delay <= threshold ? 1 : 0;
    default:
        return threshold / fmax(threshold, delay);
    }
}

static int arrival(void *state, struct mu_sim *sim, const struct mu_update *update) {
    const struct delay_adaptive *s = state;
    const double weight = weight_of(s, sim, update);
    MU_TRY(weight > 0 ? mu_step_with(sim, update->job, weight) : mu_sim_release(sim, update->job, false));
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

const struct mu_strategy mu_strategy_delay_adaptive = {
    .kind = {"delay_adaptive",
             "every arrival is a step, smaller the staler it is",
             "Mishchenko et al. 2022, Koloskova et al. 2022",
             {fields, sizeof(struct delay_adaptive), NULL}},
    .asynchronous = true,
    .concurrency = concurrency,
    .check = check,
    .start = fill,
    .arrival = arrival,
    .lost = lost,
    .available = available,
};
