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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_found_by_their_exact_name),
        cmocka_unit_test(clearing_releases_everything_and_may_be_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
