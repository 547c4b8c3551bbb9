#include "recorder.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cJSON.h>

#include "directory.h"
#include "jline.h"
#include "json_file.h"
#include "muster/base/clock.h"
#include "muster/config/json.h"

enum { SMALL_MODEL = 16 }; /* parameters; such a model is part of every metrics record */

/* Of a hasty run. A file that is renamed onto another costs ext4 a millisecond, and many small runs side by side are
 * not watched one by one. */
static const double status_every_s = 0.5;

static double seconds(uint64_t ns) {
    return (double)ns / (double)MU_SECOND;
}

static int open_file(FILE **file, const struct mu_recorder *recorder, const char *name, bool go_on,
                     struct mu_err *err) {
    char path[4400];
    *file = fopen(mu_result_path(path, recorder->directory, name), go_on ? "r+" : "w");
    return *file != NULL ? MU_OK : mu_fail(err, MU_IO, path, "cannot write: %s", strerror(errno));
}

static int close_file(FILE **file, const struct mu_recorder *recorder, const char *name, struct mu_err *err) {
    FILE *f = *file;
    if (f == NULL) {
        return MU_OK;
    }
    *file = NULL;
    errno = 0;
    const bool failed = ferror(f) != 0;
    if (fclose(f) != 0 || failed) {
        char path[4400];
        return mu_fail(err, MU_IO, mu_result_path(path, recorder->directory, name), "cannot write: %s",
                       strerror(errno != 0 ? errno : EIO));
    }
    return MU_OK;
}

/* Makes what was recorded visible to whoever watches the run, and finds a full disk early. */
static int flush_file(FILE *file, const struct mu_recorder *recorder, const char *name, struct mu_err *err) {
    if (file != NULL && fflush(file) != 0) {
        char path[4400];
        return mu_fail(err, MU_IO, mu_result_path(path, recorder->directory, name), "cannot write: %s",
                       strerror(errno));
    }
    return MU_OK;
}

int mu_recorder_open(struct mu_recorder *recorder, const char *directory, const struct mu_scenario *scenario,
                     const struct mu_run_options *options, bool go_on, struct mu_err *err) {
    *recorder = (struct mu_recorder){
        .scenario = scenario,
        .progress = options->progress,
        .interrupted = options->interrupted,
        .context = options->context,
        .hasty = options->hasty,
        .start_s = mu_monotonic_s(),
        .so_far = {.best_accuracy = NAN, .best_loss = NAN},
    };
    snprintf(recorder->directory, sizeof recorder->directory, "%s", directory);
    if (!go_on) {
        MU_TRY(mu_json_file_write(directory, "config.json", mu_scenario_json(scenario), err));
    }
    MU_TRY(open_file(&recorder->metrics_jsonl, recorder, "metrics.jsonl", go_on, err));
    MU_TRY(open_file(&recorder->metrics_csv, recorder, "metrics.csv", go_on, err));
    if (scenario->output.steps) {
        MU_TRY(open_file(&recorder->steps, recorder, "steps.jsonl", go_on, err));
    }
    if (scenario->output.trace || mu_world_keeps_events(&scenario->world)) {
        MU_TRY(open_file(&recorder->trace, recorder, "trace.jsonl", go_on, err));
    }
    if (go_on) {
        return MU_OK;
    }
    fputs("step,time_s,wall_s,updates,samples,train_loss,test_loss,test_accuracy,staleness_mean,staleness_max,"
          "bytes_up,bytes_down,dropped,epsilon,delta,noise_key\n",
          recorder->metrics_csv);
    return mu_recorder_status(recorder, "running", NULL, err);
}

int mu_recorder_close(struct mu_recorder *recorder, struct mu_err *err) {
    int code = close_file(&recorder->metrics_jsonl, recorder, "metrics.jsonl", err);
    const int codes[] = {
        close_file(&recorder->metrics_csv, recorder, "metrics.csv", err),
        close_file(&recorder->steps, recorder, "steps.jsonl", err),
        close_file(&recorder->trace, recorder, "trace.jsonl", err),
    };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        code = code != MU_OK ? code : codes[i];
    }
    return code;
}

