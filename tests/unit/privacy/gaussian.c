/* The Gaussian mechanism and zCDP against closed forms and brute force. */
#include "muster/privacy/account.h"

#include "support.h"

#include "normal.h"

static void delta_in_closed_form(void **state) {
    (void)state;
    static const double mus[] = {1e-6, 0.1, 1, 5, 100};
    for (size_t i = 0; i < sizeof mus / sizeof *mus; i++) {
        /* Total variation of two normals. */
        assert_true(fabs(mu_gaussian_delta(mus[i], 0) / erf(mus[i] / sqrt(8)) - 1) < 1e-9);
    }
    assert_true(mu_gaussian_delta(0, 0) == 0 && mu_gaussian_delta(INFINITY, 1) == 1);
}

static void epsilon_is_the_inverse(void **state) {
    (void)state;
    static const double mus[] = {0.01, 0.3, 1, 3, 10, 300, 3e4};
    static const double deltas[] = {1e-12, 1e-5, 1e-2, 0.4};
    for (size_t i = 0; i < sizeof mus / sizeof *mus; i++) {
        for (size_t j = 0; j < sizeof deltas / sizeof *deltas; j++) {
            const double epsilon = mu_gaussian_epsilon(mus[i], deltas[j]);
            assert_true(isfinite(epsilon) && mu_gaussian_delta(mus[i], epsilon) <= deltas[j]);
            assert_true(epsilon == 0 || mu_gaussian_delta(mus[i], epsilon * (1 - 1e-6)) > deltas[j]);
        }
    }
    assert_true(isinf(mu_gaussian_epsilon(INFINITY, 1e-5)) && mu_gaussian_epsilon(0, 1e-5) == 0);
}

static void log_cdf_goes_far_down(void **state) {
    (void)state;
    assert_true(fabs(mu_normal_log_cdf(0) + M_LN2) < 1e-15);
    /* Where both forms work they agree. */
    assert_true(fabs(mu_normal_log_cdf(-35.0000001) / log(0.5 * erfc(35.0000001 * M_SQRT1_2)) - 1) < 1e-12);
    /* -x^2 / 2 - log(x sqrt(2 pi)) at 1000, the next term being 1e-6. */
    assert_true(fabs(mu_normal_log_cdf(-1000) + 500000 + log(1000 * sqrt(2 * M_PI)) + 1e-6) < 1e-9);
}

static double zcdp_by_force(double rho, double delta) {
    double best = INFINITY;
    for (double s = log(0.01); s < 12; s += 1e-4) {
        const double alpha = 1 + exp(s);
        const double epsilon = alpha * rho + (alpha * log1p(-1 / alpha) - log(alpha - 1) - log(delta)) / (alpha - 1);
        best = fmin(best, epsilon);
    }
    return fmax(0, best);
}

static void zcdp_is_the_best_order(void **state) {
    (void)state;
    static const double rhos[] = {1e-6, 0.005, 0.5, 20, 1000};
    for (size_t i = 0; i < sizeof rhos / sizeof *rhos; i++) {
        const double epsilon = mu_zcdp_to_epsilon(rhos[i], 1e-5);
        const double forced = zcdp_by_force(rhos[i], 1e-5);
        assert_true(epsilon <= forced + 1e-12 && epsilon >= forced - 1e-5 * (1 + forced));
        assert_true(epsilon <= mu_zcdp_to_epsilon_standard(rhos[i], 1e-5));
        /* And no better than the Gaussian itself. */
        assert_true(epsilon >= mu_gaussian_epsilon(sqrt(2 * rhos[i]), 1e-5));
    }
    assert_true(mu_zcdp_to_epsilon(0, 1e-5) == 0 && isinf(mu_zcdp_to_epsilon(INFINITY, 1e-5)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delta_in_closed_form),
        cmocka_unit_test(epsilon_is_the_inverse),
        cmocka_unit_test(log_cdf_goes_far_down),
        cmocka_unit_test(zcdp_is_the_best_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
