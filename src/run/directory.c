#include "directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include <cJSON.h>

#include "json_file.h"
#include "muster/base/clock.h"
#include "muster/base/file.h"
#include "muster/base/mem.h"
#include "muster/config/json.h"

/* Every file a run may write; what --force clears away. */
static const char *const result_files[] = {"config.json", "manifest.json",     "metrics.jsonl", "metrics.csv",
                                           "steps.jsonl", "trace.jsonl",       "status.json",   "summary.json",
                                           "model.npz",   "participation.csv", "partition.csv", "clients.csv"};
enum { RESULT_FILES = sizeof result_files / sizeof *result_files };

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

int mu_directory_choose(const struct mu_run_options *options, const char *name, char *directory, size_t size,
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

int mu_directory_lock(const char *directory, double wait_s, int *lock, struct mu_err *err) {
    const double until = mu_monotonic_s() + wait_s;
    const struct timespec nap = {.tv_nsec = 20000000};
    *lock = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (*lock >= 0 && flock(*lock, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EINTR || (errno == EWOULDBLOCK && mu_monotonic_s() < until)) {
            nanosleep(&nap, NULL);
            continue;
        }
        const bool taken = errno == EWOULDBLOCK;
        mu_directory_unlock(*lock);
        *lock = -1;
        if (taken) {
            mu_fail(err, MU_IO, directory, "another muster is writing its results there");
            return mu_fail_help(err, "wait until it has ended, or stop it; status.json has its pid");
        }
    }
    return MU_OK;
}

void mu_directory_unlock(int lock) {
    if (lock >= 0) {
        close(lock);
    }
}

/* The text that config.json is to have; the caller's to mu_free. */
static int config_text(const struct mu_scenario *scenario, char **text, struct mu_err *err) {
    cJSON *json = mu_scenario_json(scenario);
    if (json == NULL) {
        return mu_fail(err, MU_RANK_FAILED, NULL, "out of memory");
    }
    const int code = mu_json_print(json, text, err);
    cJSON_Delete(json);
    return code;
}

static int check_config(const char *directory, const struct mu_scenario *scenario, struct mu_err *err) {
    char path[4400], *then = NULL, *now = NULL;
    size_t n = 0;
    mu_result_path(path, directory, "config.json");
    int code = mu_file_read(path, 1 << 26, &then, &n, err);
    code = code != MU_OK ? code : config_text(scenario, &now, err);
    if (code == MU_OK && strcmp(then, now) != 0) {
        mu_fail(err, MU_BAD_CONFIG, path, "the run was started with another config");
        code = mu_fail_help(err, "resume with that file as the config, or with the same --set as then");
    }
    mu_free(then);
    mu_free(now);
    return code;
}

/* A file of JSON in the directory, NULL if there is none that can be read; the caller's to cJSON_Delete. */
static cJSON *read_json(const char *directory, const char *name) {
    char path[4400], *text = NULL;
    size_t n = 0;
    struct mu_err ignored = {0};
    if (mu_file_read(mu_result_path(path, directory, name), 1 << 20, &text, &n, &ignored) != MU_OK) {
        return NULL;
    }
    cJSON *json = cJSON_ParseWithLength(text, n);
    mu_free(text);
    return json;
}

static void read_status(const char *directory, struct mu_past *past) {
    cJSON *status = read_json(directory, "status.json");
    const char *state = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(status, "state"));
    const cJSON *step = cJSON_GetObjectItemCaseSensitive(status, "step");
    const cJSON *time_s = cJSON_GetObjectItemCaseSensitive(status, "time_s");
    past->done = state != NULL && strcmp(state, "done") == 0;
    past->step = cJSON_IsNumber(step) ? step->valuedouble : 0;
    past->time_s = cJSON_IsNumber(time_s) ? time_s->valuedouble : 0;
    cJSON_Delete(status);
}

