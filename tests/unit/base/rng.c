/* Statistical tests have fixed seeds, so they pass or fail for good; their limits are such that a right generator with
 * another seed would exceed each with probability 1e-6. Each comes with a sample that is slightly wrong and must fail.
 */
#include "support.h"

#include "muster/base/rng.h"

enum { SAMPLE = 200000 };
static double sample[SAMPLE];

static struct mu_rng start(uint32_t ordinal) {
    struct mu_rng rng;
    mu_rng_init(&rng, 20240607, MU_STREAM_DELAY, 5, ordinal);
    return rng;
}

/* The three vectors for philox4x32 with 10 rounds in kat_vectors of the Random123 distribution. */
static void philox_gives_the_known_answers(void **state) {
    (void)state;
    static const struct {
        uint32_t counter[4];
        uint32_t key[2];
        uint32_t expected[4];
    } vector[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t v = 0; v < 3; v++) {
        struct mu_rng rng = {.used = 4};
        memcpy(rng.counter, vector[v].counter, sizeof rng.counter);
        memcpy(rng.key, vector[v].key, sizeof rng.key);
        for (int i = 0; i < 4; i++) {
            assert_int_equal(mu_rng_u32(&rng), vector[v].expected[i]);
        }
    }
}

/* The layout is part of every result: block, ordinal, client, stream; seed low word first. */
static void the_counter_has_a_field_for_each_part_of_the_name(void **state) {
    (void)state;
    struct mu_rng rng;
    mu_rng_init(&rng, 0x1122334455667788, MU_STREAM_BATCH, 0xAABBCCDD, 0x01020304);
    const uint32_t counter[4] = {0, 0x01020304, 0xAABBCCDD, 6};
    assert_memory_equal(rng.counter, counter, sizeof counter);
    assert_int_equal(rng.key[0], 0x55667788);
    assert_int_equal(rng.key[1], 0x11223344);
    for (uint32_t i = 0; i < 9; i++) {
        mu_rng_u32(&rng);
        assert_int_equal(rng.counter[0], i / 4 + 1);
        assert_memory_equal(rng.counter + 1, counter + 1, 3 * sizeof counter[0]);
    }
}

/* Every stream, client and ordinal at the corners of their ranges: all first blocks differ. */
static void distinct_names_never_meet(void **state) {
    (void)state;
    static const uint32_t corner[] = {0, 1, 2, 0x7fffffff, 0x80000000, 0xffffffff};
    enum { CORNERS = 6, NAMES = 12 * CORNERS * CORNERS };
    static uint32_t counter[NAMES][4];
    static uint64_t first[NAMES];
    size_t n = 0;
    for (int stream = MU_STREAM_INIT; stream <= MU_STREAM_AVAILABILITY; stream++) {
        for (int c = 0; c < CORNERS; c++) {
            for (int o = 0; o < CORNERS; o++, n++) {
                struct mu_rng rng;
                mu_rng_init(&rng, 1, (enum mu_stream)stream, corner[c], corner[o]);
                memcpy(counter[n], rng.counter, sizeof rng.counter);
                first[n] = mu_rng_u64(&rng);
            }
        }
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_memory_not_equal(counter[i], counter[j], sizeof counter[i]);
            assert_true(first[i] != first[j]);
        }
    }
}

/* Block 2^32 - 1 is followed by one that no name starts from, and that is not block 0 of the sequence. */
static void a_sequence_does_not_repeat_after_its_last_block(void **state) {
    (void)state;
    struct mu_rng rng = start(0);
    const uint64_t first = mu_rng_u64(&rng);
    rng = start(0);
    rng.counter[0] = UINT32_MAX;
    mu_rng_u64(&rng);
    mu_rng_u64(&rng);
    assert_int_equal(rng.counter[0], 0);
    assert_int_equal(rng.counter[3], MU_STREAM_DELAY + (1 << 16));
    assert_true(mu_rng_u64(&rng) != first);
}

static void the_same_name_gives_the_same_sequence(void **state) {
    (void)state;
    struct mu_rng a = start(3);
    struct mu_rng b = start(3);
    struct mu_rng other;
    mu_rng_init(&other, 20240608, MU_STREAM_DELAY, 5, 3); /* another seed */
    size_t differing = 0;
    for (int i = 0; i < 1000; i++) {
        const uint32_t x = mu_rng_u32(&a);
        assert_int_equal(x, mu_rng_u32(&b));
        differing += x != mu_rng_u32(&other);
    }
    assert_true(differing >= 999);
}

