/* LIBSVM text: sparse rows become dense ones; errors name the line. */
#include "unit/data/files.h"

static char dir[256];

static int set_up(void **state) {
    (void)state;
    support_temp_dir(dir);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    support_remove_dir(dir);
    return 0;
}

static const char text[] = "# a comment\n+1 1:0.5 3:-2\n-1 2:1e-3 # the second\r\n\n+1\n-1 \t4:7 \n";

static void what_is_not_given_is_zero(void **state) {
    (void)state;
    static const char *const names[] = {"a", "a.gz"};
    static const float expected[] = {0.5f, 0, -2, 0, 0, 1e-3f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7};
    static const int32_t labels[] = {1, 0, 1, 0};
    for (size_t k = 0; k < 2; k++) {
        struct opened opened;
        const struct mu_data *const data =
            open_data(&opened, 1, "{'source': 'libsvm', 'path': '%s', 'test_fraction': 0, 'clients': 1}",
                      put_text(dir, names[k], text));
        const struct mu_rows rows = client_rows(data, 0);
        assert_int_equal(rows.n, 4);
        assert_int_equal(rows.width, 4);
        assert_int_equal(mu_data_task(data)->classes, 2);
        assert_memory_equal(rows.x, expected, sizeof expected);
        assert_memory_equal(rows.label, labels, sizeof labels);
        close_data(&opened);
    }
}

static void the_test_file_may_widen_the_rows_and_features_fixes_them(void **state) {
    (void)state;
    struct opened opened;
    const char *const train = put_text(dir, "train", "1.5 1:1\n-2 2:1\n"), *const test = put_text(dir, "test", "3 5:1");
    const struct mu_data *data = open_data(
        &opened, 1, "{'source': 'libsvm', 'path': '%s', 'test_path': '%s', 'task': 'regression', 'clients': 1}", train,
        test);
    assert_int_equal(mu_data_task(data)->kind, MU_REGRESSION);
    assert_int_equal(mu_data_task(data)->features, 5);
    assert_true(client_rows(data, 0).target[0] == 1.5 && client_rows(data, 0).target[1] == -2);
    assert_true(mu_data_test(data)->target[0] == 3);
    assert_true(((const float *)mu_data_test(data)->x)[4] == 1);
    close_data(&opened);
    data = open_data(&opened, 1, "{'source': 'libsvm', 'path': '%s', 'features': 9, 'test_fraction': 0, 'clients': 1}",
                     train);
    assert_int_equal(mu_data_task(data)->features, 9);
    close_data(&opened);
}

static void expect_bad_text(const char *bad, const char *options, const char *place, const char *what) {
    expect_bad_data(place, what, "{'source': 'libsvm', 'path': '%s', 'clients': 1%s}", put_text(dir, "bad", bad),
                    options);
}

static void errors_name_the_line(void **state) {
    (void)state;
    expect_bad_text("1 1:1\nx 1:1\n", "", "bad:2", "the label \"x\" is not a number");
    expect_bad_text("1 1:1\n1 2\n", "", "bad:2", "\"2\" is not index:value");
    expect_bad_text("1 1:1\n1 0:1\n", "", "bad:2", "the index \"0\" is not an integer from 1");
    expect_bad_text("1 1:1\n1 1.5:1\n", "", "bad:2", "the index \"1.5\" is not an integer from 1");
    expect_bad_text("1 1:1\n1 2:1 2:1\n", "", "bad:2", "the index 2 does not ascend");
    expect_bad_text("1 1:1\n1 2:x\n", "", "bad:2", "the value \"x\" is not a number");
    expect_bad_text("1 1:1\n1 2:1e39\n", "", "bad:2", "is not a number");
    expect_bad_text("1 1:1\n1 3:1\n", ", 'features': 2", "bad:2", "the index 3 is above 2");
    expect_bad_text("1 1:1\n1 100000001:1\n", "", "bad:2", "is above 100000000");
    expect_bad_text("1\n2\n", "", "bad", "no row has a feature");
    expect_bad_text("# nothing\n", "", "bad", "no rows");
    const char *const nul = put_file(dir, "nul", "1 1:1\0 2:1\n", 11);
    expect_bad_data("nul:1", "a NUL byte", "{'source': 'libsvm', 'path': '%s'}", nul);
}

static void rows_that_do_not_fit_this_host_are_refused(void **state) {
    (void)state;
    enum { N = 20000 };
    char *const many = malloc(N * 16);
    size_t at = 0;
    for (int i = 0; i < N; i++) {
        at += (size_t)sprintf(many + at, "%d 1:1\n", i % 2);
    }
    /* 20,000 rows of 1e8 float32 are 7451 GiB. */
    expect_bad_data("many", "this host has", "{'source': 'libsvm', 'path': '%s', 'features': 100000000}",
                    put_file(dir, "many", many, at));
    free(many);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_given_is_zero),
        cmocka_unit_test(the_test_file_may_widen_the_rows_and_features_fixes_them),
        cmocka_unit_test(errors_name_the_line),
        cmocka_unit_test(rows_that_do_not_fit_this_host_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
