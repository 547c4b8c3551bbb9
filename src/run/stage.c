/* From a scenario to the parts of a run. */
#include <string.h>
#include <unistd.h>

#include "muster/base/mem.h"
#include "stage.h"

static int check_strategy(const struct mu_stage *stage, struct mu_err *err) {
    const struct mu_scenario *s = stage->scenario;
    const struct mu_strategy *strategy = mu_scenario_strategy(s);
    const struct mu_strategy_context context = mu_stage_context(stage);
    return strategy->check != NULL ? strategy->check(s->server.strategy.options, &context, err) : MU_OK;
}

/* A run that is to end at a time must have a clock that moves. */
static int check_time(const struct mu_stage *stage, struct mu_err *err) {
    const struct mu_scenario *s = stage->scenario;
    const struct mu_strategy *strategy = mu_scenario_strategy(s);
    const struct mu_job_request request = {0};
    const bool windows = strategy->asynchronous && strategy->timer != NULL; /* these pass without any job */
    if (s->stop.steps != MU_UNSET || s->stop.updates != MU_UNSET || windows ||
        mu_world_expect(stage->world, &request, 0) > 0) {
        return MU_OK;
    }
    char place[512];
    mu_fail(err, MU_BAD_CONFIG, mu_place(place, stage->file, "/stop", "time_s"),
            "the run would never end: no time passes in a world without durations");
    return mu_fail_help(err, "give stop.steps or stop.updates, or durations in \"world\"");
}

double mu_stage_peak_bytes(const struct mu_stage *stage, int ranks) {
    const struct mu_scenario *s = stage->scenario;
    const struct mu_strategy *strategy = mu_scenario_strategy(s);
    const double vector = (double)(mu_model_dim(stage->model) * mu_elem_bytes(mu_model_elem(stage->model)));
    /* Workspaces, the models in use, and the float64 state of rank 0, in vectors of the model's size. */
    double vectors = 12 + 8 * (mu_sim_models(strategy, s->server.strategy.options) + strategy->auxiliary);
    if (strategy->client_vectors) {
        /* On the wall clock rank 0 holds them all, and the others theirs. */
        const bool wall = mu_world_on_wall(&s->world);
        vectors += (double)mu_data_clients(stage->data) / (wall ? 1 : ranks);
    }
    return vectors * vector;
}

static int check_memory(const struct mu_stage *stage, struct mu_err *err) {
    const double need = mu_stage_peak_bytes(stage, mu_comm_size(stage->comm)) * mu_comm_host_size(stage->comm);
    const double have = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    if (need > have) {
        char place[512];
        const struct mu_strategy *strategy = mu_scenario_strategy(stage->scenario);
        if (!strategy->client_vectors) {
            return mu_fail(err, MU_BAD_CONFIG, mu_place(place, stage->file, "/model", NULL),
                           "training %zu parameters needs about %.1f GB on this host, which has %.1f GB",
                           mu_model_dim(stage->model), need / 1e9, have / 1e9);
        }
        mu_fail(err, MU_BAD_CONFIG, mu_place(place, stage->file, "/server/strategy", "kind"),
                "\"%s\" needs about %.1f GB on this host, which has %.1f GB", strategy->kind.name, need / 1e9,
                have / 1e9);
        return mu_fail_help(err, "it keeps a vector of the model's size per client: use fewer clients or more hosts");
    }
    return MU_OK;
}

enum { KERNEL_NAME = 64 };

/* GEMMs of different kernels have different bits: which rank trained a job would show in the results. */
static int check_kernels(const struct mu_stage *stage, struct mu_err *err) {
    char mine[KERNEL_NAME] = {0}, first[KERNEL_NAME] = {0};
    strncpy(mine, mu_blas_kernel(), sizeof mine - 1);
    memcpy(first, mine, sizeof first);
    mu_comm_bcast(stage->comm, first, sizeof first);
    int code = MU_OK;
    if (strcmp(mine, first) != 0 && !stage->scenario->allow_mixed_kernels) {
        code = mu_fail(err, MU_BAD_CONFIG, NULL, "rank 0 computes with BLAS kernel %s, rank %d with %s", first,
                       mu_comm_rank(stage->comm), mine);
        mu_fail_help(err, "set OPENBLAS_CORETYPE alike on all hosts, or allow_mixed_kernels in the config");
    }
    return mu_comm_agree(stage->comm, code, err);
}

static int build(struct mu_stage *stage, struct mu_err *err) {
    const struct mu_scenario *s = stage->scenario;
    const uint64_t seed = (uint64_t)s->seed;
    MU_TRY(check_kernels(stage, err));
    if (!stage->lent) {
        MU_TRY(mu_data_new(&stage->data, &s->data, stage->file, seed, stage->comm, err));
    }
    int code = mu_model_new(&stage->model, &s->model, stage->file, mu_data_task(stage->data), err);
    if (code == MU_OK) {
        code = mu_world_new(&stage->world, &s->world, stage->file, seed, mu_data_clients(stage->data), err);
    }
    if (code == MU_OK) {
        code = check_strategy(stage, err);
    }
    if (code == MU_OK) {
        code = mu_stage_privacy(stage, err);
    }
    if (code == MU_OK && s->world.replay != NULL && mu_comm_rank(stage->comm) == 0) {
        code = mu_replay_new(&stage->replay, s->world.replay, err);
    }
    if (code == MU_OK) {
        code = check_time(stage, err);
    }
    if (code == MU_OK) {
        code = check_memory(stage, err);
    }
    return mu_comm_agree(stage->comm, code, err);
}

int mu_stage_new_with(struct mu_stage *stage, const char *file, const struct mu_scenario *scenario,
                      struct mu_data *data, struct mu_comm *comm, struct mu_err *err) {
    *stage = (struct mu_stage){.file = file, .scenario = scenario, .comm = comm, .data = data, .lent = data != NULL};
    mu_blas_single_thread();
    const int code = build(stage, err);
    if (code != MU_OK) {
        mu_stage_clear(stage);
    }
    return code;
}

int mu_stage_new(struct mu_stage *stage, const char *file, const struct mu_scenario *scenario, struct mu_comm *comm,
                 struct mu_err *err) {
    return mu_stage_new_with(stage, file, scenario, NULL, comm, err);
}

void mu_stage_clear(struct mu_stage *stage) {
    mu_replay_free(stage->replay);
    mu_world_free(stage->world);
    mu_model_free(stage->model);
    if (!stage->lent) {
        mu_data_free(stage->data);
    }
    *stage = (struct mu_stage){0};
}
