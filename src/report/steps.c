/* steps.jsonl: how stale the updates were, and what each round waited for. */
#include <math.h>
#include <string.h>

#include <cJSON.h>

#include "report_impl.h"

/* More are thinned: a picture has no more columns of pixels. */
enum { ROUNDS = 1500 };

static void count_staleness(struct mu_steps *steps, const cJSON *record) {
    const cJSON *entry = NULL;
    cJSON_ArrayForEach(entry, cJSON_GetObjectItemCaseSensitive(record, "staleness")) {
        const double s = entry->valuedouble;
        if (!cJSON_IsNumber(entry) || !(s >= 0)) {
            continue;
        }
        const size_t bin = s < MU_STALENESS_BINS - 1 ? (size_t)s : MU_STALENESS_BINS - 1;
        steps->staleness[bin]++;
        steps->bins = bin + 1 > steps->bins ? bin + 1 : steps->bins;
    }
}

/* A list of workers that were waited for counts; a truth value is 0 or 1. */
static double as_number(const cJSON *value) {
    return cJSON_IsArray(value)    ? (double)cJSON_GetArraySize(value)
           : cJSON_IsTrue(value)   ? 1
           : cJSON_IsFalse(value)  ? 0
           : cJSON_IsNumber(value) ? value->valuedouble
                                   : NAN;
}

static int add_round(struct mu_steps *steps, const cJSON *record, struct mu_err *err) {
    static const char *const keys[] = {"step",    "time_s", "fastest_s", "deadline_s",
                                       "round_s", "waited", "late",      "residual"};
    cJSON *row = cJSON_CreateObject();
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(record, keys[i]);
        if (value != NULL && !cJSON_IsString(value)) {
            cJSON_AddNumberToObject(row, keys[i], as_number(value));
        }
    }
    const int rc =
        row == NULL ? mu_fail(err, MU_RANK_FAILED, NULL, "out of memory") : mu_table_add(&steps->rounds, row, err);
    cJSON_Delete(row);
    return rc;
}

static int take_step(void *context, const cJSON *record, struct mu_err *err) {
    struct mu_steps *steps = context;
    count_staleness(steps, record);
    if (cJSON_HasObjectItem(record, "deadline_s") || cJSON_HasObjectItem(record, "waited") ||
        cJSON_HasObjectItem(record, "round_s")) {
        return add_round(steps, record, err);
    }
    return MU_OK;
}

int mu_steps_read(struct mu_steps *steps, const char *path, struct mu_err *err) {
    MU_TRY(mu_lines_read(path, take_step, steps, err));
    mu_table_thin(&steps->rounds, ROUNDS);
    return MU_OK;
}
