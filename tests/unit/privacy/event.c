/* Composition: what is refused, limits of the numbers, order of the accountants, calibration, and time. */
#include "muster/privacy/account.h"

#include "support.h"

#include "muster/base/clock.h"

static const char *const accountants[] = {"rdp", "pld", "zcdp", "gdp"};

static struct mu_dp_event poisson(double sigma, double q, int64_t count) {
    return (struct mu_dp_event){.kind = MU_DP_POISSON_GAUSSIAN, .sigma = sigma, .q = q, .count = count};
}

static int attempt(const char *accountant, size_t n, const struct mu_dp_event *e, double delta, struct mu_dp_cost *cost,
                   struct mu_err *err) {
    return mu_dp_epsilon(mu_accountant_find(accountant), n, e, delta, cost, err);
}

static double epsilon(const char *accountant, struct mu_dp_event e, double delta) {
    struct mu_dp_cost cost;
    struct mu_err err = {0};
    const int code = attempt(accountant, 1, &e, delta, &cost, &err);
    support_expect_ok(&err);
    assert_int_equal(code, MU_OK);
    return cost.epsilon;
}

/* q 0 and 1 and near them, sigma 0.1 to 1e6, T to 1e7: a number that is not NaN, never negative, and the accountants in
 * the order of their tightness: pld <= rdp, and rdp at most what no sampling would cost. */
static void no_number_is_out_of_range(void **state) {
    (void)state;
    static const double sigmas[] = {0.1, 1, 30, 1e6};
    static const double qs[] = {0, 1e-9, 0.01, 0.999999, 1};
    static const int64_t counts[] = {1, 10000000};
    for (size_t i = 0; i < sizeof sigmas / sizeof *sigmas; i++) {
        for (size_t j = 0; j < sizeof qs / sizeof *qs; j++) {
            for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
                const struct mu_dp_event e = poisson(sigmas[i], qs[j], counts[k]);
                double value[4];
                for (size_t a = 0; a < 4; a++) {
                    value[a] = epsilon(accountants[a], e, 1e-6);
                    if (isnan(value[a]) || value[a] < 0) {
                        fail_msg("%s: sigma %g q %g T %g: %g", accountants[a], e.sigma, e.q, (double)e.count, value[a]);
                    }
                }
                if (value[1] > value[0] * (1 + 1e-9) + 1e-3) {
                    fail_msg("pld %g > rdp %g: sigma %g q %g T %g", value[1], value[0], e.sigma, e.q, (double)e.count);
                }
                const double plain = epsilon("rdp", poisson(e.sigma, 1, e.count), 1e-6);
                assert_true(value[0] <= plain * (1 + 1e-12));
                assert_true(qs[j] > 0 || (value[0] == 0 && value[1] == 0 && value[2] == 0 && value[3] == 0));
            }
        }
    }
}

static void fixed_size_has_no_number_out_of_range(void **state) {
    (void)state;
    static const double sigmas[] = {0.1, 1, 100, 1e6};
    static const double qs[] = {0, 1e-6, 0.01, 0.5, 1};
    for (size_t i = 0; i < sizeof sigmas / sizeof *sigmas; i++) {
        double last = 0;
        for (size_t j = 0; j < sizeof qs / sizeof *qs; j++) {
            const struct mu_dp_event e = {.kind = MU_DP_WOR_GAUSSIAN,
                                          .adjacency = MU_DP_REPLACE_ONE,
                                          .sigma = sigmas[i],
                                          .q = qs[j],
                                          .count = 10000};
            const double value = epsilon("rdp", e, 1e-6);
            assert_true(value >= 0 && (qs[j] == 1 || value >= last));
            last = value;
        }
    }
}

static void no_noise_is_no_privacy(void **state) {
    (void)state;
    for (size_t a = 0; a < 4; a++) {
        assert_true(isinf(epsilon(accountants[a], poisson(0, 0.01, 1), 1e-5)));
        assert_true(epsilon(accountants[a], poisson(0, 0, 1), 1e-5) == 0);
        assert_true(epsilon(accountants[a], poisson(1, 0.5, 0), 1e-5) == 0);
    }
}