static void a_long_word_is_two_short_ones(void **state) {
    (void)state;
    struct mu_rng a = start(1);
    struct mu_rng b = start(1);
    mu_rng_u32(&a); /* so that the long words straddle blocks */
    mu_rng_u32(&b);
    for (int i = 0; i < 5; i++) {
        const uint64_t low = mu_rng_u32(&b);
        assert_true(mu_rng_u64(&a) == (low | (uint64_t)mu_rng_u32(&b) << 32));
    }
}

static double uniform_cdf(double x, const double *end) {
    return x / *end;
}

static double normal_cdf(double x, const double *sd) {
    return 0.5 * erfc(-x / (*sd * sqrt(2.0)));
}

static double exponential_cdf(double x, const double *mean) {
    return 1.0 - exp(-x / *mean);
}

/* parameter: shape, scale */
static double gamma_cdf(double x, const double *parameter) {
    return support_gamma_p(parameter[0], x / parameter[1]);
}

/* Fails unless mean and variance of the sample are within the limit of their errors; kurtosis is the excess one. */
static bool has_moments(double mean, double variance, double kurtosis) {
    double sum = 0.0;
    double square = 0.0;
    for (size_t i = 0; i < SAMPLE; i++) {
        sum += sample[i];
        square += (sample[i] - mean) * (sample[i] - mean);
    }
    const double mean_error = (sum / SAMPLE - mean) / sqrt(variance / SAMPLE);
    const double variance_error = (square / SAMPLE / variance - 1.0) / sqrt((kurtosis + 2.0) / SAMPLE);
    return fabs(mean_error) < SUPPORT_SCORE_LIMIT && fabs(variance_error) < SUPPORT_SCORE_LIMIT;
}

static void uniforms_are_uniform(void **state) {
    (void)state;
    const double one = 1.0;
    const double slightly_less = 0.99;
    struct mu_rng rng = start(0);
    for (size_t i = 0; i < SAMPLE; i++) {
        sample[i] = mu_rng_uniform(&rng);
        assert_true(sample[i] >= 0.0 && sample[i] < 1.0);
        assert_true(sample[i] * 0x1p53 == floor(sample[i] * 0x1p53));
    }
    assert_true(has_moments(0.5, 1.0 / 12.0, -1.2));
    assert_false(has_moments(0.505, 1.0 / 12.0, -1.2));
    assert_true(support_ks(SAMPLE, sample, uniform_cdf, &one) < SUPPORT_KS_LIMIT);
    assert_false(support_ks(SAMPLE, sample, uniform_cdf, &slightly_less) < SUPPORT_KS_LIMIT);
}

/* The extreme words of the generator, put into it by hand. */
static void the_ends_of_the_uniform_ranges_are_right(void **state) {
    (void)state;
    const struct mu_rng lowest = {.word = {0, 0, 0, 0}};
    const struct mu_rng highest = {.word = {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX}};
    struct mu_rng rng;
    rng = lowest;
    assert_true(mu_rng_uniform(&rng) == 0.0);
    assert_true(mu_rng_positive(&rng) == 0x1p-53);
    rng = highest;
    assert_true(mu_rng_uniform(&rng) == 1.0 - 0x1p-53);
    assert_true(mu_rng_positive(&rng) == 1.0);
    rng = highest;
    assert_true(mu_rng_exponential(&rng) == 0.0 && !signbit(mu_rng_exponential(&rng)));
    rng = lowest;
    assert_true(isfinite(mu_rng_normal(&rng)));
}

/* Chi-square over cells of equally many values; the control moves a little of one cell into another. */
static void check_below(uint64_t n, uint64_t cells) {
    double count[1000] = {0};
    double expected[1000];
    struct mu_rng rng = start((uint32_t)cells);
    for (size_t i = 0; i < SAMPLE; i++) {
        const uint64_t x = mu_rng_below(&rng, n);
        assert_true(x < n);
        count[x % cells] += 1.0; /* n is a multiple of cells */
    }
    for (size_t i = 0; i < cells; i++) {
        expected[i] = (double)SAMPLE / (double)cells;
    }
    assert_true(fabs(support_chi_square_score(cells, count, expected)) < SUPPORT_SCORE_LIMIT);
    const double moved = 0.1 * expected[0] * sqrt((double)cells);
    count[0] += moved;
    count[1] -= moved;
    assert_false(fabs(support_chi_square_score(cells, count, expected)) < SUPPORT_SCORE_LIMIT);
}

