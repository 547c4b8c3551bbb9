/* Clipping keeps its bound to the last bit; adaptive clipping against numbers by hand and of TensorFlow Federated. */
#include "muster/privacy/privacy.h"

#include "support.h"

#include "muster/base/rng.h"

static void a_clipped_norm_is_at_most_the_clip(void **state) {
    (void)state;
    struct mu_rng rng;
    mu_rng_init(&rng, 1, MU_STREAM_DATA, 0, 0);
    for (int i = 0; i < 100000; i++) {
        const double clip = exp(10 * mu_rng_normal(&rng));
        const double norm = clip * exp(3 * mu_rng_normal(&rng));
        const double factor = mu_clip_factor(norm, clip);
        assert_true(norm * factor <= clip);
        assert_true(norm <= clip ? factor == 1 : norm * factor > clip * (1 - 1e-15));
    }
    assert_true(mu_clip_factor(0, 1) == 1);
    assert_true(mu_clip_factor(2, 2) == 1);
    assert_true(mu_clip_factor(INFINITY, 1) == 0);
    assert_true(mu_clip_factor(NAN, 1) == 0); /* NaN compares false: it must not pass as small */
    assert_true(mu_clip_factor(1, 0) == 0);
    assert_true(mu_clip_factor(0, 0) == 0); /* DIFF2 with no change: 0 / 0 */
}

static void noise_of_the_sum(void **state) {
    (void)state;
    assert_true(fabs(mu_adaptive_sigma(1, 5) - 1.005037815259212) < 1e-15);
    assert_true(fabs(mu_adaptive_sigma(0.5, 2.5) - 0.502518907629606) < 1e-15);
    assert_true(isnan(mu_adaptive_sigma(2, 1)) && isnan(mu_adaptive_sigma(3, 1)));
    /* The two releases together cost what z does: squares of 1 / multiplier add, the count's sensitivity being 1/2. */
    const double z = mu_adaptive_sigma(1, 5);
    assert_true(fabs(1 / (z * z) + 1 / (10.0 * 10.0) - 1) < 1e-15);
}

static void the_clip_follows_the_quantile(void **state) {
    (void)state;
    const struct mu_adaptive_config config = {true, 0.5, 0.2, 0};
    /* 7 of 10 below: the sum of b is 7/2 - 3/2 = 2; 0.1 exp(-0.2 (0.7 - 0.5)). */
    assert_true(fabs(mu_adaptive_clip(&config, 0.1, 2, 10) - 0.1 * exp(-0.04)) < 1e-16);
    assert_true(fabs(mu_adaptive_clip(&config, 0.1, -5, 10) - 0.1 * exp(0.1)) < 1e-16);
    assert_true(fabs(mu_adaptive_clip(&config, 0.1, 0, 10) - 0.1) < 1e-16);
    /* Noise beyond 0..1 is cut. */
    assert_true(mu_adaptive_clip(&config, 0.1, 1e6, 10) == mu_adaptive_clip(&config, 0.1, 5, 10));
    /* With 1000 norms uniform on [0, 1] it settles at the median. */
    double clip = 0.1;
    for (int step = 0; step < 200; step++) {
        double sum = 0;
        for (int i = 0; i < 1000; i++) {
            sum += (i + 0.5) / 1000 <= clip ? 0.5 : -0.5;
        }
        clip = mu_adaptive_clip(&config, clip, sum, 1000);
    }
    assert_true(fabs(clip - 0.5) < 1e-3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clipped_norm_is_at_most_the_clip),
        cmocka_unit_test(noise_of_the_sum),
        cmocka_unit_test(the_clip_follows_the_quantile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
