#include "support.h"

#include <math.h>

#include "muster/base/file.h"
#include "table.h"

static char dir[256];
static char path[512];

static int set_up(void **state) {
    (void)state;
    support_temp_dir(dir);
    snprintf(path, sizeof path, "%s/lines", dir);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    support_remove_dir(dir);
    return 0;
}

static int add(void *context, const struct cJSON *record, struct mu_err *err) {
    return mu_table_add(context, record, err);
}

static struct mu_table read_text(const char *text, struct mu_err *err) {
    struct mu_table table = {0};
    support_write(path, text, strlen(text));
    mu_lines_read(path, add, &table, err);
    return table;
}

static void numbers_become_columns(void **state) {
    (void)state;
    struct mu_err err = {0};
    struct mu_table t =
        read_text("{\"step\":0,\"loss\":null,\"name\":\"x\",\"model\":[1]}\n{\"step\":2,\"loss\":0.5}\n", &err);
    support_expect_ok(&err);
    assert_int_equal(t.n, 2); /* neither text nor lists */
    assert_int_equal(t.rows, 2);
    assert_true(isnan(mu_table_get(&t, "loss")[0]));
    assert_true(mu_table_get(&t, "loss")[1] == 0.5);
    assert_true(mu_table_get(&t, "step")[1] == 2);
    assert_null(mu_table_get(&t, "name"));
    mu_table_clear(&t);
    assert_int_equal(t.n, 0);
}

static void a_column_that_comes_late_is_not_known_before(void **state) {
    (void)state;
    struct mu_err err = {0};
    struct mu_table t = read_text("{\"a\":1}\n{\"a\":2,\"epsilon\":3}\n{\"epsilon\":4}\n", &err);
    const double *epsilon = mu_table_get(&t, "epsilon"), *a = mu_table_get(&t, "a");
    assert_true(isnan(epsilon[0]) && epsilon[1] == 3 && epsilon[2] == 4);
    assert_true(a[0] == 1 && a[1] == 2 && isnan(a[2]));
    mu_table_clear(&t);
}

static void half_a_line_at_the_end_is_left_out(void **state) {
    (void)state;
    struct mu_err err = {0};
    struct mu_table t = read_text("{\"a\":1}\n{\"a\":2", &err);
    support_expect_ok(&err);
    assert_int_equal(t.rows, 1);
    mu_table_clear(&t);
}

static void any_other_line_that_is_no_object_is_named(void **state) {
    (void)state;
    static const char *const texts[] = {"{\"a\":1}\nwhat\n{\"a\":2}\n", "{\"a\":1}\n[1]\n", "{\"a\":1}\n\n"};
    for (size_t i = 0; i < 3; i++) {
        struct mu_err err = {0};
        struct mu_table t = read_text(texts[i], &err);
        support_expect_error(&err, MU_IO, "lines:2", "expected a JSON object");
        mu_table_clear(&t);
    }
}

static void no_file_is_no_lines(void **state) {
    (void)state;
    struct mu_err err = {0};
    struct mu_table t = {0};
    assert_int_equal(mu_lines_read("/nowhere/lines", add, &t, &err), MU_OK);
    assert_int_equal(t.rows, 0);
}

static void more_columns_than_there_is_room_for_are_left_out(void **state) {
    (void)state;
    char text[2000] = "{";
    struct mu_err err = {0};
    for (int i = 0; i < 60; i++) {
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s\"c%d\":%d", i > 0 ? "," : "", i, i);
    }
    strcat(text, "}\n");
    struct mu_table t = read_text(text, &err);
    support_expect_ok(&err);
    assert_int_equal(t.n, MU_TABLE_COLUMNS);
    assert_true(mu_table_get(&t, "c47")[0] == 47);
    assert_null(mu_table_get(&t, "c48"));
    mu_table_clear(&t);
}

/* Eleven rows thinned to six: every second, the first and the last among them. */
static void thinning_keeps_both_ends(void **state) {
    (void)state;
    char text[400] = "";
    struct mu_err err = {0};
    for (int i = 0; i < 11; i++) {
        snprintf(text + strlen(text), sizeof text - strlen(text), "{\"a\":%d}\n", i);
    }
    struct mu_table t = read_text(text, &err);
    mu_table_thin(&t, 11);
    assert_int_equal(t.rows, 11);
    mu_table_thin(&t, 6);
    assert_int_equal(t.rows, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_true(mu_table_get(&t, "a")[i] == 2.0 * (double)i);
    }
    mu_table_thin(&t, 2);
    assert_true(mu_table_get(&t, "a")[0] == 0 && mu_table_get(&t, "a")[1] == 10);
    mu_table_clear(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(numbers_become_columns, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_column_that_comes_late_is_not_known_before, set_up, tear_down),
        cmocka_unit_test_setup_teardown(half_a_line_at_the_end_is_left_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(any_other_line_that_is_no_object_is_named, set_up, tear_down),
        cmocka_unit_test(no_file_is_no_lines),
        cmocka_unit_test_setup_teardown(more_columns_than_there_is_room_for_are_left_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(thinning_keeps_both_ends, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
