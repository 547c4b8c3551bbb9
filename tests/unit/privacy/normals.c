/* Normals made many at once: the words are Random123's, the transform is the C library's to a few units in the last
 * place, and the law holds far out. Statistical tests fail with probability 1e-6 each. */
#include "support.h"

#include "draw.h"
#include "polar.h"

static const struct mu_noise_key key = {{11, 12, 13, UINT64_MAX}};
static const struct mu_noise_place place = {MU_NOISE_LOCAL, UINT64_MAX, 6, 7, 8};

static void blocks_are_those_of_the_library(void **state) {
    (void)state;
    static const uint64_t first[] = {0, 1, 16, 1000003, UINT64_MAX - MU_NOISE_BLOCKS};
    for (size_t i = 0; i < sizeof first / sizeof *first; i++) {
        uint64_t many[4][MU_NOISE_BLOCKS], one[4];
        mu_noise_blocks(&key, &place, first[i], many);
        for (uint64_t b = 0; b < MU_NOISE_BLOCKS; b++) {
            mu_noise_block(&key, &place, first[i] + b, one);
            for (size_t w = 0; w < 4; w++) {
                assert_true(many[w][b] == one[w]);
            }
        }
    }
}

/* Largest error over a grid and at the ends, in units in the last place of the result (of 1 for sines). */
static double radius_error(double scale) {
    double worst = 0;
    for (int i = 0; i <= 2000000; i++) {
        const double u = i < 1000000 ? (i + 1) * 1e-6 : i < 2000000 ? exp2(-52.0 * (i - 1000000) / 1e6) : 0x1p-52;
        const double right = (double)sqrtl(-2 * logl((long double)u));
        worst = fmax(worst, fabs(scale * mu_polar_radius(u) - right) / fmax(right, 1e-300) * 0x1p52);
    }
    return worst;
}

static double turn_error(double scale) {
    double worst = 0;
    for (int i = 0; i < 4000000; i++) {
        const double t = i % 500 == 0 ? (i / 500) * 0x1p-11 : i * 1e-6; /* halves and whole quarters among them */
        double c = 0, s = 0;
        mu_polar_turn(t, &c, &s);
        const long double angle = (long double)t * 1.57079632679489661923132169163975144L;
        worst = fmax(worst, fmax(fabs(scale * c - (double)cosl(angle)), fabs(scale * s - (double)sinl(angle))));
    }
    return worst * 0x1p53;
}

static void the_transform_is_accurate(void **state) {
    (void)state;
    print_message("radius within %.2f, sine and cosine within %.2f units in the last place\n", radius_error(1),
                  turn_error(1));
    assert_true(radius_error(1) < 3 && radius_error(1 + 0x1p-50) > 3);
    assert_true(turn_error(1) < 3 && turn_error(1 + 0x1p-50) > 3);
    assert_true(mu_polar_radius(1) == 0);
    assert_true(mu_polar_radius(0x1p-52) > 8.49); /* as far as it goes */
    double c = 0, s = 0;
    for (int quarter = 0; quarter < 4; quarter++) {
        mu_polar_turn(quarter, &c, &s);
        assert_true(c == (quarter == 0) - (quarter == 2) && s == (quarter == 1) - (quarter == 3));
    }
}

/* Counts of |z| between 0, 1/2, 1, ..., 4, 4.5 and beyond, either sign by itself, of 4e6 numbers: 13 are expected in
 * each of the last two. `cut`: what a generator without tails would give. */
enum { DRAWS = 4000000, BINS = 20 };

static double tail_score(double cut) {
    double count[BINS] = {0}, expected[BINS];
    enum { PART = 4000 };
    for (size_t first = 0; first < DRAWS; first += PART) {
        double z[PART] = {0};
        mu_noise_gaussian(&key, &place, 1, first, PART, z);
        for (size_t i = 0; i < PART; i++) {
            const double size = fmin(fabs(z[i]), cut);
            count[(size < 4.5 ? (size_t)(2 * size) : 9) + (z[i] < 0 ? 10 : 0)]++;
        }
    }
    for (size_t b = 0; b < BINS; b++) {
        const double low = 0.5 * (double)(b % 10);
        const double mass = erfc(low * M_SQRT1_2) - (b % 10 < 9 ? erfc((low + 0.5) * M_SQRT1_2) : 0);
        expected[b] = 0.5 * mass * DRAWS;
    }
    return support_chi_square_score(BINS, count, expected);
}

static void the_tails_are_right(void **state) {
    (void)state;
    assert_true(fabs(tail_score(INFINITY)) < SUPPORT_SCORE_LIMIT);
    assert_true(tail_score(3.9) > SUPPORT_SCORE_LIMIT);
}

static double normal_cdf(double x, const double *sigma) {
    return 0.5 * erfc(-x / *sigma * M_SQRT1_2);
}

static void a_million_are_normal(void **state) {
    (void)state;
    enum { N = 1000000 };
    static double z[N];
    const double right = 1, wrong = 1.02;
    mu_noise_gaussian(&key, &place, 1, 3, N, z);
    double shifted[4] = {0};
    for (size_t i = 0; i + 4 < N; i++) { /* neighbours, and those of one pair, of one block and of the next */
        for (size_t lag = 0; lag < 4; lag++) {
            shifted[lag] += z[i] * z[i + lag + 1];
        }
    }
    for (size_t lag = 0; lag < 4; lag++) {
        assert_true(fabs(shifted[lag]) < SUPPORT_SCORE_LIMIT * sqrt(N));
    }
    assert_true(support_ks(N, z, normal_cdf, &right) < SUPPORT_KS_LIMIT);
    assert_true(support_ks(N, z, normal_cdf, &wrong) > SUPPORT_KS_LIMIT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_those_of_the_library),
        cmocka_unit_test(the_transform_is_accurate),
        cmocka_unit_test(the_tails_are_right),
        cmocka_unit_test(a_million_are_normal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
