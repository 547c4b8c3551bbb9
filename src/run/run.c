/* One run: stage, result directory, engine, summary. */
#include "muster/run/run.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cJSON.h>

#include "json_file.h"
#include "muster/base/clock.h"
#include "muster/base/file.h"
#include "muster/base/mem.h"
#include "muster/config/json.h"
#include "recorder.h"

enum { CHECKPOINT_EVERY_S = 60 }; /* unless the config says otherwise */

/* Every file a run may write; what --force clears away. */
static const char *const result_files[] = {"config.json", "manifest.json",    "metrics.jsonl", "metrics.csv",
                                           "steps.jsonl", "trace.jsonl",      "status.json",   "summary.json",
                                           "model.npz",   "participation.csv"};

/* "runs/<name>-<date>-<time>", the name reduced to letters that are safe in a path. */
static void default_directory(char *directory, size_t size, const char *name) {
    char safe[100];
    size_t n = 0;
    for (; name[n] != '\0' && n + 1 < sizeof safe; n++) {
        const char c = name[n];
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.';
        safe[n] = plain ? c : '-';
    }
    safe[n] = '\0';
    char when[32];
    const time_t now = time(NULL);
    struct tm local;
    localtime_r(&now, &local);
    strftime(when, sizeof when, "%Y%m%d-%H%M%S", &local);
    snprintf(directory, size, "runs/%s-%s", safe, when);
    for (int i = 2; access(directory, F_OK) == 0 && i < 1000; i++) {
        snprintf(directory, size, "runs/%s-%s-%d", safe, when, i);
    }
}

static bool is_empty(const char *directory) {
    DIR *d = opendir(directory);
    if (d == NULL) {
        return true;
    }
    int entries = 0;
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        entries += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    }
    closedir(d);
    return entries == 0;
}

/* Says where the run will write, and refuses to overwrite; nothing is created yet. */
static int choose_directory(const struct mu_run_options *options, const char *name, char *directory, size_t size,
                            struct mu_err *err) {
    if (options->directory == NULL && options->resume) {
        mu_fail(err, MU_USAGE, "--resume", "it is not said which run to resume");
        return mu_fail_help(err, "give its directory with -o");
    }
    if (options->directory == NULL) {
        default_directory(directory, size, name);
        return MU_OK;
    }
    if (snprintf(directory, size, "%s", options->directory) >= (int)size) {
        return mu_fail(err, MU_IO, NULL, "the result directory's name is too long");
    }
    if (!options->force && !options->resume && !is_empty(directory)) {
        mu_fail(err, MU_IO, directory, "the result directory is not empty");
        return mu_fail_help(err,
                            "choose another with -o, go on with --resume, or overwrite the results in it with --force");
    }
    return MU_OK;
}

/* The text that config.json is to have; the caller's to mu_free. */
static int config_text(const struct mu_scenario *scenario, char **text, struct mu_err *err) {
    cJSON *json = mu_group_json(&mu_scenario_group, scenario);
    if (json == NULL) {
        return mu_fail(err, MU_RANK_FAILED, NULL, "out of memory");
    }
    const int code = mu_json_print(json, text, err);
    cJSON_Delete(json);
    return code;
}

/* A run goes on only with the config that it was started with. *go_on: it has a checkpoint; *done: it has ended. */
static int look_back(const char *directory, const struct mu_scenario *scenario, bool *go_on, bool *done,
                     struct mu_err *err) {
    char path[4400], *then = NULL, *now = NULL;
    size_t n = 0;
    mu_result_path(path, directory, "config.json");
    *go_on = *done = false;
    if (access(path, F_OK) != 0) {
        return MU_OK; /* it never got so far as to write one */
    }
    int code = mu_file_read(path, 1 << 26, &then, &n, err);
    code = code != MU_OK ? code : config_text(scenario, &now, err);
    if (code == MU_OK && strcmp(then, now) != 0) {
        mu_fail(err, MU_BAD_CONFIG, path, "the run was started with another config");
        code = mu_fail_help(err, "resume with that file as the config, and the same --set");
    }
    mu_free(then);
    mu_free(now);
    MU_TRY(code);
    char checkpoints[4400], *status = NULL;
    *go_on = mu_checkpoint_exists(mu_result_path(checkpoints, directory, "checkpoint"));
    struct mu_err ignored = {0};
    mu_result_path(path, directory, "status.json");
    if (mu_file_read(path, 1 << 20, &status, &n, &ignored) == MU_OK) {
        cJSON *json = cJSON_ParseWithLength(status, n);
        const char *state = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "state"));
        *done = state != NULL && strcmp(state, "done") == 0;
        cJSON_Delete(json);
        mu_free(status);
    }
    return MU_OK;
}

