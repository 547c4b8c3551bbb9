#include "support_study.h"

static void rows_are_found_by_their_group_in_their_order(void **state) {
    (void)state;
    struct mu_results sorted;
    struct mu_err err = {0};
    cJSON *rows =
        study_json("[{\"group\":\"b\",\"i\":0},{\"group\":\"a\",\"i\":1},{\"group\":\"b\",\"i\":2},{\"group\":\"ab\","
                   "\"i\":3},{\"i\":4},{\"group\":\"b\",\"i\":5}]");
    static const struct {
        const char *group;
        size_t n;
        int first, last;
    } cases[] = {{"a", 1, 1, 1}, {"ab", 1, 3, 3}, {"b", 3, 0, 5}, {"", 1, 4, 4}, {"c", 0, 0, 0}, {"aa", 0, 0, 0}};
    assert_int_equal(mu_results_sort(rows, &sorted, &err), MU_OK);
    assert_int_equal(sorted.n, 6);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t n = 99;
        const struct mu_result *row = mu_results_of(&sorted, cases[i].group, &n);
        assert_int_equal(n, cases[i].n);
        if (n > 0) {
            assert_int_equal(cJSON_GetObjectItemCaseSensitive(row[0].row, "i")->valueint, cases[i].first);
            assert_int_equal(cJSON_GetObjectItemCaseSensitive(row[n - 1].row, "i")->valueint, cases[i].last);
        }
    }
    mu_free(sorted.row);
    cJSON_Delete(rows);
}

static void no_rows_are_no_error(void **state) {
    (void)state;
    struct mu_results sorted;
    struct mu_err err = {0};
    size_t n = 99;
    cJSON *rows = study_json("[]");
    assert_int_equal(mu_results_sort(rows, &sorted, &err), MU_OK);
    (void)mu_results_of(&sorted, "a", &n);
    assert_int_equal(n, 0);
    mu_free(sorted.row);
    cJSON_Delete(rows);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_found_by_their_group_in_their_order),
        cmocka_unit_test(no_rows_are_no_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
