/* What the tests of this layer share: parsing a text into the sample, and looking at errors. */
#ifndef MUSTER_TESTS_CONFIG_HARNESS_H
#define MUSTER_TESTS_CONFIG_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <cjson/cJSON.h>

#include "muster/base/mem.h"
#include "muster/config/json.h"
#include "sample.h"

static inline cJSON *json_of(const char *text) {
    struct mu_err err = {0};
    cJSON *json = NULL;
    const int rc = mu_json_parse("t.json", text, strlen(text), &json, &err);
    if (rc != MU_OK) {
        fail_msg("%s: %s: %s", text, err.place, err.text);
    }
    return json;
}

/* Parses the sample; *out is the caller's to clear if the result is MU_OK. */
static inline int parse_sample(const char *text, struct sample *out, struct mu_err *err) {
    cJSON *json = json_of(text);
    *err = (struct mu_err){0};
    const int rc = mu_group_parse(&sample_group, json, "t.json", "", out, err);
    cJSON_Delete(json);
    return rc;
}

/* The text is refused with exactly this message; `help` may be NULL if it does not matter. */
static inline void assert_refused(const char *text, const char *place, const char *message, const char *help) {
    struct sample sample;
    struct mu_err err = {0};
    const int rc = parse_sample(text, &sample, &err);
    if (rc == MU_OK) {
        mu_group_clear(&sample_group, &sample);
        fail_msg("accepted: %s", text);
    }
    assert_int_equal(rc, MU_BAD_CONFIG);
    assert_int_equal(err.code, MU_BAD_CONFIG);
    assert_string_equal(err.place, place);
    assert_string_equal(err.text, message);
    if (help != NULL) {
        assert_string_equal(err.help, help);
    }
    const struct sample zero = {0};
    assert_memory_equal(&sample, &zero, sizeof zero);
}

#endif
