/* mu_json_set: --set path=value. */
#include "harness.h"

static const char *const original = "{\"a\": {\"b\": 1, \"c\": [10, 20, {\"d\": 0}]}, \"e.f\": 1, \"n\": null}";

/* After the assignment, the tree reads as `expected`. */
static void assert_set(const char *assignment, const char *expected) {
    cJSON *json = json_of(original);
    struct mu_err err = {0};
    if (mu_json_set(json, assignment, &err) != MU_OK) {
        fail_msg("%s: %s", err.place, err.text);
    }
    cJSON *want = json_of(expected);
    if (!cJSON_Compare(json, want, true)) {
        fail_msg("%s gives %s", assignment, cJSON_PrintUnformatted(json));
    }
    cJSON_Delete(want);
    cJSON_Delete(json);
}

static void paths_reach_members_and_elements(void **state) {
    (void)state;
    assert_set("a.b=2", "{\"a\": {\"b\": 2, \"c\": [10, 20, {\"d\": 0}]}, \"e.f\": 1, \"n\": null}");
    assert_set("/a/b=2", "{\"a\": {\"b\": 2, \"c\": [10, 20, {\"d\": 0}]}, \"e.f\": 1, \"n\": null}");
    assert_set("a.c.1=7", "{\"a\": {\"b\": 1, \"c\": [10, 7, {\"d\": 0}]}, \"e.f\": 1, \"n\": null}");
    assert_set("a.c.2.d=7", "{\"a\": {\"b\": 1, \"c\": [10, 20, {\"d\": 7}]}, \"e.f\": 1, \"n\": null}");
    assert_set("/a/c/-=30", "{\"a\": {\"b\": 1, \"c\": [10, 20, {\"d\": 0}, 30]}, \"e.f\": 1, \"n\": null}");
    assert_set("/e.f=2", "{\"a\": {\"b\": 1, \"c\": [10, 20, {\"d\": 0}]}, \"e.f\": 2, \"n\": null}");
    assert_set("a=3", "{\"a\": 3, \"e.f\": 1, \"n\": null}");
}

static void missing_objects_are_made(void **state) {
    (void)state;
    assert_set("x.y.z=1", "{\"a\": {\"b\": 1, \"c\": [10, 20, {\"d\": 0}]}, \"e.f\": 1, \"n\": null,"
                          " \"x\": {\"y\": {\"z\": 1}}}");
    assert_set("n.y=1", "{\"a\": {\"b\": 1, \"c\": [10, 20, {\"d\": 0}]}, \"e.f\": 1, \"n\": {\"y\": 1}}");
    assert_set("/p~1q~0=1", "{\"a\": {\"b\": 1, \"c\": [10, 20, {\"d\": 0}]}, \"e.f\": 1, \"n\": null, \"p/q~\": 1}");
    assert_set("/p~01=1", "{\"a\": {\"b\": 1, \"c\": [10, 20, {\"d\": 0}]}, \"e.f\": 1, \"n\": null, \"p~1\": 1}");
    assert_set("a.c.-.d.e=1", "{\"a\": {\"b\": 1, \"c\": [10, 20, {\"d\": 0}, {\"d\": {\"e\": 1}}]}, \"e.f\": 1,"
                              " \"n\": null}");
}

/* The value alone, in an empty object. */
static void assert_value(const char *assignment, const char *expected) {
    cJSON *json = json_of("{}");
    assert_int_equal(mu_json_set(json, assignment, &(struct mu_err){0}), MU_OK);
    cJSON *want = json_of(expected);
    assert_true(cJSON_Compare(json, want, true));
    cJSON_Delete(want);
    cJSON_Delete(json);
}

static void values_are_json_or_else_strings(void **state) {
    (void)state;
    assert_value("v=0.5", "{\"v\": 0.5}");
    assert_value("v=true", "{\"v\": true}");
    assert_value("v=null", "{\"v\": null}");
    assert_value("v=[1, 2]", "{\"v\": [1, 2]}");
    assert_value("v={\"kind\": \"sgd\"}", "{\"v\": {\"kind\": \"sgd\"}}");
    assert_value("v=\"5\"", "{\"v\": \"5\"}");
    assert_value("v=fedavg", "{\"v\": \"fedavg\"}");
    assert_value("v=a=b", "{\"v\": \"a=b\"}");
    assert_value("v=", "{\"v\": \"\"}");
    assert_value("v=01", "{\"v\": \"01\"}");
    assert_value("v=/data/x.csv", "{\"v\": \"/data/x.csv\"}");
}

static void assert_usage(const char *assignment, const char *message) {
    cJSON *json = json_of(original);
    cJSON *before = json_of(original);
    struct mu_err err = {0};
    assert_int_equal(mu_json_set(json, assignment, &err), MU_USAGE);
    if (strstr(err.text, message) == NULL) {
        fail_msg("%s: \"%s\" lacks \"%s\"", assignment, err.text, message);
    }
    assert_int_equal(strncmp(err.place, "--set ", 6), 0);
    assert_true(cJSON_Compare(json, before, true));
    cJSON_Delete(before);
    cJSON_Delete(json);
}

static void mistakes_are_usage_errors_and_change_nothing(void **state) {
    (void)state;
    assert_usage("a.b", "expected path=value");
    assert_usage("=1", "expected path=value");
    assert_usage("", "expected path=value");
    assert_usage("a..b=1", "an empty part");
    assert_usage(".a=1", "an empty part");
    assert_usage("a.=1", "an empty part");
    assert_usage("/=1", "an empty part");
    assert_usage("/a~2=1", "neither ~0 nor ~1");
    assert_usage("/a~=1", "neither ~0 nor ~1");
    assert_usage("a.b.c=1", "\"c\" would be inside 1, which is no object");
    assert_usage("a.c.3=1", "index 3, but the array there has 3 elements");
    assert_usage("a.c.x=1", "no index");
    assert_usage("a.c.01=1", "no index");
    assert_usage("a.c.99999999999999999999=1", "no index");
    assert_usage("a.c.-1=1", "no index");
    assert_usage("a={\"x\": 1", "ends too early");
    assert_usage("a={\"x\": 1, \"x\": 2}", "duplicate key");
    assert_usage("a=\"x", "ends inside the string");
    assert_usage("a=\xFF", "not UTF-8");
}

/* A path of a million parts would build a tree on which recursion overflows the stack. */
static void deep_paths_are_refused(void **state) {
    (void)state;
    enum { PARTS = 1000000 };
    char *text = malloc(2 * PARTS + 2);
    for (size_t i = 0; i < PARTS; i++) {
        memcpy(text + 2 * i, "a.", 2);
    }
    memcpy(text + 2 * PARTS - 1, "=1", 3);
    assert_usage(text, "more than 64 parts");
    memmove(text, text + 2 * (PARTS - 64), 2 * 64 + 2);
    cJSON *json = json_of("{}");
    assert_int_equal(mu_json_set(json, text, &(struct mu_err){0}), MU_OK);
    cJSON_Delete(json);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_reach_members_and_elements),
        cmocka_unit_test(missing_objects_are_made),
        cmocka_unit_test(values_are_json_or_else_strings),
        cmocka_unit_test(mistakes_are_usage_errors_and_change_nothing),
        cmocka_unit_test(deep_paths_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
