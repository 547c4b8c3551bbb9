/* steps.jsonl against the trace, and summary.json against both. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include <cJSON.h>

#include "muster/base/file.h"
#include "muster/base/mem.h"
#include "muster/config/json.h"
#include "recorder.h"
#include "verify.h"

/* One update of a step, or a part of it. */
static int take_use(struct mu_verification *v, uint64_t slot, double id, double client, double staleness, double weight,
                    struct mu_seen_step *step) {
    if (!(id >= 1) || id > (double)v->jobs) {
        return mu_broken(v, "job %.0f is not in the trace", id);
    }
    struct mu_seen_job *job = &v->job[(size_t)id - 1];
    if (client != (double)job->client) {
        return mu_broken(v, "job %.0f is of client %.0f, in the trace of client %u", id, client, job->client);
    }
    if (job->status == MU_JOB_LATE || job->lost || job->arrive_s > step->time_s) {
        return mu_broken(v, "job %.0f is used, but had not arrived", id);
    }
    /* Each part of gradient work has a version of its own, which the trace does not have. */
    const struct mu_strategy *strategy = mu_scenario_strategy(v->stage->scenario);
    const double expected = strategy->gradients ? staleness : (double)v->slot_steps[slot] - (double)job->version;
    if (!(staleness >= 0) || staleness != expected) {
        return mu_broken(v,
                         "job %.0f from version %" PRIu64 " has staleness %.0f, but at version %" PRIu64 " it is %.0f",
                         id, job->version, staleness, v->slot_steps[slot], expected);
    }
    if (!isfinite(weight)) {
        return mu_broken(v, "the weight of job %.0f is not finite", id);
    }
    const bool again = job->last_step != 0;
    if (++job->uses > (job->parts > 0 ? job->parts : 1)) {
        return job->parts > 1
                   ? mu_broken(v, "job %.0f is used more often than it has vectors, %" PRIu64, id, job->parts)
                   : mu_broken(v, "job %.0f is used again", id);
    }
    job->last_step = v->steps + 1;
    job->last_weight = weight;
    v->uses[job->client] += !again;
    v->used_weight[job->client] += weight;
    step->updates += !again;
    /* Of differences the request has both ends, and of training what is expected. */
    step->samples += job->parts == 0 || strategy->differences ? NAN : again ? 0 : (double)job->request.samples;
    step->uses++;
    step->staleness += staleness;
    step->staleness_max = (uint64_t)fmax((double)step->staleness_max, staleness);
    return MU_OK;
}

/* The weights sum to what the strategy promises; a cohort without any rows weighs nothing. */
static int check_weights(struct mu_verification *v, size_t n, const uint64_t *staleness, double sum, double magnitude) {
    const struct mu_choice *choice = &v->stage->scenario->server.strategy;
    const struct mu_strategy *strategy = (const void *)choice->kind;
    if (v->stage->privacy.config != NULL) {
        return MU_OK; /* divided by the expected number of updates, not by theirs */
    }
    if (strategy->weight_sum == NULL || (n > 0 && magnitude == 0)) {
        return MU_OK;
    }
    const double promised = strategy->weight_sum(choice->options, n, staleness);
    if (!isnan(promised) && !(fabs(sum - promised) <= 1e-9 * (1 + magnitude))) {
        return mu_broken(v, "the weights sum to %.12g, but \"%s\" promises %.12g", sum, choice->kind->name, promised);
    }
    return MU_OK;
}

struct lists {
    const cJSON *job, *client, *staleness, *weight;
};

static int take_uses(struct mu_verification *v, uint64_t slot, size_t n, struct lists l, struct mu_seen_step *step) {
    uint64_t *staleness = mu_alloc(n, sizeof *staleness, v->err);
    if (staleness == NULL) {
        return v->err->code;
    }
    double sum = 0, magnitude = 0;
    int code = MU_OK;
    const cJSON *j = l.job->child, *c = l.client->child, *s = l.staleness->child, *w = l.weight->child;
    for (size_t i = 0; i < n && code == MU_OK; i++, j = j->next, c = c->next, s = s->next, w = w->next) {
        code = take_use(v, slot, j->valuedouble, c->valuedouble, cJSON_IsNumber(s) ? s->valuedouble : NAN,
                        cJSON_IsNumber(w) ? w->valuedouble : NAN, step);
        if (code == MU_OK) {
            staleness[i] = (uint64_t)s->valuedouble;
            sum += w->valuedouble;
            magnitude += fabs(w->valuedouble);
        }
    }
    code = code != MU_OK ? code : check_weights(v, n, staleness, sum, magnitude);
    mu_free(staleness);
    return code;
}

static int take_step(struct mu_verification *v, const cJSON *record) {
    struct mu_seen_step step = {.updates = v->step[v->steps].updates, .samples = v->step[v->steps].samples};
    uint64_t number = 0, slot = 0;
    struct lists l;
    size_t n = SIZE_MAX;
    MU_TRY(mu_take_count(v, record, "step", &number));
    MU_TRY(mu_take_count(v, record, "slot", &slot));
    MU_TRY(mu_take_real(v, record, "time_s", &step.time_s));
    MU_TRY(mu_take_array(v, record, "jobs", &n, &l.job));
    MU_TRY(mu_take_array(v, record, "clients", &n, &l.client));
    MU_TRY(mu_take_array(v, record, "staleness", &n, &l.staleness));
    MU_TRY(mu_take_array(v, record, "weights", &n, &l.weight));
    if (number != v->steps + 1 || slot >= v->slots) {
        return mu_broken(v, "step %" PRIu64 " of slot %" PRIu64 " where step %zu was expected", number, slot,
                         v->steps + 1);
    }
    if (!(step.time_s >= v->step[v->steps].time_s)) {
        return mu_broken(v, "time runs back: step %" PRIu64 " at %.9g s, the one before it at %.9g s", number,
                         step.time_s, v->step[v->steps].time_s);
    }
    MU_TRY(take_uses(v, slot, n, l, &step));
    v->slot_steps[slot]++;
    void *steps = v->step;
    MU_TRY(mu_grow(&steps, &v->step_capacity, v->steps + 2, sizeof step, v->err));
    v->step = steps;
    v->step[++v->steps] = step;
    return MU_OK;
}

