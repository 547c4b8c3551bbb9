/* Fractional repetition: its layout, and every set of arrivals of a small case. */
#include "codes.h"

static void workers_of_a_group_hold_its_chunks(void **state) {
    (void)state;
    struct mu_coding *coding = must_build("{\"kind\": \"frc\"}", 12, 2, 1);
    for (uint32_t i = 0; i < 12; i++) {
        const uint32_t *chunk;
        const double *coefficient;
        assert_int_equal(mu_coding_support(coding, i, &chunk, &coefficient), 3);
        for (uint32_t k = 0; k < 3; k++) {
            assert_int_equal(chunk[k], i / 3 * 3 + k);
            assert_true(coefficient[k] == 1);
        }
    }
    assert_true(mu_coding_facts(coding)->plain);
    mu_coding_free(coding);
}

/* All 512 sets of n = 9, s = 2: it decodes if and only if each of the three groups has an arrival, of which the first
 * by number has weight 1. So 3 arrivals may do, and 6 stragglers be survived; 6 arrivals may not. */
static void all_sets_of_nine(void **state) {
    (void)state;
    struct mu_coding *coding = must_build("{\"kind\": \"frc\"}", 9, 2, 1);
    uint32_t decoded = 0;
    for (uint64_t arrived = 0; arrived < 512; arrived++) {
        const bool covered = (arrived & 7) != 0 && (arrived & 56) != 0 && (arrived & 448) != 0;
        double a[9];
        struct mu_decoding d;
        struct mu_err err = {0};
        assert_int_equal(mu_coding_can_decode(coding, &arrived), covered);
        assert_int_equal(mu_coding_decode(coding, &arrived, a, &d, &err), MU_OK);
        assert_int_equal(d.decoded, covered);
        decoded += covered;
        for (uint32_t group = 0; group < 3 && covered; group++) {
            const uint32_t first = mu_bits_next(&arrived, 9, 3 * group);
            for (uint32_t i = 3 * group; i < 3 * group + 3; i++) {
                assert_true(a[i] == (i == first));
            }
            assert_true(d.residual == 0);
        }
    }
    assert_int_equal(decoded, 7 * 7 * 7);
    mu_coding_free(coding);
}

static void it_is_built_for_many_workers(void **state) {
    (void)state;
    struct mu_coding *coding = must_build("{\"kind\": \"frc\"}", 100000, 9, 1);
    assert_true(fabs(mu_coding_facts(coding)->load - 1e-4) < 1e-18);
    mu_coding_free(coding);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(workers_of_a_group_hold_its_chunks),
        cmocka_unit_test(all_sets_of_nine),
        cmocka_unit_test(it_is_built_for_many_workers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
