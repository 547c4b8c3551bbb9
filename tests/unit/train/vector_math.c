/* The float32 functions of inner loops against the library's float64 ones. */
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exp_is_within_two_ulp),
        cmocka_unit_test(exp_keeps_nan_and_bounds_the_rest),
        cmocka_unit_test(activations_are_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
