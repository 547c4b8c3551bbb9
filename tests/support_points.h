/* Points of a study that are nothing but names, and what they have left so far. Header-only. */
#ifndef MUSTER_TESTS_SUPPORT_POINTS_H
#define MUSTER_TESTS_SUPPORT_POINTS_H

#include "support_study.h"

/* The point has this accuracy by now, after so many simulated seconds. */
static inline void points_summary(const char *point, double accuracy, double time_s) {
    char text[300];
    snprintf(text, sizeof text,
             "{\"final\": {\"step\": 5, \"time_s\": %g, \"test_accuracy\": %g, \"test_loss\": null}, \"total\": "
             "{\"bytes_up\": 3, \"bytes_down\": 4}}",
             time_s, accuracy);
    study_put(point, "summary.json", text);
}

/* "done", "stopped", or "failed" with an exit code. */
static inline void points_state(const char *point, const char *state, int code) {
    char text[200];
    snprintf(text, sizeof text, "{\"state\": \"%s\", \"error\": {\"code\": %d}}", state, code);
    study_put(point, "status.json", text);
}

/* A plan of `n` points "p0", "p1", ... in `classes` classes in turn; `rest` is what else it says. The caller's to
 * cJSON_Delete. */
static inline cJSON *points_plan(int n, int classes, const char *rest) {
    char text[4096];
    size_t at = (size_t)snprintf(text, sizeof text, "{%s, \"points\": [", rest);
    for (int i = 0; i < n; i++) {
        at += (size_t)snprintf(text + at, sizeof text - at,
                               "%s{\"name\": \"p%d\", \"class\": %d, \"estimate\": %d, \"values\": {\"/lr\": %d}, "
                               "\"config\": {}}",
                               i > 0 ? ", " : "", i, i % classes, i, i);
    }
    snprintf(text + at, sizeof text - at, "]}");
    cJSON *plan = cJSON_Parse(text);
    assert_non_null(plan);
    return plan;
}

#endif
