/* What a run came to: model.npz, summary.json and, for many clients, participation.csv. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include <cJSON.h>

#include "jline.h"
#include "json_file.h"
#include "muster/base/file.h"
#include "muster/base/mem.h"
#include "muster/base/npz.h"
#include "recorder.h"

enum { LISTED_CLIENTS = 10000 }; /* more than these go to participation.csv */

/* A view of one tensor in the model's own type; data is in `copy`, where the model begins. Of several models all but
 * the first have their number before the name. */
static void fill_array(struct mu_array *array, const struct mu_tensor *tensor, enum mu_elem elem, uint32_t number,
                       void *copy) {
    *array = (struct mu_array){.elem = elem, .axes = tensor->axes};
    if (number == 0) {
        snprintf(array->name, sizeof array->name, "%s", tensor->name);
    } else {
        snprintf(array->name, sizeof array->name, "model%u.%s", number, tensor->name);
    }
    memcpy(array->shape, tensor->shape, sizeof tensor->shape);
    array->data = (unsigned char *)copy + tensor->offset * mu_elem_bytes(elem);
}

static int write_model(const char *path, const struct mu_model *model, uint32_t models, const double *x,
                       struct mu_err *err) {
    const size_t dim = mu_model_dim(model);
    const enum mu_elem elem = mu_model_elem(model);
    const struct mu_tensor *tensor = NULL;
    const size_t n = mu_model_tensors(model, &tensor);
    void *copy = mu_alloc(models * dim, mu_elem_bytes(elem), err);
    struct mu_array *array = mu_alloc(models * n, sizeof *array, err);
    int code = err->code;
    if (code == MU_OK) {
        for (size_t i = 0; i < models * dim; i++) {
            if (elem == MU_F32) {
                ((float *)copy)[i] = (float)x[i];
            } else {
                ((double *)copy)[i] = x[i];
            }
        }
        for (size_t i = 0; i < models * n; i++) {
            const uint32_t number = (uint32_t)(i / n);
            fill_array(&array[i], &tensor[i % n], elem, number,
                       (unsigned char *)copy + number * dim * mu_elem_bytes(elem));
        }
        code = mu_npz_publish(path, models * n, array, err);
    }
    mu_free(copy);
    mu_free(array);
    return code;
}

static double seconds(uint64_t ns) {
    return (double)ns / (double)MU_SECOND;
}

/* Shares of the objective: what the config wants (p_i), and what the weights that were used come to (p~_i). */
struct shares {
    double used;     /* sum of all weights used */
    double distance; /* total variation between p and p~ */
};

static double wanted_share(const struct mu_stage *stage, uint32_t client) {
    if (stage->scenario->server.importance == MU_IMPORTANCE_UNIFORM) {
        return 1.0 / mu_data_clients(stage->data);
    }
    return (double)mu_data_size(stage->data, client) / (double)mu_data_total(stage->data);
}

static double implied_share(const struct mu_sim_result *result, double used, uint32_t client) {
    return used != 0 ? result->used_weight[client] / used : 0;
}

static struct shares compare_shares(const struct mu_stage *stage, const struct mu_sim_result *result) {
    struct shares s = {0};
    const uint32_t clients = mu_data_clients(stage->data);
    for (uint32_t i = 0; i < clients; i++) {
        s.used += result->used_weight[i];
    }
    for (uint32_t i = 0; i < clients; i++) {
        s.distance += fabs(implied_share(result, s.used, i) - wanted_share(stage, i)) / 2;
    }
    return s;
}

static double rate(const struct mu_sim_result *result, uint32_t client) {
    return result->steps > 0 ? (double)result->participations[client] / (double)result->steps : 0;
}