/* Wall seconds until the run's last step at the pace so far; NAN if the config does not say how many there are. */
static double eta_s(const struct mu_recorder *recorder) {
    const int64_t steps = recorder->scenario->stop.steps;
    const double done = (double)recorder->so_far.last.step;
    return steps != MU_UNSET && done > 0 ? recorder->so_far.last_wall_s / done * ((double)steps - done) : NAN;
}

static void add_failure(cJSON *status, const struct mu_err *failure) {
    cJSON *error = cJSON_AddObjectToObject(status, "error");
    cJSON_AddNumberToObject(error, "code", failure->code);
    cJSON_AddStringToObject(error, "place", failure->place);
    cJSON_AddStringToObject(error, "text", failure->text);
    cJSON_AddStringToObject(error, "help", failure->help);
}

int mu_recorder_status(struct mu_recorder *recorder, const char *state, const struct mu_err *failure,
                       struct mu_err *err) {
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "state", state);
    cJSON_AddNumberToObject(json, "step", (double)recorder->so_far.last.step);
    cJSON_AddNumberToObject(json, "time_s", seconds(recorder->so_far.last.time_ns));
    mu_json_add_real(json, "eta_s", eta_s(recorder));
    cJSON_AddNumberToObject(json, "pid", (double)getpid());
    mu_json_add_text(json, "noise_key", mu_privacy_noise_key(&recorder->scenario->privacy));
    if (failure != NULL) {
        add_failure(json, failure);
    }
    recorder->status_s = mu_monotonic_s();
    recorder->status_due = false;
    return mu_json_file_write(recorder->directory, "status.json", json, err);
}

void mu_run_note_failure(const char *directory, const struct mu_err *failure) {
    char path[4400];
    struct mu_err ignored = {0};
    cJSON *json = NULL;
    if (mu_json_read(mu_result_path(path, directory, "status.json"), &json, &ignored) != MU_OK) {
        return;
    }
    cJSON *state = cJSON_GetObjectItemCaseSensitive(json, "state");
    if (!cJSON_IsString(state) || strcmp(state->valuestring, "running") != 0 ||
        cJSON_SetValuestring(state, "failed") == NULL) {
        cJSON_Delete(json);
        return;
    }
    add_failure(json, failure);
    (void)mu_json_file_write(directory, "status.json", json, &ignored);
}

static void write_metrics_line(struct mu_recorder *recorder, const struct mu_evaluation *e) {
    struct mu_jline line;
    mu_jline_begin(&line, recorder->metrics_jsonl);
    mu_jline_u64(&line, "step", e->step);
    mu_jline_real(&line, "time_s", seconds(e->time_ns));
    mu_jline_real(&line, "wall_s", recorder->so_far.last_wall_s);
    mu_jline_u64(&line, "updates", e->updates);
    mu_jline_u64(&line, "samples", e->samples);
    mu_jline_real(&line, "train_loss", e->train_loss);
    mu_jline_real(&line, "test_loss", e->test_loss);
    mu_jline_real(&line, "test_accuracy", e->test_accuracy);
    mu_jline_real(&line, "staleness_mean", e->staleness_mean);
    mu_jline_u64(&line, "staleness_max", e->staleness_max);
    mu_jline_u64(&line, "bytes_up", e->bytes_up);
    mu_jline_u64(&line, "bytes_down", e->bytes_down);
    mu_jline_u64(&line, "dropped", e->dropped);
    const char *noise_key = mu_privacy_noise_key(&recorder->scenario->privacy);
    if (noise_key != NULL) {
        mu_jline_real(&line, "epsilon", e->privacy.epsilon);
        mu_jline_real(&line, "delta", e->privacy.delta);
        mu_jline_real(&line, "epsilon_exact", e->epsilon_exact);
        mu_jline_real(&line, "epsilon_per_worker", e->epsilon_per_worker);
        mu_jline_text(&line, "accountant", e->privacy.accountant);
        mu_jline_text(&line, "unit", mu_dp_unit_name(e->privacy.unit));
        mu_jline_text(&line, "adjacency", mu_dp_adjacency_name(e->privacy.adjacency));
        mu_jline_text(&line, "sampling", mu_dp_sampling_name(e->privacy.sampling));
        mu_jline_text(&line, "noise_key", noise_key);
        mu_jline_real(&line, "clip", e->clip);
    }
    if (e->dim <= SMALL_MODEL) {
        mu_jline_reals(&line, "model", e->dim, e->model);
    }
    mu_jline_end(&line);
}

