/* What the section "privacy" comes to for a strategy and its data. */
#include <math.h>
#include <string.h>

#include "muster/base/mem.h"
#include "stage.h"

static uint64_t fewest_rows(const struct mu_data *data) {
    uint64_t fewest = UINT64_MAX;
    for (uint32_t c = 0; c < mu_data_clients(data); c++) {
        const uint64_t rows = mu_data_size(data, c);
        fewest = rows < fewest ? rows : fewest;
    }
    return fewest;
}

struct mu_strategy_context mu_stage_context(const struct mu_stage *stage) {
    const struct mu_scenario *s = stage->scenario;
    return (struct mu_strategy_context){.file = stage->file,
                                        .pointer = "/server/strategy",
                                        .clients = mu_data_clients(stage->data),
                                        .client = &s->client,
                                        .rows = mu_data_total(stage->data),
                                        .privacy = mu_privacy_config(&s->privacy),
                                        .steps = s->stop.steps,
                                        .dim = mu_model_dim(stage->model),
                                        .fewest_rows = fewest_rows(stage->data),
                                        .optimizer = s->server.optimizer.kind->name,
                                        .always_available = mu_world_always_available(stage->world)};
}

static int refuse(const struct mu_stage *stage, const char *level, struct mu_err *err) {
    const struct mu_strategy *strategy = mu_scenario_strategy(stage->scenario);
    char place[512];
    mu_fail(err, MU_BAD_CONFIG, mu_place(place, stage->file, "/privacy", "kind"), "\"%s\" has no privacy of %ss",
            strategy->kind.name, level);
    return mu_fail_help(err, "see docs/privacy.md for what protects whom");
}

/* DP-SGD in the clients' training: the client with the fewest rows has the largest batches, and a client may be asked
 * in every round. */
static int plan_training(const struct mu_stage *stage, const struct mu_strategy_context *context,
                         struct mu_privacy_plan *plan, struct mu_err *err) {
    const struct mu_client_config *c = &stage->scenario->client;
    uint64_t most = 0;
    if (context->fewest_rows == 0) {
        char place[512];
        return mu_fail(err, MU_BAD_CONFIG, mu_place(place, stage->file, "/data", "partition"),
                       "a client without rows has nothing to protect and no batches");
    }
    for (uint32_t i = 0; i < context->clients; i++) {
        const uint64_t steps = mu_client_steps(c, mu_data_size(stage->data, i));
        most = steps > most ? steps : most;
    }
    const double fewest = (double)context->fewest_rows, batch = (double)c->batch_size;
    plan->q = batch == 0 || batch >= fewest ? 1 : batch / fewest;
    plan->sampling = plan->q < 1 ? MU_DP_SAMPLING_POISSON : MU_DP_SAMPLING_NONE;
    plan->steps = context->steps == MU_UNSET ? (int64_t)most : context->steps * (int64_t)most;
    plan->cohort = plan->q * fewest;
    return MU_OK;
}

int mu_stage_privacy(struct mu_stage *stage, struct mu_err *err) {
    const struct mu_scenario *s = stage->scenario;
    const struct mu_strategy *strategy = mu_scenario_strategy(s);
    const struct mu_privacy_config *config = mu_privacy_config(&s->privacy);
    if (config == NULL) {
        return MU_OK;
    }
    const struct mu_strategy_context context = mu_stage_context(stage);
    struct mu_privacy_plan plan = {.file = stage->file,
                                   .pointer = "/privacy",
                                   .steps = context.steps == MU_UNSET ? 1 : context.steps,
                                   .q = 1,
                                   .cohort = 1,
                                   .workers = 1};
    const bool clients = strcmp(s->privacy.kind->name, "client") == 0;
    if (clients ? strategy->plan == NULL || strategy->own_noise : strategy->gradients && !strategy->own_noise) {
        return refuse(stage, clients ? "client" : "record", err);
    }
    if (context.steps == MU_UNSET && !(config->epsilon != config->epsilon)) {
        char place[512];
        mu_fail(err, MU_BAD_CONFIG, mu_place(place, stage->file, "/privacy", "epsilon"),
                "the noise for a target epsilon depends on the number of steps");
        return mu_fail_help(err, "give stop.steps, or privacy.noise_multiplier in place of epsilon");
    }
    MU_TRY(clients || strategy->own_noise ? strategy->plan(s->server.strategy.options, &context, &plan, err)
                                          : plan_training(stage, &context, &plan, err));
    MU_TRY(mu_privacy_prepare(&s->privacy, &plan, &stage->privacy, err));
    /* Calibrated with logarithms and exponentials of the C library, whose last bits differ between processors. */
    mu_comm_bcast(stage->comm, &stage->privacy.sigma, sizeof stage->privacy.sigma);
    mu_comm_bcast(stage->comm, &stage->privacy.sigma_sum, sizeof stage->privacy.sigma_sum);
    if (strategy->own_noise) { /* what was prepared is not what it will do */
        stage->privacy.adjacency = MU_DP_REPLACE_ONE;
        stage->privacy.sigma = stage->privacy.sigma_sum = NAN;
        stage->privacy.planned.epsilon = stage->privacy.per_worker.epsilon = NAN;
    }
    return MU_OK;
}
