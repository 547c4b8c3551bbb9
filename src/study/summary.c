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

static const char *text(const cJSON *row, const char *column) {
    const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(row, column));
    return value != NULL ? value : "";
}

bool mu_row_counts(const cJSON *row) {
    const char *search = text(row, "search");
    return strcmp(text(row, "status"), "missing") != 0 && strcmp(search, "rejected") != 0 &&
           strcmp(search, "skipped") != 0;
}

double mu_row_number(const cJSON *row, const char *column) {
    const cJSON *cell = cJSON_GetObjectItemCaseSensitive(row, column);
    const char *status = text(row, "status");
    const bool cut_off = strcmp(status, "stopped") == 0 || strcmp(status, "diverged") == 0;
    return cJSON_IsNumber(cell) && !cut_off ? cell->valuedouble : NAN;
}

/* The column of the group's points; what is not known is NAN if all are wanted. Returns how many there are. */
static size_t gather(const struct mu_results *rows, const char *group, const char *column, bool all, double *x) {
    size_t rows_of_group, n = 0;
    const struct mu_result *row = mu_results_of(rows, group, &rows_of_group);
    for (size_t i = 0; i < rows_of_group; i++) {
        const double value = mu_row_number(row[i].row, column);
        if (mu_row_counts(row[i].row) && (all || !isnan(value))) {
            x[n++] = value;
        }
    }
    return n;
}

static size_t count_stopped(const struct mu_results *rows, const char *group) {
    size_t rows_of_group, n = 0;
    const struct mu_result *row = mu_results_of(rows, group, &rows_of_group);
    for (size_t i = 0; i < rows_of_group; i++) {
        n += strcmp(text(row[i].row, "status"), "stopped") == 0;
    }
    return n;
}

static void add_real(cJSON *json, const char *key, double x) {
    cJSON_AddItemToObject(json, key, isfinite(x) ? cJSON_CreateNumber(x) : cJSON_CreateNull());
}

static void add_group(cJSON *groups, const struct mu_results *rows, const cJSON *plan, const cJSON *point, double *x) {
    static const char *const columns[] = {"test_accuracy", "best_test_accuracy", "test_loss", "train_loss"};
    const char *name = cJSON_GetObjectItemCaseSensitive(point, "group")->valuestring;
    cJSON *group = cJSON_CreateObject();
    cJSON_AddItemToArray(groups, group);
    cJSON_AddStringToObject(group, "group", name);
    cJSON *values = cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(point, "values"), true);
    const char *search = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(plan, "search"));
    cJSON_DeleteItemFromObjectCaseSensitive(values, search != NULL ? search : ""); /* each seed has found its own */
    cJSON_AddItemToObject(group, "values", values);
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
        reached += isfinite(x[i]) ? 1 : 0;
    }
    cJSON_AddNumberToObject(target, "n", (double)n);
    cJSON_AddNumberToObject(target, "reached", (double)reached);
    if (cJSON_HasObjectItem(plan, "early_stopping")) {
        cJSON_AddNumberToObject(group, "stopped", (double)count_stopped(rows, name));
    }
    add_real(target, "median", mu_censored_median(n, x));
}

/* What has become of points that were searched for or stopped: {name: text}, for whoever shows them. */
static void add_notes(cJSON *json, const cJSON *rows) {
    cJSON *notes = NULL;
    for (const cJSON *row = rows->child; row != NULL; row = row->next) {
        if (text(row, "note")[0] != '\0') {
            notes = notes != NULL ? notes : cJSON_AddObjectToObject(json, "notes");
            cJSON_AddStringToObject(notes, text(row, "point"), text(row, "note"));
        }
    }
}

/* Adds a group where the plan has its first point. There may be as many groups as points, so that is found by sorting.
 */
static int add_groups(cJSON *groups, const struct mu_results *rows, const cJSON *plan, double *x, struct mu_err *err) {
    const cJSON *const points = cJSON_GetObjectItemCaseSensitive(plan, "points"), *point;
    struct mu_results sorted;
    MU_TRY(mu_results_sort(points, &sorted, err));
    bool *first = mu_alloc(sorted.n, sizeof *first, err);
    for (size_t i = 0; first != NULL && i < sorted.n; i++) {
        first[sorted.row[i].number] = i == 0 || strcmp(sorted.row[i].group, sorted.row[i - 1].group) != 0;
    }
    mu_free(sorted.row);
    if (first == NULL) {
        return err->code;
    }
    size_t i = 0;
    cJSON_ArrayForEach(point, points) {
        if (first[i++]) {
            add_group(groups, rows, plan, point, x);
        }
    }
    mu_free(first);
    return MU_OK;
}

int mu_study_statistics(const cJSON *rows, const cJSON *plan, const char *directory, struct mu_err *err) {
    struct mu_results sorted;
    MU_TRY(mu_results_sort(rows, &sorted, err));
    double *x = mu_alloc(sorted.n, sizeof *x, err);
    if (x == NULL) {
        mu_free(sorted.row);
        return err->code;
    }
    cJSON *json = cJSON_CreateObject();
    int code = add_groups(cJSON_AddArrayToObject(json, "groups"), &sorted, plan, x, err);
    char path[4400], *printed = NULL;
    snprintf(path, sizeof path, "%s/statistics.json", directory);
    add_notes(json, rows);
    code = code != MU_OK ? code : mu_study_compare(rows, json, err);
    code = code != MU_OK ? code : mu_json_print(json, &printed, err);
    code = code != MU_OK ? code : mu_file_publish(path, printed, strlen(printed), err);
    mu_free(printed);
    mu_free(x);
    mu_free(sorted.row);
    cJSON_Delete(json);
    return code;
}
