/* Spread over seeds, against closed forms and printed tables. */
#include "muster/study/statistics.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static bool close_to(double x, double y, double tolerance) {
    return fabs(x - y) <= tolerance;
}

/* 2, 4, 4, 4, 5, 5, 7, 9: mean 5, sum of squares 32. */
static void spread_is_that_of_a_known_sample(void **state) {
    (void)state;
    const double x[] = {2, 4, 4, 4, 5, 5, 7, 9};
    const struct mu_spread s = mu_spread(8, x);
    assert_true(close_to(s.mean, 5, 1e-15));
    assert_true(close_to(s.sd, sqrt(32.0 / 7), 1e-15));
    assert_true(close_to(s.half, 2.364624 * sqrt(32.0 / 7) / sqrt(8), 1e-12));
    assert_false(close_to(s.sd, sqrt(32.0 / 8), 1e-3)); /* not the sd of n */
}

static void one_value_has_no_spread(void **state) {
    (void)state;
    const double x = 3;
    assert_true(mu_spread(1, &x).mean == 3 && isnan(mu_spread(1, &x).sd) && isnan(mu_spread(1, &x).half));
    assert_true(isnan(mu_spread(0, &x).mean));
}

/* Printed values for 30, 60 and 120 degrees of freedom: 2.04227, 2.00030, 1.97993. */
static void students_quantiles_are_those_of_the_tables(void **state) {
    (void)state;
    assert_true(close_to(mu_student(30), 2.042272, 1e-5));
    assert_true(close_to(mu_student(60), 2.000298, 1e-5));
    assert_true(close_to(mu_student(120), 1.979930, 1e-5));
    assert_true(mu_student(20) > mu_student(21)); /* table and expansion meet in order */
    assert_false(close_to(mu_student(30), 1.959964, 1e-2));
}

static void runs_that_never_got_there_count_as_late(void **state) {
    (void)state;
    const double all[] = {3, 1, 2, 10}, some[] = {3, NAN, 1}, few[] = {NAN, 5, NAN};
    assert_true(mu_censored_median(4, all) == 2.5);
    assert_true(mu_censored_median(3, some) == 3);
    assert_true(isinf(mu_censored_median(3, few)));
    assert_true(isnan(mu_censored_median(0, few)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spread_is_that_of_a_known_sample),
        cmocka_unit_test(one_value_has_no_spread),
        cmocka_unit_test(students_quantiles_are_those_of_the_tables),
        cmocka_unit_test(runs_that_never_got_there_count_as_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
