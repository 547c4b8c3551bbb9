/* The config's way from a file's bytes to typed values, --set included: nothing may crash or leak, and what was
 * accepted must be echoed as a config that is accepted again and echoes the same text. The input is JSON, optionally
 * followed by a NUL byte and one --set assignment. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "../unit/config/sample.h"
#include "muster/base/mem.h"
#include "muster/config/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The resolved config as text, or NULL if the parser refuses; a refusal must leave nothing behind and say why. */
static char *resolve(const cJSON *json) {
    static const struct sample zero;
    struct sample sample;
    struct mu_err err = {0};
    if (mu_group_parse(&sample_group, json, "fuzz", "", &sample, &err) != MU_OK) {
        if (err.code == MU_OK || err.text[0] == '\0' || memcmp(&sample, &zero, sizeof zero) != 0) {
            abort();
        }
        return NULL;
    }
    cJSON *echo = mu_group_json(&sample_group, &sample);
    mu_group_clear(&sample_group, &sample);
    char *text = NULL;
    if (echo == NULL || mu_json_print(echo, &text, NULL) != MU_OK) {
        abort();
    }
    cJSON_Delete(echo);
    return text;
}

static void round_trip(const cJSON *json) {
    char *first = resolve(json);
    if (first == NULL) {
        return;
    }
    cJSON *again = NULL;
    if (mu_json_parse("echo", first, strlen(first), &again, NULL) != MU_OK) {
        abort();
    }
    char *second = resolve(again);
    if (second == NULL || strcmp(first, second) != 0) {
        abort();
    }
    mu_free(second);
    mu_free(first);
    cJSON_Delete(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const uint8_t *nul = size == 0 ? NULL : memchr(data, 0, size);
    const size_t n = nul == NULL ? size : (size_t)(nul - data);
    cJSON *json = NULL;
    struct mu_err err = {0};
    if (mu_json_parse("fuzz", (const char *)data, n, &json, &err) != MU_OK) {
        if (err.code == MU_OK || err.place[0] == '\0' || err.text[0] == '\0') {
            abort();
        }
        return 0;
    }
    round_trip(json);
    if (nul != NULL) {
        /* The assignment must end in a NUL of its own. */
        const size_t length = size - n - 1;
        char *assignment = calloc(1, length + 1);
        memcpy(assignment, nul + 1, length);
        if (mu_json_set(json, assignment, NULL) == MU_OK) {
            round_trip(json);
        }
        free(assignment);
    }
    cJSON_Delete(json);
    return 0;
}
