/* Sampling without replacement: theorem 27 of Wang, Balle and Kasiviswanathan 2019 by hand for small orders. */
#include "rdp.h"

#include "support.h"

static double f(double sigma, double j) {
    return exp(j * (j - 1) / (2 * sigma * sigma));
}

static void small_orders_by_hand(void **state) {
    (void)state;
    static const double sigmas[] = {0.5, 1, 3};
    static const double q = 0.03;
    for (size_t i = 0; i < 3; i++) {
        const double s = sigmas[i];
        const double second = q * q * fmin(4 * (f(s, 2) - 1), 2 * f(s, 2));
        assert_true(fabs(mu_rdp_wor_log_a(q, s, 2) - log1p(second)) < 1e-13);
        /* B(2) and B(4) as the paper's finite differences. */
        const double b2 = f(s, 2) - 1;
        const double b4 = f(s, 4) - 4 * f(s, 3) + 6 * f(s, 2) - 3;
        const double third = q * q * q * fmin(4 * sqrt(b2 * b4), 2 * f(s, 3));
        const double three = log1p(3 * second + third);
        assert_true(fabs(mu_rdp_wor_log_a(q, s, 3) - three) < 1e-12 * three);
        assert_true(fabs(mu_rdp_wor_log_a(q * 1.000001, s, 3) - three) > 1e-12 * three);
        const double fourth = q * q * q * q * fmin(4 * b4, 2 * f(s, 4));
        const double four = log1p(6 * second + 4 * third + fourth);
        assert_true(fabs(mu_rdp_wor_log_a(q, s, 4) - four) < 1e-12 * four);
        /* Between them the chord, and below 2 the one to log A(1) = 0. */
        assert_true(fabs(mu_rdp_wor_log_a(q, s, 3.25) - (0.75 * three + 0.25 * four)) < 1e-12 * four);
        assert_true(fabs(mu_rdp_wor_log_a(q, s, 1.5) - 0.5 * log1p(second)) < 1e-13);
    }
}

/* With much noise A - 1 is led by its second term; differences of order 60 would be noise of rounding. */
static void much_noise(void **state) {
    (void)state;
    const double q = 0.01;
    const double sigma = 1e4;
    for (double alpha = 2; alpha <= 64; alpha *= 2) {
        const double leading = alpha * (alpha - 1) / 2 * q * q * 4 * expm1(1 / (sigma * sigma));
        assert_true(fabs(mu_rdp_wor_log_a(q, sigma, alpha) / leading - 1) < 1e-3);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_orders_by_hand),
        cmocka_unit_test(much_noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
