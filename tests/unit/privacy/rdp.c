/* Renyi divergences against closed forms: order 2, weak signals, the joint of fractional and whole orders; conversion.
 */
#include "rdp.h"

#include "support.h"

static double rdp(double sigma, double q, double alpha) {
    const struct mu_dp_event e = {.kind = MU_DP_POISSON_GAUSSIAN, .sigma = sigma, .q = q, .count = 1};
    return mu_rdp_event(&e, alpha);
}

static void order_two(void **state) {
    (void)state;
    static const double sigmas[] = {0.3, 1, 10, 1e6};
    static const double qs[] = {1e-9, 0.01, 0.5, 0.999};
    for (size_t i = 0; i < 4; i++) {
        for (size_t j = 0; j < 4; j++) {
            const double exact = log1p(qs[j] * qs[j] * expm1(1 / (sigmas[i] * sigmas[i])));
            assert_true(fabs(rdp(sigmas[i], qs[j], 2) / exact - 1) < 1e-12);
            /* The quadrature beside it, which has no special case there. */
            assert_true(fabs(rdp(sigmas[i], qs[j], 2 + 1e-9) / exact - 1) < 1e-7);
            assert_true(fabs(rdp(sigmas[i], qs[j], 2 + 1e-3) / exact - 1) > 1e-5);
        }
    }
}

/* For little signal RDP(alpha) is alpha q^2 (exp(1 / sigma^2) - 1) / 2; the signed series has no digit left here. */
static void weak_signals_keep_their_digits(void **state) {
    (void)state;
    static const double orders[] = {1.1, 2.5, 7.3, 10.9};
    for (size_t i = 0; i < 4; i++) {
        const double q = 1e-6;
        assert_true(fabs(rdp(1e4, q, orders[i]) / (orders[i] * q * q * 1e-8 / 2) - 1) < 1e-6);
    }
}

static void it_rises_with_order_and_rate(void **state) {
    (void)state;
    double last = 0;
    for (int i = 11; i <= 200; i++) {
        const double value = rdp(0.8, 0.05, i / 10.0);
        assert_true(value > last);
        last = value;
    }
    assert_true(rdp(0.8, 0, 3) == 0 && fabs(rdp(0.8, 1, 3) / (3 / 1.28) - 1) < 1e-15);
    assert_true(rdp(0.8, 0.1, 3.5) < rdp(0.8, 0.2, 3.5) && rdp(0.8, 0.999999, 3.5) < rdp(0.8, 1, 3.5));
    assert_true(fabs(rdp(0.8, 1 - 1e-12, 3.5) / rdp(0.8, 1, 3.5) - 1) < 1e-9);
}

static void conversion(void **state) {
    (void)state;
    assert_true(fabs(mu_rdp_to_epsilon_classic(8, 0.5, 1e-5) - 2.14470363785) < 1e-10);
    assert_true(fabs(mu_rdp_to_epsilon(8, 0.5, 1e-5) - 1.71410916785) < 1e-10);
    /* So little that total variation alone is below delta. */
    assert_true(mu_rdp_to_epsilon(2, 1e-12, 1e-5) == 0);
    assert_true(mu_rdp_to_epsilon(2, 1e-9, 1e-5) > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_two),
        cmocka_unit_test(weak_signals_keep_their_digits),
        cmocka_unit_test(it_rises_with_order_and_rate),
        cmocka_unit_test(conversion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
