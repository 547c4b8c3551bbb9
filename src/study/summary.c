/* statistics.json: each group of points that differ in their seed alone. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <cJSON.h>

#include "muster/base/file.h"
#include "muster/base/mem.h"
#include "muster/config/json.h"
#include "muster/study/statistics.h"
#include "study_impl.h"

/* The column of the group's points; what is not a number is NAN. Returns how many there are. */
static size_t gather(const cJSON *rows, const char *group, const char *column, bool all, double *x) {
    size_t n = 0;
    for (const cJSON *row = rows->child; row != NULL; row = row->next) {
        const cJSON *cell = cJSON_GetObjectItemCaseSensitive(row, column);
        const char *status = cJSON_GetObjectItemCaseSensitive(row, "status")->valuestring;
        if (strcmp(cJSON_GetObjectItemCaseSensitive(row, "group")->valuestring, group) != 0 ||
            strcmp(status, "missing") == 0 || (!all && !cJSON_IsNumber(cell))) {
            continue;
        }
        x[n++] = cJSON_IsNumber(cell) ? cell->valuedouble : NAN;
    }
    return n;
}

static void add_real(cJSON *json, const char *key, double x) {
    cJSON_AddItemToObject(json, key, isfinite(x) ? cJSON_CreateNumber(x) : cJSON_CreateNull());
}

static void add_group(cJSON *groups, const cJSON *rows, const cJSON *point, double *x) {
    static const char *const columns[] = {"test_accuracy", "best_test_accuracy", "test_loss", "train_loss"};
    const char *name = cJSON_GetObjectItemCaseSensitive(point, "group")->valuestring;
    cJSON *group = cJSON_CreateObject();
    cJSON_AddItemToArray(groups, group);
    cJSON_AddStringToObject(group, "group", name);
    cJSON_AddItemToObject(group, "values", cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(point, "values"), true));
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        const struct mu_spread s = mu_spread(gather(rows, name, columns[i], false, x), x);
        cJSON *column = cJSON_AddObjectToObject(group, columns[i]);
        cJSON_AddNumberToObject(column, "n", (double)s.n);
        add_real(column, "mean", s.mean);
        add_real(column, "sd", s.sd);
        add_real(column, "half_width_95", s.half);
    }
    cJSON *target = cJSON_AddObjectToObject(group, "target_time_s");
    const size_t n = gather(rows, name, "target_time_s", true, x);
    size_t reached = 0;
    for (size_t i = 0; i < n; i++) {
        reached += isfinite(x[i]);
    }
    cJSON_AddNumberToObject(target, "n", (double)n);
    cJSON_AddNumberToObject(target, "reached", (double)reached);
    add_real(target, "median", mu_censored_median(n, x));
}

int mu_study_statistics(const cJSON *rows, const cJSON *plan, const char *directory, struct mu_err *err) {
    double *x = mu_alloc((size_t)cJSON_GetArraySize(rows), sizeof *x, err);
    if (x == NULL) {
        return err->code;
    }
    cJSON *json = cJSON_CreateObject(), *seen = cJSON_CreateObject();
    cJSON *groups = cJSON_AddArrayToObject(json, "groups");
    const cJSON *point;
    cJSON_ArrayForEach(point, cJSON_GetObjectItemCaseSensitive(plan, "points")) {
        const char *name = cJSON_GetObjectItemCaseSensitive(point, "group")->valuestring;
        if (cJSON_GetObjectItemCaseSensitive(seen, name) == NULL) {
            cJSON_AddTrueToObject(seen, name);
            add_group(groups, rows, point, x);
        }
    }
    char path[4400], *text = NULL;
    snprintf(path, sizeof path, "%s/statistics.json", directory);
    int code = mu_study_compare(rows, json, err);
    code = code != MU_OK ? code : mu_json_print(json, &text, err);
    code = code != MU_OK ? code : mu_file_replace(path, text, strlen(text), err);
    mu_free(text);
    mu_free(x);
    cJSON_Delete(json);
    cJSON_Delete(seen);
    return code;
}