static void integers_below_n_are_equally_likely(void **state) {
    (void)state;
    check_below(7, 7);
    check_below(64, 64);
    check_below(1000, 1000);
    /* Here a plain product without rejection would make every third value twice as likely as the others. */
    check_below(UINT64_C(3) << 30, 6);
    check_below(UINT64_C(3) << 62, 6);
    struct mu_rng rng = start(0);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(mu_rng_below(&rng, 1), 0);
        mu_rng_below(&rng, UINT32_MAX);
        mu_rng_below(&rng, UINT64_MAX);
    }
}

/* Lemire's rejection by itself: of the 2^32 words, word 0 must be drawn again for n = 3 (2^32 mod 3 = 1), word 1 not.
 */
static void words_that_would_bias_are_rejected(void **state) {
    (void)state;
    struct mu_rng rng = {.word = {0, UINT32_MAX, 0, 0}};
    assert_int_equal(mu_rng_below(&rng, 3), 2);
    assert_int_equal(rng.used, 2);
    rng = (struct mu_rng){.word = {1, UINT32_MAX, 0, 0}};
    assert_int_equal(mu_rng_below(&rng, 3), 0);
    assert_int_equal(rng.used, 1);
}

static void normals_are_normal(void **state) {
    (void)state;
    const double one = 1.0;
    const double slightly_more = 1.05;
    struct mu_rng rng = start(0);
    double product = 0.0;
    for (size_t i = 0; i < SAMPLE; i++) {
        sample[i] = mu_rng_normal(&rng);
        product += i == 0 ? 0.0 : sample[i] * sample[i - 1];
    }
    assert_int_equal(rng.counter[0], SAMPLE); /* two uniforms, one block each: nothing is kept back */
    assert_true(fabs(product) < SUPPORT_SCORE_LIMIT * sqrt(SAMPLE)); /* neighbours are not correlated */
    assert_false(fabs(product + 0.025 * SAMPLE) < SUPPORT_SCORE_LIMIT * sqrt(SAMPLE));
    assert_true(has_moments(0.0, 1.0, 0.0));
    assert_false(has_moments(0.02, 1.0, 0.0));
    assert_false(has_moments(0.0, 1.03, 0.0));
    assert_true(support_ks(SAMPLE, sample, normal_cdf, &one) < SUPPORT_KS_LIMIT);
    assert_false(support_ks(SAMPLE, sample, normal_cdf, &slightly_more) < SUPPORT_KS_LIMIT);
}

static void exponentials_are_exponential(void **state) {
    (void)state;
    const double one = 1.0;
    const double slightly_more = 1.04;
    struct mu_rng rng = start(0);
    for (size_t i = 0; i < SAMPLE; i++) {
        sample[i] = mu_rng_exponential(&rng);
    }
    assert_true(has_moments(1.0, 1.0, 6.0));
    assert_false(has_moments(1.02, 1.0, 6.0));
    assert_true(support_ks(SAMPLE, sample, exponential_cdf, &one) < SUPPORT_KS_LIMIT);
    assert_false(support_ks(SAMPLE, sample, exponential_cdf, &slightly_more) < SUPPORT_KS_LIMIT);
}

/* P(a, x) where it is elementary: 1 - e^-x for a = 1, erf(sqrt x) for a = 1/2, 1 - e^-x (1 + x + x^2 / 2) for a = 3. */
static void the_gamma_distribution_used_here_is_right(void **state) {
    (void)state;
    for (double x = 0.001; x < 30.0; x *= 1.7) {
        assert_true(fabs(support_gamma_p(1.0, x) - (1.0 - exp(-x))) < 1e-12);
        assert_true(fabs(support_gamma_p(0.5, x) - erf(sqrt(x))) < 1e-12);
        assert_true(fabs(support_gamma_p(3.0, x) - (1.0 - exp(-x) * (1.0 + x + x * x / 2.0))) < 1e-12);
        assert_false(fabs(support_gamma_p(3.001, x) - (1.0 - exp(-x) * (1.0 + x + x * x / 2.0))) < 1e-12);
    }
}

static void gammas_have_their_shape(void **state) {
    (void)state;
    static const double shape[] = {0.1, 0.5, 1.0, 2.5, 100.0};
    for (uint32_t s = 0; s < 5; s++) {
        const double right[] = {shape[s], 1.0};
        const double wrong[] = {shape[s] * 1.03, 1.0};
        struct mu_rng rng = start(s);
        for (size_t i = 0; i < SAMPLE; i++) {
            sample[i] = mu_rng_gamma(&rng, shape[s]);
            assert_true(sample[i] >= 0.0);
        }
        assert_true(has_moments(shape[s], shape[s], 6.0 / shape[s]));
        assert_false(has_moments(shape[s] + 8.0 * sqrt(shape[s] / SAMPLE), shape[s], 6.0 / shape[s]));
        assert_true(support_ks(SAMPLE, sample, gamma_cdf, right) < SUPPORT_KS_LIMIT);
        assert_false(support_ks(SAMPLE, sample, gamma_cdf, wrong) < SUPPORT_KS_LIMIT);
    }
}

