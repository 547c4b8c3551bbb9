/* Life of a run: set up on every rank, coordinate on rank 0, serve on the others, collect. */
#include "muster/sim/sim.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint.h"
#include "muster/base/clock.h"
#include "muster/base/mem.h"
#include "wall.h"

static const struct mu_field stop_fields[] = {
    {"steps", MU_INT, MU_OPTION, offsetof(struct mu_stop_config, steps), "server steps", 1, 1e15, "null",
     "stop after this many server steps"},
    {"updates", MU_INT, MU_OPTION, offsetof(struct mu_stop_config, updates), "updates", 1, 1e15, "null",
     "stop once this many updates have been used"},
    {"time_s", MU_REAL, MU_OPTION, offsetof(struct mu_stop_config, time_s), "simulated seconds", 0, 1e9, "null",
     "stop at this simulated time; what happens at that instant still counts", .open = true},
    {"target_accuracy", MU_REAL, MU_OPTION, offsetof(struct mu_stop_config, target_accuracy), "", 0, 1, "null",
     "stop when an evaluation reaches this test accuracy"},
    {"diverged", MU_GROUP, MU_OPTION, offsetof(struct mu_stop_config, diverged), "", 0, 0, "{}",
     "when training is given up as diverged; the train loss that this looks at is not covered by privacy",
     &mu_divergence_group},
    {0},
};

static int check_stop(const void *values, const char *file, const char *pointer, struct mu_err *err) {
    const struct mu_stop_config *stop = values;
    char place[512];
    if (stop->steps == MU_UNSET && stop->updates == MU_UNSET && stop->time_s != stop->time_s) {
        mu_fail(err, MU_BAD_CONFIG, mu_place(place, file, pointer, NULL), "nothing here ends the run for certain");
        return mu_fail_help(err, "give at least one of steps, updates and time_s");
    }
    return MU_OK;
}

const struct mu_group mu_stop_group = {stop_fields, sizeof(struct mu_stop_config), check_stop};

static const char *const train_losses[] = {"local", "full", NULL};
static const struct mu_field evaluate_fields[] = {
    {"every_steps", MU_INT, MU_OPTION, offsetof(struct mu_evaluate_config, every_steps), "server steps", 0, 1e15, "10",
     "evaluate after every so many steps, besides the start and the end; 0: only there"},
    {"train", MU_ENUM, MU_OPTION, offsetof(struct mu_evaluate_config, train), "", 0, 0, "\"local\"",
     "what train_loss is: the mean loss seen in local training since the last evaluation (costs nothing), or the "
     "objective over all clients' rows",
     train_losses},
    {0},
};
const struct mu_group mu_evaluate_group = {evaluate_fields, sizeof(struct mu_evaluate_config), NULL};

const char *mu_end_name(enum mu_end end) {
    static const char *const names[] = {
        [MU_END_STEPS] = "steps",
        [MU_END_UPDATES] = "updates",
        [MU_END_TIME] = "time_s",
        [MU_END_TARGET] = "target_accuracy",
        [MU_END_INTERRUPTED] = "interrupted",
        [MU_END_REPLAY] = "replay",
        [MU_END_PRIVACY] = "privacy",
        [MU_END_DIVERGED] = "diverged",
        [MU_END_PAUSED] = "paused",
    };
    return names[end];
}

bool mu_sim_goes_on(enum mu_end end) {
    return end == MU_END_INTERRUPTED || end == MU_END_PAUSED || end == MU_END_REPLAY;
}

uint32_t mu_sim_models(const struct mu_strategy *strategy, const void *options) {
    return strategy->models != NULL ? strategy->models(options) : 1;
}

