/* What has been spent, as a flat list of numbers that a checkpoint keeps. */
#include "muster/base/mem.h"
#include "muster/config/state.h"
#include "muster/privacy/privacy.h"

static const struct mu_field fields[] = {
    {"events", MU_REALS, MU_STATE, offsetof(struct mu_ledger, events), "", 0, 0, "[]",
     "kind, unit, adjacency, sigma, q, count and steps of each event"},
    {0},
};

const struct mu_group mu_ledger_group = {fields, sizeof(struct mu_ledger), NULL};

/* Places in an event's numbers. */
enum { KIND, UNIT, ADJACENCY, SIGMA, Q, COUNT, STEPS };

static size_t count_events(const struct mu_ledger *ledger) {
    return ledger->events.n / MU_LEDGER_FIELDS;
}

static struct mu_dp_event read_event(const struct mu_ledger *ledger, size_t i) {
    const double *v = &ledger->events.v[i * MU_LEDGER_FIELDS];
    return (struct mu_dp_event){.kind = (enum mu_dp_kind)(int)v[KIND],
                                .unit = (enum mu_dp_unit)(int)v[UNIT],
                                .adjacency = (enum mu_dp_adjacency)(int)v[ADJACENCY],
                                .sigma = v[SIGMA],
                                .q = v[Q],
                                .count = (int64_t)v[COUNT],
                                .steps = (int64_t)v[STEPS]};
}

/* The numbers of the event that is the same but for its count (and a tree's steps if `any_steps`), or NULL. */
static double *find(const struct mu_ledger *ledger, const struct mu_dp_event *e, bool any_steps) {
    for (size_t i = count_events(ledger); i-- > 0;) {
        const struct mu_dp_event o = read_event(ledger, i);
        if (o.kind == e->kind && o.unit == e->unit && o.adjacency == e->adjacency && o.sigma == e->sigma &&
            o.q == e->q && (any_steps || o.steps == e->steps)) {
            return &ledger->events.v[i * MU_LEDGER_FIELDS];
        }
    }
    return NULL;
}

/* Whether the event composes with the first one that is there: those compose with each other. */
static int check(const struct mu_ledger *ledger, const struct mu_dp_event *event, struct mu_err *err) {
    for (size_t i = 0; i < count_events(ledger); i++) {
        const struct mu_dp_event both[] = {read_event(ledger, i), *event};
        MU_TRY(mu_dp_check(2, both, err));
    }
    return mu_dp_check(1, event, err);
}

static int append(struct mu_ledger *ledger, const struct mu_dp_event *e, struct mu_err *err) {
    const double v[MU_LEDGER_FIELDS] = {e->kind, e->unit,          e->adjacency,    e->sigma,
                                        e->q,    (double)e->count, (double)e->steps};
    for (size_t i = 0; i < MU_LEDGER_FIELDS; i++) {
        MU_TRY(mu_reals_push(&ledger->events, v[i], err));
    }
    return MU_OK;
}

int mu_ledger_charge(struct mu_ledger *ledger, const struct mu_dp_event *event, struct mu_err *err) {
    double *same = find(ledger, event, false);
    if (same != NULL) {
        same[COUNT] += (double)event->count;
        return MU_OK;
    }
    MU_TRY(check(ledger, event, err));
    return append(ledger, event, err);
}

int mu_ledger_raise(struct mu_ledger *ledger, const struct mu_dp_event *event, struct mu_err *err) {
    double *same = find(ledger, event, event->kind == MU_DP_TREE);
    if (same != NULL) {
        same[COUNT] = same[COUNT] > (double)event->count ? same[COUNT] : (double)event->count;
        same[STEPS] = same[STEPS] > (double)event->steps ? same[STEPS] : (double)event->steps;
        return MU_OK;
    }
    MU_TRY(check(ledger, event, err));
    return append(ledger, event, err);
}

int mu_ledger_cost(const struct mu_ledger *ledger, const struct mu_privacy *privacy, struct mu_dp_cost *cost,
                   struct mu_err *err) {
    const size_t n = count_events(ledger);
    struct mu_dp_event *events = mu_alloc(n, sizeof *events, err);
    if (events == NULL) {
        return MU_RANK_FAILED;
    }
    for (size_t i = 0; i < n; i++) {
        events[i] = read_event(ledger, i);
    }
    const int code = mu_dp_epsilon(privacy->accountant, n, events, privacy->config->delta, cost, err);
    if (code == MU_OK && n == 0) {
        cost->unit = privacy->unit;
        cost->adjacency = privacy->adjacency;
        cost->sampling = privacy->sampling;
    }
    mu_free(events);
    return code;
}