/* The other way round: what the trace says of a job's use is what the steps say. */
static int check_uses(struct mu_verification *v) {
    v->file = "trace.jsonl";
    for (size_t i = 0; i < v->jobs; i++) {
        const struct mu_seen_job *job = &v->job[i];
        v->line = job->line;
        if (job->step != job->last_step || (job->step > 0 && job->weight != job->last_weight)) {
            return mu_broken(v,
                             "job %zu was used in step %" PRIu64 " with weight %.9g, in steps.jsonl in step %" PRIu64
                             " with %.9g",
                             i + 1, job->step, job->weight, job->last_step, job->last_weight);
        }
    }
    return MU_OK;
}

int mu_verify_steps(struct mu_verification *v) {
    void *steps = NULL;
    MU_TRY(mu_grow(&steps, &v->step_capacity, 1, sizeof *v->step, v->err));
    v->step = steps;
    MU_TRY(mu_each_record(v, "steps.jsonl", take_step));
    return check_uses(v);
}

/* A total of summary.json is that of the last evaluation. */
static int check_total(struct mu_verification *v, const cJSON *total, const char *key, uint64_t expected) {
    uint64_t found = 0;
    MU_TRY(mu_take_count(v, total, key, &found));
    return found == expected ? MU_OK
                             : mu_broken(v, "total.%s is %" PRIu64 ", but it was %" PRIu64, key, found, expected);
}

static int check_participation(struct mu_verification *v, const cJSON *part) {
    const uint32_t clients = mu_data_clients(v->stage->data);
    size_t n = clients;
    const cJSON *rates, *implied;
    if (cJSON_GetObjectItemCaseSensitive(part, "rates") == NULL) {
        return MU_OK; /* in participation.csv, of too many clients */
    }
    MU_TRY(mu_take_array(v, part, "rates", &n, &rates));
    MU_TRY(mu_take_array(v, part, "implied_weights", &n, &implied));
    double sum = 0, magnitude = 0;
    for (uint32_t i = 0; i < clients; i++) {
        sum += v->used_weight[i];
        magnitude += fabs(v->used_weight[i]);
    }
    const cJSON *r = rates->child, *w = implied->child;
    for (uint32_t i = 0; i < clients; i++, r = r->next, w = w->next) {
        const double rate = v->steps > 0 ? (double)v->uses[i] / (double)v->steps : 0;
        const double share = sum != 0 ? v->used_weight[i] / sum : 0;
        const bool weighs = sum != 0 && fabs(sum) > 1e-6 * magnitude; /* not the rounding of a sum that cancels */
        if (!(fabs(r->valuedouble - rate) <= 1e-9 * (1 + rate)) ||
            (weighs && !(fabs(w->valuedouble - share) <= 1e-6 * (1 + fabs(share))))) {
            return mu_broken(
                v, "client %u takes part at a rate of %.9g and a share of %.9g, in the steps of %.9g and %.9g", i,
                r->valuedouble, w->valuedouble, rate, share);
        }
    }
    return MU_OK;
}

static int check_summary(struct mu_verification *v, const cJSON *json) {
    const cJSON *total = cJSON_GetObjectItemCaseSensitive(json, "total");
    MU_TRY(check_total(v, total, "steps", v->steps));
    MU_TRY(check_total(v, total, "updates", v->updates));
    MU_TRY(check_total(v, total, "samples", v->samples));
    MU_TRY(check_total(v, total, "bytes_up", v->bytes_up));
    MU_TRY(check_total(v, total, "bytes_down", v->bytes_down));
    /* The callback that ended the run may have given up jobs after the last evaluation. */
    uint64_t dropped = 0;
    MU_TRY(mu_take_count(v, total, "dropped", &dropped));
    if (dropped < v->dropped || dropped > v->without_use) {
        return mu_broken(v, "total.dropped is %" PRIu64 ", but it was %" PRIu64 " of %" PRIu64 " without use", dropped,
                         v->dropped, v->without_use);
    }
    double time_s = 0;
    MU_TRY(mu_take_real(v, total, "time_s", &time_s));
    if (!(time_s >= v->time_s)) {
        return mu_broken(v, "time runs back: the run ends at %.9g s, its last evaluation at %.9g s", time_s, v->time_s);
    }
    char path[4400], hex[65];
    const char *sum = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "model_sha256"));
    MU_TRY(mu_file_sha256(mu_result_path(path, v->directory, "model.npz"), hex, v->err));
    if (sum == NULL || strcmp(sum, hex) != 0) {
        return mu_broken(v, "model_sha256 is not that of model.npz, %s", hex);
    }
    return check_participation(v, cJSON_GetObjectItemCaseSensitive(json, "participation"));
}

int mu_verify_summary(struct mu_verification *v) {
    char path[4400];
    cJSON *json = NULL;
    v->file = "summary.json";
    v->line = 0;
    MU_TRY(mu_json_read(mu_result_path(path, v->directory, v->file), &json, v->err));
    const int code = check_summary(v, json);
    cJSON_Delete(json);
    return code;
}
