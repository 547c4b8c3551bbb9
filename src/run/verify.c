/* A run's own invariants, checked from its files: what is said there once must follow from what is said elsewhere. */
#include "verify.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cJSON.h>

#include "muster/base/mem.h"
#include "recorder.h"

int mu_broken(struct mu_verification *v, const char *format, ...) {
    char place[4500], text[sizeof v->err->text];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    snprintf(place, sizeof place, "%s/%s", v->directory, v->file);
    if (v->line > 0) {
        snprintf(place + strlen(place), sizeof place - strlen(place), ":%" PRIu64, v->line);
    }
    return mu_fail(v->err, MU_IO, place, "%s", text);
}

int mu_take_real(struct mu_verification *v, const cJSON *record, const char *key, double *value) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(record, key);
    if (!cJSON_IsNumber(item) && !cJSON_IsNull(item)) {
        return mu_broken(v, "there is no number \"%s\"", key);
    }
    *value = cJSON_IsNumber(item) ? item->valuedouble : NAN;
    return MU_OK;
}

int mu_take_count(struct mu_verification *v, const cJSON *record, const char *key, uint64_t *value) {
    double real = 0;
    MU_TRY(mu_take_real(v, record, key, &real));
    if (!(real >= 0) || real != floor(real) || real > 1.8e19) {
        return mu_broken(v, "\"%s\" is not a count", key);
    }
    *value = (uint64_t)real;
    return MU_OK;
}

int mu_take_array(struct mu_verification *v, const cJSON *record, const char *key, size_t *n, const cJSON **array) {
    *array = cJSON_GetObjectItemCaseSensitive(record, key);
    const size_t found = cJSON_IsArray(*array) ? (size_t)cJSON_GetArraySize(*array) : 0;
    if (!cJSON_IsArray(*array) || (*n != SIZE_MAX && found != *n)) {
        return mu_broken(v, "\"%s\" is not an array of as many entries as the others", key);
    }
    *n = found;
    return MU_OK;
}

int mu_each_record(struct mu_verification *v, const char *file,
                   int (*take)(struct mu_verification *v, const cJSON *record)) {
    char path[4400], *text = NULL;
    size_t capacity = 0;
    v->file = file;
    v->line = 0;
    FILE *f = fopen(mu_result_path(path, v->directory, file), "r");
    if (f == NULL) {
        mu_fail(v->err, MU_IO, path, "cannot read: %s", strerror(errno));
        return mu_fail_help(v->err, "a run that is to be verified needs output.steps and output.trace, or --verify");
    }
    int code = MU_OK;
    for (ssize_t n; code == MU_OK && (n = getline(&text, &capacity, f)) >= 0;) {
        v->line++;
        cJSON *record = cJSON_ParseWithLength(text, (size_t)n);
        code = cJSON_IsObject(record) ? take(v, record) : mu_broken(v, "is not a JSON object");
        cJSON_Delete(record);
    }
    free(text);
    fclose(f);
    v->line = 0;
    return code;
}

static int take_evaluation(struct mu_verification *v, const cJSON *record) {
    uint64_t step = 0, updates = 0, samples = 0, dropped = 0, up = 0, down = 0, worst = 0;
    double time_s = 0, mean = 0;
    MU_TRY(mu_take_count(v, record, "step", &step));
    MU_TRY(mu_take_real(v, record, "time_s", &time_s));
    MU_TRY(mu_take_count(v, record, "updates", &updates));
    MU_TRY(mu_take_count(v, record, "samples", &samples));
    MU_TRY(mu_take_count(v, record, "dropped", &dropped));
    MU_TRY(mu_take_count(v, record, "bytes_up", &up));
    MU_TRY(mu_take_count(v, record, "bytes_down", &down));
    MU_TRY(mu_take_count(v, record, "staleness_max", &worst));
    MU_TRY(mu_take_real(v, record, "staleness_mean", &mean));
    if (step > v->steps) {
        return mu_broken(v, "step %" PRIu64 " is evaluated, but steps.jsonl ends with %zu", step, v->steps);
    }
    if (!(time_s >= v->time_s) || (v->evaluations > 0 && step <= v->metrics_step)) {
        return mu_broken(v, "time runs back: step %" PRIu64 " at %.9g s after step %" PRIu64 " at %.9g s", step, time_s,
                         v->metrics_step, v->time_s);
    }
    if (time_s < v->step[step].time_s || (step < v->steps && time_s > v->step[step + 1].time_s)) {
        return mu_broken(v, "%.9g s is not a time between step %" PRIu64 " and the next", time_s, step);
    }
    if (updates != v->step[step].updates) {
        return mu_broken(v, "%" PRIu64 " updates, but the steps so far used %" PRIu64, updates, v->step[step].updates);
    }
    if (samples < v->samples || dropped < v->dropped || up < v->bytes_up || down < v->bytes_down) {
        return mu_broken(v, "a total is less than it was");
    }
    const double trained = v->step[step].samples;
    if (!isnan(trained) && (double)samples != trained) {
        return mu_broken(v, "%" PRIu64 " samples, but the jobs used so far were given %.0f", samples, trained);
    }
    double sum = 0, n = 0;
    uint64_t most = 0;
    for (uint64_t s = v->metrics_step + 1; s <= step; s++) {
        n += (double)v->step[s].uses;
        sum += v->step[s].staleness;
        most = v->step[s].staleness_max > most ? v->step[s].staleness_max : most;
    }
    if (worst != most || (n > 0 ? !(fabs(mean * n - sum) <= 1e-9 * (1 + sum)) : !isnan(mean))) {
        return mu_broken(
            v, "staleness of mean %.9g and maximum %" PRIu64 ", but of the steps since it is %.9g and %" PRIu64, mean,
            worst, n > 0 ? sum / n : NAN, most);
    }
    v->metrics_step = step;
    v->time_s = time_s;
    v->updates = updates;
    v->samples = samples;
    v->dropped = dropped;
    v->bytes_up = up;
    v->bytes_down = down;
    v->evaluations++;
    return MU_OK;
}

