/* trace.jsonl: what each client did when. */
#include <string.h>

#include <cJSON.h>

#include "report_impl.h"

struct reader {
    struct mu_jobs *jobs;
    size_t most;
};

/* The order is that of the legend in timeline.js. */
static double status_number(const cJSON *record) {
    static const char *const names[] = {"used", "late", "dropped", "failed"};
    const cJSON *status = cJSON_GetObjectItemCaseSensitive(record, "status");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (cJSON_IsString(status) && strcmp(status->valuestring, names[i]) == 0) {
            return (double)i;
        }
    }
    return 2;
}

static int take_job(void *context, const cJSON *record, struct mu_err *err) {
    struct reader *reader = context;
    if (cJSON_HasObjectItem(record, "event") || !cJSON_HasObjectItem(record, "dispatch_s")) {
        return MU_OK;
    }
    if (reader->jobs->total++ >= reader->most) {
        return MU_OK;
    }
    static const char *const keys[] = {"client", "dispatch_s", "arrive_s", "end_s", "step"};
    cJSON *row = cJSON_CreateObject();
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(record, keys[i]);
        if (cJSON_IsNumber(value)) {
            cJSON_AddNumberToObject(row, keys[i], value->valuedouble);
        } else {
            cJSON_AddNullToObject(row, keys[i]);
        }
    }
    cJSON_AddNumberToObject(row, "status", status_number(record));
    const int rc = row == NULL ? mu_fail(err, MU_RANK_FAILED, NULL, "out of memory")
                               : mu_table_add(&reader->jobs->shown, row, err);
    cJSON_Delete(row);
    return rc;
}

int mu_jobs_read(struct mu_jobs *jobs, const char *path, size_t most, struct mu_err *err) {
    struct reader reader = {.jobs = jobs, .most = most};
    return mu_lines_read(path, take_job, &reader, err);
}
