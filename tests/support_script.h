/* A strategy made of functions of the test, and a log of what it was told. One script runs at a time. */
#ifndef MUSTER_TESTS_SUPPORT_SCRIPT_H
#define MUSTER_TESTS_SUPPORT_SCRIPT_H

#include "support_engine.h"

/* What a script does not define, it does not care about; an update it does not care about is released as unused. */
struct script {
    int (*start)(struct mu_sim *sim);
    int (*arrival)(struct mu_sim *sim, const struct mu_update *update);
    int (*lost)(struct mu_sim *sim, const struct mu_loss *loss);
    int (*timer)(struct mu_sim *sim, uint64_t id);
    int (*available)(struct mu_sim *sim, uint32_t client);
    int (*finish)(struct mu_sim *sim);
};
static int script_ends; /* how often a run of a script has been over */
static struct script script;

/* "a2 t0 " ... : what happened, with the client or the timer's id, in order. */
static char script_log[4096];

static inline void script_note(const char *what, uint64_t number) {
    const size_t n = strlen(script_log);
    snprintf(script_log + n, sizeof script_log - n, "%s%llu ", what, (unsigned long long)number);
}

static inline int script_on_start(void *state, struct mu_sim *sim) {
    (void)state;
    script_log[0] = '\0';
    return script.start(sim);
}

static inline int script_on_arrival(void *state, struct mu_sim *sim, const struct mu_update *update) {
    (void)state;
    script_note("a", update->client);
    return script.arrival != NULL ? script.arrival(sim, update) : mu_sim_release(sim, update->job, false);
}

static inline int script_on_lost(void *state, struct mu_sim *sim, const struct mu_loss *loss) {
    (void)state;
    script_note(loss->cause == MU_LOSS_DIVERGED ? "x" : loss->cause == MU_LOSS_OFFLINE ? "o" : "l", loss->client);
    return script.lost != NULL ? script.lost(sim, loss) : MU_OK;
}

static inline int script_on_timer(void *state, struct mu_sim *sim, uint64_t id) {
    (void)state;
    script_note("t", id);
    return script.timer != NULL ? script.timer(sim, id) : MU_OK;
}

static inline int script_on_available(void *state, struct mu_sim *sim, uint32_t client) {
    (void)state;
    script_note("v", client);
    return script.available != NULL ? script.available(sim, client) : MU_OK;
}

static inline int script_on_finish(void *state, struct mu_sim *sim) {
    (void)state;
    return script.finish != NULL ? script.finish(sim) : MU_OK;
}

static inline void script_on_end(void *state) {
    (void)state;
    script_ends++;
}

#define SCRIPTED                                                                                                       \
    .kind = {"scripted", "a test's own", "", {NULL, 1, NULL}}, .start = script_on_start, .arrival = script_on_arrival, \
    .lost = script_on_lost, .timer = script_on_timer, .available = script_on_available, .finish = script_on_finish,    \
    .end = script_on_end

static const struct mu_strategy scripted = {SCRIPTED};
/* With an auxiliary slot and a vector of each client's own. */
static const struct mu_strategy scripted_vectors
    __attribute__((unused)) = {SCRIPTED, .auxiliary = 1, .client_vectors = true};

static const struct mu_work plain_work = {.slot = 0, .control = MU_NO_SLOT};

static inline mu_job dispatch(struct mu_sim *sim, uint32_t client) {
    mu_job job = 0;
    assert_int_equal(mu_sim_dispatch(sim, client, &plain_work, &job), MU_OK);
    return job;
}

static inline struct mu_term update_term(mu_job job, double weight) {
    return (struct mu_term){MU_TERM_UPDATE, job, 0, weight};
}

/* Every arrival at once: a step of that weight, then the client again. */
static inline int step_at_once(struct mu_sim *sim, const struct mu_update *update, double weight) {
    const struct mu_term term = update_term(update->job, weight);
    const uint32_t client = update->client;
    MU_TRY(mu_sim_combine(sim, 0, 0, 1, &term));
    MU_TRY(mu_sim_step(sim, 0));
    MU_TRY(mu_sim_release(sim, term.id, true));
    return mu_sim_dispatch(sim, client, &plain_work, NULL);
}

/* Runs a script; fails the test unless it ends in good order. */
static inline struct engine *play(const struct script *s, struct engine_config c) {
    script = *s;
    c.strategy = c.strategy != NULL ? c.strategy : &scripted;
    return engine_of(&c);
}

/* Runs a script that must fail with this code and text. */
static inline void play_failure(const struct script *s, struct engine_config c, int code, const char *text) {
    script = *s;
    c.strategy = c.strategy != NULL ? c.strategy : &scripted;
    struct engine *const e = engine_new(&c);
    assert_int_equal(engine_run(e), code);
    support_expect_error(&e->err, code, "test", text);
    assert_null(e->result.model);
    engine_free(e);
}

#endif
