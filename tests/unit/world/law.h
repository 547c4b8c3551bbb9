/* Laws from JSON text, for the tests of this layer. */
#ifndef MUSTER_TESTS_WORLD_LAW_H
#define MUSTER_TESTS_WORLD_LAW_H

#include "support.h"

#include <cjson/cJSON.h>

#include "muster/config/json.h"
#include "muster/world/distribution.h"

/* A law with the config that it borrows from. */
struct test_law {
    struct mu_choice choice;
    struct mu_law law;
    struct mu_law_scope scope;
};

static const struct mu_field test_law_fields[] = {
    {"x", MU_CHOICE, MU_OPTION, 0, "", 0, 0, NULL, "a law", &mu_distributions, false},
    {0},
};
static const struct mu_group test_law_group = {test_law_fields, sizeof(struct mu_choice), NULL};

/* `text` is the JSON of the law. */
static inline int test_law_parse(struct test_law *t, const char *text, uint32_t clients, uint64_t seed,
                                 struct mu_err *err) {
    *t = (struct test_law){.scope = {.file = "test.json", .pointer = "/x", .seed = seed, .clients = clients}};
    char object[1024];
    snprintf(object, sizeof object, "{\"x\": %s}", text);
    struct cJSON *json = cJSON_Parse(object);
    if (json == NULL) {
        fail_msg("not JSON: %s", object);
    }
    const int rc = mu_group_parse(&test_law_group, json, "test.json", "", &t->choice, err);
    cJSON_Delete(json);
    if (rc != MU_OK) {
        return rc;
    }
    return mu_law_init(&t->law, &t->choice, &t->scope, err);
}

static inline void test_law_clear(struct test_law *t) {
    mu_law_clear(&t->law);
    mu_group_clear(&test_law_group, &t->choice);
}

static inline void test_law_new(struct test_law *t, const char *text, uint32_t clients) {
    struct mu_err err = {0};
    test_law_parse(t, text, clients, 7, &err);
    support_expect_ok(&err);
}

#endif