static void free_sim(struct mu_sim *sim) {
    for (size_t i = 0; i < sim->jobs.capacity; i++) {
        if (sim->jobs.entry[i].key != 0) {
            mu_free(((struct mu_sim_job *)sim->jobs.entry[i].value)->gradient);
            mu_free(sim->jobs.entry[i].value);
        }
    }
    while (sim->free_jobs != NULL) {
        struct mu_sim_job *job = sim->free_jobs;
        sim->free_jobs = job->next_free;
        mu_free(job);
    }
    for (uint32_t s = 0; sim->slot != NULL && s < sim->slots; s++) {
        struct mu_slot *slot = &sim->slot[s];
        for (size_t i = 0; i < slot->versions.capacity; i++) {
            struct mu_version *version = slot->versions.entry[i].value;
            if (slot->versions.entry[i].key != 0) {
                mu_free(version->x);
                mu_free(version);
            }
        }
        mu_map_clear(&slot->versions);
        mu_free(slot->direction);
        for (int m = 0; m < MU_MOMENTS; m++) {
            mu_free(slot->moment[m]);
        }
    }
    while (sim->free_versions != NULL) {
        struct mu_version *version = sim->free_versions;
        sim->free_versions = version->next_free;
        mu_free(version->x);
        mu_free(version);
    }
    for (int rank = 0; sim->outbox != NULL && rank < mu_comm_size(sim->setup->comm); rank++) {
        mu_free(sim->outbox[rank].data);
    }
    mu_private_clear(sim);
    mu_step_parts_clear(&sim->parts);
    mu_population_clear(&sim->population);
    mu_queue_clear(&sim->queue);
    mu_map_clear(&sim->jobs);
    mu_free(sim->slot);
    mu_free(sim->scratch);
    mu_free(sim->own_max_abs);
    mu_free(sim->unplaced);
    mu_free(sim->outbox);
    mu_free(sim->load);
}

static int allocate(struct mu_sim *sim) {
    const struct mu_sim_setup *setup = sim->setup;
    const size_t ranks = (size_t)mu_comm_size(setup->comm), clients = mu_data_clients(setup->data);
    struct mu_err *err = sim->err;
    sim->slot = mu_alloc(sim->slots, sizeof *sim->slot, err);
    sim->scratch = mu_alloc(sim->dim, sizeof *sim->scratch, err);
    sim->outbox = mu_alloc(ranks, sizeof *sim->outbox, err);
    sim->load = mu_alloc(ranks, sizeof *sim->load, err);
    if (setup->strategy->client_vectors) {
        sim->own_max_abs = mu_alloc(clients, sizeof *sim->own_max_abs, err);
    }
    if (err->code != MU_OK) {
        return err->code;
    }
    for (uint32_t s = 0; s < sim->slots; s++) {
        if ((sim->slot[s].direction = mu_alloc(sim->dim, sizeof(double), err)) == NULL) {
            return err->code;
        }
    }
    for (uint32_t s = 0; s < sim->models; s++) {
        for (size_t m = 0; m < sim->optimizer->moments; m++) {
            if ((sim->slot[s].moment[m] = mu_alloc(sim->dim, sizeof(double), err)) == NULL) {
                return err->code;
            }
        }
        if (sim->optimizer->start != NULL) {
            sim->optimizer->start(setup->server_optimizer->options, sim->dim, sim->slot[s].moment);
        }
    }
    MU_TRY(mu_population_init(&sim->population, setup->data, setup->seed, err));
    return mu_private_start(sim);
}

static int obey_reports(void *context) {
    struct mu_sim *sim = context;
    const void *message;
    size_t bytes;
    if (!mu_comm_poll(sim->setup->comm, NULL, &message, &bytes)) {
        return MU_OK;
    }
    const enum mu_activity before = mu_worker_begin(sim->worker, MU_PLAN);
    int code = MU_OK;
    do {
        code = mu_sim_report(sim, message);
    } while (code == MU_OK && mu_comm_poll(sim->setup->comm, NULL, &message, &bytes));
    if (code == MU_OK) {
        code = mu_sim_advance(sim);
    }
    mu_worker_begin(sim->worker, before);
    /* The end of the run abandons the job that rank 0 is training. */
    return code == MU_OK && sim->ended ? -1 : code;
}