static void what_does_not_compose(void **state) {
    (void)state;
    struct mu_err err = {0};
    struct mu_dp_cost cost;
    struct mu_dp_event e[2] = {poisson(1, 0.1, 1), poisson(1, 0.1, 1)};
    assert_int_equal(attempt("rdp", 2, e, 1e-5, &cost, &err), MU_OK);
    e[1].unit = MU_DP_CLIENT;
    attempt("rdp", 2, e, 1e-5, &cost, &err);
    support_expect_error(&err, MU_BAD_CONFIG, "privacy", "different units");
    e[1] = (struct mu_dp_event){.kind = MU_DP_GAUSSIAN, .adjacency = MU_DP_REPLACE_ONE, .sigma = 1, .count = 1};
    attempt("rdp", 2, e, 1e-5, &cost, &err);
    support_expect_error(&err, MU_BAD_CONFIG, "privacy", "costs do not add");
    e[0].adjacency = MU_DP_REPLACE_ONE;
    attempt("rdp", 2, e, 1e-5, &cost, &err);
    support_expect_error(&err, MU_BAD_CONFIG, "privacy",
                         "Poisson sampling cannot be accounted for under neighbours by "
                         "replace_one");
    e[0] = (struct mu_dp_event){.kind = MU_DP_WOR_GAUSSIAN, .adjacency = MU_DP_ADD_REMOVE, .sigma = 1, .count = 1};
    attempt("rdp", 1, e, 1e-5, &cost, &err);
    support_expect_error(&err, MU_BAD_CONFIG, "privacy", "sampling of fixed size cannot");
    e[0] = (struct mu_dp_event){.kind = MU_DP_TREE, .adjacency = MU_DP_ADD_REMOVE, .sigma = 1, .count = 1};
    attempt("rdp", 1, e, 1e-5, &cost, &err);
    support_expect_error(&err, MU_BAD_CONFIG, "privacy", "a tree cannot");
    e[0] = (struct mu_dp_event){MU_DP_WOR_GAUSSIAN, MU_DP_RECORD, MU_DP_REPLACE_ONE, 1, 0.1, 1, 0};
    attempt("pld", 1, e, 1e-5, &cost, &err);
    support_expect_error(&err, MU_BAD_CONFIG, "privacy", "pld has no bound");
}

static void numbers_that_are_refused(void **state) {
    (void)state;
    struct mu_err err = {0};
    struct mu_dp_cost cost;
    struct mu_dp_event e = poisson(1, 0.1, 1);
    static const double deltas[] = {0, 1, -1e-5, NAN, INFINITY};
    for (size_t i = 0; i < sizeof deltas / sizeof *deltas; i++) {
        attempt("rdp", 1, &e, deltas[i], &cost, &err);
        support_expect_error(&err, MU_BAD_CONFIG, "privacy", "delta must be within (0, 1)");
    }
    static const double sigmas[] = {-1, NAN, INFINITY, 1e-3};
    for (size_t i = 0; i < sizeof sigmas / sizeof *sigmas; i++) {
        e.sigma = sigmas[i];
        attempt("rdp", 1, &e, 1e-5, &cost, &err);
        support_expect_error(&err, MU_BAD_CONFIG, "privacy", "a noise multiplier must be");
    }
    e = poisson(1, 1.5, 1);
    attempt("rdp", 1, &e, 1e-5, &cost, &err);
    support_expect_error(&err, MU_BAD_CONFIG, "privacy", "a sampling rate must be in 0..1");
    e = poisson(1, 0.5, -1);
    attempt("rdp", 1, &e, 1e-5, &cost, &err);
    support_expect_error(&err, MU_BAD_CONFIG, "privacy", "a number of releases");
    e = poisson(1, 0.5, 100);
    attempt("pld", 1, &e, 1e-13, &cost, &err);
    support_expect_error(&err, MU_BAD_CONFIG, "privacy", "pld resolves delta down to");
    double sigma;
    static const double targets[] = {0, -1, NAN, INFINITY};
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        mu_dp_calibrate(mu_accountant_find("rdp"), 1, &e, targets[i], 1e-5, &sigma, &cost, &err);
        support_expect_error(&err, MU_BAD_CONFIG, "privacy", "epsilon must be greater than 0");
    }
}

