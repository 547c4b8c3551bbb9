/* The files of one run. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cJSON.h>

#include "muster/base/file.h"
#include "muster/base/mem.h"
#include "muster/config/json.h"
#include "report_impl.h"

static const char *path_of(char path[static 4400], const struct mu_report_run *run, const char *name) {
    snprintf(path, 4400, "%s/%s", run->directory, name);
    return path;
}

/* *json stays NULL if there is no such file. A result that cannot be read is a matter of files, not of a config. */
static int read_json(const struct mu_report_run *run, const char *name, cJSON **json, struct mu_err *err) {
    char path[4400];
    if (access(path_of(path, run, name), F_OK) != 0) {
        return MU_OK;
    }
    const int rc = mu_json_read(path, json, err);
    if (rc == MU_BAD_CONFIG) {
        err->code = MU_IO;
        return MU_IO;
    }
    return rc;
}

static int take_evaluation(void *context, const cJSON *record, struct mu_err *err) {
    return mu_table_add(context, record, err);
}

/* A CSV of numbers with a head, as participation.csv and partition.csv are. */
static int read_csv(const struct mu_report_run *run, const char *name, struct mu_table *table, struct mu_err *err) {
    char path[4400];
    char *text = NULL;
    size_t n = 0;
    if (access(path_of(path, run, name), F_OK) != 0) {
        return MU_OK;
    }
    MU_TRY(mu_file_read(path, (size_t)1 << 30, &text, &n, err));
    int rc = MU_OK;
    char *line_state = NULL;
    char *head = strtok_r(text, "\r\n", &line_state);
    for (char *line = NULL; head != NULL && rc == MU_OK && (line = strtok_r(NULL, "\r\n", &line_state)) != NULL;) {
        cJSON *row = cJSON_CreateObject();
        const char *key = head;
        for (char *cell = line; cell != NULL && *key != '\0';) {
            char *comma = strchr(cell, ',');
            char name_of[64];
            const size_t length = strcspn(key, ",");
            snprintf(name_of, sizeof name_of, "%.*s", (int)length, key);
            key += length + (key[length] == ',');
            char *end = cell;
            const double value = strtod(cell, &end);
            cJSON_AddNumberToObject(row, name_of, end == cell ? (double)NAN : value);
            cell = comma == NULL ? NULL : comma + 1;
        }
        rc = mu_table_add(table, row, err);
        cJSON_Delete(row);
    }
    mu_free(text);
    return rc;
}

/* The arrays of the summary's "participation", as columns. */
static int take_participation(struct mu_report_run *run, struct mu_err *err) {
    const cJSON *all = cJSON_GetObjectItemCaseSensitive(run->summary, "participation");
    const cJSON *wanted = cJSON_GetObjectItemCaseSensitive(all, "wanted_weights");
    const cJSON *implied = cJSON_GetObjectItemCaseSensitive(all, "implied_weights");
    const cJSON *rate = cJSON_GetObjectItemCaseSensitive(all, "rates");
    if (!cJSON_IsArray(wanted) || !cJSON_IsArray(implied)) {
        return read_csv(run, "participation.csv", &run->clients, err);
    }
    const cJSON *w = wanted->child, *i = implied->child, *r = cJSON_IsArray(rate) ? rate->child : NULL;
    for (size_t client = 0; w != NULL && i != NULL; client++) {
        cJSON *row = cJSON_CreateObject();
        cJSON_AddNumberToObject(row, "client", (double)client);
        cJSON_AddNumberToObject(row, "wanted_weight", w->valuedouble);
        cJSON_AddNumberToObject(row, "implied_weight", i->valuedouble);
        cJSON_AddNumberToObject(row, "rate", r != NULL ? r->valuedouble : (double)NAN);
        const int rc = mu_table_add(&run->clients, row, err);
        cJSON_Delete(row);
        MU_TRY(rc);
        w = w->next;
        i = i->next;
        r = r != NULL ? r->next : NULL;
    }
    return MU_OK;
}

int mu_report_read(struct mu_report_run *run, size_t rows, size_t jobs, struct mu_err *err) {
    /* As many clients as a picture can tell apart; of more, some. */
    enum { CLIENTS = 2000, CLASSES_OF = 200 };
    char path[4400];
    MU_TRY(read_json(run, "config.json", &run->config, err));
    if (!cJSON_IsObject(run->config)) {
        return mu_fail(err, MU_IO, path_of(path, run, "config.json"), "expected a JSON object");
    }
    MU_TRY(read_json(run, "summary.json", &run->summary, err));
    MU_TRY(read_json(run, "status.json", &run->status, err));
    MU_TRY(mu_lines_read(path_of(path, run, "metrics.jsonl"), take_evaluation, &run->metrics, err));
    mu_table_thin(&run->metrics, rows);
    MU_TRY(mu_steps_read(&run->steps, path_of(path, run, "steps.jsonl"), err));
    MU_TRY(mu_jobs_read(&run->jobs, path_of(path, run, "trace.jsonl"), jobs, err));
    MU_TRY(take_participation(run, err));
    mu_table_thin(&run->clients, CLIENTS);
    MU_TRY(read_csv(run, "clients.csv", &run->fairness, err));
    MU_TRY(read_csv(run, "partition.csv", &run->classes, err));
    mu_table_thin(&run->classes, CLASSES_OF);
    return MU_OK;
}

void mu_report_run_clear(struct mu_report_run *run) {
    cJSON_Delete(run->config);
    cJSON_Delete(run->summary);
    cJSON_Delete(run->status);
    mu_table_clear(&run->metrics);
    mu_table_clear(&run->steps.rounds);
    mu_table_clear(&run->jobs.shown);
    mu_table_clear(&run->clients);
    mu_table_clear(&run->fairness);
    mu_table_clear(&run->classes);
}
