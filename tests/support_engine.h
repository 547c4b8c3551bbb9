/* A whole engine on one rank in this process: sections of a config as JSON text, a strategy, and everything that the
 * observer is told, copied. Header-only; needs the layers up to sim. */
#ifndef MUSTER_TESTS_SUPPORT_ENGINE_H
#define MUSTER_TESTS_SUPPORT_ENGINE_H

#include "support.h"

#include <cJSON.h>

#include "muster/base/mem.h"
#include "muster/sim/sim.h"

enum { ENGINE_TERMS = 16, ENGINE_MODEL = 16 };

/* What to run; a NULL section has its defaults. `stop` is needed. */
struct engine_config {
    const char *data, *model, *client, *world, *stop, *evaluate;
    const char *optimizer; /* of the server */
    enum mu_importance importance;
    uint64_t seed;
    const struct mu_strategy *strategy;
    const char *options;  /* of the strategy */
    struct mu_comm *comm; /* borrowed; NULL: one rank without MPI, the engine's own */
};

struct engine_step {
    uint64_t step, time_ns;
    uint32_t slot;
    size_t n;
    uint64_t job[ENGINE_TERMS], staleness[ENGINE_TERMS];
    uint32_t client[ENGINE_TERMS];
    double weight[ENGINE_TERMS];
};

struct engine_evaluation {
    struct mu_evaluation record; /* its model is NULL */
    double model[ENGINE_MODEL];  /* the first numbers of it */
};

struct engine {
    struct mu_comm *comm, *own_comm;
    struct mu_data_config data_config;
    struct mu_model_config model_config;
    struct mu_client_config client;
    struct mu_world_config world_config;
    struct mu_stop_config stop;
    struct mu_evaluate_config evaluate;
    struct {
        struct mu_choice choice;
    } optimizer;
    struct mu_data *data;
    struct mu_model *model;
    struct mu_world *world;
    void *options;
    struct mu_observer observer;
    struct mu_sim_setup setup;
    struct mu_sim_result result;
    struct mu_err err;

    struct engine_step *step;
    struct engine_evaluation *evaluation;
    struct mu_job_record *job;
    size_t steps, evaluations, jobs; /* recorded */
    size_t step_room, evaluation_room, job_room;
};

static const struct mu_field engine_optimizer_fields[] = {
    {"optimizer", MU_CHOICE, MU_OPTION, 0, "", 0, 0, "{\"kind\": \"sgd\"}", "server optimizer", &mu_server_optimizers},
    {0},
};
static const struct mu_group engine_optimizer_group = {engine_optimizer_fields, sizeof(struct mu_choice), NULL};

/* Parses a section, or fails the test. */
static inline void engine_parse(const struct mu_group *group, const char *section, const char *text, void *out) {
    struct mu_err err = {.code = MU_OK};
    text = text != NULL ? text : "{}";
    cJSON *json = cJSON_Parse(text);
    if (json == NULL) {
        fail_msg("the test's own JSON of %s does not parse: %s", section, text);
    }
    mu_group_parse(group, json, "test", section, out, &err);
    cJSON_Delete(json);
    support_expect_ok(&err);
}

static inline void *engine_room(void *block, size_t n, size_t *room, size_t size) {
    if (n < *room) {
        return block;
    }
    *room = *room > 0 ? 2 * *room : 64;
    block = realloc(block, *room * size);
    assert_non_null(block);
    return block;
}

static inline int engine_on_step(void *context, const struct mu_step_record *r, struct mu_err *err) {
    struct engine *const e = context;
    (void)err;
    e->step = engine_room(e->step, e->steps, &e->step_room, sizeof *e->step);
    struct engine_step *const copy = &e->step[e->steps++];
    *copy = (struct engine_step){.step = r->step, .time_ns = r->time_ns, .slot = r->slot, .n = r->n};
    for (size_t i = 0; i < r->n && i < ENGINE_TERMS; i++) {
        copy->job[i] = r->job[i];
        copy->staleness[i] = r->staleness[i];
        copy->client[i] = r->client[i];
        copy->weight[i] = r->weight[i];
    }
    return MU_OK;
}

static inline int engine_on_job(void *context, const struct mu_job_record *r, struct mu_err *err) {
    struct engine *const e = context;
    (void)err;
    e->job = engine_room(e->job, e->jobs, &e->job_room, sizeof *e->job);
    e->job[e->jobs++] = *r;
    return MU_OK;
}