/* Where both can be represented they agree; for a tiny shape only the logarithm can. U^(1/shape) with shape 0.001 has
 * the logarithm -1000 E with E exponential, so half of the variates are below 1e-308. */
static void logarithms_of_gammas_do_not_underflow(void **state) {
    (void)state;
    struct mu_rng a = start(0);
    struct mu_rng b = start(0);
    for (int i = 0; i < 1000; i++) {
        const double shape = 0.3 + 0.01 * i;
        const double log_gamma = mu_rng_log_gamma(&b, shape);
        const double gamma = mu_rng_gamma(&a, shape);
        assert_true(fabs(exp(log_gamma) / gamma - 1.0) < 1e-12);
    }
    size_t zeros = 0;
    for (int i = 0; i < 1000; i++) {
        zeros += mu_rng_gamma(&a, 0.001) == 0.0;
        assert_true(isfinite(mu_rng_log_gamma(&b, 0.001)));
    }
    assert_true(zeros > 100);
}

/* The 24 orders of four items, chi-square; the control shuffles with a draw among all four at every step, the usual
 * mistake. */
static void shuffles_are_equally_likely(void **state) {
    (void)state;
    for (int broken = 0; broken < 2; broken++) {
        double count[256] = {0};
        double kept[24];
        double expected[24];
        struct mu_rng rng = start(9);
        for (int i = 0; i < SAMPLE; i++) {
            uint32_t item[4] = {0, 1, 2, 3};
            if (broken == 0) {
                mu_rng_shuffle(&rng, 4, item);
            } else {
                for (size_t k = 0; k < 4; k++) {
                    const size_t j = (size_t)mu_rng_below(&rng, 4);
                    const uint32_t held = item[k];
                    item[k] = item[j];
                    item[j] = held;
                }
            }
            count[item[0] | item[1] << 2 | item[2] << 4 | item[3] << 6] += 1.0;
        }
        size_t n = 0;
        for (size_t i = 0; i < 256; i++) {
            if (count[i] > 0.0) {
                assert_true(n < 24);
                expected[n] = SAMPLE / 24.0;
                kept[n++] = count[i];
            }
        }
        assert_int_equal(n, 24);
        assert_int_equal(fabs(support_chi_square_score(24, kept, expected)) < SUPPORT_SCORE_LIMIT, broken == 0);
    }
}

static void a_shuffle_is_a_permutation(void **state) {
    (void)state;
    static uint32_t item[1001];
    static bool seen[1001];
    struct mu_rng rng = start(2);
    for (uint32_t i = 0; i < 1001; i++) {
        item[i] = i;
    }
    mu_rng_shuffle(&rng, 1001, item);
    size_t fixed = 0;
    for (uint32_t i = 0; i < 1001; i++) {
        assert_true(item[i] < 1001 && !seen[item[i]]);
        seen[item[i]] = true;
        fixed += item[i] == i;
    }
    assert_true(fixed < 12); /* one is expected */
    mu_rng_shuffle(&rng, 0, NULL);
    mu_rng_shuffle(&rng, 1, item);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(philox_gives_the_known_answers),
        cmocka_unit_test(the_counter_has_a_field_for_each_part_of_the_name),
        cmocka_unit_test(distinct_names_never_meet),
        cmocka_unit_test(a_sequence_does_not_repeat_after_its_last_block),
        cmocka_unit_test(the_same_name_gives_the_same_sequence),
        cmocka_unit_test(a_long_word_is_two_short_ones),
        cmocka_unit_test(uniforms_are_uniform),
        cmocka_unit_test(the_ends_of_the_uniform_ranges_are_right),
        cmocka_unit_test(integers_below_n_are_equally_likely),
        cmocka_unit_test(words_that_would_bias_are_rejected),
        cmocka_unit_test(normals_are_normal),
        cmocka_unit_test(exponentials_are_exponential),
        cmocka_unit_test(the_gamma_distribution_used_here_is_right),
        cmocka_unit_test(gammas_have_their_shape),
        cmocka_unit_test(logarithms_of_gammas_do_not_underflow),
        cmocka_unit_test(shuffles_are_equally_likely),
        cmocka_unit_test(a_shuffle_is_a_permutation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
