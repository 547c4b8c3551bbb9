/* The discrete Gaussian against its exact distribution, narrow and wide, and the lattice it lives on. */
#include "muster/privacy/noise.h"

#include "support.h"

static const struct mu_noise_key key = {{11, 12, 13, 14}};

enum { N = 200000, MOST_CELLS = 80 };
static int64_t draws[N];

static void draw(double sigma, uint64_t step, struct mu_discrete *law) {
    struct mu_err err = {0};
    const struct mu_noise_place place = {MU_NOISE_SUM, step, 0, 0, 0};
    assert_int_equal(mu_discrete_init(law, sigma, &err), MU_OK);
    memset(draws, 0, sizeof draws);
    mu_noise_discrete(&key, &place, law, 0, N, draws);
}

/* Chi-square score of the draws against mass exp(-k^2 / (2 sigma^2)), integers in cells of `width`, tails in the ends.
 */
static double score(double sigma, int64_t width) {
    double count[MOST_CELLS] = {0};
    double expected[MOST_CELLS] = {0};
    const int64_t reach = (int64_t)ceil(3.2 * sigma / (double)width);
    const size_t cells = (size_t)(2 * reach + 1);
    assert_true(cells <= MOST_CELLS && cells >= 4);
    double total = 0;
    const int64_t far = (int64_t)ceil(12 * sigma) + 2 * width;
    for (int64_t k = -far; k <= far; k++) {
        const double mass = exp(-0.5 * (double)k * (double)k / (sigma * sigma));
        const double cell = floor(((double)k + 0.5 * (double)(width - 1)) / (double)width);
        const int64_t index = (int64_t)fmin((double)reach, fmax((double)-reach, cell)) + reach;
        expected[index] += mass;
        total += mass;
    }
    for (size_t i = 0; i < N; i++) {
        const double cell = floor(((double)draws[i] + 0.5 * (double)(width - 1)) / (double)width);
        count[(int64_t)fmin((double)reach, fmax((double)-reach, cell)) + reach]++;
    }
    for (size_t i = 0; i < cells; i++) {
        expected[i] *= N / total;
        assert_true(expected[i] > 5);
    }
    return support_chi_square_score(cells, count, expected);
}

static void chi_square(void **state) {
    (void)state;
    static const struct {
        double sigma;
        int64_t width;
    } cases[] = {{0.5, 1}, {1, 1}, {2.75, 1}, {8, 1}, {1000, 101}, {1e5, 10001}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mu_discrete law;
        draw(cases[i].sigma, i, &law);
        assert_true(fabs(score(cases[i].sigma, cases[i].width)) < SUPPORT_SCORE_LIMIT);
        /* Negative control: a few per cent more noise is another law. */
        assert_true(score(1.03 * cases[i].sigma, cases[i].width) > SUPPORT_SCORE_LIMIT);
    }
}

/* The scale that the lattice uses: mean and variance, and that the lowest bits are fair. */
static void the_widest(void **state) {
    (void)state;
    struct mu_discrete law;
    const double sigma = 0x1p24 - 1;
    draw(sigma, 99, &law);
    double sum = 0;
    double square = 0;
    double odd = 0;
    for (size_t i = 0; i < N; i++) {
        const double z = (double)draws[i] / sigma;
        sum += z;
        square += z * z;
        odd += (double)(draws[i] & 1);
    }
    assert_true(fabs(sum) < SUPPORT_SCORE_LIMIT * sqrt(N));
    assert_true(fabs(square - N) < SUPPORT_SCORE_LIMIT * sqrt(2.0 * N));
    assert_true(fabs(odd - 0.5 * N) < SUPPORT_SCORE_LIMIT * 0.5 * sqrt(N));
}

static void the_variance_is_rounded_up(void **state) {
    (void)state;
    struct mu_err err = {0};
    static const double sigmas[] = {0x1p-20, 0.1, 1.0 / 3, 1, M_PI, 12345.678, 0x1p25};
    for (size_t i = 0; i < sizeof sigmas / sizeof *sigmas; i++) {
        struct mu_discrete law;
        assert_int_equal(mu_discrete_init(&law, sigmas[i], &err), MU_OK);
        assert_true(law.a >= 1 && law.b >= 1 && law.a <= UINT64_C(1) << 50 && law.b <= UINT64_C(1) << 50);
        const long double ratio = (long double)law.a / (long double)law.b / ((long double)sigmas[i] * sigmas[i]);
        assert_true((ratio >= 1 && ratio < 1 + 1e-9L) || sigmas[i] < 1e-3 || sigmas[i] == 0x1p25);
        assert_true(ratio >= 1);
    }
    static const double wrong[] = {0, -1, NAN, INFINITY, 0x1p26, 1e-9};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct mu_discrete law;
        mu_discrete_init(&law, wrong[i], &err);
        support_expect_error(&err, MU_BAD_CONFIG, "privacy", "lattice steps");
    }
}

static void the_lattice_holds_sum_and_noise(void **state) {
    (void)state;
    struct mu_err err = {0};
    struct mu_lattice lattice;
    static const double clips[] = {1e-6, 0.1, 1, 300};
    for (size_t i = 0; i < sizeof clips / sizeof *clips; i++) {
        assert_int_equal(mu_lattice_init(&lattice, clips[i], 1.1, 2, 1000, 1000000, &err), MU_OK);
        assert_true(ldexp(1, -lattice.shift) == lattice.step);
        const double std = sqrt((double)lattice.law.a / (double)lattice.law.b);
        /* Noise of the multiplier times the sensitivity, whose inflation by rounding is small. */
        assert_true(std >= 1.1 * 2 * lattice.clip_steps);
        assert_true(std * lattice.step < 1.1 * 2 * clips[i] * 1.001);
        assert_true(lattice.clip_steps >= clips[i] / lattice.step + 500);
    }
    mu_lattice_init(&lattice, 1, 1e-9, 1, 1000000, 10, &err);
    support_expect_error(&err, MU_BAD_CONFIG, "privacy", "do not fit into 62 bits");
    mu_lattice_init(&lattice, 0, 1, 1, 10, 10, &err);
    support_expect_error(&err, MU_BAD_CONFIG, "privacy", "needs a clip");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chi_square),
        cmocka_unit_test(the_widest),
        cmocka_unit_test(the_variance_is_rounded_up),
        cmocka_unit_test(the_lattice_holds_sum_and_noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
