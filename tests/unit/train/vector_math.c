/* The functions of inner loops against the library's in a wider type. */
#include "support.h"

#include "model/vector_math.h"

/* Error of `value` in units of the last place of the exact one. */
static double ulps(float value, double exact) {
    const float rounded = fabsf((float)exact);
    return fabs((double)value - exact) / (double)(nextafterf(rounded, INFINITY) - rounded);
}

static void exp_is_within_two_ulp(void **state) {
    (void)state;
    double worst = 0;
    for (float x = -87.3F; x < 88; x += 0.00137F) {
        worst = fmax(worst, ulps(mu_exp_f32(x), exp((double)x)));
    }
    assert_true(worst < 2);
    assert_false(ulps(1 + 3 * 1.1920929e-7F, 1) < 2);
    assert_true(mu_exp_f32(0) == 1);
}

static void exp_keeps_nan_and_bounds_the_rest(void **state) {
    (void)state;
    assert_true(isnan(mu_exp_f32(NAN)));
    assert_true(mu_exp_f32(-1000) > 0 && mu_exp_f32(-1000) < 2e-38F);
    assert_true(mu_exp_f32(-INFINITY) < 2e-38F);
    assert_true(isfinite(mu_exp_f32(1000)) && mu_exp_f32(1000) > 1e38F);
}

/* Relative where the value is, absolute near zero: what a gradient in float32 can see. */
static void activations_are_close(void **state) {
    (void)state;
    double worst_tanh = 0, worst_softplus = 0;
    for (float x = -30; x < 30; x += 0.00071F) {
        worst_tanh = fmax(worst_tanh, fabs((double)mu_tanh_f32(x) - tanh((double)x)));
        worst_softplus = fmax(worst_softplus, ulps(mu_softplus_f32(x), log1p(exp((double)x))));
    }
    assert_true(worst_tanh < 3e-7);
    assert_true(worst_softplus < 6);
    assert_true(isnan(mu_tanh_f32(NAN)) && isnan(mu_softplus_f32(NAN)));
    assert_true(mu_tanh_f32(0) == 0 && mu_tanh_f32(100) == 1 && mu_tanh_f32(-100) == -1);
    assert_true(mu_softplus_f32(500) == 500 && mu_softplus_f32(-500) < 1e-37F);
}

/* Error in units of 2^-52 of the exact value. */
static double double_ulps(double value, long double exact) {
    return (double)(fabsl((long double)value - exact) / (fabsl(exact) * 0x1p-52L));
}

static void float64_functions_are_within_two_ulp(void **state) {
    (void)state;
    double worst_exp = 0, worst_softplus = 0;
    for (double x = -707.9; x < 709; x += 0.00371) {
        worst_exp = fmax(worst_exp, double_ulps(mu_exp_f64(x), expl((long double)x)));
    }
    for (double x = -700; x < 700; x += 0.00371) {
        const long double z = (long double)x;
        const long double exact = (x < 0 ? 0 : z) + log1pl(expl(-fabsl(z)));
        worst_softplus = fmax(worst_softplus, double_ulps(mu_softplus_f64(x), exact));
    }
    print_message("exp %.2f ulp, softplus %.2f ulp\n", worst_exp, worst_softplus);
    assert_true(worst_exp < 2);
    assert_true(worst_softplus < 3);
    assert_false(double_ulps(1 + 3 * 0x1p-52, 1) < 2);
    assert_true(mu_exp_f64(0) == 1);
}

static void float64_functions_keep_nan_and_bound_the_rest(void **state) {
    (void)state;
    assert_true(isnan(mu_exp_f64((double)NAN)) && isnan(mu_softplus_f64((double)NAN)));
    assert_true(mu_exp_f64((double)-INFINITY) > 0 && mu_exp_f64(-1e6) < 1e-307);
    assert_true(isfinite(mu_exp_f64(1e6)) && mu_exp_f64((double)INFINITY) > 8e307);
    assert_true(mu_softplus_f64(1e5) == 1e5 && mu_softplus_f64(-1e5) < 1e-307);
    assert_true(mu_softplus_f64(0) > 0.693147180559945 && mu_softplus_f64(0) < 0.693147180559946);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exp_is_within_two_ulp),
        cmocka_unit_test(exp_keeps_nan_and_bounds_the_rest),
        cmocka_unit_test(activations_are_close),
        cmocka_unit_test(float64_functions_are_within_two_ulp),
        cmocka_unit_test(float64_functions_keep_nan_and_bound_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