/* Rank 0 trains too; between its mini-batches it takes in reports and lets events happen. */
static int train_or_wait(struct mu_sim *sim) {
    if (mu_worker_has_work(sim->worker)) {
        const struct mu_poll poll = {obey_reports, sim};
        struct mu_report report;
        const int code = mu_worker_train(sim->worker, &poll, &report);
        if (code != MU_OK || sim->ended || sim->err->code != MU_OK) {
            return sim->err->code;
        }
        return mu_sim_report(sim, &report);
    }
    const void *message;
    size_t bytes;
    const enum mu_activity before = mu_worker_begin(sim->worker, MU_WAIT);
    mu_comm_wait(sim->setup->comm, NULL, &message, &bytes);
    mu_worker_begin(sim->worker, before);
    return mu_sim_report(sim, message);
}

static int by_id(const void *a, const void *b) {
    const mu_job x = *(const mu_job *)a, y = *(const mu_job *)b;
    return (x > y) - (x < y);
}

/* Every job ends: what is still gathered is dropped, what is still in flight is late. */
static int close_rest(struct mu_sim *sim) {
    mu_job *id = mu_alloc(sim->jobs.n, sizeof *id, sim->err);
    if (id == NULL) {
        return sim->err->code;
    }
    size_t n = 0;
    for (size_t i = 0; i < sim->jobs.capacity; i++) {
        if (sim->jobs.entry[i].key != 0) {
            id[n++] = sim->jobs.entry[i].key;
        }
    }
    qsort(id, n, sizeof *id, by_id);
    int code = MU_OK;
    for (size_t i = 0; i < n && code == MU_OK; i++) {
        struct mu_sim_job *job = mu_map_get(&sim->jobs, id[i]);
        sim->result->dropped += job->arrived;
        code = mu_sim_close_job(sim, job, job->arrived ? MU_JOB_DROPPED : MU_JOB_LATE);
    }
    mu_free(id);
    return code;
}

/* The first model, the first evaluation, the first jobs. */
static int begin(struct mu_sim *sim) {
    const struct mu_sim_setup *setup = sim->setup;
    MU_TRY(mu_sim_install_first(sim));
    MU_TRY(mu_sim_evaluate(sim));
    const double limit = setup->stop->time_s;
    if (limit == limit) {
        /* Rounded as durations are: a job of the very length of the run still arrives. */
        const uint64_t at = (uint64_t)llrint(limit * (double)MU_SECOND);
        MU_TRY(mu_sim_queue(sim, (struct mu_event){at, MU_EVENT_STOP, 0, MU_END_TIME}));
    }
    MU_TRY(mu_sim_watch_clients(sim));
    if (!sim->ended) {
        MU_TRY(setup->strategy->start(setup->strategy_state, sim));
    }
    return mu_sim_place(sim);
}

static int run_events(struct mu_sim *sim, const struct mu_loaded *loaded) {
    const struct mu_sim_setup *setup = sim->setup;
    MU_TRY(loaded != NULL && loaded->directory[0] != '\0' ? mu_checkpoint_resume(sim, loaded) : begin(sim));
    sim->saved_step = sim->result->steps;
    sim->saved_s = mu_monotonic_s();
    while (!sim->ended) {
        MU_TRY(sim->wall != NULL ? mu_wall_advance(sim) : mu_sim_advance(sim));
        if (!sim->ended && sim->wall == NULL) {
            MU_TRY(train_or_wait(sim));
        }
    }
    /* An interrupted run goes on some day: what it has gathered stays in its checkpoint. So does the replay of one. */
    if (setup->strategy->finish != NULL && !mu_sim_goes_on(sim->result->end)) {
        MU_TRY(setup->strategy->finish(setup->strategy_state, sim));
    }
    MU_TRY(mu_sim_evaluate(sim));
    return close_rest(sim);
}

static int fill_result(struct mu_sim *sim) {
    sim->result->time_ns = sim->now_ns;
    sim->result->divergence = sim->divergence;
    struct mu_sim_result *result = sim->result;
    result->models = sim->models;
    result->model = mu_alloc(sim->models * sim->dim, sizeof(double), sim->err);
    result->participations = mu_alloc(sim->population.n, sizeof(uint64_t), sim->err);
    result->used_weight = mu_alloc(sim->population.n, sizeof(double), sim->err);
    if (sim->err->code != MU_OK) {
        return sim->err->code;
    }
    for (uint32_t i = 0; i < sim->population.n; i++) {
        result->participations[i] = sim->population.client[i].participations;
        result->used_weight[i] = sim->population.client[i].used_weight;
    }
    for (uint32_t m = 0; m < sim->models; m++) {
        memcpy(result->model + m * sim->dim, sim->slot[m].current->x, sim->dim * sizeof(double));
    }
    return MU_OK;
}

