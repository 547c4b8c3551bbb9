/* Privacy losses: the grid keeps both distributions' mass, and one release's epsilon is that of the closed form. */
#include "loss.h"

#include "support.h"

static struct mu_dp_event event(double sigma, double q, int64_t count) {
    return (struct mu_dp_event){.kind = MU_DP_POISSON_GAUSSIAN, .sigma = sigma, .q = q, .count = count};
}

static void both_masses_are_kept(void **state) {
    (void)state;
    static const double sigmas[] = {0.5, 1, 5};
    static const double qs[] = {0.001, 0.3, 1};
    for (size_t k = 0; k < 18; k++) {
        const struct mu_dp_event e = event(sigmas[k % 3], qs[k / 3 % 3], 1);
        struct mu_loss_pmf pmf;
        struct mu_err err = {0};
        assert_int_equal(mu_loss_discretise(&e, (enum mu_loss_direction)(k / 9), 1e-3, &pmf, &err), MU_OK);
        double p = pmf.infinite;
        double q = 0;
        double coarse = 0;
        for (size_t i = 0; i < pmf.n; i++) {
            const double loss = pmf.h * (double)(pmf.first + (int64_t)i);
            assert_true(pmf.p[i] >= 0);
            p += pmf.p[i];
            q += pmf.p[i] * exp(-loss);
            coarse += pmf.p[i] * exp(-loss - 0.5 * pmf.h); /* as if losses had been rounded up */
        }
        assert_true(fabs(p - 1) < 1e-12);
        assert_true(fabs(q - 1) < 1e-9);
        assert_true(fabs(coarse - 1) > 1e-4);
        mu_loss_clear(&pmf);
    }
}

static double tail(double x, double mean, double sigma) {
    return 0.5 * erfc((x - mean) / sigma * M_SQRT1_2);
}

/* delta of one release at epsilon, from the output at which the loss is epsilon. */
static double exact_delta(const struct mu_dp_event *e, enum mu_loss_direction direction, double epsilon) {
    const double s = e->sigma;
    const double sign = direction == MU_LOSS_REMOVE ? 1 : -1;
    const double y = expm1(sign * epsilon) / e->q;
    if (y <= -1) {
        return 0; /* no output has so large a loss */
    }
    const double x = s * s * log1p(y) + 0.5;
    const double without = sign > 0 ? tail(x, 0, s) : 1 - tail(x, 0, s);
    const double with = (1 - e->q) * without + e->q * (sign > 0 ? tail(x, 1, s) : 1 - tail(x, 1, s));
    return sign > 0 ? with - exp(epsilon) * without : without - exp(epsilon) * with;
}

static void one_release_in_closed_form(void **state) {
    (void)state;
    static const double sigmas[] = {0.5, 1, 5};
    static const double qs[] = {0.01, 0.3, 1};
    for (size_t k = 0; k < 18; k++) {
        const enum mu_loss_direction direction = (enum mu_loss_direction)(k / 9);
        const struct mu_dp_event e = event(sigmas[k % 3], qs[k / 3 % 3], 1);
        double epsilon;
        struct mu_err err = {0};
        assert_int_equal(mu_loss_epsilon(1, &e, direction, 1e-4, &epsilon, &err), MU_OK);
        assert_true(exact_delta(&e, direction, epsilon) <= 1e-4 * (1 + 1e-9));
        assert_true(epsilon == 0 || exact_delta(&e, direction, epsilon - 3e-5) > 1e-4);
    }
}

/* A composition is the same whether its releases are listed or counted. */
static void counting_is_listing(void **state) {
    (void)state;
    const struct mu_dp_event many = event(1, 0.05, 6);
    const struct mu_dp_event some[3] = {event(1, 0.05, 1), event(1, 0.05, 2), event(1, 0.05, 3)};
    for (int direction = 0; direction < 2; direction++) {
        double a;
        double b;
        struct mu_err err = {0};
        assert_int_equal(mu_loss_epsilon(1, &many, (enum mu_loss_direction)direction, 1e-5, &a, &err), MU_OK);
        assert_int_equal(mu_loss_epsilon(3, some, (enum mu_loss_direction)direction, 1e-5, &b, &err), MU_OK);
        assert_true(fabs(a - b) < 1e-9);
        const struct mu_dp_event more = event(1, 0.05, 7);
        assert_int_equal(mu_loss_epsilon(1, &more, (enum mu_loss_direction)direction, 1e-5, &b, &err), MU_OK);
        assert_true(b > a + 1e-4);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_masses_are_kept),
        cmocka_unit_test(one_release_in_closed_form),
        cmocka_unit_test(counting_is_listing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
