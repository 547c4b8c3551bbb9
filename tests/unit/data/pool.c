/* Pools: what is allocated for which task, and what is refused before it is. */
#include "unit/data/helper.h"

#include "source.h"

static void a_part_has_labels_or_targets_by_its_task(void **state) {
    (void)state;
    static const enum mu_task_kind kinds[] = {MU_CLASSIFICATION, MU_REGRESSION, MU_QUADRATIC};
    for (size_t k = 0; k < 3; k++) {
        struct mu_pool pool = {.task.kind = kinds[k], .width = 3, .elem = MU_F64, .scale = 2, .shift = 1};
        struct mu_err err = {0};
        assert_int_equal(mu_part_new(&pool.train, &pool, 5, &err), MU_OK);
        const struct mu_rows rows = mu_part_rows(&pool.train, &pool);
        assert_non_null(rows.x);
        assert_int_equal(rows.label != NULL, kinds[k] == MU_CLASSIFICATION);
        assert_int_equal(rows.target != NULL, kinds[k] == MU_REGRESSION);
        assert_true(rows.n == 5 && rows.width == 3 && rows.elem == MU_F64 && rows.scale == 2 && rows.shift == 1);
        mu_pool_clear(&pool);
        assert_null(pool.train.x);
    }
}

static void what_overflows_or_exceeds_the_host_is_refused(void **state) {
    (void)state;
    struct mu_err err = {0};
    struct mu_pool pool = {.width = SIZE_MAX / 2, .elem = MU_U8};
    assert_int_equal(mu_pool_fits(1000, 1000, 8, "here", &err), MU_OK);
    mu_pool_fits(SIZE_MAX / 2, 3, 8, "here", &err);
    support_expect_error(&err, MU_BAD_CONFIG, "here", "this host has");
    mu_pool_fits((size_t)1 << 40, 1 << 10, 8, "here", &err);
    support_expect_error(&err, MU_BAD_CONFIG, "here", "need 8.39e+06 GiB; this host has");
    mu_part_new(&pool.train, &pool, 3, &err);
    support_expect_error(&err, MU_BAD_CONFIG, "", "too many");
}

static void option_errors_are_placed_under_data(void **state) {
    (void)state;
    struct mu_err err = {0};
    mu_data_fail("c.json", "clients", &err, "wrong by %d", 2);
    support_expect_error(&err, MU_BAD_CONFIG, "c.json: /data/clients", "wrong by 2");
    mu_data_fail("c.json", "partition/alpha", &err, "wrong");
    support_expect_error(&err, MU_BAD_CONFIG, "c.json: /data/partition/alpha", "wrong");
    mu_data_fail("c.json", NULL, &err, "wrong");
    assert_string_equal(err.place, "c.json: /data");
}

static void a_space_grows_and_is_cleared(void **state) {
    (void)state;
    struct mu_space space = {0};
    struct mu_err err = {0};
    assert_int_equal(mu_space_reserve(&space, 10, 3, sizeof(float), &err), MU_OK);
    assert_true(space.x_capacity >= 30 && space.label_capacity >= 10);
    assert_int_equal(mu_space_reserve(&space, 1000, 3, sizeof(float), &err), MU_OK);
    memset(space.x, 1, 3000 * sizeof(float));
    memset(space.label, 1, 1000 * sizeof(int32_t));
    mu_space_clear(&space);
    assert_true(space.x == NULL && space.x_capacity == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_part_has_labels_or_targets_by_its_task),
        cmocka_unit_test(what_overflows_or_exceeds_the_host_is_refused),
        cmocka_unit_test(option_errors_are_placed_under_data),
        cmocka_unit_test(a_space_grows_and_is_cleared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
