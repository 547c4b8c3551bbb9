/* A scenario: the whole config file as one struct, and what is built from it. */
#ifndef MUSTER_RUN_SCENARIO_H
#define MUSTER_RUN_SCENARIO_H

#include "muster/data/data.h"
#include "muster/sim/sim.h"
#include "muster/train/local.h"
#include "muster/world/world.h"

struct cJSON;

struct mu_server_config {
    struct mu_choice strategy;  /* of mu_strategies */
    struct mu_choice optimizer; /* of mu_server_optimizers */
    int importance;             /* enum mu_importance */
};

struct mu_output_config {
    bool steps;                     /* write steps.jsonl */
    bool trace;                     /* write trace.jsonl */
    bool clients;                   /* write clients.csv */
    int64_t checkpoint_every_steps; /* MU_UNSET: by time */
};

struct mu_scenario {
    char *name;
    int64_t seed;
    struct mu_data_config data;
    struct mu_model_config model;
    struct mu_client_config client;
    struct mu_server_config server;
    struct mu_world_config world;
    struct mu_choice privacy; /* of mu_privacies */
    struct mu_stop_config stop;
    struct mu_evaluate_config evaluate;
    struct mu_output_config output;
    bool allow_mixed_kernels;
};

/* The root of the field tables: everything a config may say. */
extern const struct mu_group mu_scenario_group;

/* The scenario's strategy, of mu_strategies. */
const struct mu_strategy *mu_scenario_strategy(const struct mu_scenario *scenario);

/* The resolved config, every default filled in that counts: of a strategy with gradient work `client` is empty, since
 * nothing there would be looked at, and giving it is an error. Parsing it gives the same run. The caller deletes it
 * with cJSON_Delete; NULL if memory ran out. */
struct cJSON *mu_scenario_json(const struct mu_scenario *scenario);

/* The jobs of one step of the server, roughly: the strategy's cohort or buffer; without these one, or all clients if it
 * waits for them. */
double mu_scenario_step_jobs(const struct mu_scenario *scenario);

/* Collective. Rank 0 reads `path` and applies the n_set assignments of --set in order; every rank parses the result, so
 * that the file need not be there on other hosts. Release with mu_scenario_clear. */
int mu_scenario_read(const char *path, size_t n_set, const char *const *set, struct mu_comm *comm,
                     struct mu_scenario *scenario, struct mu_err *err);
void mu_scenario_clear(struct mu_scenario *scenario);

/* The parts of a run, built from a scenario on every rank. */
struct mu_stage {
    const char *file;
    const struct mu_scenario *scenario;
    struct mu_comm *comm;
    struct mu_data *data;
    struct mu_model *model;
    struct mu_world *world;
    struct mu_replay *replay;  /* rank 0, if the config asks for one */
    struct mu_privacy privacy; /* prepared; without a config if there is none */
    bool lent;                 /* data is another's to free */
};

/* Collective. Loads the data, fits the model, makes the world, and checks the rules that span sections (a cohort larger
 * than the population, per-client vectors that do not fit into memory, ranks with different BLAS kernels). `file` names
 * the config in errors; it and the scenario are borrowed. */
int mu_stage_new(struct mu_stage *stage, const char *file, const struct mu_scenario *scenario, struct mu_comm *comm,
                 struct mu_err *err);

/* The same with data that is there already, from a scenario with the same "data" and seed and the same comm. It is
 * borrowed. NULL: the data is loaded. */
int mu_stage_new_with(struct mu_stage *stage, const char *file, const struct mu_scenario *scenario,
                      struct mu_data *data, struct mu_comm *comm, struct mu_err *err);
/* Collective. */
void mu_stage_clear(struct mu_stage *stage);

/* The bytes of memory that the models, updates and vectors of a run take at their peak on one rank, roughly; for
 * `muster check`. */
double mu_stage_peak_bytes(const struct mu_stage *stage, int ranks);

#endif
