/* Exponential periods on and off, in equilibrium from the start, with random access in time.
 *
 * Give each client two independent Poisson processes of events, "on" at rate 1 / off_s and "off" at rate 1 / on_s, and
 * let each event put the client into its state, whatever the state was. Then an on-period lasts until the next off
 * event and is exponential with mean on_s, and likewise the other way round. The state at t is the kind of the last
 * event up to t, the next change is the first event of the other kind after t. Each process is laid out in cells of one
 * mean distance: a cell has a Poisson(1) number of events at uniform places, drawn from the key (client, cell), so that
 * the neighbours of any t are found in about 1.6 cells. Before the first event the state has its stationary law. */
#include <math.h>

#include "muster/base/mem.h"
#include "muster/world/availability.h"
#include "ns.h"
#include "property.h"

struct on_off {
    struct mu_choice on_s, off_s;
};

/* p->table */
struct periods {
    struct mu_law on_s, off_s;
};

enum event { TURN_ON, TURN_OFF };

/* One process of one client. */
struct process {
    uint64_t seed, cell_ns;
    uint32_t client;
    enum event event;
};

enum { MOST_EVENTS = 24 }; /* of a cell; Poisson(1) exceeds it with probability 1e-26, below what a double resolves */

static int prepare(struct mu_presence *p, const struct mu_law_scope *scope, struct mu_err *err) {
    const struct on_off *o = p->options;
    struct periods *periods = mu_alloc(1, sizeof *periods, err);
    if ((p->table = periods) == NULL) {
        return MU_RANK_FAILED;
    }
    char pointer[512];
    struct mu_law_scope inner;
    mu_scope_enter(&inner, pointer, scope, "on_s", MU_PROPERTY_ON);
    MU_TRY(mu_law_init(&periods->on_s, &o->on_s, &inner, err));
    MU_TRY(mu_law_require_positive(&periods->on_s, &inner, "a mean period", err));
    mu_scope_enter(&inner, pointer, scope, "off_s", MU_PROPERTY_OFF);
    MU_TRY(mu_law_init(&periods->off_s, &o->off_s, &inner, err));
    return mu_law_require_positive(&periods->off_s, &inner, "a mean period", err);
}

static void release(struct mu_presence *p) {
    struct periods *periods = p->table;
    if (periods != NULL) {
        mu_law_clear(&periods->on_s);
        mu_law_clear(&periods->off_s);
        mu_free(periods);
    }
}

/* The events of a cell, in no order. The pattern repeats after 2^31 cells. */
static size_t draw_cell(const struct process *process, uint64_t cell, uint64_t place[MOST_EVENTS]) {
    struct mu_rng rng;
    mu_rng_init(&rng, process->seed, MU_STREAM_AVAILABILITY, process->client,
                (uint32_t)(2 * cell + (process->event == TURN_ON)));
    const double u = mu_rng_uniform(&rng);
    size_t n = 0;
    double term = exp(-1.0); /* P(n) of Poisson(1) */
    for (double sum = term; u >= sum && n < MOST_EVENTS; sum += term) {
        n++;
        term /= (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        place[i] = cell * process->cell_ns + mu_rng_below(&rng, process->cell_ns);
    }
    return n;
}

/* The last event up to t; false if there is none. */
static bool find_last(const struct process *process, uint64_t t, uint64_t *when) {
    uint64_t place[MOST_EVENTS];
    const uint64_t cells = MU_NEVER / process->cell_ns; /* that fit into time as a whole */
    for (uint64_t cell = t / process->cell_ns < cells ? t / process->cell_ns : cells - 1;; cell--) {
        const size_t n = draw_cell(process, cell, place);
        bool found = false;
        for (size_t i = 0; i < n; i++) {
            if (place[i] <= t && (!found || place[i] > *when)) {
                *when = place[i];
                found = true;
            }
        }
        if (found || cell == 0) {
            return found;
        }
    }
}

/* The first event after t, or MU_NEVER if time ends before it. */
static uint64_t find_next(const struct process *process, uint64_t t) {
    uint64_t place[MOST_EVENTS];
    for (uint64_t cell = t / process->cell_ns; cell < MU_NEVER / process->cell_ns; cell++) {
        const size_t n = draw_cell(process, cell, place);
        uint64_t first = MU_NEVER;
        for (size_t i = 0; i < n; i++) {
            if (place[i] > t && place[i] < first) {
                first = place[i];
            }
        }
        if (first != MU_NEVER) {
            return first;
        }
    }
    return MU_NEVER;
}

static bool at(const struct mu_presence *p, uint32_t client, uint64_t t, uint64_t *until) {
    const struct periods *periods = p->table;
    const double on_s = mu_property_draw(&periods->on_s, p->seed, client, MU_PROPERTY_ON);
    const double off_s = mu_property_draw(&periods->off_s, p->seed, client, MU_PROPERTY_OFF);
    const struct process turn_on = {p->seed, ns_positive(off_s), client, TURN_ON};
    const struct process turn_off = {p->seed, ns_positive(on_s), client, TURN_OFF};
    uint64_t on = 0;
    uint64_t off = 0;
    const bool has_on = find_last(&turn_on, t, &on);
    const bool has_off = find_last(&turn_off, t, &off);
    bool available = false;
    if (has_on || has_off) {
        available = has_on && (!has_off || on > off); /* of two in the same ns, off is the later */
    } else {
        struct mu_rng rng;
        mu_rng_init(&rng, p->seed, MU_STREAM_POPULATION, client, MU_PROPERTY_START);
        available = mu_rng_uniform(&rng) < 1.0 / (1.0 + off_s / on_s);
    }
    if (available) {
        *until = find_next(&turn_off, t);
        return true;
    }
    /* An on event that shares its ns with an off event changes nothing. */
    *until = t;
    do {
        *until = find_next(&turn_on, *until);
    } while (*until != MU_NEVER && find_last(&turn_off, *until, &off) && off == *until);
    return false;
}

static const struct mu_field fields[] = {
    {"on_s", MU_CHOICE, MU_OPTION, offsetof(struct on_off, on_s), "seconds", 0, 0, NULL,
     "mean length of the periods in which a client is available; a distribution is drawn once per client",
     &mu_distributions, false},
    {"off_s", MU_CHOICE, MU_OPTION, offsetof(struct on_off, off_s), "seconds", 0, 0, NULL,
     "mean length of the periods in which it is not", &mu_distributions, false},
    {0},
};

const struct mu_availability mu_availability_on_off = {
    .kind = {"on_off",
             "exponential periods on and off, each client by itself",
             "",
             {fields, sizeof(struct on_off), NULL}},
    .prepare = prepare,
    .release = release,
    .at = at,
};
