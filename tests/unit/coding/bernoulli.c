/* The Bernoulli code: as many chunks as asked for, each somebody's. */
#include "codes.h"

static void entries_are_binomial(void **state) {
    (void)state;
    struct mu_coding *coding = must_build("{\"kind\": \"bernoulli\", \"degree\": 12}", 200, 4, 1);
    /* 40,000 trials with p = 0.06: mean 2,400, standard deviation 47.5 */
    const double entries = mu_coding_facts(coding)->load * 200 * 200;
    assert_true(fabs(entries - 2400) < 5 * 47.5);
    assert_true(mu_coding_facts(coding)->largest == 1);
    mu_coding_free(coding);
    struct mu_coding *half = must_build("{\"kind\": \"bernoulli\", \"degree\": 6}", 200, 4, 1);
    assert_true(fabs(mu_coding_facts(half)->load * 200 * 200 - 2400) > 5 * 47.5);
    mu_coding_free(half);
}

/* With one chunk a worker on average, a third of the chunks would be nobody's. */
static void no_chunk_is_left_out(void **state) {
    (void)state;
    struct mu_coding *coding = must_build("{\"kind\": \"bernoulli\", \"degree\": 1}", 100, 1, 1);
    bool held[100] = {false};
    for (uint32_t i = 0; i < 100; i++) {
        const uint32_t *chunk;
        const double *coefficient;
        for (uint32_t k = mu_coding_support(coding, i, &chunk, &coefficient); k-- > 0;) {
            held[chunk[k]] = true;
        }
    }
    for (uint32_t j = 0; j < 100; j++) {
        assert_true(held[j]);
    }
    mu_coding_free(coding);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_binomial),
        cmocka_unit_test(no_chunk_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