int mu_sim_coordinate(const struct mu_sim_setup *setup, struct mu_worker *worker, struct mu_wall *wall,
                      const struct mu_loaded *loaded, struct mu_sim_result *result, struct mu_err *err) {
    struct mu_sim sim = {
        .setup = setup,
        .result = result,
        .err = err,
        .worker = worker,
        .wall = wall,
        .dim = mu_model_dim(setup->model),
        .model_bytes = mu_model_dim(setup->model) * mu_elem_bytes(mu_model_elem(setup->model)),
        .models = mu_sim_models(setup->strategy, setup->strategy_state),
        .optimizer = (const void *)setup->server_optimizer->kind,
        .evaluated = UINT64_MAX,
        .divergence = {.best = NAN},
    };
    sim.slots = sim.models + setup->strategy->auxiliary;
    int code = allocate(&sim);
    if (code == MU_OK) {
        code = run_events(&sim, loaded);
    }
    if (code == MU_OK) {
        code = fill_result(&sim);
    }
    if (setup->strategy->end != NULL) {
        setup->strategy->end(setup->strategy_state);
    }
    const struct mu_stop_command stop = {{MU_COMMAND_STOP, sizeof stop}};
    for (int rank = 1; rank < mu_comm_size(setup->comm); rank++) {
        mu_comm_send(setup->comm, rank, &stop, sizeof stop);
    }
    free_sim(&sim);
    return code;
}

/* Reports that were under way when the run ended must not be left in MPI's queues. */
static void drain(struct mu_comm *comm) {
    const void *message;
    size_t bytes;
    mu_comm_barrier(comm);
    while (mu_comm_poll(comm, NULL, &message, &bytes)) {
    }
}

int mu_sim_run(const struct mu_sim_setup *setup, struct mu_sim_result *result, struct mu_err *err) {
    if (setup->wall_scale > 0) {
        return mu_wall_run(setup, result, err);
    }
    struct mu_comm *comm = setup->comm;
    struct mu_worker *worker = NULL;
    *result = (struct mu_sim_result){0};
    int code = mu_worker_new(&worker, setup, err);
    if (code == MU_OK && mu_comm_rank(comm) == 0) {
        result->clock = mu_alloc((size_t)mu_comm_size(comm), sizeof *result->clock, err);
        code = result->clock != NULL ? MU_OK : err->code;
    }
    code = mu_comm_agree(comm, code, err);
    struct mu_loaded loaded = {0};
    if (code == MU_OK && setup->checkpoint != NULL && setup->checkpoint->resume) {
        code = mu_checkpoint_open(worker, &loaded, err);
    }
    if (code == MU_OK) {
        code = mu_private_share_key(worker, comm, loaded.directory, err);
    }
    if (code == MU_OK) {
        if (mu_comm_rank(comm) == 0) {
            code = mu_sim_coordinate(setup, worker, NULL, &loaded, result, err);
        } else {
            mu_worker_serve(worker);
        }
        mu_worker_begin(worker, MU_PLAN);
        drain(comm);
        mu_comm_gather(comm, mu_worker_clock(worker), sizeof(struct mu_clock), result->clock);
        code = mu_comm_agree(comm, code, err);
    }
    mu_loaded_clear(&loaded);
    mu_worker_free(worker);
    if (code != MU_OK) {
        mu_sim_result_clear(result);
    }
    return code;
}

void mu_sim_result_clear(struct mu_sim_result *result) {
    mu_free(result->model);
    mu_free(result->participations);
    mu_free(result->used_weight);
    mu_free(result->clock);
    *result = (struct mu_sim_result){0};
}
