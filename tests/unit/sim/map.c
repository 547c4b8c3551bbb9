#include "support.h"

#include "map.h"
#include "muster/base/rng.h"

/* A value that tells its key. */
static void *value_of(uint64_t key) {
    return (void *)(uintptr_t)(key * 2 + 1);
}

enum { KEYS = 3000 };

/* What a map is compared with: an array of key -> there or not, over keys spread by `stretch`. */
static void compare_with_reference(uint64_t stretch, uint64_t seed) {
    static bool there[KEYS];
    memset(there, 0, sizeof there);
    struct mu_err err = {.code = MU_OK};
    struct mu_map map = {0};
    struct mu_rng rng;
    size_t n = 0;
    mu_rng_init(&rng, seed, MU_STREAM_DATA, 0, 0);
    for (int i = 0; i < 60000; i++) {
        /* Growing and shrinking phases, so that long runs of probes form and are cut. */
        const uint64_t index = mu_rng_below(&rng, KEYS), key = 1 + index * stretch;
        const bool grow = mu_rng_below(&rng, 100) < (i / 10000 % 2 == 0 ? 80 : 30);
        assert_ptr_equal(mu_map_get(&map, key), there[index] ? value_of(key) : NULL);
        if (grow && !there[index]) {
            assert_int_equal(mu_map_put(&map, key, value_of(key), &err), MU_OK);
            there[index] = true;
            n++;
        } else if (!grow) {
            assert_ptr_equal(mu_map_take(&map, key), there[index] ? value_of(key) : NULL);
            n -= there[index];
            there[index] = false;
        }
        assert_int_equal(map.n, n);
    }
    for (uint64_t index = 0; index < KEYS; index++) {
        const uint64_t key = 1 + index * stretch;
        assert_ptr_equal(mu_map_get(&map, key), there[index] ? value_of(key) : NULL);
    }
    assert_true(n > 0);
    size_t seen = 0;
    for (size_t i = 0; i < map.capacity; i++) {
        seen += map.entry[i].key != 0;
    }
    assert_int_equal(seen, n);
    mu_map_clear(&map);
}

static void it_agrees_with_a_plain_table(void **state) {
    (void)state;
    compare_with_reference(1, 1);                            /* ids that count up, as those of jobs */
    compare_with_reference(1 << 20, 2);                      /* ids that differ in high bits only */
    compare_with_reference(UINT64_C(0x0000100000000001), 3); /* and in both */
}

/* Keys with one home position, found by search: the worst case for deletion by shifting back. */
static void a_run_of_colliding_keys_survives_every_deletion(void **state) {
    (void)state;
    enum { RUN = 7 }; /* a map of 16 entries holds up to 8 */
    uint64_t key[RUN];
    size_t found = 0;
    for (uint64_t k = 1; found < RUN; k++) {
        const size_t home = (size_t)((k * UINT64_C(0x9E3779B97F4A7C15)) >> 32) & 15;
        if (home == 14) { /* the run goes around the end of the table */
            key[found++] = k;
        }
    }
    for (size_t gone = 0; gone < RUN; gone++) {
        struct mu_err err = {.code = MU_OK};
        struct mu_map map = {0};
        for (size_t i = 0; i < RUN; i++) {
            assert_int_equal(mu_map_put(&map, key[i], value_of(key[i]), &err), MU_OK);
        }
        assert_int_equal(map.capacity, 16);
        assert_ptr_equal(mu_map_take(&map, key[gone]), value_of(key[gone]));
        for (size_t i = 0; i < RUN; i++) {
            assert_ptr_equal(mu_map_get(&map, key[i]), i == gone ? NULL : value_of(key[i]));
        }
        mu_map_clear(&map);
    }
}

static void an_empty_map_has_nothing(void **state) {
    (void)state;
    struct mu_map map = {0};
    assert_null(mu_map_get(&map, 1));
    assert_null(mu_map_take(&map, 1));
    mu_map_clear(&map);
    assert_int_equal(map.capacity, 0);
}

static void the_largest_key_is_a_key(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    struct mu_map map = {0};
    assert_int_equal(mu_map_put(&map, UINT64_MAX, &map, &err), MU_OK);
    assert_ptr_equal(mu_map_get(&map, UINT64_MAX), &map);
    assert_null(mu_map_get(&map, UINT64_MAX - 1));
    assert_ptr_equal(mu_map_take(&map, UINT64_MAX), &map);
    assert_int_equal(map.n, 0);
    mu_map_clear(&map);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_agrees_with_a_plain_table),
        cmocka_unit_test(a_run_of_colliding_keys_survives_every_deletion),
        cmocka_unit_test(an_empty_map_has_nothing),
        cmocka_unit_test(the_largest_key_is_a_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
