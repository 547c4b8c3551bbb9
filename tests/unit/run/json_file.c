#include "support_run.h"

#include "json_file.h"

static cJSON *example(void) {
    cJSON *const json = cJSON_CreateObject();
    mu_json_add_real(json, "third", 1.0 / 3);
    mu_json_add_real(json, "none", NAN);
    mu_json_add_real(json, "far", -INFINITY);
    cJSON_AddStringToObject(json, "name", "a \"quoted\" name");
    return json;
}

static void an_object_is_written_and_read_back(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    assert_int_equal(mu_json_file_write(scratch, "x.json", example(), &err), MU_OK);
    cJSON *const json = run_json("x.json");
    assert_true(run_number(json, "third") == 1.0 / 3); /* to the bit, unlike cJSON's own printing */
    assert_true(run_is_null(json, "none"));
    assert_true(run_is_null(json, "far"));
    assert_string_equal(run_string(json, "name"), "a \"quoted\" name");
    cJSON_Delete(json);
}

static void what_cannot_be_written_is_an_error(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    assert_int_equal(mu_json_file_write("/proc/none", "x.json", example(), &err), MU_IO);
    support_expect_error(&err, MU_IO, "/proc/none/x.json", "");
    assert_int_equal(mu_json_file_write(scratch, "x.json", NULL, &err), MU_RANK_FAILED);
    support_expect_error(&err, MU_RANK_FAILED, "x.json", "out of memory");
    assert_false(run_exists("x.json"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_object_is_written_and_read_back, run_set_up, run_tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_written_is_an_error, run_set_up, run_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
