/* The expander code: a regular graph, not the one it started from, whose error grows smoothly. */
#include "codes.h"

enum { N = 40, DEGREE = 5 };

static void rows_and_columns_are_regular(void **state) {
    (void)state;
    struct mu_coding *coding = must_build("{\"kind\": \"expander\", \"degree\": 5}", N, 4, 1);
    uint32_t holders[N] = {0};
    uint32_t moved = 0;
    for (uint32_t i = 0; i < N; i++) {
        const uint32_t *chunk;
        const double *coefficient;
        assert_int_equal(mu_coding_support(coding, i, &chunk, &coefficient), DEGREE);
        for (uint32_t k = 0; k < DEGREE; k++) {
            assert_true(coefficient[k] == 0.2);
            assert_true(k == 0 || chunk[k] > chunk[k - 1]);
            holders[chunk[k]]++;
            moved += (chunk[k] + N - i) % N >= DEGREE; /* not an edge of the circulant */
        }
    }
    for (uint32_t j = 0; j < N; j++) {
        assert_int_equal(holders[j], DEGREE);
    }
    /* A random graph has 1/8 of its edges in the circulant's places. */
    assert_true(moved > N * DEGREE * 6 / 10);
    mu_coding_free(coding);
}

/* Without stragglers exact; with more of them worse, and far better than leaving out their chunks. */
static void the_error_grows_with_the_stragglers(void **state) {
    (void)state;
    struct mu_coding *coding = must_build("{\"kind\": \"expander\", \"degree\": 5, \"max_error\": 1}", N, 12, 1);
    struct mu_err err = {0};
    double last = 1e-20;
    for (uint32_t s = 0; s <= 12; s += 4) {
        struct mu_attack attack;
        assert_int_equal(mu_attack_random(coding, s, 60, 1, &attack, &err), MU_OK);
        assert_int_equal(attack.failures, 0);
        assert_true(s == 0 ? attack.worst.residual < 1e-9 : attack.worst.error > last);
        assert_true(attack.worst.error < (s + 1e-9) / N);
        last = attack.worst.error;
    }
    mu_coding_free(coding);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_and_columns_are_regular),
        cmocka_unit_test(the_error_grows_with_the_stragglers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
