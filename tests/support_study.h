/* Studies made by hand: a plan, and the directories of its points. */
#ifndef MUSTER_TESTS_SUPPORT_STUDY_H
#define MUSTER_TESTS_SUPPORT_STUDY_H

#include "support.h"

#include <cJSON.h>

#include "muster/base/file.h"
#include "muster/base/mem.h"
#include "muster/config/json.h"
#include "study_impl.h"

static char scratch[256];

static inline int study_set_up(void **state) {
    (void)state;
    support_temp_dir(scratch);
    return 0;
}

static inline int study_tear_down(void **state) {
    (void)state;
    support_remove_dir(scratch);
    return 0;
}

/* The caller's to cJSON_Delete. */
static inline cJSON *study_json(const char *text) {
    cJSON *json = cJSON_Parse(text);
    assert_non_null(json);
    return json;
}

/* scratch/name; one of four buffers in turn. */
static inline const char *study_path(const char *name) {
    static char path[4][600];
    static int next;
    char *const p = path[next++ % 4];
    snprintf(p, sizeof path[0], "%s/%s", scratch, name);
    return p;
}

/* Writes scratch/points/point/name, making the directory. */
static inline void study_put(const char *point, const char *name, const char *text) {
    char directory[512], path[900];
    struct mu_err err = {0};
    snprintf(directory, sizeof directory, "%s/points/%s", scratch, point);
    assert_int_equal(mu_dir_create(directory, &err), MU_OK);
    snprintf(path, sizeof path, "%s/%s", directory, name);
    support_write(path, text, strlen(text));
}

/* The whole of a file; one buffer. */
static inline const char *study_read(const char *name) {
    static char text[1 << 16];
    FILE *file = fopen(study_path(name), "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

#endif
