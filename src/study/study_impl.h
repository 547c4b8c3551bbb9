/* What the files of the study share. */
#ifndef MUSTER_STUDY_STUDY_IMPL_H
#define MUSTER_STUDY_STUDY_IMPL_H

#include <stdbool.h>

#include "muster/base/err.h"
#include "muster/run/scenario.h"
#include "muster/study/study.h"

struct cJSON;
struct sqlite3;

/* DIR/points/NAME. */
void mu_point_directory(char path[static 4400], const char *directory, const char *name);

/* A file of JSON in a directory, NULL if there is none or it is cut off; the caller's to cJSON_Delete. */
struct cJSON *mu_point_json(const char *directory, const char *file);

/* object[key] if that is a number. */
double mu_number_in(const struct cJSON *object, const char *key, double otherwise);

/* The state of a point: "done", "failed", "stopped", "running" (or killed), or "" if there is nothing. */
void mu_point_state(const char *directory, char state[static 16], int *code);

/* Whether a row of points.csv is a result of its group, however it ended. The others are missing, or candidates that a
 * search has not kept. */
bool mu_row_counts(const struct cJSON *row);

/* A number of a row; NAN if it is not known. What a point that was stopped early, or given up, had then is not what it
 * would have come to. */
double mu_row_number(const struct cJSON *row, const char *column);

/* Whether a point that says it is done has its results. After the machine has lost its power they may be cut off: runs
 * of a study do not wait for the disk, since that takes as long as a small run. */
bool mu_point_whole(const char *directory);

/* Rows sorted by group, in a group as they were; borrowed. The caller's to mu_free(row). */
struct mu_results {
    size_t n;
    struct mu_result {
        const char *group;
        size_t number;
        const struct cJSON *row;
    } * row;
};
int mu_results_sort(const struct cJSON *rows, struct mu_results *sorted, struct mu_err *err);

/* The first of the *n rows of a group. */
const struct mu_result *mu_results_of(const struct mu_results *sorted, const char *group, size_t *n);

/* A table of JSON objects with the keys of `columns`, as CSV and in a database. There may be no rows. */
int mu_table_csv(const struct cJSON *rows, const struct cJSON *columns, const char *path, struct mu_err *err);
int mu_table_sqlite(struct sqlite3 *db, const char *table, const struct cJSON *rows, const struct cJSON *columns,
                    struct mu_err *err);

/* Whether a pointer is the user's choice, which makes a strategy; if not, it is a part of the scenario. */
bool mu_axis_is_chosen(const char *pointer);

/* statistics.json from the rows of points.csv. */
int mu_study_statistics(const struct cJSON *rows, const struct cJSON *plan, const char *directory, struct mu_err *err);

/* Adds "strategies", "scenarios", "profiles" and "paired" to statistics.json, which has its "groups". */
int mu_study_compare(const struct cJSON *rows, struct cJSON *json, struct mu_err *err);

/* The data sets that were used last, the oldest to go first. All zero is empty. */
enum { MU_KEPT = 2 };
struct mu_kept {
    struct mu_kept_one {
        char *key;                   /* NULL: free */
        struct mu_scenario scenario; /* what the data borrows from */
        struct mu_data *data;
    } one[MU_KEPT];
    size_t next, loads; /* where the next goes; how often data was loaded */
};

/* What the data of a config depends on, as text: the caller's to mu_free. */
int mu_kept_key(const struct cJSON *config, char **key, struct mu_err *err);

/* Collective: the data of a config, loaded if it is not there. It is good until the next call. `file` is borrowed. */
int mu_kept_get(struct mu_kept *kept, const struct cJSON *config, const char *file, struct mu_comm *comm,
                struct mu_data **data, struct mu_err *err);

/* Collective. */
void mu_kept_clear(struct mu_kept *kept);

#endif
