/* The results of a study, from its points' directories. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cJSON.h>
#include <sqlite3.h>

#include "muster/base/file.h"
#include "muster/base/mem.h"
#include "stopping.h"
#include "study_impl.h"

void mu_point_directory(char path[static 4400], const char *directory, const char *name) {
    snprintf(path, 4400, "%s/points/%s", directory, name);
}

cJSON *mu_point_json(const char *directory, const char *file) {
    char path[4700], *text = NULL;
    size_t n = 0;
    struct mu_err ignored = {0};
    snprintf(path, sizeof path, "%s/%s", directory, file);
    if (mu_file_read(path, 1u << 26, &text, &n, &ignored) != MU_OK) {
        return NULL;
    }
    cJSON *json = cJSON_ParseWithLength(text, n);
    mu_free(text);
    return json;
}

double mu_number_in(const cJSON *object, const char *key, double otherwise) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsNumber(item) ? item->valuedouble : otherwise;
}

void mu_point_state(const char *directory, char state[static 16], int *code) {
    cJSON *status = mu_point_json(directory, "status.json");
    const cJSON *word = cJSON_GetObjectItemCaseSensitive(status, "state");
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(status, "error");
    snprintf(state, 16, "%s", cJSON_IsString(word) ? word->valuestring : "");
    *code = (int)mu_number_in(error, "code", 0);
    cJSON_Delete(status);
}

bool mu_point_whole(const char *directory) {
    char path[4700], found[65];
    struct mu_err ignored = {0};
    snprintf(path, sizeof path, "%s/model.npz", directory);
    cJSON *summary = mu_point_json(directory, "summary.json");
    const cJSON *noted = cJSON_GetObjectItemCaseSensitive(summary, "model_sha256");
    const bool whole = cJSON_IsString(noted) && mu_file_sha256(path, found, &ignored) == MU_OK &&
                       strcmp(found, noted->valuestring) == 0;
    cJSON_Delete(summary);
    return whole;
}

/* object[a][b] under the column's name, or null. */
static void add(cJSON *row, const char *column, const cJSON *object, const char *a, const char *b) {
    const cJSON *at = b != NULL ? cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(object, a), b)
                                : cJSON_GetObjectItemCaseSensitive(object, a);
    cJSON_AddItemToObject(row, column, at != NULL ? cJSON_Duplicate(at, true) : cJSON_CreateNull());
}

static void add_results(cJSON *row, const cJSON *summary, const cJSON *last, const cJSON *status) {
    add(row, "step", summary, "final", "step");
    add(row, "time_s", summary, "final", "time_s");
    add(row, "updates", summary, "total", "updates");
    add(row, "bytes_up", summary, "total", "bytes_up");
    add(row, "bytes_down", summary, "total", "bytes_down");
    add(row, "train_loss", summary, "final", "train_loss");
    add(row, "test_loss", summary, "final", "test_loss");
    add(row, "test_accuracy", summary, "final", "test_accuracy");
    add(row, "best_test_loss", summary, "best", "test_loss");
    add(row, "best_test_accuracy", summary, "best", "test_accuracy");
    add(row, "target_accuracy", summary, "to_target", "target_accuracy");
    add(row, "target_step", summary, "to_target", "step");
    add(row, "target_time_s", summary, "to_target", "time_s");
    add(row, "target_updates", summary, "to_target", "updates");
    add(row, "target_bytes", summary, "to_target", "bytes");
    add(row, "epsilon", last, "epsilon", NULL);
    add(row, "noise_key", last, "noise_key", NULL);
    add(row, "model_sha256", summary, "model_sha256", NULL);
    add(row, "error", status, "error", "text");
    add(row, "wall_s", summary, "wall", "run_s");
}

/* One value of a record; without them (NULL), the columns of the table. */
static cJSON *make_curve_row(const char *name, const cJSON *record, const char *metric, const cJSON *value) {
    cJSON *row = cJSON_CreateObject();
    cJSON_AddStringToObject(row, "point", name);
    add(row, "step", record, "step", NULL);
    add(row, "time_s", record, "time_s", NULL);
    cJSON_AddNumberToObject(row, "bytes", mu_number_in(record, "bytes_up", 0) + mu_number_in(record, "bytes_down", 0));
    add(row, "epsilon", record, "epsilon", NULL);
    cJSON_AddStringToObject(row, "metric", metric);
    cJSON_AddNumberToObject(row, "value", cJSON_IsNumber(value) ? value->valuedouble : 0);
    return row;
}

static void take_record(const char *name, const cJSON *record, cJSON *curves) {
    static const char *const metrics[] = {"train_loss", "test_loss", "test_accuracy"};
    for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++) {
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(record, metrics[i]);
        if (cJSON_IsNumber(value)) {
            cJSON_AddItemToArray(curves, make_curve_row(name, record, metrics[i], value));
        }
    }
}

/* The evaluations of a point; *last is the last of them, the caller's to cJSON_Delete. */
static void take_curves(const char *directory, const char *name, cJSON *curves, cJSON **last) {
    char path[4700], *text = NULL, *rest, *line;
    size_t n = 0;
    struct mu_err ignored = {0};
    snprintf(path, sizeof path, "%s/metrics.jsonl", directory);
    if (mu_file_read(path, 1u << 30, &text, &n, &ignored) != MU_OK) {
        return;
    }
    for (rest = text; (line = strsep(&rest, "\n")) != NULL;) {
        cJSON *record = cJSON_Parse(line);
        if (record != NULL) { /* the last line of a run that was killed may be cut off */
            take_record(name, record, curves);
            cJSON_Delete(*last);
            *last = record;
        }
    }
    mu_free(text);
}

