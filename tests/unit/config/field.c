/* Finding rows and releasing values. Leaks show in the sanitizer build. */
#include "harness.h"

static void rows_are_found_by_their_exact_name(void **state) {
    (void)state;
    assert_ptr_equal(mu_registry_find(&sample_tools, "saw"), &tool_saw);
    assert_null(mu_registry_find(&sample_tools, "Saw"));
    assert_null(mu_registry_find(&sample_tools, "sa"));
    assert_null(mu_registry_find(&sample_tools, ""));
}

static void clearing_releases_everything_and_may_be_repeated(void **state) {
    (void)state;
    struct sample s;
    struct mu_err err;
    assert_int_equal(parse_sample("{\"tool\": {\"kind\": \"saw\", \"pace\": {\"kind\": \"mixture\", \"of\": 3}},"
                                  " \"targets\": [[1]], \"data\": {\"source\": \"file\", \"path\": \"x\"}}",
                                  &s, &err),
                     MU_OK);
    assert_non_null(s.tool.options);
    mu_group_clear(&sample_group, &s);
    const struct sample zero = {0};
    assert_memory_equal(&s, &zero, sizeof s);
    mu_group_clear(&sample_group, &s);
    const struct mu_group empty = {0};
    mu_group_clear(&empty, &s);
}

struct noted {
    int64_t first, second, state;
    double x;
    uint64_t given;
};
static const struct mu_field noted_fields[] = {
    {.name = "first", .type = MU_INT, .offset = offsetof(struct noted, first), .def = "1", .doc = "a"},
    {.name = "state",
     .type = MU_INT,
     .role = MU_STATE,
     .offset = offsetof(struct noted, state),
     .def = "5",
     .doc = "s"},
    {.name = "second", .type = MU_INT, .offset = offsetof(struct noted, second), .def = "null", .doc = "b"},
    {.name = "x", .type = MU_REAL, .offset = offsetof(struct noted, x), .def = "2", .doc = "c"},
    {0},
};
static const struct mu_group noted_group = {
    .fields = noted_fields, .size = sizeof(struct noted), .given = offsetof(struct noted, given)};

static void what_was_given_is_known(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int first; /* row that was given, -1: none */
    } cases[] = {
        {"{}", -1},        {"{\"second\": null}", -1}, {"{\"first\": 1}", 0},
        {"{\"x\": 2}", 3}, {"{\"second\": 4}", 2},     {"{\"x\": 3, \"second\": 4}", 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct noted values;
        struct mu_err err = {0};
        cJSON *const json = cJSON_Parse(cases[i].text);
        assert_int_equal(mu_group_parse(&noted_group, json, "f", "", &values, &err), MU_OK);
        assert_ptr_equal(mu_group_given(&noted_group, &values),
                         cases[i].first < 0 ? NULL : &noted_fields[cases[i].first]);
        cJSON_Delete(json);
        mu_group_clear(&noted_group, &values);
        assert_null(mu_group_given(&noted_group, &values));
    }
    /* A group that does not keep it knows of nothing. */
    const struct mu_group plain = {.fields = noted_fields, .size = sizeof(struct noted)};
    struct noted values = {.given = 1};
    assert_null(mu_group_given(&plain, &values));
    assert_ptr_equal(mu_group_given(&noted_group, &values), &noted_fields[0]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_found_by_their_exact_name),
        cmocka_unit_test(clearing_releases_everything_and_may_be_repeated),
        cmocka_unit_test(what_was_given_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