/* A cell of the table; what is not known is left empty. */
static const char *cell(double value, char text[static 32]) {
    return isfinite(value) ? mu_real_text(value, text) : "";
}

static void write_metrics_row(struct mu_recorder *recorder, const struct mu_evaluation *e) {
    char t[7][32];
    const char *noise_key = mu_privacy_noise_key(&recorder->scenario->privacy);
    fprintf(recorder->metrics_csv,
            "%" PRIu64 ",%s,%.3f,%" PRIu64 ",%" PRIu64 ",%s,%s,%s,%s,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64
            ",%s,%s,%s\n",
            e->step, cell(seconds(e->time_ns), t[0]), recorder->so_far.last_wall_s, e->updates, e->samples,
            cell(e->train_loss, t[1]), cell(e->test_loss, t[2]), cell(e->test_accuracy, t[3]),
            cell(e->staleness_mean, t[4]), e->staleness_max, e->bytes_up, e->bytes_down, e->dropped,
            cell(e->privacy.epsilon, t[5]), cell(e->privacy.delta, t[6]), noise_key != NULL ? noise_key : "");
}

static void note_best(struct mu_recorder *recorder, const struct mu_evaluation *e) {
    if (!(e->test_accuracy <= recorder->so_far.best_accuracy) && isfinite(e->test_accuracy)) {
        recorder->so_far.best_accuracy = e->test_accuracy;
        recorder->so_far.best_accuracy_step = e->step;
    }
    if (!(e->test_loss >= recorder->so_far.best_loss) && isfinite(e->test_loss)) {
        recorder->so_far.best_loss = e->test_loss;
        recorder->so_far.best_loss_step = e->step;
    }
    if (!recorder->so_far.reached_target && e->test_accuracy >= recorder->scenario->stop.target_accuracy) {
        recorder->so_far.reached_target = true;
        recorder->so_far.at_target = *e;
    }
}

static int refresh_status(struct mu_recorder *recorder, struct mu_err *err) {
    const double every_s = recorder->hasty ? status_every_s : 0;
    const bool now = recorder->status_due && mu_monotonic_s() - recorder->status_s >= every_s;
    return now ? mu_recorder_status(recorder, "running", NULL, err) : MU_OK;
}

static int on_evaluation(void *context, const struct mu_evaluation *e, struct mu_err *err) {
    struct mu_recorder *recorder = context;
    recorder->so_far.last = *e;
    recorder->so_far.last_wall_s = mu_monotonic_s() - recorder->start_s;
    note_best(recorder, e);
    write_metrics_line(recorder, e);
    write_metrics_row(recorder, e);
    MU_TRY(flush_file(recorder->metrics_jsonl, recorder, "metrics.jsonl", err));
    MU_TRY(flush_file(recorder->metrics_csv, recorder, "metrics.csv", err));
    MU_TRY(flush_file(recorder->steps, recorder, "steps.jsonl", err));
    MU_TRY(flush_file(recorder->trace, recorder, "trace.jsonl", err));
    mu_progress_show(recorder, e);
    recorder->status_due = true;
    return refresh_status(recorder, err);
}

