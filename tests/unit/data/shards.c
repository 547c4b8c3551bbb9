/* shards: each client has at most so many runs of the label order. */
#include "unit/data/helper.h"

static size_t count_labels(const struct mu_rows *rows) {
    size_t count[10] = {0}, present = 0;
    for (size_t i = 0; i < rows->n; i++) {
        present += count[rows->label[i]]++ == 0;
    }
    return present;
}

static void a_client_sees_few_classes(void **state) {
    (void)state;
    struct opened opened;
    /* 10 classes of 1000 rows, 200 shards of 50: a shard never crosses a class. */
    const struct mu_data *const data =
        open_data(&opened, 1, "{'source': 'blobs', 'samples': 10000, 'clients': 100, 'partition': {'kind': 'shards'}}");
    size_t two = 0;
    for (uint32_t i = 0; i < 100; i++) {
        const struct mu_rows rows = client_rows(data, i);
        assert_int_equal(rows.n, 100);
        assert_in_range(count_labels(&rows), 1, 2);
        two += count_labels(&rows) == 2;
    }
    /* Two random shards are of one class with probability about 1/10: 90 of 100 +- 5 standard deviations of 3. */
    assert_in_range(two, 75, 100);
    close_data(&opened);
}

static void uneven_shards_differ_by_one_row(void **state) {
    (void)state;
    struct opened opened;
    const struct mu_data *const data = open_data(&opened, 1,
                                                 "{'source': 'blobs', 'samples': 1009, 'clients': 7, 'partition': "
                                                 "{'kind': 'shards', 'shards_per_client': 3}}");
    for (uint32_t i = 0; i < 7; i++) {
        assert_in_range(mu_data_size(data, i), 1009 / 21 * 3, 1009 / 21 * 3 + 3);
    }
    close_data(&opened);
}

static void a_regression_is_sorted_by_its_target(void **state) {
    (void)state;
    struct opened opened;
    const struct mu_data *const data = open_data(&opened, 1,
                                                 "{'source': 'linear', 'samples': 1000, 'clients': 10, 'partition': "
                                                 "{'kind': 'shards', 'shards_per_client': 1}}");
    /* With one shard each, clients' ranges of targets do not overlap. */
    double low[10], high[10];
    for (uint32_t i = 0; i < 10; i++) {
        const struct mu_rows rows = client_rows(data, i);
        low[i] = high[i] = rows.target[0];
        for (size_t k = 0; k < rows.n; k++) {
            low[i] = fmin(low[i], rows.target[k]);
            high[i] = fmax(high[i], rows.target[k]);
        }
    }
    for (size_t i = 0; i < 10; i++) {
        for (size_t k = 0; k < 10; k++) {
            assert_true(i == k || high[i] < low[k] || high[k] < low[i]);
        }
    }
    close_data(&opened);
}

static void more_shards_than_rows_is_an_error(void **state) {
    (void)state;
    expect_bad_data("/data/partition/shards_per_client", "10 clients with 11 shards",
                    "{'source': 'blobs', 'samples': 100, 'clients': 10, 'partition': "
                    "{'kind': 'shards', 'shards_per_client': 11}}");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_sees_few_classes),
        cmocka_unit_test(uneven_shards_differ_by_one_row),
        cmocka_unit_test(a_regression_is_sorted_by_its_target),
        cmocka_unit_test(more_shards_than_rows_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
