/* The stochastic block code: its blocks, and that p = 1, q = 0 is fractional repetition. */
#include "codes.h"

static void full_blocks_are_fractional_repetition(void **state) {
    (void)state;
    struct mu_coding *sbm = must_build("{\"kind\": \"sbm\", \"p\": 1, \"q\": 0}", 24, 3, 1);
    struct mu_coding *frc = must_build("{\"kind\": \"frc\"}", 24, 3, 1);
    for (uint32_t i = 0; i < 24; i++) {
        const uint32_t *chunk[2];
        const double *coefficient[2];
        assert_int_equal(mu_coding_support(sbm, i, &chunk[0], &coefficient[0]), 4);
        assert_int_equal(mu_coding_support(frc, i, &chunk[1], &coefficient[1]), 4);
        assert_memory_equal(chunk[0], chunk[1], 4 * sizeof(uint32_t));
    }
    /* As frc, it decodes from one of each group; least squares finds it. */
    const uint64_t one_each = 0x111111;
    const uint64_t most = 0xfffff0; /* all but the first group */
    double a[24];
    struct mu_decoding d;
    struct mu_err err = {0};
    assert_int_equal(mu_coding_decode(sbm, &one_each, a, &d, &err), MU_OK);
    assert_true(d.decoded && d.residual < 1e-12);
    assert_int_equal(mu_coding_decode(sbm, &most, a, &d, &err), MU_OK);
    assert_true(d.residual > 0.99 && fabs(d.error - 4.0 / 24) < 1e-12);
    mu_coding_free(sbm);
    mu_coding_free(frc);
}

/* 4 communities of 50: 10,000 pairs with p = 0.5, 30,000 with q = 0.1. */
static void blocks_have_their_densities(void **state) {
    (void)state;
    struct mu_coding *coding = must_build("{\"kind\": \"sbm\", \"communities\": 4, \"p\": 0.5, \"q\": 0.1}", 200, 4, 1);
    double within = 0;
    double across = 0;
    for (uint32_t i = 0; i < 200; i++) {
        const uint32_t *chunk;
        const double *coefficient;
        for (uint32_t k = mu_coding_support(coding, i, &chunk, &coefficient); k-- > 0;) {
            *(chunk[k] / 50 == i / 50 ? &within : &across) += 1;
        }
    }
    assert_true(fabs(within - 5000) < 5 * 50);   /* standard deviation 50 */
    assert_true(fabs(across - 3000) < 5 * 52.0); /* 52 */
    mu_coding_free(coding);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_blocks_are_fractional_repetition),
        cmocka_unit_test(blocks_have_their_densities),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
