/* The config's "client" section. */
#include <math.h>

#include "muster/train/local.h"
#include "optimizer/kind.h"
#include "schedule/kind.h"

static const struct mu_word full[] = {{"full", 0}, {NULL, 0}};

static const struct mu_field fields[] = {
    {"optimizer", MU_CHOICE, MU_OPTION, offsetof(struct mu_client_config, optimizer), "", 0, 0, "{\"kind\": \"sgd\"}",
     "of local training; its state is fresh in every job", &mu_optimizers, false},
    {"schedule", MU_CHOICE, MU_OPTION, offsetof(struct mu_client_config, schedule), "", 0, 0,
     "{\"kind\": \"constant\"}", "of the learning rate over server steps", &mu_schedules, false},
    {"batch_size", MU_INT, MU_OPTION, offsetof(struct mu_client_config, batch_size), "rows", 1, 1e9, "32",
     "rows per optimizer step; an epoch's last batch may be smaller", full, false},
    {"local_epochs", MU_INT, MU_OPTION, offsetof(struct mu_client_config, local_epochs), "passes", 1, 1e6, "null",
     "passes over the client's data in a job; 1 if neither this nor local_steps is given", NULL, false},
    {"local_steps", MU_INT, MU_OPTION, offsetof(struct mu_client_config, local_steps), "steps", 1, 1e9, "null",
     "optimizer steps in a job, in place of local_epochs", NULL, false},
    {"proximal_mu", MU_REAL, MU_OPTION, offsetof(struct mu_client_config, proximal_mu), "", 0, 1e6, "0",
     "FedProx: the local loss gains mu / 2 times the squared distance to the model sent", NULL, false},
    {0},
};

static int check(const void *values, const char *file, const char *pointer, struct mu_err *err) {
    const struct mu_client_config *const config = values;
    if (config->local_epochs != MU_UNSET && config->local_steps != MU_UNSET) {
        char place[512];
        mu_fail(err, MU_BAD_CONFIG, mu_place(place, file, pointer, "local_steps"),
                "local_steps and local_epochs exclude each other");
        return mu_fail_help(err, "give one of them");
    }
    return MU_OK;
}

const struct mu_group mu_client_group = {.fields = fields,
                                         .size = sizeof(struct mu_client_config),
                                         .check = check,
                                         .given = offsetof(struct mu_client_config, given)};

double mu_client_lr(const struct mu_client_config *config, uint64_t version, uint64_t steps) {
    const struct mu_optimizer_options *const optimizer = config->optimizer.options;
    const struct mu_schedule_kind *const schedule = (const struct mu_schedule_kind *)config->schedule.kind;
    return optimizer->lr * schedule->factor(config->schedule.options, version, steps);
}

uint64_t mu_client_steps(const struct mu_client_config *config, uint64_t rows) {
    if (config->local_steps != MU_UNSET) {
        return (uint64_t)config->local_steps;
    }
    const uint64_t epochs = config->local_epochs == MU_UNSET ? 1 : (uint64_t)config->local_epochs;
    const bool all = config->batch_size == 0 || (uint64_t)config->batch_size >= rows;
    const uint64_t batch = all ? rows : (uint64_t)config->batch_size;
    return epochs * ((rows + batch - 1) / batch);
}

double mu_client_reach(const struct mu_client_config *config, double lr, uint64_t steps) {
    const struct mu_optimizer_kind *const kind = (const struct mu_optimizer_kind *)config->optimizer.kind;
    if (!kind->linear) {
        return NAN;
    }
    double y = 0, memory[MU_OPTIMIZER_STATES] = {0};
    double *const state[MU_OPTIMIZER_STATES] = {&memory[0], &memory[1]};
    for (uint64_t step = 1; step <= steps; step++) {
        const double gradient = 1 + config->proximal_mu * lr * y; /* y is in units of lr */
        kind->step_f64(config->optimizer.options, step, 1, 1, state, &gradient, &y);
    }
    return -y;
}