static int on_step(void *context, const struct mu_step_record *r, struct mu_err *err) {
    (void)err; /* a failed write shows when the file is flushed */
    struct mu_recorder *recorder = context;
    struct mu_jline line;
    mu_jline_begin(&line, recorder->steps);
    mu_jline_u64(&line, "step", r->step);
    mu_jline_u64(&line, "slot", r->slot);
    mu_jline_real(&line, "time_s", seconds(r->time_ns));
    mu_jline_u64s(&line, "jobs", r->n, r->job);
    mu_jline_u32s(&line, "clients", r->n, r->client);
    mu_jline_u64s(&line, "staleness", r->n, r->staleness);
    mu_jline_reals(&line, "weights", r->n, r->weight);
    for (size_t i = 0; i < r->notes; i++) {
        mu_jline_real(&line, r->note[i].name, r->note[i].value);
    }
    mu_jline_end(&line);
    return MU_OK;
}

static int on_job(void *context, const struct mu_job_record *r, struct mu_err *err) {
    static const char *const status[] = {
        [MU_JOB_USED] = "used", [MU_JOB_DROPPED] = "dropped", [MU_JOB_LATE] = "late", [MU_JOB_FAILED] = "failed"};
    (void)err;
    struct mu_recorder *recorder = context;
    struct mu_jline line;
    mu_jline_begin(&line, recorder->trace);
    mu_jline_u64(&line, "job", r->job);
    mu_jline_u64(&line, "client", r->client);
    mu_jline_u64(&line, "version", r->version);
    mu_jline_real(&line, "dispatch_s", seconds(r->dispatch_ns));
    mu_jline_real(&line, "arrive_s", seconds(r->arrive_ns));
    mu_jline_real(&line, "end_s", seconds(r->end_ns));
    mu_jline_text(&line, "status", status[r->status]);
    mu_jline_real(&line, "step", r->step > 0 ? (double)r->step : NAN);
    mu_jline_real(&line, "weight", r->step > 0 ? r->weight : NAN);
    const struct mu_strategy *strategy = mu_scenario_strategy(recorder->scenario);
    if (strategy->gradients) { /* that of others follows from the config */
        mu_jline_u64(&line, "ordinal", r->request.ordinal);
        mu_jline_u64(&line, "samples", r->request.samples);
        mu_jline_u64(&line, "bytes_down", r->request.bytes_down);
        mu_jline_u64(&line, "bytes_up", r->request.bytes_up);
    }
    mu_jline_end(&line);
    return MU_OK;
}

/* The files a checkpoint knows the lengths of. */
static void list_files(const struct mu_recorder *recorder, FILE *file[4], const char *name[4]) {
    file[0] = recorder->metrics_jsonl, name[0] = "metrics.jsonl";
    file[1] = recorder->metrics_csv, name[1] = "metrics.csv";
    file[2] = recorder->steps, name[2] = "steps.jsonl";
    file[3] = recorder->trace, name[3] = "trace.jsonl";
}

static int on_save(void *context, const void **state, size_t *n, struct mu_err *err) {
    struct mu_recorder *recorder = context;
    FILE *file[4];
    const char *name[4];
    list_files(recorder, file, name);
    for (int i = 0; i < 4; i++) {
        MU_TRY(flush_file(file[i], recorder, name[i], err));
        recorder->so_far.length[i] = file[i] != NULL ? ftello(file[i]) : 0;
    }
    /* What a checkpoint counts on must be on the disk before it is. */
    MU_TRY(mu_directory_settle(recorder->directory, err));
    recorder->so_far.wall_s = mu_monotonic_s() - recorder->start_s;
    recorder->so_far.last.model = recorder->so_far.at_target.model = NULL; /* addresses mean nothing later */
    recorder->so_far.last.privacy.accountant = recorder->so_far.at_target.privacy.accountant = NULL;
    *state = &recorder->so_far;
    *n = sizeof recorder->so_far;
    return MU_OK;
}

