/* Elementwise passes, at every length around the vector width. */
#include "support.h"

#include "passes.h"

enum { MOST = 67 };

static void norms_are_those_of_the_difference(void **state) {
    (void)state;
    for (size_t n = 0; n <= MOST; n++) {
        float y32[MOST + 1], x32[MOST + 1];
        double y64[MOST + 1], x64[MOST + 1], square = 0, largest = 0;
        struct mu_rng rng;
        mu_rng_init(&rng, n, MU_STREAM_DATA, 0, 0);
        for (size_t i = 0; i < n; i++) { /* multiples of 1/64: exact in both types */
            y64[i] = (double)(y32[i] = (float)mu_rng_below(&rng, 1000) / 64);
            x64[i] = (double)(x32[i] = (float)mu_rng_below(&rng, 1000) / 64);
            square += (y64[i] - x64[i]) * (y64[i] - x64[i]);
            largest = fmax(largest, fabs(y64[i] - x64[i]));
        }
        const struct mu_norms a = mu_pass_subtract_f32(n, x32, y32), b = mu_pass_subtract_f64(n, x64, y64);
        assert_true(a.max_abs == largest && b.max_abs == largest);
        assert_true(fabs(a.norm - sqrt(square)) < 1e-12 && fabs(b.norm - sqrt(square)) < 1e-12);
        assert_false(fabs(a.norm - sqrt(square + 0.1)) < 1e-12);
        for (size_t i = 0; i < n; i++) {
            assert_true((double)y32[i] == y64[i]);
        }
    }
}

/* NaN or infinity at any place, also where a maximum would pass over it. */
static void anything_not_finite_is_reported_as_infinite(void **state) {
    (void)state;
    const float bad[] = {NAN, INFINITY, -INFINITY};
    for (size_t at = 0; at < MOST; at++) {
        for (size_t b = 0; b < 3; b++) {
            float y32[MOST] = {0}, x32[MOST] = {0};
            double y64[MOST] = {0}, x64[MOST] = {0};
            for (size_t i = 0; i < MOST; i++) {
                y64[i] = (double)(y32[i] = i == at ? bad[b] : (float)i);
            }
            const struct mu_norms a = mu_pass_subtract_f32(MOST, x32, y32), c = mu_pass_subtract_f64(MOST, x64, y64);
            assert_true(isinf(a.max_abs) && isinf(c.max_abs) && isinf(a.norm) && isinf(c.norm));
        }
    }
    float y = 3e38F, x = -3e38F; /* finite numbers whose difference is not */
    assert_true(isinf(mu_pass_subtract_f32(1, &x, &y).max_abs));
}

static void norms_survive_overflow_and_underflow_of_squares(void **state) {
    (void)state;
    const double scale[] = {1e300, 1e-300, 1e-310};
    for (size_t i = 0; i < 3; i++) {
        double x[2] = {0}, y[] = {3 * scale[i], -4 * scale[i]};
        const struct mu_norms norms = mu_pass_subtract_f64(2, x, y);
        assert_true(fabs(norms.norm / scale[i] - 5) < 1e-9);
        assert_true(fabs(norms.max_abs / scale[i] - 4) < 1e-9);
    }
}

static void regularisers_add_up(void **state) {
    (void)state;
    for (size_t n = 1; n <= MOST; n++) {
        double y[MOST], start[MOST], drift[MOST], g[MOST], h[MOST];
        float y32[MOST], start32[MOST], drift32[MOST], g32[MOST];
        for (size_t i = 0; i < n; i++) {
            y32[i] = (float)(y[i] = (double)i);
            start32[i] = (float)(start[i] = 2);
            drift32[i] = (float)(drift[i] = 0.5 * (double)i);
            g32[i] = (float)(g[i] = h[i] = 1);
        }
        mu_pass_regularise_f64(n, 0.25, 4, y, start, NULL, g);
        mu_pass_regularise_f64(n, 0.25, 4, y, start, drift, h);
        mu_pass_regularise_f32(n, 0.25, 4, y32, start32, drift32, g32);
        for (size_t i = 0; i < n; i++) {
            const double expected = 1 + 0.25 * (double)i + 4 * ((double)i - 2);
            assert_true(g[i] == expected);
            assert_true(h[i] == expected + 0.5 * (double)i);
            assert_true((double)g32[i] == h[i]);
        }
    }
}

static void scaling_by_zero_does_not_read(void **state) {
    (void)state;
    float y[3] = {NAN, 1, INFINITY};
    mu_pass_scale_f32(3, 0, y);
    assert_true(y[0] == 0 && y[1] == 0 && y[2] == 0);
    double z[3] = {1, 2, 3};
    mu_pass_scale_f64(3, -0.5, z);
    assert_true(z[0] == -0.5 && z[1] == -1 && z[2] == -1.5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(norms_are_those_of_the_difference),
        cmocka_unit_test(anything_not_finite_is_reported_as_infinite),
        cmocka_unit_test(norms_survive_overflow_and_underflow_of_squares),
        cmocka_unit_test(regularisers_add_up),
        cmocka_unit_test(scaling_by_zero_does_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
