/* Cyclic repetition: its layout, every tolerated set of small cases, the choice among draws, and more arrivals than are
 * needed. */
#include "codes.h"

static void supports_are_cyclic(void **state) {
    (void)state;
    struct mu_coding *coding = must_build("{\"kind\": \"cyclic\"}", 10, 3, 1);
    for (uint32_t i = 0; i < 10; i++) {
        const uint32_t *chunk;
        const double *coefficient;
        assert_int_equal(mu_coding_support(coding, i, &chunk, &coefficient), 4);
        for (uint32_t k = 0; k < 4; k++) {
            assert_int_equal(chunk[k], (i + k) % 10);
        }
        assert_true(coefficient[0] == 1);
    }
    mu_coding_free(coding);
}

/* All sets of arrivals of small codes decode if and only if at least n - s arrived. */
static void all_sets_of_small_codes(void **state) {
    (void)state;
    static const uint32_t cases[][2] = {{1, 0}, {5, 0}, {5, 1}, {5, 2}, {6, 3}, {7, 3}, {8, 3}, {8, 7}, {10, 4}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const uint32_t n = cases[k][0];
        struct mu_coding *coding = must_build("{\"kind\": \"cyclic\"}", n, cases[k][1], 1);
        for (uint64_t arrived = 0; arrived < UINT64_C(1) << n; arrived++) {
            const bool enough = mu_bits_count(&arrived, 1) >= n - cases[k][1];
            double a[10];
            struct mu_decoding d;
            struct mu_err err = {0};
            assert_int_equal(mu_coding_can_decode(coding, &arrived), enough);
            assert_int_equal(mu_coding_decode(coding, &arrived, a, &d, &err), MU_OK);
            assert_int_equal(d.decoded, enough);
            assert_true(enough ? d.residual < 1e-10 : d.residual > 1e-4);
        }
        mu_coding_free(coding);
    }
}

/* More draws never give a worse code by the trial sets, and usually a better one; the draw is what is kept. */
static void the_best_draw_is_kept(void **state) {
    (void)state;
    uint32_t better = 0;
    for (uint64_t seed = 0; seed < 5; seed++) {
        struct mu_coding *one = must_build("{\"kind\": \"cyclic\", \"draws\": 1}", 32, 5, seed);
        struct mu_coding *many = must_build("{\"kind\": \"cyclic\", \"draws\": 20}", 32, 5, seed);
        const struct mu_coding_facts *first = mu_coding_facts(one);
        const struct mu_coding_facts *best = mu_coding_facts(many);
        assert_true(first->draws == 1 && first->draw == 0 && best->draws == 20 && best->draw < 20);
        assert_true(best->amplification <= first->amplification);
        better += best->amplification < first->amplification;
        /* Stopping right after the best draw gives the same code: nothing of other draws is left in it. */
        char json[64];
        snprintf(json, sizeof json, "{\"kind\": \"cyclic\", \"draws\": %u}", best->draw + 1);
        struct mu_coding *same = must_build(json, 32, 5, seed);
        assert_true(mu_coding_facts(same)->amplification == best->amplification);
        uint64_t arrived[CODE_WORDS];
        double a[2][32];
        struct mu_decoding d;
        struct mu_err err = {0};
        all_but(arrived, 32, 5, 11, NULL);
        assert_int_equal(mu_coding_decode(many, arrived, a[0], &d, &err), MU_OK);
        assert_int_equal(mu_coding_decode(same, arrived, a[1], &d, &err), MU_OK);
        assert_memory_equal(a[0], a[1], sizeof a[0]);
        mu_coding_free(one);
        mu_coding_free(many);
        mu_coding_free(same);
    }
    assert_true(better >= 3);
}

/* One more arrival: the least-norm weights amplify less than any n - s of the same workers (here: the worst of them).
 */
static void more_arrivals_are_better_conditioned(void **state) {
    (void)state;
    struct mu_coding *coding = must_build("{\"kind\": \"cyclic\"}", 32, 5, 1);
    struct mu_rng rng;
    mu_rng_init(&rng, 2, MU_STREAM_SAMPLING, 0, 0);
    double exact = 0;
    double with_one_more = 0;
    for (uint32_t k = 0; k < 100; k++) {
        uint64_t arrived[CODE_WORDS];
        double a[32];
        struct mu_decoding d;
        struct mu_err err = {0};
        all_but(arrived, 32, 5, 0, &rng);
        assert_int_equal(mu_coding_decode(coding, arrived, a, &d, &err), MU_OK);
        exact = fmax(exact, d.amplification);
        all_but(arrived, 32, 4, 0, &rng);
        assert_int_equal(mu_coding_decode(coding, arrived, a, &d, &err), MU_OK);
        assert_true(d.decoded);
        with_one_more = fmax(with_one_more, d.amplification);
    }
    assert_true(with_one_more < exact / 2);
    mu_coding_free(coding);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(supports_are_cyclic),
        cmocka_unit_test(all_sets_of_small_codes),
        cmocka_unit_test(the_best_draw_is_kept),
        cmocka_unit_test(more_arrivals_are_better_conditioned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
