/* Labels of tables become classes; rows are held out by the seed. */
#include "unit/data/helper.h"

#include "muster/base/mem.h"
#include "read/table.h"

static size_t number_classes(const char *const *text, size_t n, uint32_t *id, struct mu_err *err) {
    struct mu_labels labels = {.task = MU_TABLE_CLASSIFICATION};
    const struct mu_lines lines = {.line = 3};
    size_t classes = 0;
    for (size_t i = 0; i < n; i++) {
        mu_labels_add(&labels, &lines, text[i], strlen(text[i]), err);
    }
    if (mu_labels_finish(&labels, "table", &classes, err) == MU_OK) {
        memcpy(id, labels.id, n * sizeof *id);
    }
    mu_labels_clear(&labels);
    return classes;
}

static void numbers_are_classes_in_their_order(void **state) {
    (void)state;
    static const char *const text[] = {"+1", "-1", "10", "1", "9", "1.0"};
    static const uint32_t expected[] = {1, 0, 3, 1, 2, 1};
    uint32_t id[6];
    struct mu_err err = {0};
    assert_int_equal(number_classes(text, 6, id, &err), 4);
    assert_memory_equal(id, expected, sizeof id);
}

static void words_are_classes_in_byte_order(void **state) {
    (void)state;
    static const char *const text[] = {"virginica", "setosa", "10", "9", "setosa"};
    static const uint32_t expected[] = {3, 2, 0, 1, 2};
    uint32_t id[5];
    struct mu_err err = {0};
    assert_int_equal(number_classes(text, 5, id, &err), 4);
    assert_memory_equal(id, expected, sizeof id);
}

static void one_class_is_an_error(void **state) {
    (void)state;
    static const char *const text[] = {"1", "+1", "1.0"};
    uint32_t id[3];
    struct mu_err err = {0};
    number_classes(text, 3, id, &err);
    support_expect_error(&err, MU_BAD_CONFIG, "table", "all labels are the same");
}

static void too_many_classes_are_taken_for_a_regression(void **state) {
    (void)state;
    struct mu_labels labels = {.task = MU_TABLE_CLASSIFICATION};
    const struct mu_lines lines = {.line = 3};
    struct mu_err err = {0};
    int rc = MU_OK;
    size_t n = 0;
    for (; n < 100000 && rc == MU_OK; n++) {
        char text[16];
        const int length = snprintf(text, sizeof text, "%zu.5", n);
        rc = mu_labels_add(&labels, &lines, text, (size_t)length, &err);
    }
    assert_int_equal(n, 65537);
    assert_non_null(strstr(err.help, "regression"));
    support_expect_error(&err, MU_BAD_CONFIG, ":3", "more than 65536 different labels");
    mu_labels_clear(&labels);
}

static void a_fraction_is_held_out_by_the_seed(void **state) {
    (void)state;
    struct mu_split first = {0}, second = {0}, other = {0};
    struct mu_load call = {.seed = 1, .file = "test.json"};
    struct mu_err err = {0};
    assert_int_equal(mu_split_new(&first, 101, 0, false, 0.25, &call, "table", &err), MU_OK);
    assert_int_equal(mu_split_new(&second, 101, 0, false, 0.25, &call, "table", &err), MU_OK);
    call.seed = 2;
    assert_int_equal(mu_split_new(&other, 101, 0, false, 0.25, &call, "table", &err), MU_OK);
    assert_int_equal(first.train_n, 76);
    assert_int_equal(first.test_n, 25);
    bool seen[101] = {false};
    for (size_t i = 0; i < 101; i++) {
        assert_false(seen[first.row[i]]);
        seen[first.row[i]] = true;
        assert_true(i == 0 || i == 76 || first.row[i] > first.row[i - 1]);
    }
    assert_memory_equal(first.row, second.row, 101 * sizeof *first.row);
    assert_memory_not_equal(first.row, other.row, 101 * sizeof *first.row);
    mu_free(first.row);
    mu_free(second.row);
    mu_free(other.row);
}

static void a_test_file_is_the_test_part(void **state) {
    (void)state;
    struct mu_split split = {0};
    const struct mu_load call = {.file = "test.json"};
    struct mu_err err = {0};
    assert_int_equal(mu_split_new(&split, 3, 2, true, 0.9, &call, "table", &err), MU_OK);
    assert_int_equal(split.train_n, 3);
    for (uint32_t i = 0; i < 5; i++) {
        assert_int_equal(split.row[i], i);
    }
    mu_free(split.row);
    mu_split_new(&split, 0, 0, false, 0.5, &call, "table", &err);
    support_expect_error(&err, MU_BAD_CONFIG, "table", "no rows");
    mu_split_new(&split, 3, 0, true, 0.5, &call, "table", &err);
    support_expect_error(&err, MU_BAD_CONFIG, "table", "no rows");
    mu_split_new(&split, 2, 0, false, 1, &call, "table", &err);
    support_expect_error(&err, MU_BAD_CONFIG, "/data/test_fraction", "no row of 2 is left");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_classes_in_their_order),
        cmocka_unit_test(words_are_classes_in_byte_order),
        cmocka_unit_test(one_class_is_an_error),
        cmocka_unit_test(too_many_classes_are_taken_for_a_regression),
        cmocka_unit_test(a_fraction_is_held_out_by_the_seed),
        cmocka_unit_test(a_test_file_is_the_test_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