/* The totals at the end, counted from the jobs. */
static int check_totals(struct mu_verification *v) {
    uint64_t down = 0, up = 0, uploads = 0, before_the_end = 0;
    for (size_t i = 0; i < v->jobs; i++) {
        const struct mu_seen_job *job = &v->job[i];
        const bool arrived = job->status != MU_JOB_LATE && !job->lost;
        uploads += arrived;
        up += arrived ? job->request.bytes_up : 0;
        down += job->request.bytes_down;
        v->without_use += job->status != MU_JOB_USED;
        before_the_end += job->status != MU_JOB_USED && job->end_s < v->time_s;
    }
    if (v->metrics_step != v->steps) {
        return mu_broken(v, "the last evaluation is of step %" PRIu64 ", but there are %zu", v->metrics_step, v->steps);
    }
    if (v->bytes_down != down) {
        return mu_broken(v, "bytes_down is %" PRIu64 ", but %zu jobs were dispatched with %" PRIu64 " bytes",
                         v->bytes_down, v->jobs, down);
    }
    if (v->bytes_up != up) {
        return mu_broken(v, "bytes_up is %" PRIu64 ", but %" PRIu64 " updates arrived with %" PRIu64 " bytes",
                         v->bytes_up, uploads, up);
    }
    /* What was given up at the very end is not counted, and cannot be told from what was an instant before. */
    if (v->dropped > v->without_use || v->dropped < before_the_end) {
        return mu_broken(v, "%" PRIu64 " jobs were dropped, but the trace has %" PRIu64 " to %" PRIu64, v->dropped,
                         before_the_end, v->without_use);
    }
    return MU_OK;
}

int mu_verify_metrics(struct mu_verification *v) {
    MU_TRY(mu_each_record(v, "metrics.jsonl", take_evaluation));
    return v->evaluations > 0 ? check_totals(v) : mu_broken(v, "there is no evaluation");
}

static void clear(struct mu_verification *v) {
    mu_free(v->job);
    mu_free(v->event);
    mu_free(v->step);
    mu_free(v->slot_steps);
    mu_free(v->uses);
    mu_free(v->used_weight);
}

int mu_verify(const char *directory, const struct mu_stage *stage, struct mu_verified *found, struct mu_err *err) {
    struct mu_verification v = {.directory = directory, .stage = stage, .err = err};
    const struct mu_strategy *strategy = mu_scenario_strategy(stage->scenario);
    const uint32_t clients = mu_data_clients(stage->data);
    v.slots = mu_sim_models(strategy, stage->scenario->server.strategy.options) + strategy->auxiliary;
    v.slot_steps = mu_alloc(v.slots, sizeof *v.slot_steps, err);
    v.uses = mu_alloc(clients, sizeof *v.uses, err);
    v.used_weight = mu_alloc(clients, sizeof *v.used_weight, err);
    int code = v.slot_steps != NULL && v.uses != NULL && v.used_weight != NULL ? MU_OK : err->code;
    code = code != MU_OK ? code : mu_verify_trace(&v);
    code = code != MU_OK ? code : mu_verify_steps(&v);
    code = code != MU_OK ? code : mu_verify_metrics(&v);
    code = code != MU_OK ? code : mu_verify_summary(&v);
    *found = (struct mu_verified){v.jobs, v.steps, v.evaluations};
    clear(&v);
    return code;
}