static int write_participation(const char *path, const struct mu_stage *stage, const struct mu_sim_result *result,
                               double used, struct mu_err *err) {
    FILE *f = fopen(path, "w");
    if (f == NULL) {
        return mu_fail(err, MU_IO, path, "cannot write: %s", strerror(errno));
    }
    fputs("client,participations,rate,implied_weight,wanted_weight\n", f);
    for (uint32_t i = 0; i < mu_data_clients(stage->data); i++) {
        char t[3][32];
        fprintf(f, "%" PRIu32 ",%" PRIu64 ",%s,%s,%s\n", i, result->participations[i],
                mu_real_text(rate(result, i), t[0]), mu_real_text(implied_share(result, used, i), t[1]),
                mu_real_text(wanted_share(stage, i), t[2]));
    }
    const bool failed = ferror(f) != 0;
    if (fclose(f) != 0 || failed) {
        return mu_fail(err, MU_IO, path, "cannot write: %s", strerror(errno));
    }
    return MU_OK;
}

static int add_participation(cJSON *json, const char *directory, const struct mu_stage *stage,
                             const struct mu_sim_result *result, struct mu_err *err) {
    const uint32_t clients = mu_data_clients(stage->data);
    const struct shares s = compare_shares(stage, result);
    cJSON *part = cJSON_AddObjectToObject(json, "participation");
    mu_json_add_real(part, "total_variation", s.used != 0 ? s.distance : NAN);
    if (clients > LISTED_CLIENTS) {
        char path[4400];
        cJSON_AddStringToObject(part, "file", "participation.csv");
        return write_participation(mu_result_path(path, directory, "participation.csv"), stage, result, s.used, err);
    }
    cJSON *q = cJSON_AddArrayToObject(part, "rates");
    cJSON *implied = cJSON_AddArrayToObject(part, "implied_weights");
    cJSON *wanted = cJSON_AddArrayToObject(part, "wanted_weights");
    for (uint32_t i = 0; i < clients; i++) {
        cJSON_AddItemToArray(q, cJSON_CreateNumber(rate(result, i)));
        cJSON_AddItemToArray(implied, cJSON_CreateNumber(implied_share(result, s.used, i)));
        cJSON_AddItemToArray(wanted, cJSON_CreateNumber(wanted_share(stage, i)));
    }
    return MU_OK;
}

static void add_wall(cJSON *json, const struct mu_sim_result *result, int ranks, double setup_s, double wall_s) {
    static const char *const names[MU_ACTIVITIES] = {
        [MU_PLAN] = "plan_s", [MU_TRAIN] = "train_s",     [MU_EVALUATE] = "evaluate_s",
        [MU_WAIT] = "wait_s", [MU_COMBINE] = "combine_s", [MU_INSTALL] = "install_s",
    };
    cJSON *wall = cJSON_AddObjectToObject(json, "wall");
    cJSON_AddNumberToObject(wall, "setup_s", setup_s);
    cJSON_AddNumberToObject(wall, "run_s", wall_s);
    for (int a = 0; a < MU_ACTIVITIES; a++) {
        cJSON *list = cJSON_AddArrayToObject(wall, names[a]);
        for (int rank = 0; rank < ranks; rank++) {
            cJSON_AddItemToArray(list, cJSON_CreateNumber(result->clock[rank].s[a]));
        }
    }
}

/* What was spent, by whose rules, and how the noise was made. */
static void add_privacy(cJSON *json, const struct mu_privacy *p, const struct mu_evaluation *last) {
    if (p->config == NULL) {
        return;
    }
    cJSON *privacy = cJSON_AddObjectToObject(json, "privacy");
    mu_json_add_real(privacy, "epsilon", last->privacy.epsilon);
    mu_json_add_real(privacy, "epsilon_exact", last->epsilon_exact);
    mu_json_add_real(privacy, "delta", last->privacy.delta);
    cJSON_AddStringToObject(privacy, "unit", mu_dp_unit_name(p->unit));
    cJSON_AddStringToObject(privacy, "adjacency", mu_dp_adjacency_name(last->privacy.adjacency));
    cJSON_AddStringToObject(privacy, "sampling", mu_dp_sampling_name(last->privacy.sampling));
    cJSON_AddStringToObject(privacy, "accountant", p->accountant->kind.name);
    mu_json_add_real(privacy, "noise_multiplier", p->sigma);
    mu_json_add_real(privacy, "epsilon_planned", p->planned.epsilon);
    mu_json_add_real(privacy, "epsilon_per_worker", last->epsilon_per_worker);
    cJSON_AddBoolToObject(privacy, "grid_edge", last->privacy.grid_edge);
    cJSON_AddBoolToObject(privacy, "approximate", last->privacy.approximate);
    cJSON_AddStringToObject(privacy, "noise", p->exact ? "exact" : "simulation-grade");
    cJSON_AddBoolToObject(privacy, "insecure_noise_seed", !p->secret);
}

