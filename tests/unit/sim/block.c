#include "support.h"

#include "block.h"

static struct mu_block *take(struct mu_block_pool *pool) {
    struct mu_err err = {.code = MU_OK};
    struct mu_block *block = NULL;
    assert_int_equal(mu_block_take(pool, &block, &err), MU_OK);
    assert_non_null(block);
    assert_int_equal(block->refs, 1);
    memset(block->data, 0xAB, pool->bytes); /* all of it is there: the sanitizer would say otherwise */
    return block;
}

static void dropped_blocks_are_used_again(void **state) {
    (void)state;
    struct mu_block_pool pool = {.bytes = 1000};
    struct mu_block *const a = take(&pool), *const b = take(&pool);
    assert_ptr_not_equal(a->data, b->data);
    mu_block_drop(&pool, a);
    struct mu_block *const c = take(&pool);
    assert_ptr_equal(c, a);
    struct mu_block *const d = take(&pool);
    assert_ptr_not_equal(d, b);
    assert_ptr_not_equal(d, c);
    mu_block_drop(&pool, b);
    mu_block_drop(&pool, c);
    mu_block_drop(&pool, d);
    mu_block_pool_clear(&pool);
    assert_null(pool.free);
}

static void a_held_block_stays_until_its_last_reference_goes(void **state) {
    (void)state;
    struct mu_block_pool pool = {.bytes = 8};
    struct mu_block *const a = take(&pool);
    *(uint64_t *)a->data = 42;
    assert_ptr_equal(mu_block_hold(a), a);
    assert_ptr_equal(mu_block_hold(a), a);
    mu_block_drop(&pool, a);
    mu_block_drop(&pool, a);
    struct mu_block *const b = take(&pool);
    assert_ptr_not_equal(a, b);
    assert_int_equal(*(uint64_t *)a->data, 42);
    mu_block_drop(&pool, a);
    struct mu_block *const c = take(&pool);
    assert_ptr_equal(c, a);
    mu_block_drop(&pool, b);
    mu_block_drop(&pool, c);
    mu_block_pool_clear(&pool);
}

static void dropping_nothing_is_allowed(void **state) {
    (void)state;
    struct mu_block_pool pool = {.bytes = 0};
    mu_block_drop(&pool, NULL);
    mu_block_drop(&pool, take(&pool)); /* blocks of no bytes are blocks */
    mu_block_pool_clear(&pool);
    mu_block_pool_clear(&pool);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dropped_blocks_are_used_again),
        cmocka_unit_test(a_held_block_stays_until_its_last_reference_goes),
        cmocka_unit_test(dropping_nothing_is_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
