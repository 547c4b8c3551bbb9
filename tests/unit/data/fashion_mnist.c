/* The real files, where Debian's dataset-fashion-mnist is installed. */
#include "unit/data/helper.h"

static const char debian_dir[] = "/usr/share/datasets/fashion-mnist";

/* First labels of the published files (ankle boot, T-shirt, T-shirt, dress, T-shirt; ankle boot, pullover, trouser). */
static void the_real_files_load(void **state) {
    (void)state;
    static const int32_t first_train[] = {9, 0, 0, 3, 0}, first_test[] = {9, 2, 1};
    struct opened opened;
    if (access(debian_dir, R_OK) != 0) {
        skip();
    }
    const struct mu_data *const data =
        open_data(&opened, 1, "{'source': 'fashion-mnist', 'path': '%s', 'clients': 1}", debian_dir);
    const struct mu_rows rows = client_rows(data, 0);
    assert_int_equal(rows.n, 60000);
    assert_int_equal(rows.width, 784);
    assert_int_equal(mu_data_task(data)->classes, 10);
    assert_int_equal(mu_data_test(data)->n, 10000);
    assert_memory_equal(rows.label, first_train, sizeof first_train);
    assert_memory_equal(mu_data_test(data)->label, first_test, sizeof first_test);
    size_t count[10] = {0};
    uint64_t sum = 0;
    for (size_t i = 0; i < rows.n; i++) {
        count[rows.label[i]]++;
    }
    for (size_t i = 0; i < rows.n * rows.width; i++) {
        sum += ((const uint8_t *)rows.x)[i];
    }
    for (size_t c = 0; c < 10; c++) {
        assert_int_equal(count[c], 6000);
    }
    /* The data set's published mean pixel is 0.2860 (of 1). */
    assert_true(fabs((double)sum / 255 / 60000 / 784 - 0.2860) < 1e-4);
    assert_int_equal(rows.elem, MU_U8);
    assert_true(rows.scale * 255 == 1.0 && rows.shift == 0);
    close_data(&opened);
}

static void a_missing_data_set_names_the_package_and_both_settings(void **state) {
    (void)state;
    struct opened opened;
    struct mu_err err;
    try_data(&opened, 1, "{\"source\": \"fashion-mnist\", \"path\": \"/nowhere/at/all\"}", &err);
    assert_int_equal(err.code, MU_BAD_CONFIG);
    assert_string_equal(err.place, "/nowhere/at/all");
    assert_non_null(strstr(err.help, "apt-get install dataset-fashion-mnist"));
    assert_non_null(strstr(err.help, "data.path"));
    assert_non_null(strstr(err.help, "MUSTER_DATA"));
    close_data(&opened);
}

static void the_environment_variable_is_used_before_debians_place(void **state) {
    (void)state;
    char dir[256];
    support_temp_dir(dir);
    assert_int_equal(setenv("MUSTER_DATA", dir, 1), 0);
    expect_bad_data(dir, "not all in this directory", "{'source': 'fashion-mnist'}");
    assert_int_equal(unsetenv("MUSTER_DATA"), 0);
    support_remove_dir(dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_real_files_load),
        cmocka_unit_test(a_missing_data_set_names_the_package_and_both_settings),
        cmocka_unit_test(the_environment_variable_is_used_before_debians_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