static cJSON *make_summary(const struct mu_recorder *recorder, const struct mu_privacy *privacy,
                           const struct mu_sim_result *result, const struct mu_run_result *run, int ranks) {
    const struct mu_evaluation *last = &recorder->so_far.last;
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "name", recorder->scenario->name);
    cJSON_AddStringToObject(json, "ended_by", mu_end_name(result->end));
    cJSON *final = cJSON_AddObjectToObject(json, "final");
    cJSON_AddNumberToObject(final, "step", (double)last->step);
    cJSON_AddNumberToObject(final, "time_s", seconds(last->time_ns));
    mu_json_add_real(final, "train_loss", last->train_loss);
    mu_json_add_real(final, "test_loss", last->test_loss);
    mu_json_add_real(final, "test_accuracy", last->test_accuracy);
    cJSON *best = cJSON_AddObjectToObject(json, "best");
    mu_json_add_real(best, "test_accuracy", recorder->so_far.best_accuracy);
    mu_json_add_real(best, "test_accuracy_step",
                     isfinite(recorder->so_far.best_accuracy) ? (double)recorder->so_far.best_accuracy_step : NAN);
    mu_json_add_real(best, "test_loss", recorder->so_far.best_loss);
    mu_json_add_real(best, "test_loss_step",
                     isfinite(recorder->so_far.best_loss) ? (double)recorder->so_far.best_loss_step : NAN);
    const bool reached = recorder->so_far.reached_target;
    const struct mu_evaluation *target = &recorder->so_far.at_target;
    cJSON *to_target = cJSON_AddObjectToObject(json, "to_target");
    mu_json_add_real(to_target, "target_accuracy", recorder->scenario->stop.target_accuracy);
    mu_json_add_real(to_target, "step", reached ? (double)target->step : NAN);
    mu_json_add_real(to_target, "time_s", reached ? seconds(target->time_ns) : NAN);
    mu_json_add_real(to_target, "updates", reached ? (double)target->updates : NAN);
    mu_json_add_real(to_target, "bytes", reached ? (double)(target->bytes_up + target->bytes_down) : NAN);
    cJSON *total = cJSON_AddObjectToObject(json, "total");
    cJSON_AddNumberToObject(total, "steps", (double)result->steps);
    cJSON_AddNumberToObject(total, "updates", (double)result->updates);
    cJSON_AddNumberToObject(total, "samples", (double)last->samples);
    cJSON_AddNumberToObject(total, "dropped", (double)result->dropped);
    cJSON_AddNumberToObject(total, "time_s", seconds(result->time_ns));
    cJSON_AddNumberToObject(total, "bytes_up", (double)result->bytes_up);
    cJSON_AddNumberToObject(total, "bytes_down", (double)result->bytes_down);
    add_privacy(json, privacy, last);
    cJSON_AddStringToObject(json, "model_sha256", run->model_sha256);
    add_wall(json, result, ranks, recorder->setup_s, run->wall_s);
    return json;
}

int mu_summary_write(struct mu_recorder *recorder, const struct mu_stage *stage, const struct mu_sim_result *result,
                     struct mu_run_result *run, struct mu_err *err) {
    char path[4400];
    mu_result_path(path, recorder->directory, "model.npz");
    MU_TRY(write_model(path, stage->model, result->models, result->model, err));
    MU_TRY(mu_file_sha256(path, run->model_sha256, err));
    if (recorder->scenario->output.clients) {
        MU_TRY(mu_clients_write(recorder->directory, stage, result->model, err));
    }
    cJSON *json = make_summary(recorder, &stage->privacy, result, run, mu_comm_size(stage->comm));
    const int code = add_participation(json, recorder->directory, stage, result, err);
    if (code != MU_OK) {
        cJSON_Delete(json);
        return code;
    }
    return mu_json_file_write(recorder->directory, "summary.json", json, err);
}
