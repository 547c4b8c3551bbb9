#include "support.h"

#include "muster/base/mem.h"

static void blocks_are_aligned_and_zero(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    for (size_t n = 0; n < 300; n += 7) {
        unsigned char *block = mu_alloc(n, 3, &err);
        assert_non_null(block);
        assert_int_equal((uintptr_t)block % 64, 0);
        for (size_t i = 0; i < 3 * n; i++) {
            assert_int_equal(block[i], 0);
        }
        memset(block, 0xA5, 3 * n); /* the next block of this size must not show it */
        mu_free(block);
    }
    float *block = mu_alloc_uninit(1000, sizeof *block, &err);
    assert_int_equal((uintptr_t)block % 64, 0);
    mu_free(block);
    mu_free(NULL);
    support_expect_ok(&err);
}

/* Products beyond 2^64, and beyond what a pointer difference can hold. */
static void impossible_sizes_are_out_of_memory(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    assert_null(mu_alloc(SIZE_MAX / 2, 3, &err));
    support_expect_error(&err, MU_RANK_FAILED, "", "out of memory");
    assert_null(mu_alloc(SIZE_MAX, 1, &err));
    support_expect_error(&err, MU_RANK_FAILED, "", "out of memory");
    assert_null(mu_alloc_uninit((size_t)1 << 32, (size_t)1 << 32, &err));
    support_expect_error(&err, MU_RANK_FAILED, "", "4294967296 elements of 4294967296 bytes");
    assert_null(mu_alloc(PTRDIFF_MAX, 1, &err));
    support_expect_error(&err, MU_RANK_FAILED, "", "out of memory");
}

static void growing_keeps_the_content_and_zeroes_the_rest(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    uint32_t *item = NULL;
    size_t capacity = 0;
    size_t growths = 0;
    for (uint32_t i = 0; i < 10000; i++) {
        const size_t before = capacity;
        assert_int_equal(mu_grow((void **)&item, &capacity, i + 1, sizeof *item, &err), MU_OK);
        assert_true(capacity >= i + 1);
        assert_true(capacity == before || capacity >= 2 * before);
        growths += capacity != before;
        assert_int_equal(item[i], 0);
        item[i] = i + 1;
    }
    for (uint32_t i = 0; i < 10000; i++) {
        assert_int_equal(item[i], i + 1);
    }
    assert_true(growths <= 16);
    mu_free(item);
}

static void growing_from_nothing_to_nothing_gives_a_pointer(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    double *item = NULL;
    size_t capacity = 0;
    assert_int_equal(mu_grow((void **)&item, &capacity, 0, sizeof *item, &err), MU_OK);
    assert_non_null(item);
    mu_free(item);
}

static void a_failed_growth_changes_nothing(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    int64_t *item = NULL;
    size_t capacity = 0;
    assert_int_equal(mu_grow((void **)&item, &capacity, 5, sizeof *item, &err), MU_OK);
    item[4] = 42;
    int64_t *const before = item;
    assert_int_equal(mu_grow((void **)&item, &capacity, SIZE_MAX / 4, sizeof *item, &err), MU_RANK_FAILED);
    assert_ptr_equal(item, before);
    assert_int_equal(capacity, 5);
    assert_int_equal(item[4], 42);
    mu_free(item);
}

static void a_copied_string_is_another(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    char text[] = "fedbuff";
    char *copy = mu_strdup(text, &err);
    text[0] = 'F';
    assert_string_equal(copy, "fedbuff");
    mu_free(copy);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_aligned_and_zero),
        cmocka_unit_test(impossible_sizes_are_out_of_memory),
        cmocka_unit_test(growing_keeps_the_content_and_zeroes_the_rest),
        cmocka_unit_test(growing_from_nothing_to_nothing_gives_a_pointer),
        cmocka_unit_test(a_failed_growth_changes_nothing),
        cmocka_unit_test(a_copied_string_is_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