/* Removes the checkpoints of a run that is overwritten. */
static int remove_checkpoints(const char *directory, struct mu_err *err) {
    char path[4400];
    return mu_dir_remove(mu_result_path(path, directory, "checkpoint"), err);
}

static int make_directory(const char *directory, struct mu_err *err) {
    MU_TRY(mu_dir_create(directory, err));
    MU_TRY(remove_checkpoints(directory, err));
    for (size_t i = 0; i < sizeof result_files / sizeof *result_files; i++) {
        char path[4400];
        mu_result_path(path, directory, result_files[i]);
        if (unlink(path) != 0 && errno != ENOENT) {
            return mu_fail(err, MU_IO, path, "cannot overwrite: %s", strerror(errno));
        }
    }
    return MU_OK;
}

static int run_engine(const struct mu_stage *stage, const struct mu_observer *observer, const char *directory,
                      bool resume, struct mu_sim_result *sim, struct mu_err *err) {
    const struct mu_scenario *s = stage->scenario;
    const int64_t every = s->output.checkpoint_every_steps;
    char checkpoints[4400];
    struct mu_checkpointing checkpoint = {
        .directory = mu_result_path(checkpoints, directory, "checkpoint"),
        .every_steps = every == MU_UNSET ? 0 : (uint64_t)every,
        .every_s = every == MU_UNSET ? CHECKPOINT_EVERY_S : 0,
        .resume = resume,
    };
    char config[4400];
    const int code = mu_comm_rank(stage->comm) == 0
                         ? mu_file_sha256(mu_result_path(config, directory, "config.json"), checkpoint.identity, err)
                         : MU_OK;
    MU_TRY(mu_comm_agree(stage->comm, code, err));
    const struct mu_sim_setup setup = {
        .file = stage->file,
        .seed = (uint64_t)s->seed,
        .comm = stage->comm,
        .data = stage->data,
        .model = stage->model,
        .client = &s->client,
        .world = stage->world,
        .strategy = (const void *)s->server.strategy.kind,
        .strategy_state = s->server.strategy.options,
        .server_optimizer = &s->server.optimizer,
        .importance = (enum mu_importance)s->server.importance,
        .stop = &s->stop,
        .evaluate = &s->evaluate,
        .observer = observer,
        .checkpoint = mu_world_on_wall(&s->world) ? NULL : &checkpoint,
        .wall_scale = mu_world_on_wall(&s->world) ? s->world.wall_scale : 0,
        .replay = stage->replay,
    };
    return mu_sim_run(&setup, sim, err);
}

static void fill_run_result(const struct mu_recorder *recorder, const struct mu_sim_result *sim,
                            struct mu_run_result *result) {
    result->end = sim->end;
    result->saved = sim->saved;
    result->steps = sim->steps;
    result->test_accuracy = recorder->so_far.last.test_accuracy;
    result->test_loss = recorder->so_far.last.test_loss;
    result->wall_s = mu_monotonic_s() - recorder->start_s;
    result->samples_per_s = result->wall_s > 0 ? (double)recorder->so_far.last.samples / result->wall_s : 0;
}

