/* Weights: what they give when applied to vectors, what fails, and what the cache keeps. */
#include "codes.h"
#include "muster/train/model.h"

enum { DIM = 16, MOST = 256 };

/* |sum_i a_i f_i - sum_j g_j| / |sum_j g_j| for random chunk vectors g. */
static double gradient_error(const struct mu_coding *coding, const double *a, uint64_t seed) {
    const uint32_t n = mu_coding_facts(coding)->n;
    static double g[MOST][DIM];
    double exact[DIM] = {0};
    double decoded[DIM] = {0};
    struct mu_rng rng;
    mu_rng_init(&rng, seed, MU_STREAM_DATA, 0, 0);
    for (uint32_t j = 0; j < n; j++) {
        for (uint32_t x = 0; x < DIM; x++) {
            g[j][x] = mu_rng_normal(&rng);
            exact[x] += g[j][x];
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t *chunk;
        const double *coefficient;
        const uint32_t held = mu_coding_support(coding, i, &chunk, &coefficient);
        double message[DIM] = {0};
        for (uint32_t k = 0; k < held; k++) {
            for (uint32_t x = 0; x < DIM; x++) {
                message[x] += coefficient[k] * g[chunk[k]][x];
            }
        }
        for (uint32_t x = 0; x < DIM && a[i] != 0; x++) {
            decoded[x] += a[i] * message[x];
        }
    }
    double off = 0;
    double size = 0;
    for (uint32_t x = 0; x < DIM; x++) {
        off += (decoded[x] - exact[x]) * (decoded[x] - exact[x]);
        size += exact[x] * exact[x];
    }
    return sqrt(off / size);
}

/* The worst over random and contiguous sets of s stragglers. */
static double worst_error(struct mu_coding *coding, uint32_t sets) {
    const struct mu_coding_facts *f = mu_coding_facts(coding);
    struct mu_rng rng;
    mu_rng_init(&rng, 11, MU_STREAM_SAMPLING, 0, 0);
    double worst = 0;
    for (uint32_t k = 0; k < 2 * sets; k++) {
        uint64_t arrived[CODE_WORDS];
        double a[MOST];
        struct mu_decoding d;
        struct mu_err err = {0};
        all_but(arrived, f->n, f->s, k * 7, k < sets ? &rng : NULL);
        assert_int_equal(mu_coding_decode(coding, arrived, a, &d, &err), MU_OK);
        assert_true(d.decoded);
        worst = fmax(worst, gradient_error(coding, a, k));
    }
    return worst;
}

static void frc_gives_the_sum_to_1e_12(void **state) {
    (void)state;
    static const uint32_t cases[][2] = {{8, 3}, {30, 5}, {64, 15}, {256, 15}, {256, 0}, {255, 254}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct mu_coding *coding = must_build("{\"kind\": \"frc\"}", cases[k][0], cases[k][1], 1);
        assert_true(worst_error(coding, 20) < 1e-12);
        mu_coding_free(coding);
    }
}

static void cyclic_gives_the_sum_to_1e_9(void **state) {
    (void)state;
    static const uint32_t cases[][2] = {{8, 3}, {16, 7}, {32, 3}, {64, 15}, {128, 15}, {256, 15}, {256, 27}, {256, 0}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct mu_coding *coding = must_build("{\"kind\": \"cyclic\"}", cases[k][0], cases[k][1], 1);
        const double worst = worst_error(coding, 50);
        if (!(worst < 1e-9)) {
            fail_msg("n = %u, s = %u: %g", cases[k][0], cases[k][1], worst);
        }
        mu_coding_free(coding);
    }
}

/* Negative control: a weight that is off by 1e-6 gives an error the tests above would see. */
static void a_wrong_weight_is_seen(void **state) {
    (void)state;
    struct mu_coding *coding = must_build("{\"kind\": \"frc\"}", 8, 3, 1);
    const double right[8] = {1, 0, 0, 0, 1, 0, 0, 0};
    const double wrong[8] = {1, 0, 0, 0, 1 + 1e-6, 0, 0, 0};
    assert_true(gradient_error(coding, right, 1) < 1e-15);
    assert_true(gradient_error(coding, wrong, 1) > 1e-8);
    mu_coding_free(coding);
}

/* Residual, error, amplification and norm by their definitions, from the supports. */
static void an_outcome_is_what_its_weights_give(void **state) {
    (void)state;
    enum { N = 20, S = 4 };
    static const char *const kinds[] = {"{\"kind\": \"cyclic\"}", "{\"kind\": \"bernoulli\", \"max_error\": 1}"};
    for (size_t kind = 0; kind < 2; kind++) {
        struct mu_coding *coding = must_build(kinds[kind], N, S, 5);
        uint64_t arrived[CODE_WORDS];
        double a[N];
        double total[N] = {0};
        double size[N] = {0};
        double norm = 0;
        struct mu_decoding d;
        struct mu_err err = {0};
        all_but(arrived, N, S, 3, NULL);
        assert_int_equal(mu_coding_decode(coding, arrived, a, &d, &err), MU_OK);
        for (uint32_t i = 0; i < N; i++) {
            const uint32_t *chunk;
            const double *coefficient;
            const uint32_t held = mu_coding_support(coding, i, &chunk, &coefficient);
            for (uint32_t k = 0; k < held; k++) {
                total[chunk[k]] += a[i] * coefficient[k];
                size[chunk[k]] += fabs(a[i] * coefficient[k]);
            }
            norm += a[i] * a[i];
        }
        double residual = 0;
        double error = 0;
        double amplification = 0;
        for (uint32_t j = 0; j < N; j++) {
            residual = fmax(residual, fabs(total[j] - 1));
            error += (total[j] - 1) * (total[j] - 1) / N;
            amplification = fmax(amplification, size[j]);
        }
        assert_true(fabs(d.residual - residual) <= 1e-12);
        assert_true(fabs(d.error - error) <= 1e-12);
        assert_true(fabs(d.amplification / amplification - 1) < 1e-12);
        assert_true(fabs(d.norm / sqrt(norm) - 1) < 1e-12);
        assert_true(kind == 0 ? d.residual < 1e-9 : d.error > 1e-3);
        mu_coding_free(coding);
    }
}

/* The least of sum ((a B)_j - 1)^2 of an approximate code has a gradient of zero: B_F (B_F' a - 1) = 0. */
static void approximate_weights_are_the_best(void **state) {
    (void)state;
    enum { N = 20, S = 6 };
    struct mu_coding *coding = must_build("{\"kind\": \"expander\", \"max_error\": 1}", N, S, 5);
    uint64_t arrived[CODE_WORDS];
    double a[N];
    double off[N];
    struct mu_decoding d;
    struct mu_err err = {0};
    all_but(arrived, N, S, 3, NULL);
    assert_int_equal(mu_coding_decode(coding, arrived, a, &d, &err), MU_OK);
    assert_true(d.decoded);
    for (int broken = 0; broken < 2; broken++) { /* 1: negative control */
        a[12] += broken * 1e-6;
        double slope = 0;
        for (uint32_t j = 0; j < N; j++) {
            off[j] = -1;
        }
        const uint32_t *chunk;
        const double *coefficient;
        for (uint32_t i = 0; i < N; i++) {
            const uint32_t held = mu_coding_support(coding, i, &chunk, &coefficient);
            for (uint32_t k = 0; k < held; k++) {
                off[chunk[k]] += a[i] * coefficient[k];
            }
        }
        for (uint32_t i = 0; i < N; i++) {
            const uint32_t held = mu_coding_support(coding, i, &chunk, &coefficient);
            double product = 0;
            for (uint32_t k = 0; k < held; k++) {
                product += off[chunk[k]] * coefficient[k];
            }
            slope = mu_bits_has(arrived, i) ? fmax(slope, fabs(product)) : slope;
        }
        assert_int_equal(slope < 1e-12, broken == 0);
    }
    mu_coding_free(coding);
}

/* One straggler more than the code tolerates: said so, with no weights that could be used. */
static void too_few_arrivals_have_no_weights(void **state) {
    (void)state;
    enum { N = 20, S = 4 };
    static const char *const kinds[] = {"{\"kind\": \"cyclic\"}", "{\"kind\": \"frc\"}"};
    for (size_t kind = 0; kind < 2; kind++) {
        struct mu_coding *coding = must_build(kinds[kind], N, S, 5);
        uint64_t arrived[CODE_WORDS];
        double a[N];
        struct mu_decoding d;
        struct mu_err err = {0};
        all_but(arrived, N, S + 1, 0, NULL); /* for frc, a whole group */
        assert_false(mu_coding_can_decode(coding, arrived));
        assert_int_equal(mu_coding_decode(coding, arrived, a, &d, &err), MU_OK);
        assert_false(d.decoded);
        assert_true(d.residual > 1e-3);
        for (uint32_t i = 0; i < N; i++) {
            assert_true(isnan(a[i]));
        }
        mu_coding_free(coding);
    }
}

static void an_approximation_worse_than_max_error_fails(void **state) {
    (void)state;
    uint64_t arrived[CODE_WORDS];
    double a[20];
    struct mu_decoding d;
    struct mu_err err = {0};
    all_but(arrived, 20, 6, 3, NULL);
    struct mu_coding *loose = must_build("{\"kind\": \"bernoulli\", \"max_error\": 1}", 20, 6, 5);
    assert_int_equal(mu_coding_decode(loose, arrived, a, &d, &err), MU_OK);
    assert_true(d.decoded && d.error > 1e-6);
    struct mu_coding *strict = must_build("{\"kind\": \"bernoulli\", \"max_error\": 1e-6}", 20, 6, 5);
    assert_int_equal(mu_coding_decode(strict, arrived, a, &d, &err), MU_OK);
    assert_false(d.decoded);
    assert_true(isnan(a[0]));
    mu_coding_free(loose);
    mu_coding_free(strict);
}

/* A set asked for again is found, with the same bits, failures too; and more sets than it holds do not confuse it. */
static void the_cache_finds_what_was_solved(void **state) {
    (void)state;
    enum { N = 20, S = 4, SETS = 4 * MU_CODING_CACHE };
    struct mu_coding *coding = must_build("{\"kind\": \"cyclic\"}", N, S, 5);
    struct mu_rng rng;
    mu_rng_init(&rng, 11, MU_STREAM_SAMPLING, 0, 0);
    uint64_t arrived[CODE_WORDS];
    double first[N];
    double again[N];
    struct mu_decoding d[2];
    struct mu_err err = {0};
    uint64_t found;
    uint64_t solved;
    for (uint32_t k = 0; k < SETS; k++) {
        const uint32_t stragglers = k % 2 == 0 ? S : S + 1;
        all_but(arrived, N, stragglers, 0, &rng);
        assert_int_equal(mu_coding_decode(coding, arrived, first, &d[0], &err), MU_OK);
        mu_coding_cache_counts(coding, &found, &solved);
        assert_int_equal(mu_coding_decode(coding, arrived, again, &d[1], &err), MU_OK);
        uint64_t found_now;
        mu_coding_cache_counts(coding, &found_now, &solved);
        assert_int_equal(found_now, found + 1);
        assert_memory_equal(first, again, sizeof first);
        assert_memory_equal(&d[0], &d[1], sizeof d[0]);
        assert_int_equal(d[1].decoded, stragglers == S);
    }
    assert_true(solved > MU_CODING_CACHE);
    mu_coding_free(coding);
}

int main(void) {
    mu_blas_single_thread();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frc_gives_the_sum_to_1e_12),
        cmocka_unit_test(cyclic_gives_the_sum_to_1e_9),
        cmocka_unit_test(a_wrong_weight_is_seen),
        cmocka_unit_test(an_outcome_is_what_its_weights_give),
        cmocka_unit_test(approximate_weights_are_the_best),
        cmocka_unit_test(too_few_arrivals_have_no_weights),
        cmocka_unit_test(an_approximation_worse_than_max_error_fails),
        cmocka_unit_test(the_cache_finds_what_was_solved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