/* What the table says of a point; counted into *result. */
static const char *take_status(const char *place, enum mu_outcome outcome, struct mu_study_result *result) {
    char state[16];
    int code = 0;
    mu_point_state(place, state, &code);
    const bool done = strcmp(state, "done") == 0, failed = strcmp(state, "failed") == 0;
    result->points++;
    if (outcome == MU_OUTCOME_STOPPED) {
        result->stopped++;
        return "stopped";
    }
    if (outcome == MU_OUTCOME_SKIPPED || outcome == MU_OUTCOME_REJECTED) {
        result->skipped++;
        return outcome == MU_OUTCOME_SKIPPED ? "skipped" : "diverged";
    }
    result->done += done;
    result->failed += failed;
    result->missing += !done && !failed;
    return done ? "done" : !failed ? "missing" : code == MU_DIVERGED ? "diverged" : "failed";
}

static void take_point(const cJSON *plan, const cJSON *point, struct mu_stopping *stopping, const char *directory,
                       cJSON *rows, cJSON *curves, struct mu_study_result *result) {
    char place[4400];
    const size_t number = result->points;
    const char *name = cJSON_GetObjectItemCaseSensitive(point, "name")->valuestring;
    const cJSON *values = cJSON_GetObjectItemCaseSensitive(point, "values"), *axis;
    mu_point_directory(place, directory, name);
    cJSON *summary = mu_point_json(place, "summary.json"), *status = mu_point_json(place, "status.json"), *last = NULL;
    cJSON *row = cJSON_CreateObject();
    cJSON_AddStringToObject(row, "point", name);
    add(row, "group", point, "group", NULL);
    add(row, "seed", point, "seed", NULL);
    cJSON_ArrayForEach(axis, cJSON_GetObjectItemCaseSensitive(plan, "axes")) {
        add(row, axis->valuestring, values, axis->valuestring, NULL);
    }
    cJSON_AddStringToObject(row, "status", take_status(place, mu_stopping_outcome(stopping, number), result));
    mu_stopping_describe(stopping, number, row);
    result->not_private = result->not_private || mu_stopping_not_private(stopping, number);
    take_curves(place, name, curves, &last);
    add_results(row, summary, last, status);
    cJSON_AddItemToArray(rows, row);
    cJSON_Delete(summary);
    cJSON_Delete(status);
    cJSON_Delete(last);
}

static int write_database(const cJSON *rows, const cJSON *curves, const cJSON *columns, const char *directory,
                          struct mu_err *err) {
    char partial[4400], path[4400];
    sqlite3 *db = NULL;
    snprintf(path, sizeof path, "%s/study.sqlite", directory);
    snprintf(partial, sizeof partial, "%s/study.sqlite.partial", directory);
    unlink(partial);
    /* A file that is renamed once it is complete needs no journal; all files are brought to the disk together. */
    int code = sqlite3_open(partial, &db) == SQLITE_OK &&
                       sqlite3_exec(db, "pragma journal_mode=off; pragma synchronous=off; begin", NULL, NULL, NULL) ==
                           SQLITE_OK
                   ? MU_OK
                   : mu_fail(err, MU_IO, partial, "%s", sqlite3_errmsg(db));
    code = code != MU_OK ? code : mu_table_sqlite(db, "points", rows, rows->child, err);
    code = code != MU_OK ? code : mu_table_sqlite(db, "curves", curves, columns, err);
    if (code == MU_OK && sqlite3_exec(db, "commit", NULL, NULL, NULL) != SQLITE_OK) {
        code = mu_fail(err, MU_IO, partial, "%s", sqlite3_errmsg(db));
    }
    sqlite3_close(db);
    if (code == MU_OK && rename(partial, path) != 0) {
        code = mu_fail(err, MU_IO, path, "cannot write");
    }
    return code;
}

/* What was published without waiting for the disk. */
static int settle(const char *directory, struct mu_err *err) {
    static const char *const names[] = {"plan.json", "points.csv", "curves.csv", "study.sqlite", "statistics.json"};
    enum { FILES = sizeof names / sizeof *names };
    char text[FILES][4400];
    const char *path[FILES];
    for (size_t i = 0; i < FILES; i++) {
        snprintf(text[i], sizeof text[i], "%s/%s", directory, names[i]);
        path[i] = text[i];
    }
    return mu_files_settle(FILES, path, err);
}

int mu_study_collect(const cJSON *plan, const char *directory, struct mu_study_result *result, struct mu_err *err) {
    struct mu_stopping *stopping = NULL;
    const cJSON *point;
    char path[4400];
    *result = (struct mu_study_result){0};
    MU_TRY(mu_stopping_new(&stopping, plan, directory, NULL, NULL, err));
    cJSON *rows = cJSON_CreateArray(), *curves = cJSON_CreateArray();
    cJSON *columns = make_curve_row("", NULL, "", NULL);
    cJSON_ArrayForEach(point, cJSON_GetObjectItemCaseSensitive(plan, "points")) {
        take_point(plan, point, stopping, directory, rows, curves, result);
    }
    snprintf(path, sizeof path, "%s/points.csv", directory);
    int code = mu_table_csv(rows, rows->child, path, err);
    snprintf(path, sizeof path, "%s/curves.csv", directory);
    code = code != MU_OK ? code : mu_table_csv(curves, columns, path, err);
    code = code != MU_OK ? code : write_database(rows, curves, columns, directory, err);
    code = code != MU_OK ? code : mu_study_statistics(rows, plan, directory, err);
    code = code != MU_OK ? code : settle(directory, err);
    mu_stopping_free(stopping);
    cJSON_Delete(rows);
    cJSON_Delete(curves);
    cJSON_Delete(columns);
    return code;
}
