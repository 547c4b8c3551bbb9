#include "rung_file.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <cJSON.h>

#include "muster/base/file.h"
#include "muster/base/mem.h"
#include "muster/config/json.h"
#include "study_impl.h"

#define RECORD "rungs.json"

const char *const mu_rung_metrics[] = {
    [MU_RUNG_ACCURACY] = "test_accuracy", [MU_RUNG_TEST_LOSS] = "test_loss", [MU_RUNG_TRAIN_LOSS] = "train_loss", NULL};

static void copy(cJSON *to, const cJSON *from, const char *key) {
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(from, key);
    cJSON_AddItemToObject(to, key, value != NULL ? cJSON_Duplicate(value, true) : cJSON_CreateNull());
}

/* A run's last evaluation, and what it has spent. */
static cJSON *make_entry(const cJSON *summary) {
    const cJSON *final = cJSON_GetObjectItemCaseSensitive(summary, "final");
    const cJSON *total = cJSON_GetObjectItemCaseSensitive(summary, "total");
    cJSON *entry = cJSON_CreateObject();
    copy(entry, final, "step");
    copy(entry, final, "time_s");
    for (size_t i = 0; mu_rung_metrics[i] != NULL; i++) {
        copy(entry, final, mu_rung_metrics[i]);
    }
    cJSON_AddNumberToObject(entry, "bytes", mu_number_in(total, "bytes_up", 0) + mu_number_in(total, "bytes_down", 0));
    copy(entry, cJSON_GetObjectItemCaseSensitive(summary, "privacy"), "epsilon");
    return entry;
}

static struct mu_standing read_entry(const cJSON *entry, int metric) {
    const double value = mu_number_in(entry, mu_rung_metrics[metric], NAN);
    return (struct mu_standing){
        .score = metric == MU_RUNG_ACCURACY ? value : -value,
        .time_s = mu_number_in(entry, "time_s", INFINITY),
        .bytes = mu_number_in(entry, "bytes", INFINITY),
        .epsilon = mu_number_in(entry, "epsilon", INFINITY),
    };
}

int mu_rung_file_note(const char *place, size_t rung, struct mu_err *err) {
    char path[4700], *text = NULL;
    cJSON *record = mu_point_json(place, RECORD);
    record = record != NULL ? record : cJSON_CreateArray();
    int code = MU_OK;
    if ((size_t)cJSON_GetArraySize(record) == rung) {
        cJSON *summary = mu_point_json(place, "summary.json");
        cJSON_AddItemToArray(record, make_entry(summary));
        cJSON_Delete(summary);
        snprintf(path, sizeof path, "%s/%s", place, RECORD);
        code = mu_json_print(record, &text, err);
        code = code != MU_OK ? code : mu_file_replace(path, text, strlen(text), err);
    }
    mu_free(text);
    cJSON_Delete(record);
    return code;
}

size_t mu_rung_file_count(const char *place) {
    cJSON *record = mu_point_json(place, RECORD);
    const size_t n = (size_t)cJSON_GetArraySize(record);
    cJSON_Delete(record);
    return n;
}

size_t mu_rung_file_read(const char *place, int metric, size_t most, struct mu_standing *at) {
    cJSON *record = most > 0 ? mu_point_json(place, RECORD) : NULL, *entry;
    size_t n = 0;
    cJSON_ArrayForEach(entry, record) {
        if (n < most) {
            at[n++] = read_entry(entry, metric);
        }
    }
    cJSON_Delete(record);
    return n;
}

bool mu_rung_file_end(const char *place, int metric, struct mu_standing *end) {
    char state[16];
    int code = 0;
    mu_point_state(place, state, &code);
    const bool failed = strcmp(state, "failed") == 0;
    if (!failed && strcmp(state, "done") != 0) {
        return false;
    }
    cJSON *summary = mu_point_json(place, "summary.json"), *entry = make_entry(summary);
    *end = read_entry(entry, metric);
    end->diverged = failed && code == MU_DIVERGED;
    end->absent = failed && code != MU_DIVERGED;
    cJSON_Delete(summary);
    cJSON_Delete(entry);
    return true;
}
