/* The root of the field tables, and reading a config. */
#include "muster/run/scenario.h"

#include <math.h>
#include <string.h>

#include <cJSON.h>

#include "muster/base/mem.h"
#include "muster/config/json.h"
#include "muster/strategy/strategies.h"

static const char *const importances[] = {"samples", "uniform", NULL};
static const struct mu_field server_fields[] = {
    {"strategy", MU_CHOICE, MU_OPTION, offsetof(struct mu_server_config, strategy), "", 0, 0, "{\"kind\": \"fedavg\"}",
     "who trains when, and with which weight each update enters which step", &mu_strategies},
    {"optimizer", MU_CHOICE, MU_OPTION, offsetof(struct mu_server_config, optimizer), "", 0, 0, "{\"kind\": \"sgd\"}",
     "how the model moves along the combined updates", &mu_server_optimizers},
    {"importance", MU_ENUM, MU_OPTION, offsetof(struct mu_server_config, importance), "", 0, 0, "\"samples\"",
     "each client's weight p_i in the objective: its share of the rows, or all alike", importances},
    {0},
};
static const struct mu_group server_group = {server_fields, sizeof(struct mu_server_config), NULL};

static const struct mu_field output_fields[] = {
    {"steps", MU_BOOL, MU_OPTION, offsetof(struct mu_output_config, steps), "", 0, 0, "true",
     "write steps.jsonl, a record per server step"},
    {"trace", MU_BOOL, MU_OPTION, offsetof(struct mu_output_config, trace), "", 0, 0, "false",
     "write trace.jsonl, a record per job"},
    {"clients", MU_BOOL, MU_OPTION, offsetof(struct mu_output_config, clients), "", 0, 0, "false",
     "write clients.csv: loss and accuracy of the final model on each client's own rows; not private"},
    {"checkpoint_every_steps", MU_INT, MU_OPTION, offsetof(struct mu_output_config, checkpoint_every_steps),
     "server steps", 0, 1e15, "null",
     "save the run after every so many steps, the last two are kept; 0: only when it is interrupted; absent: about "
     "once "
     "a minute"},
    {0},
};
static const struct mu_group output_group = {output_fields, sizeof(struct mu_output_config), NULL};

