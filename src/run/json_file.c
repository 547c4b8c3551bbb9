#include "json_file.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <cJSON.h>

#include "muster/base/file.h"
#include "muster/base/mem.h"
#include "muster/config/json.h"

const char *mu_result_path(char path[static 4400], const char *directory, const char *name) {
    snprintf(path, 4400, "%s/%s", directory, name);
    return path;
}

int mu_json_file_write(const char *directory, const char *name, cJSON *json, struct mu_err *err) {
    char path[4400];
    mu_result_path(path, directory, name);
    if (json == NULL) {
        return mu_fail(err, MU_RANK_FAILED, path, "out of memory");
    }
    char *text = NULL;
    int code = mu_json_print(json, &text, err);
    cJSON_Delete(json);
    if (code == MU_OK) {
        code = mu_file_publish(path, text, strlen(text), err);
    }
    mu_free(text);
    return code;
}

void mu_json_add_real(cJSON *json, const char *key, double value) {
    if (isfinite(value)) {
        cJSON_AddNumberToObject(json, key, value);
    } else {
        cJSON_AddNullToObject(json, key);
    }
}

void mu_json_add_text(cJSON *json, const char *key, const char *text) {
    if (text != NULL) {
        cJSON_AddStringToObject(json, key, text);
    }
}
