/* A strategy whose only state is a list: three updates are gathered, then make a step, and their clients start again.
 * With control variates in gather_vectors, so that clients have vectors of their own. */
#ifndef MUSTER_TESTS_SUPPORT_GATHER_H
#define MUSTER_TESTS_SUPPORT_GATHER_H

#include "muster/config/state.h"
#include "support_resume.h"

struct gather {
    struct mu_ints jobs;
};
enum { GATHER = 3 };

static const struct mu_field gather_fields[] = {
    {"jobs", MU_INTS, MU_STATE, offsetof(struct gather, jobs), "", 0, 0, "[]", "gathered"},
    {0},
};

static inline int gather_dispatch(struct mu_sim *sim, uint32_t client, bool control) {
    const struct mu_work work = {.slot = 0, .control = control ? 1 : MU_NO_SLOT};
    return mu_sim_dispatch(sim, client, &work, NULL);
}

static inline int gather_start(struct mu_sim *sim, bool control) {
    for (uint32_t client = 0; client < mu_sim_clients(sim); client++) {
        MU_TRY(gather_dispatch(sim, client, control));
    }
    return MU_OK;
}

static inline int gather_step(struct gather *s, struct mu_sim *sim, bool control) {
    struct mu_term term[GATHER];
    uint32_t client[GATHER];
    for (size_t i = 0; i < GATHER; i++) {
        term[i] = (struct mu_term){MU_TERM_UPDATE, (mu_job)s->jobs.v[i], 0, 1.0 / GATHER};
        client[i] = mu_sim_update(sim, term[i].id)->client;
    }
    MU_TRY(mu_sim_combine(sim, 0, 0.5, GATHER, term));
    if (control) {
        for (size_t i = 0; i < GATHER; i++) {
            term[i].part = 1;
            term[i].weight = 1.0 / mu_sim_clients(sim);
        }
        MU_TRY(mu_sim_combine(sim, 1, 0, GATHER, term));
        MU_TRY(mu_sim_step(sim, 1));
    }
    MU_TRY(mu_sim_step(sim, 0));
    s->jobs.n = 0;
    for (size_t i = 0; i < GATHER; i++) {
        MU_TRY(mu_sim_release(sim, term[i].id, true));
        MU_TRY(gather_dispatch(sim, client[i], control));
    }
    return MU_OK;
}

static inline int gather_arrival(struct gather *s, struct mu_sim *sim, const struct mu_update *update, bool control) {
    struct mu_err err = {.code = MU_OK};
    if (mu_ints_push(&s->jobs, (int64_t)update->job, &err) != MU_OK) {
        return mu_sim_fail(sim, err.code, "%s", err.text);
    }
    return s->jobs.n < GATHER ? MU_OK : gather_step(s, sim, control);
}

#define GATHER_STRATEGY(name, control)                                                                \
    static inline int name##_on_start(void *state, struct mu_sim *sim) {                              \
        (void)state;                                                                                  \
        return gather_start(sim, control);                                                            \
    }                                                                                                 \
    static inline int name##_on_arrival(void *state, struct mu_sim *sim, const struct mu_update *u) { \
        return gather_arrival(state, sim, u, control);                                                \
    }                                                                                                 \
    static inline int name##_on_lost(void *state, struct mu_sim *sim, const struct mu_loss *loss) {   \
        (void)state;                                                                                  \
        return gather_dispatch(sim, loss->client, control);                                           \
    }                                                                                                 \
    static const struct mu_strategy name __attribute__((unused)) = {                                  \
        .kind = {#name, "a test's own", "", {gather_fields, sizeof(struct gather), NULL}},            \
        .auxiliary = (control) ? 1 : 0,                                                               \
        .client_vectors = control,                                                                    \
        .asynchronous = true,                                                                         \
        .start = name##_on_start,                                                                     \
        .arrival = name##_on_arrival,                                                                 \
        .lost = name##_on_lost,                                                                       \
    }
GATHER_STRATEGY(gather_plain, false);
GATHER_STRATEGY(gather_vectors, true);

/* Five clients of different speed around two numbers, twelve steps. */
static inline struct engine_config gather_config(const struct mu_strategy *strategy) {
    return (struct engine_config){
        .data = "{\"source\": \"quadratic\", \"targets\": [[1, -1], [2, 0.5], [6, 3], [-4, 0], [0.1, 7]]}",
        .client = "{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 0.25}, \"local_steps\": 2}",
        .world = "{\"duration_s\": {\"kind\": \"exponential\", \"mean\": 1}, \"dropout\": 0.1}",
        .stop = "{\"steps\": 12}",
        .evaluate = "{\"every_steps\": 2}",
        .optimizer = "{\"kind\": \"adam\"}",
        .strategy = strategy,
    };
}

#endif