#define SECTION(name_, group_, doc_) \
    { #name_, MU_GROUP, MU_OPTION, offsetof(struct mu_scenario, name_), "", 0, 0, "{}", doc_, &group_ }

static const struct mu_field fields[] = {
    {"name", MU_STRING, MU_OPTION, offsetof(struct mu_scenario, name), "", 0, 0, "\"run\"",
     "what the run is called; the result directory's name is made of it"},
    {"seed", MU_INT, MU_OPTION, offsetof(struct mu_scenario, seed), "", 0, 9007199254740991.0, "1",
     "key of all randomness: the same config and seed give the same bits on any number of ranks"},
    SECTION(data, mu_data_group, "what the clients hold"),
    SECTION(model, mu_model_group, "what is trained"),
    SECTION(client, mu_client_group,
            "how a client trains; to be left out where clients sum gradients in place of training"),
    SECTION(server, server_group, "what the server does"),
    SECTION(world, mu_world_group, "how long things take"),
    {"privacy", MU_CHOICE, MU_OPTION, offsetof(struct mu_scenario, privacy), "", 0, 0, "{\"kind\": \"none\"}",
     "whose data is protected, how much, and by what", &mu_privacies},
    SECTION(stop, mu_stop_group, "when the run ends, whichever comes first"),
    SECTION(evaluate, mu_evaluate_group, "when the model is scored, and on what"),
    SECTION(output, output_group, "which result files are written"),
    {"allow_mixed_kernels", MU_BOOL, MU_OPTION, offsetof(struct mu_scenario, allow_mixed_kernels), "", 0, 0, "false",
     "run although ranks use different BLAS kernels; results then depend on which rank did what, and say so"},
    {0},
};

const struct mu_strategy *mu_scenario_strategy(const struct mu_scenario *s) {
    return (const void *)s->server.strategy.kind; /* a row of mu_strategies begins with its kind */
}

/* The strategy's option of this name, or NULL. */
static const struct mu_field *find_option(const struct mu_strategy *strategy, const char *name) {
    for (const struct mu_field *f = strategy->kind.group.fields; f != NULL && f->type != MU_NONE; f++) {
        if (f->role == MU_OPTION && strcmp(f->name, name) == 0) {
            return f;
        }
    }
    return NULL;
}

/* The strategy's own option in place of one of the clients', or NULL. */
static const struct mu_field *own_option(const struct mu_strategy *strategy, const char *name) {
    const struct mu_field *same = find_option(strategy, name);
    return same == NULL && strcmp(name, "batch_size") == 0 ? find_option(strategy, "batch") : same;
}

/* Clients that sum gradients do not train, so nothing looks at how they would. */
static int check_client(const struct mu_scenario *s, const char *file, const char *pointer, struct mu_err *err) {
    const struct mu_strategy *strategy = mu_scenario_strategy(s);
    const struct mu_field *given = mu_group_given(&mu_client_group, &s->client);
    if (!strategy->gradients || given == NULL) {
        return MU_OK;
    }
    char place[512], client[512];
    mu_place(place, file, mu_place(client, NULL, pointer, "client"), given->name);
    mu_fail(err, MU_BAD_CONFIG, place, "clients of \"%s\" do not train, they sum gradients: this would have no effect",
            strategy->kind.name);
    const struct mu_field *own = own_option(strategy, given->name);
    return own != NULL
               ? mu_fail_help(err, "leave it out; \"%s\" has server.strategy.%s", strategy->kind.name, own->name)
               : mu_fail_help(err, "leave it out; the learning rate is that of server.optimizer");
}

static int check(const void *values, const char *file, const char *pointer, struct mu_err *err) {
    const struct mu_scenario *s = values;
    MU_TRY(check_client(s, file, pointer, err));
    const double target = s->stop.target_accuracy;
    if (target == target && s->evaluate.every_steps == 0) {
        char place[512];
        mu_fail(err, MU_BAD_CONFIG, mu_place(place, file, "/stop", "target_accuracy"),
                "a target accuracy, but no evaluations to look at");
        return mu_fail_help(err, "set evaluate.every_steps");
    }
    if (s->stop.diverged.evaluations != MU_UNSET && s->evaluate.every_steps == 0) {
        char place[512];
        mu_fail(err, MU_BAD_CONFIG, mu_place(place, file, "/stop/diverged", "evaluations"),
                "a rule about evaluations, but none to look at");
        return mu_fail_help(err, "set evaluate.every_steps");
    }
    return MU_OK;
}

const struct mu_group mu_scenario_group = {fields, sizeof(struct mu_scenario), check};

cJSON *mu_scenario_json(const struct mu_scenario *scenario) {
    cJSON *json = mu_group_json(&mu_scenario_group, scenario);
    if (json != NULL && mu_scenario_strategy(scenario)->gradients &&
        !cJSON_ReplaceItemInObjectCaseSensitive(json, "client", cJSON_CreateObject())) {
        cJSON_Delete(json);
        return NULL;
    }
    return json;
}

/* Copies an option of the strategy of this name and type; false if it has none. */
static bool strategy_option(const struct mu_scenario *s, const char *name, enum mu_type type, void *value) {
    const struct mu_field *f = find_option(mu_scenario_strategy(s), name);
    const bool found = f != NULL && f->type == type;
    if (found) {
        memcpy(value, (const char *)s->server.strategy.options + f->offset, 8); /* int64_t or double */
    }
    return found;
}

double mu_scenario_step_jobs(const struct mu_scenario *s) {
    const double clients = s->data.clients != MU_UNSET ? (double)s->data.clients : 100; /* most sources' default */
    int64_t n = MU_UNSET;
    double fraction = NAN;
    if (strategy_option(s, "cohort", MU_INT, &n)) {
        strategy_option(s, "fraction", MU_REAL, &fraction);
        return n != MU_UNSET ? (double)n : isfinite(fraction) ? fmax(fraction * clients, 1) : fmin(10, clients);
    }
    if (strategy_option(s, "buffer_size", MU_INT, &n) && n != MU_UNSET) {
        return (double)n;
    }
    return mu_scenario_strategy(s)->asynchronous ? 1 : clients;
}

/* The text of the config with every --set applied; the caller's to mu_free. Every number keeps its bits. */
static int read_text(const char *path, size_t n_set, const char *const *set, char **text, struct mu_err *err) {
    cJSON *json = NULL;
    MU_TRY(mu_json_read(path, &json, err));
    int code = MU_OK;
    for (size_t i = 0; i < n_set && code == MU_OK; i++) {
        code = mu_json_set(json, set[i], err);
    }
    if (code == MU_OK) {
        code = mu_json_print(json, text, err);
    }
    cJSON_Delete(json);
    return code;
}

static int parse_text(const char *path, const char *text, struct mu_scenario *scenario, struct mu_err *err) {
    cJSON *json = NULL;
    MU_TRY(mu_json_parse(path, text, strlen(text), &json, err));
    const int code = mu_group_parse(&mu_scenario_group, json, path, "", scenario, err);
    cJSON_Delete(json);
    return code;
}

int mu_scenario_read(const char *path, size_t n_set, const char *const *set, struct mu_comm *comm,
                     struct mu_scenario *scenario, struct mu_err *err) {
    const bool root = mu_comm_rank(comm) == 0;
    char *printed = NULL;
    int code = root ? read_text(path, n_set, set, &printed, err) : MU_OK;
    MU_TRY(mu_comm_agree(comm, code, err));
    uint64_t bytes = root ? strlen(printed) + 1 : 0;
    mu_comm_bcast(comm, &bytes, sizeof bytes);
    char *text = mu_alloc(bytes, 1, err);
    code = mu_comm_agree(comm, text != NULL ? MU_OK : err->code, err);
    if (code == MU_OK) {
        if (root) {
            memcpy(text, printed, bytes);
        }
        mu_comm_bcast(comm, text, bytes);
        code = mu_comm_agree(comm, parse_text(path, text, scenario, err), err);
    }
    mu_free(printed);
    mu_free(text);
    return code;
}

void mu_scenario_clear(struct mu_scenario *scenario) {
    mu_group_clear(&mu_scenario_group, scenario);
}