/* GEMMs of another kernel have other bits. */
static int check_kernel(const char *directory, const cJSON *manifest, struct mu_err *err) {
    const char *then = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(manifest, "blas_kernel"));
    if (then == NULL || strcmp(then, mu_blas_kernel()) == 0) {
        return MU_OK;
    }
    mu_fail(err, MU_BAD_CONFIG, directory, "the run was started with BLAS kernel %.60s, here it is %.60s", then,
            mu_blas_kernel());
    return mu_fail_help(err, "resume on such a processor, or set OPENBLAS_CORETYPE to what it was");
}

static int read_manifest(const char *directory, bool any_kernel, struct mu_past *past, struct mu_err *err) {
    cJSON *manifest = read_json(directory, "manifest.json");
    const char *start = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(manifest, "start"));
    const cJSON *resumes = cJSON_GetObjectItemCaseSensitive(manifest, "resumes");
    struct tm utc = {0};
    if (start != NULL && strptime(start, MU_MANIFEST_TIME, &utc) != NULL) {
        past->start_time = (int64_t)timegm(&utc);
    }
    past->resumes = cJSON_IsNumber(resumes) ? (int64_t)resumes->valuedouble : 0;
    const int code = any_kernel ? MU_OK : check_kernel(directory, manifest, err);
    cJSON_Delete(manifest);
    return code;
}

/* A result file, or what a killed process left of one half written. */
static bool is_result(const char *name, bool half) {
    for (size_t i = 0; i < RESULT_FILES; i++) {
        const size_t n = strlen(result_files[i]);
        if (strncmp(name, result_files[i], n) == 0 && (half ? strncmp(name + n, ".tmp-", 5) == 0 : name[n] == '\0')) {
            return true;
        }
    }
    return false;
}

static int check_ours(const char *directory, struct mu_err *err) {
    DIR *d = opendir(directory);
    if (d == NULL) {
        return MU_OK; /* there is none yet */
    }
    int code = MU_OK;
    for (const struct dirent *e = readdir(d); e != NULL && code == MU_OK; e = readdir(d)) {
        if (e->d_name[0] != '.' && strcmp(e->d_name, "checkpoint") != 0 && !is_result(e->d_name, false) &&
            !is_result(e->d_name, true)) {
            mu_fail(err, MU_IO, directory, "there is no run to resume, but there are other files: %.100s", e->d_name);
            code = mu_fail_help(err, "give the directory of a run, or a new one to start it there");
        }
    }
    closedir(d);
    return code;
}

int mu_directory_look_back(const char *directory, const struct mu_scenario *scenario, struct mu_past *past,
                           struct mu_err *err) {
    char path[4400];
    *past = (struct mu_past){0};
    if (access(mu_result_path(path, directory, "config.json"), F_OK) != 0) {
        return check_ours(directory, err); /* it never got so far as to write one */
    }
    MU_TRY(check_config(directory, scenario, err));
    past->saved = mu_checkpoint_exists(mu_result_path(path, directory, "checkpoint"));
    read_status(directory, past);
    return past->saved && !past->done ? read_manifest(directory, scenario->allow_mixed_kernels, past, err) : MU_OK;
}

int mu_directory_clear(const char *directory, struct mu_err *err) {
    char path[4400];
    MU_TRY(mu_dir_create(directory, err));
    MU_TRY(mu_dir_remove(mu_result_path(path, directory, "checkpoint"), err));
    for (size_t i = 0; i < RESULT_FILES; i++) {
        mu_result_path(path, directory, result_files[i]);
        if (unlink(path) != 0 && errno != ENOENT) {
            return mu_fail(err, MU_IO, path, "cannot overwrite: %s", strerror(errno));
        }
    }
    return MU_OK;
}

int mu_directory_settle(const char *directory, struct mu_err *err) {
    char text[RESULT_FILES][4400];
    const char *path[RESULT_FILES];
    for (size_t i = 0; i < RESULT_FILES; i++) {
        path[i] = mu_result_path(text[i], directory, result_files[i]);
    }
    return mu_files_settle(RESULT_FILES, path, err);
}

void mu_directory_sweep(const char *directory) {
    DIR *d = opendir(directory);
    if (d == NULL) {
        return;
    }
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        if (is_result(e->d_name, true)) {
            (void)unlinkat(dirfd(d), e->d_name, 0);
        }
    }
    closedir(d);
}
