/* Phones that sleep at night: in every period (a day) a client is available for `duty` of it, without a break. Its day
 * begins phase_s before the run does. */
#include <math.h>

#include "muster/base/mem.h"
#include "muster/world/availability.h"
#include "ns.h"
#include "property.h"

struct diurnal {
    double period_s;
    struct mu_choice duty, phase_s;
};

/* p->table */
struct days {
    struct mu_law duty, phase_s;
    uint64_t period_ns;
};

static int prepare_laws(struct days *days, const struct diurnal *o, const struct mu_law_scope *scope,
                        struct mu_err *err) {
    char pointer[512];
    struct mu_law_scope inner;
    mu_scope_enter(&inner, pointer, scope, "duty", MU_PROPERTY_DUTY);
    MU_TRY(mu_law_init(&days->duty, &o->duty, &inner, err));
    /* 0 is refused for the whole population: such a client would be offline for ever. */
    MU_TRY(mu_law_require_positive(&days->duty, &inner, "the available share of a period", err));
    MU_TRY(mu_law_require_probability(&days->duty, &inner, "the available share of a period", err));
    mu_scope_enter(&inner, pointer, scope, "phase_s", MU_PROPERTY_PHASE);
    MU_TRY(mu_law_init(&days->phase_s, &o->phase_s, &inner, err));
    if (days->phase_s.row != NULL) {
        MU_TRY(mu_law_require_not_negative(&days->phase_s, &inner, "a phase", err));
    }
    return MU_OK;
}

static int prepare(struct mu_presence *p, const struct mu_law_scope *scope, struct mu_err *err) {
    const struct diurnal *o = p->options;
    struct days *days = mu_alloc(1, sizeof *days, err);
    if ((p->table = days) == NULL) {
        return MU_RANK_FAILED;
    }
    days->period_ns = ns_from_seconds(o->period_s);
    return prepare_laws(days, o, scope, err);
}

static void release(struct mu_presence *p) {
    struct days *days = p->table;
    if (days != NULL) {
        mu_law_clear(&days->duty);
        mu_law_clear(&days->phase_s);
        mu_free(days);
    }
}

/* How far a client is into its day when the run starts. Without a law it is uniform over the period. */
static uint64_t phase_ns(const struct mu_presence *p, uint32_t client) {
    const struct days *days = p->table;
    if (days->phase_s.row != NULL) {
        const double seconds = mu_property_draw(&days->phase_s, p->seed, client, MU_PROPERTY_PHASE);
        return ns_from_seconds(seconds) % days->period_ns;
    }
    struct mu_rng rng;
    mu_rng_init(&rng, p->seed, MU_STREAM_POPULATION, client, MU_PROPERTY_PHASE);
    return mu_rng_below(&rng, days->period_ns);
}

static bool at(const struct mu_presence *p, uint32_t client, uint64_t t, uint64_t *until) {
    const struct days *days = p->table;
    const uint64_t period = days->period_ns;
    const double duty = mu_property_draw(&days->duty, p->seed, client, MU_PROPERTY_DUTY);
    const double on = nearbyint(duty * (double)period);
    if (on >= (double)period) {
        *until = MU_NEVER;
        return true;
    }
    const uint64_t on_ns = on < 1.0 ? 1 : (uint64_t)on;
    const uint64_t phase = phase_ns(p, client);
    /* Both below the period, whose double may not fit. */
    const uint64_t into = t % period;
    const uint64_t hour = into >= period - phase ? into - (period - phase) : into + phase;
    const bool available = hour < on_ns;
    *until = add_ns(t, available ? on_ns - hour : period - hour);
    return available;
}

static const struct mu_field fields[] = {
    {"period_s", MU_REAL, MU_OPTION, offsetof(struct diurnal, period_s), "seconds", 1e-6, 1e9, "86400",
     "length of a day", NULL, false},
    {"duty", MU_CHOICE, MU_OPTION, offsetof(struct diurnal, duty), "", 0, 0, NULL,
     "share of the day a client is available, drawn once per client", &mu_distributions, false},
    {"phase_s", MU_CHOICE, MU_OPTION, offsetof(struct diurnal, phase_s), "seconds", 0, 0, "null",
     "how long before the start of the run a client's day began, drawn once per client; absent: uniform over the day",
     &mu_distributions, false},
    {0},
};

const struct mu_availability mu_availability_diurnal = {
    .kind = {"diurnal", "a part of every day, at each client's own hours", "", {fields, sizeof(struct diurnal), NULL}},
    .prepare = prepare,
    .release = release,
    .at = at,
};