/* Many releases of one Gaussian are one with less noise, and the order of events does not matter. */
static void gaussians_add_in_squares(void **state) {
    (void)state;
    struct mu_dp_cost cost;
    struct mu_err err = {0};
    const struct mu_dp_event parts[] = {{.kind = MU_DP_GAUSSIAN, .sigma = 10, .count = 50},
                                        {.kind = MU_DP_GAUSSIAN, .sigma = 20, .count = 200}};
    const struct mu_dp_event whole = {.kind = MU_DP_GAUSSIAN, .sigma = 1, .count = 1};
    for (size_t a = 0; a < 4; a++) {
        assert_int_equal(attempt(accountants[a], 2, parts, 1e-5, &cost, &err), MU_OK);
        assert_true(fabs(cost.epsilon - epsilon(accountants[a], whole, 1e-5)) < 1e-9);
    }
}

/* What is returned never costs more than was asked for, and hardly less. */
static void calibration_keeps_the_promise(void **state) {
    (void)state;
    static const double targets[] = {0.2, 8};
    for (size_t a = 0; a < 4; a++) {
        for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
            const struct mu_dp_event shape = poisson(1, 0.02, 200);
            struct mu_dp_cost cost;
            struct mu_err err = {0};
            double sigma = 0;
            const struct mu_accountant *row = mu_accountant_find(accountants[a]);
            assert_int_equal(mu_dp_calibrate(row, 1, &shape, targets[i], 1e-5, &sigma, &cost, &err), MU_OK);
            assert_true(cost.epsilon <= targets[i] && cost.epsilon > 0.999 * targets[i]);
            assert_true(epsilon(accountants[a], poisson(sigma, 0.02, 200), 1e-5) == cost.epsilon);
        }
    }
    struct mu_dp_event shape[] = {poisson(1, 0.02, 500), {.kind = MU_DP_GAUSSIAN, .sigma = 15, .count = 25}};
    struct mu_dp_cost cost;
    struct mu_err err = {0};
    double sigma = 0;
    assert_int_equal(mu_dp_calibrate(mu_accountant_find("pld"), 2, shape, 2, 1e-5, &sigma, &cost, &err), MU_OK);
    shape[0].sigma = sigma;
    shape[1].sigma = 15 * sigma;
    assert_int_equal(attempt("pld", 2, shape, 1e-5, &cost, &err), MU_OK);
    assert_true(cost.epsilon <= 2 && cost.epsilon > 1.999);
}

static void the_edge_of_the_grid_is_reported(void **state) {
    (void)state;
    struct mu_dp_cost cost;
    struct mu_err err = {0};
    /* Very little noise: the smallest order is the best. */
    struct mu_dp_event e = poisson(0.2, 1, 1000);
    assert_int_equal(attempt("rdp", 1, &e, 1e-5, &cost, &err), MU_OK);
    assert_true(cost.grid_edge && cost.order == 1.1);
    e.sigma = 4;
    e.count = 1;
    assert_int_equal(attempt("rdp", 1, &e, 1e-5, &cost, &err), MU_OK);
    assert_false(cost.grid_edge);
}

/* The specification's limits, for a quiet machine, times ten for a loaded one or one that checks memory. */
static void it_is_quick(void **state) {
    (void)state;
    const struct mu_dp_event e = poisson(1.1, 256.0 / 60000, 14041);
    const double start = mu_monotonic_s();
    const double loss = epsilon("pld", e, 1e-5);
    const double middle = mu_monotonic_s();
    const double rdp = epsilon("rdp", e, 1e-5);
    const double end = mu_monotonic_s();
    print_message("pld %.9f in %.1f ms, rdp %.9f in %.2f ms\n", loss, 1e3 * (middle - start), rdp,
                  1e3 * (end - middle));
    assert_true(middle - start < 10 && end - middle < 0.1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_number_is_out_of_range),
        cmocka_unit_test(fixed_size_has_no_number_out_of_range),
        cmocka_unit_test(no_noise_is_no_privacy),
        cmocka_unit_test(what_does_not_compose),
        cmocka_unit_test(numbers_that_are_refused),
        cmocka_unit_test(gaussians_add_in_squares),
        cmocka_unit_test(calibration_keeps_the_promise),
        cmocka_unit_test(the_edge_of_the_grid_is_reported),
        cmocka_unit_test(it_is_quick),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
