/* Result directories made by hand. */
#ifndef MUSTER_TESTS_SUPPORT_REPORT_H
#define MUSTER_TESTS_SUPPORT_REPORT_H

#include "support.h"

#include <math.h>

#include "muster/base/file.h"
#include "muster/base/mem.h"
#include "report_impl.h"

static char scratch[256];

static inline int report_set_up(void **state) {
    (void)state;
    support_temp_dir(scratch);
    return 0;
}

static inline int report_tear_down(void **state) {
    (void)state;
    support_remove_dir(scratch);
    return 0;
}

/* scratch/name; one of four buffers in turn. */
static inline const char *report_path(const char *name) {
    static char path[4][600];
    static int next;
    char *const p = path[next++ % 4];
    snprintf(p, sizeof path[0], "%s/%s", scratch, name);
    return p;
}

/* Writes scratch/directory/name, making the directory. */
static inline void report_put(const char *directory, const char *name, const char *text) {
    char path[900];
    struct mu_err err = {0};
    assert_int_equal(mu_dir_create(report_path(directory), &err), MU_OK);
    snprintf(path, sizeof path, "%s/%s", report_path(directory), name);
    support_write(path, text, strlen(text));
}

/* A report on scratch/directory. */
static inline struct mu_report *report_open(const char *directory, struct mu_err *err) {
    struct mu_report *report = NULL;
    const char *const path = report_path(directory);
    mu_report_new(&report, &path, 1, err);
    return report;
}

#endif
