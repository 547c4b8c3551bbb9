/* Profiles of three solvers on four problems, worked out by hand. */
#include "muster/study/profiles.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include <cmocka.h>

static const double cost[] = {1, 4, INFINITY, NAN,  /* ratios 1, 2, inf, inf */
                              2, 2, 10,       NAN,  /* ratios 2, 1, 1, inf */
                              5, 3, 20,       NAN}; /* ratios 5, 1.5, 2, inf */

static bool close_to(double x, double y) {
    return fabs(x - y) < 1e-14;
}

static void ratios_are_to_the_best(void **state) {
    (void)state;
    const double want[] = {1, 2, INFINITY, INFINITY, 2, 1, 1, INFINITY, 5, 1.5, 2, INFINITY};
    double ratio[12];
    mu_profile_ratios(3, 4, cost, ratio);
    for (size_t i = 0; i < 12; i++) {
        assert_true(ratio[i] == want[i]);
    }
    assert_false(ratio[8] == 2.5); /* not to the next solver */
}

static void shares_count_what_no_one_solved(void **state) {
    (void)state;
    double ratio[12];
    mu_profile_ratios(3, 4, cost, ratio);
    assert_true(mu_profile_share(4, ratio, 1) == 0.25 && mu_profile_share(4, ratio, 1.99) == 0.25);
    assert_true(mu_profile_share(4, ratio, 2) == 0.5 && mu_profile_share(4, ratio, 1e9) == 0.5);
    assert_true(mu_profile_share(4, ratio + 4, 2) == 0.75);
    assert_true(mu_profile_share(4, ratio + 8, INFINITY) == 0.75); /* not 1: the last was solved by none */
    assert_true(isnan(mu_profile_share(0, ratio, 1)));
}

/* (3 + 2) / 3 / 4; (2 + 3 + 3) / 3 / 4; (0 + 2.5 + 2) / 3 / 4. */
static void scores_are_areas(void **state) {
    (void)state;
    double ratio[12];
    mu_profile_ratios(3, 4, cost, ratio);
    const double want[] = {5.0 / 12, 8.0 / 12, 4.5 / 12};
    for (size_t s = 0; s < 3; s++) {
        double sum = 0; /* the integral by midpoints, whose steps have the jumps at their ends */
        for (int i = 0; i < 3000; i++) {
            sum += mu_profile_share(4, ratio + 4 * s, 1 + (i + 0.5) * 1e-3) * 1e-3;
        }
        assert_true(close_to(mu_profile_score(4, ratio + 4 * s), want[s]));
        assert_true(fabs(sum / 3 - want[s]) < 1e-9);
        assert_false(fabs(sum / 4 - want[s]) < 1e-3);
    }
}

static void a_best_of_nothing_has_no_quotient(void **state) {
    (void)state;
    const double zero[] = {0, 0, 1};
    double ratio[3];
    mu_profile_ratios(3, 1, zero, ratio);
    assert_true(ratio[0] == 1 && ratio[1] == 1 && isinf(ratio[2]));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ratios_are_to_the_best),
        cmocka_unit_test(shares_count_what_no_one_solved),
        cmocka_unit_test(scores_are_areas),
        cmocka_unit_test(a_best_of_nothing_has_no_quotient),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