static inline int engine_on_evaluation(void *context, const struct mu_evaluation *r, struct mu_err *err) {
    struct engine *const e = context;
    (void)err;
    e->evaluation = engine_room(e->evaluation, e->evaluations, &e->evaluation_room, sizeof *e->evaluation);
    struct engine_evaluation *const copy = &e->evaluation[e->evaluations++];
    *copy = (struct engine_evaluation){.record = *r};
    copy->record.model = NULL;
    memcpy(copy->model, r->model, (r->dim < ENGINE_MODEL ? r->dim : ENGINE_MODEL) * sizeof *r->model);
    return MU_OK;
}

/* Builds everything up to the set-up; the caller may change e->setup and e->observer before engine_run. */
static inline struct engine *engine_new(const struct engine_config *c) {
    struct engine *const e = calloc(1, sizeof *e);
    assert_non_null(e);
    char optimizer[512];
    snprintf(optimizer, sizeof optimizer, "{\"optimizer\": %s}", c->optimizer != NULL ? c->optimizer : "null");
    engine_parse(&mu_data_group, "/data", c->data, &e->data_config);
    engine_parse(&mu_model_group, "/model", c->model != NULL ? c->model : "{\"kind\": \"vector\"}", &e->model_config);
    engine_parse(&mu_client_group, "/client", c->client, &e->client);
    engine_parse(&mu_world_group, "/world", c->world, &e->world_config);
    engine_parse(&mu_stop_group, "/stop", c->stop, &e->stop);
    engine_parse(&mu_evaluate_group, "/evaluate", c->evaluate, &e->evaluate);
    engine_parse(&engine_optimizer_group, "/server", c->optimizer != NULL ? optimizer : NULL, &e->optimizer);
    e->options = calloc(1, c->strategy->kind.group.size + 1);
    assert_non_null(e->options);
    engine_parse(&c->strategy->kind.group, "/server/strategy", c->options, e->options);

    const uint64_t seed = c->seed != 0 ? c->seed : 1;
    e->own_comm = c->comm == NULL ? mu_comm_solo() : NULL;
    e->comm = c->comm == NULL ? e->own_comm : c->comm;
    assert_non_null(e->comm);
    mu_blas_single_thread();
    mu_data_new(&e->data, &e->data_config, "test", seed, e->comm, &e->err);
    support_expect_ok(&e->err);
    mu_model_new(&e->model, &e->model_config, "test", mu_data_task(e->data), &e->err);
    support_expect_ok(&e->err);
    mu_world_new(&e->world, &e->world_config, "test", seed, mu_data_clients(e->data), &e->err);
    support_expect_ok(&e->err);
    e->observer = (struct mu_observer){
        .context = e, .step = engine_on_step, .job = engine_on_job, .evaluation = engine_on_evaluation};
    e->setup = (struct mu_sim_setup){
        .file = "test",
        .seed = seed,
        .comm = e->comm,
        .data = e->data,
        .model = e->model,
        .client = &e->client,
        .world = e->world,
        .strategy = c->strategy,
        .strategy_state = e->options,
        .server_optimizer = &e->optimizer.choice,
        .importance = c->importance,
        .stop = &e->stop,
        .evaluate = &e->evaluate,
        .observer = &e->observer,
    };
    return e;
}

static inline int engine_run(struct engine *e) {
    return mu_sim_run(&e->setup, &e->result, &e->err);
}

static inline void engine_free(struct engine *e) {
    const struct mu_group *const strategy = &e->setup.strategy->kind.group;
    mu_sim_result_clear(&e->result);
    mu_world_free(e->world);
    mu_model_free(e->model);
    mu_data_free(e->data);
    mu_comm_stop(e->own_comm);
    mu_group_clear(&mu_data_group, &e->data_config);
    mu_group_clear(&mu_model_group, &e->model_config);
    mu_group_clear(&mu_client_group, &e->client);
    mu_group_clear(&mu_world_group, &e->world_config);
    mu_group_clear(&engine_optimizer_group, &e->optimizer);
    mu_group_clear(strategy, e->options);
    free(e->options);
    free(e->step);
    free(e->evaluation);
    free(e->job);
    free(e);
}

/* Builds and runs; fails the test unless the run ends in good order. */
static inline struct engine *engine_of(const struct engine_config *c) {
    struct engine *const e = engine_new(c);
    engine_run(e);
    support_expect_ok(&e->err);
    return e;
}

#endif
