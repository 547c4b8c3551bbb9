/* What the tests of codes share: building a kind by its options as JSON, and sets of workers. */
#ifndef MUSTER_TESTS_CODES_H
#define MUSTER_TESTS_CODES_H

#include "support.h"

#include <cJSON.h>

#include "muster/base/mem.h"
#include "muster/base/rng.h"
#include "muster/coding/attack.h"

/* A holder for one choice, as a strategy has it. */
struct code_holder {
    struct mu_choice code;
};
static const struct mu_field code_fields[] = {MU_CODE_FIELD(struct code_holder, code), {0}};
static const struct mu_group code_group = {code_fields, sizeof(struct code_holder), NULL};

/* The code of {"kind": ..., ...}, or NULL with err. */
static inline struct mu_coding *build_code(const char *json, uint32_t n, int64_t s, uint64_t seed, struct mu_err *err) {
    struct code_holder holder = {0};
    struct mu_coding *coding = NULL;
    cJSON *object = cJSON_CreateObject();
    cJSON *code = cJSON_Parse(json);
    assert_non_null(code);
    cJSON_AddItemToObject(object, "code", code);
    if (mu_group_parse(&code_group, object, "test", "", &holder, err) == MU_OK) {
        const struct mu_code_request request = {&holder.code, n, s, seed, "test: /code"};
        mu_coding_new(&coding, &request, err);
    }
    mu_group_clear(&code_group, &holder);
    cJSON_Delete(object);
    return coding;
}

/* The same, which must succeed. */
static inline struct mu_coding *must_build(const char *json, uint32_t n, int64_t s, uint64_t seed) {
    struct mu_err err = {0};
    struct mu_coding *coding = build_code(json, n, s, seed, &err);
    if (coding == NULL) {
        fail_msg("%s: %s", err.place, err.text);
    }
    return coding;
}

enum { CODE_WORDS = 16 }; /* sets of up to 1024 workers */

/* All n workers but s of them: k, k + 1, ... (contiguous), or random ones. */
static inline void all_but(uint64_t *arrived, uint32_t n, uint32_t s, uint32_t k, struct mu_rng *rng) {
    uint32_t order[64 * CODE_WORDS];
    for (uint32_t i = 0; i < n; i++) {
        order[i] = (i + k) % n;
    }
    if (rng != NULL) {
        mu_rng_shuffle(rng, n, order);
    }
    mu_bits_clear(arrived, mu_bits_words(n));
    for (uint32_t i = s; i < n; i++) {
        mu_bits_add(arrived, order[i]);
    }
}

#endif