static int cut_back(FILE *file, off_t length, const char *path, struct mu_err *err) {
    if (fseeko(file, 0, SEEK_END) != 0 || ftello(file) < length) {
        mu_fail(err, MU_IO, path, "is shorter than it was at the checkpoint");
        return mu_fail_help(err, "put back the file as the run has left it, or start the run anew with --force");
    }
    if (ftruncate(fileno(file), length) != 0 || fseeko(file, length, SEEK_SET) != 0) {
        return mu_fail(err, MU_IO, path, "cannot be cut back to the checkpoint: %s", strerror(errno));
    }
    return MU_OK;
}

/* What an interrupted run wrote at its end is not true of the one that goes on. */
static void remove_end(const struct mu_recorder *recorder) {
    static const char *const names[] = {"summary.json", "model.npz", "participation.csv"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[4400];
        (void)unlink(mu_result_path(path, recorder->directory, names[i]));
    }
}

/* Puts the directory back to where it was. */
static int on_restore(void *context, const void *state, size_t n, struct mu_err *err) {
    struct mu_recorder *recorder = context;
    if (n != sizeof recorder->so_far) {
        return mu_fail(err, MU_IO, recorder->directory,
                       "the checkpoint's record of the result files is not of this version");
    }
    memcpy(&recorder->so_far, state, n);
    recorder->start_s = mu_monotonic_s() - recorder->so_far.wall_s;
    FILE *file[4];
    const char *name[4];
    list_files(recorder, file, name);
    for (int i = 0; i < 4; i++) {
        char path[4400];
        if (file[i] != NULL) {
            mu_result_path(path, recorder->directory, name[i]);
            MU_TRY(cut_back(file[i], (off_t)recorder->so_far.length[i], path, err));
        }
    }
    remove_end(recorder);
    if (recorder->manifest != NULL) {
        MU_TRY(mu_manifest_write(recorder->manifest, recorder->directory, recorder->scenario, err));
    }
    return mu_recorder_status(recorder, "running", NULL, err);
}

static int on_event(void *context, const struct mu_event_record *r, struct mu_err *err) {
    (void)err;
    struct mu_recorder *recorder = context;
    struct mu_jline line;
    mu_jline_begin(&line, recorder->trace);
    mu_jline_text(&line, "event", mu_happening_name((int)r->what));
    mu_jline_u64(&line, "time_ns", r->time_ns);
    if (r->what == MU_HAPPENED_ARRIVAL || r->what == MU_HAPPENED_LOSS) {
        mu_jline_u64(&line, "job", r->id);
        mu_jline_u64(&line, "client", r->client);
        mu_jline_u64(&line, "version", r->version);
        mu_jline_u64(&line, "dispatch_ns", r->dispatch_ns);
    } else if (r->what == MU_HAPPENED_TIMER) {
        mu_jline_u64(&line, "id", r->id);
    } else if (r->what == MU_HAPPENED_AVAILABILITY) {
        mu_jline_u64(&line, "client", r->client);
    }
    mu_jline_end(&line);
    return MU_OK;
}

/* Asked after every event, so that this is the place for what has to be done now and then. */
static bool is_interrupted(void *context) {
    struct mu_recorder *recorder = context;
    struct mu_err ignored = {0}; /* a full disk shows with the next evaluation */
    (void)refresh_status(recorder, &ignored);
    return recorder->interrupted != NULL && recorder->interrupted(recorder->context);
}

struct mu_observer mu_recorder_observer(struct mu_recorder *recorder) {
    return (struct mu_observer){
        .context = recorder,
        .step = recorder->steps != NULL ? on_step : NULL,
        .job = recorder->trace != NULL ? on_job : NULL,
        .evaluation = on_evaluation,
        .event = mu_world_keeps_events(&recorder->scenario->world) ? on_event : NULL,
        .interrupted = is_interrupted,
        .save = on_save,
        .restore = on_restore,
    };
}
