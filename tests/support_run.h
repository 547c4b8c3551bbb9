/* Whole runs on one rank in this process, in a scratch directory, and their files read back. */
#ifndef MUSTER_TESTS_SUPPORT_RUN_H
#define MUSTER_TESTS_SUPPORT_RUN_H

#include "support.h"

#include <cJSON.h>

#include "muster/base/file.h"
#include "muster/base/mem.h"
#include "muster/config/json.h"
#include "muster/run/run.h"

static char scratch[256];

static inline int run_set_up(void **state) {
    (void)state;
    support_temp_dir(scratch);
    return 0;
}

static inline int run_tear_down(void **state) {
    (void)state;
    support_remove_dir(scratch);
    return 0;
}

/* scratch/name; one of four buffers in turn. */
static inline const char *run_path(const char *name) {
    static char path[4][600];
    static int next;
    char *const p = path[next++ % 4];
    snprintf(p, sizeof path[0], "%s/%s", scratch, name);
    return p;
}

/* Writes the text as scratch/config.json and reads it as a scenario. */
static inline int run_read(const char *text, struct mu_scenario *scenario, struct mu_err *err) {
    struct mu_comm *const comm = mu_comm_solo();
    support_write(run_path("config.json"), text, strlen(text));
    const int code = mu_scenario_read(run_path("config.json"), 0, NULL, comm, scenario, err);
    mu_comm_stop(comm);
    return code;
}

/* Runs the config into scratch/directory; nothing is printed. */
static inline int run_with(const char *text, const char *directory, const struct mu_run_options *options,
                           struct mu_run_result *result, struct mu_err *err) {
    struct mu_scenario scenario = {0};
    run_read(text, &scenario, err);
    support_expect_ok(err);
    struct mu_run_options o = *options;
    o.directory = directory != NULL ? run_path(directory) : NULL;
    struct mu_comm *const comm = mu_comm_solo();
    const int code = mu_run("config.json", &scenario, &o, comm, result, err);
    mu_comm_stop(comm);
    mu_scenario_clear(&scenario);
    return code;
}

static inline struct mu_run_result run_of(const char *text, const char *directory) {
    struct mu_err err = {.code = MU_OK};
    struct mu_run_result result;
    run_with(text, directory, &(struct mu_run_options){.progress = MU_PROGRESS_QUIET}, &result, &err);
    support_expect_ok(&err);
    return result;
}

/* A file's text, the caller's to mu_free. */
static inline char *run_text(const char *name) {
    struct mu_err err = {.code = MU_OK};
    char *text = NULL;
    size_t n = 0;
    mu_file_read(run_path(name), 1 << 24, &text, &n, &err);
    support_expect_ok(&err);
    return text;
}

/* A file as JSON, the caller's to cJSON_Delete. */
static inline cJSON *run_json(const char *name) {
    char *const text = run_text(name);
    cJSON *const json = cJSON_Parse(text);
    if (json == NULL) {
        fail_msg("%s is no JSON: %s", name, text);
    }
    mu_free(text);
    return json;
}

/* A file of JSON objects, one a line, as an array. */
static inline cJSON *run_lines(const char *name) {
    char *const text = run_text(name);
    cJSON *const array = cJSON_CreateArray();
    for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        cJSON *const json = cJSON_Parse(line);
        if (json == NULL) {
            fail_msg("a line of %s is no JSON: %s", name, line);
        }
        cJSON_AddItemToArray(array, json);
    }
    mu_free(text);
    return array;
}

/* The member at a path of names and indices, such as "wall.run_s" or "3.jobs.0"; fails the test if it is not there. */
static inline const cJSON *run_member(const cJSON *json, const char *path) {
    char copy[200];
    snprintf(copy, sizeof copy, "%s", path);
    char *rest = NULL;
    for (char *name = strtok_r(copy, ".", &rest); name != NULL; name = strtok_r(NULL, ".", &rest)) {
        json =
            cJSON_IsArray(json) ? cJSON_GetArrayItem(json, atoi(name)) : cJSON_GetObjectItemCaseSensitive(json, name);
        if (json == NULL) {
            fail_msg("there is no %s", path);
        }
    }
    return json;
}

static inline double run_number(const cJSON *json, const char *path) {
    const cJSON *const item = run_member(json, path);
    if (!cJSON_IsNumber(item)) {
        fail_msg("%s is no number", path);
    }
    return item->valuedouble;
}

static inline const char *run_string(const cJSON *json, const char *path) {
    const cJSON *const item = run_member(json, path);
    if (!cJSON_IsString(item)) {
        fail_msg("%s is no string", path);
    }
    return item->valuestring;
}

static inline bool run_is_null(const cJSON *json, const char *path) {
    return cJSON_IsNull(run_member(json, path));
}

static inline bool run_exists(const char *name) {
    return access(run_path(name), F_OK) == 0;
}

#endif