/* Rank 0: closes the books of a run that ended in good order, or notes why it did not. */
static int finish(struct mu_recorder *recorder, const struct mu_stage *stage, struct mu_manifest *manifest,
                  const struct mu_sim_result *sim, int code, struct mu_run_result *result, struct mu_err *err) {
    mu_progress_done(recorder);
    if (code == MU_OK) {
        fill_run_result(recorder, sim, result);
        code = mu_summary_write(recorder, stage, sim, result, err);
    }
    const int closed = mu_recorder_close(recorder, err);
    code = code != MU_OK ? code : closed;
    manifest->end_time = (int64_t)time(NULL);
    if (code == MU_OK) {
        code = mu_manifest_write(manifest, recorder->directory, stage->scenario, err);
    }
    if (code == MU_OK) {
        return mu_recorder_status(recorder, sim->end == MU_END_INTERRUPTED ? "stopped" : "done", NULL, err);
    }
    /* The failure is what matters; that its note could not be written either (a full disk) is no news. */
    struct mu_err ignored = {0};
    (void)mu_recorder_status(recorder, "failed", err, &ignored);
    return code;
}

static int start_recording(struct mu_recorder *recorder, const struct mu_stage *stage,
                           const struct mu_manifest *manifest, const struct mu_run_options *options,
                           const char *directory, bool go_on, struct mu_err *err) {
    if (!go_on) {
        MU_TRY(make_directory(directory, err));
    }
    MU_TRY(mu_manifest_write(manifest, directory, stage->scenario, err));
    return mu_recorder_open(recorder, directory, stage->scenario, options, go_on, err);
}

/* What the wall clock needs and what it rules out. */
static int check_clock(const char *file, const struct mu_scenario *scenario, const struct mu_run_options *options,
                       const struct mu_comm *comm, struct mu_err *err) {
    if (!mu_world_on_wall(&scenario->world)) {
        return MU_OK;
    }
    char place[512];
    mu_place(place, file, "/world", "clock");
    if (mu_comm_size(comm) < 2) {
        mu_fail(err, MU_BAD_CONFIG, place, "the wall clock needs at least 2 ranks, since rank 0 only coordinates");
        return mu_fail_help(err, "start it with: muster run -n 2");
    }
    if (options->resume) {
        mu_fail(err, MU_BAD_CONFIG, place, "a run on the wall clock cannot be resumed");
        return mu_fail_help(err, "world.replay repeats one from its trace.jsonl");
    }
    return MU_OK;
}

int mu_run(const char *file, const struct mu_scenario *scenario, const struct mu_run_options *options,
           struct mu_comm *comm, struct mu_run_result *result, struct mu_err *err) {
    const bool root = mu_comm_rank(comm) == 0;
    struct mu_stage stage;
    struct mu_recorder recorder = {0};
    struct mu_manifest manifest;
    struct mu_sim_result sim = {0};
    *result = (struct mu_run_result){0};
    MU_TRY(check_clock(file, scenario, options, comm, err));
    int code =
        root ? choose_directory(options, scenario->name, result->directory, sizeof result->directory, err) : MU_OK;
    bool ahead[2] = {false, false}; /* the run has a checkpoint; it has ended */
    if (root && code == MU_OK && options->resume) {
        code = look_back(result->directory, scenario, &ahead[0], &ahead[1], err);
    }
    MU_TRY(mu_comm_agree(comm, code, err));
    mu_comm_bcast(comm, ahead, sizeof ahead);
    if (ahead[1]) {
        result->already_done = true;
        return MU_OK;
    }
    MU_TRY(mu_stage_new(&stage, file, scenario, comm, err));
    mu_manifest_gather(&manifest, comm);
    if (root) {
        code = start_recording(&recorder, &stage, &manifest, options, result->directory, ahead[0], err);
    }
    code = mu_comm_agree(comm, code, err);
    if (code == MU_OK) {
        if (root && options->started != NULL) {
            options->started(result->directory);
        }
        const struct mu_observer observer = root ? mu_recorder_observer(&recorder) : (struct mu_observer){0};
        code = run_engine(&stage, &observer, result->directory, ahead[0], &sim, err);
        if (root) {
            code = finish(&recorder, &stage, &manifest, &sim, code, result, err);
            if (code == MU_OK && options->verify) {
                code = mu_verify(result->directory, &stage, &result->verified, err);
            }
        }
        code = mu_comm_agree(comm, code, err);
    } else if (root) {
        struct mu_err ignored = {0};
        (void)mu_recorder_close(&recorder, &ignored);
    }
    mu_sim_result_clear(&sim);
    mu_stage_clear(&stage);
    return code;
}
