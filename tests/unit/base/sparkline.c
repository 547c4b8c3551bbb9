/* Heights follow from the definition: eight blocks, U+2581 to U+2588, from the lowest number to the highest. */
#include "muster/base/sparkline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

static void blocks_rise_from_the_lowest_to_the_highest(void **state) {
    (void)state;
    char text[64];
    const double x[] = {3, 0, 4, 8};
    /* 3/8 and 4/8 of eight heights: the third and the fourth from the ground, less a thousandth for the highest. */
    assert_string_equal(mu_sparkline(4, x, 10, text), "\u2583\u2581\u2584\u2588");
    const double other[] = {3, 0, 5, 8};
    assert_string_not_equal(mu_sparkline(4, other, 10, text), "\u2583\u2581\u2584\u2588");
}

static void the_last_are_shown_and_span_the_heights(void **state) {
    (void)state;
    char text[64];
    const double x[] = {1000, 1, 2};
    assert_string_equal(mu_sparkline(3, x, 2, text), "\u2581\u2588");
    assert_string_equal(mu_sparkline(3, x, 0, text), "");
}

static void equal_numbers_are_low_and_what_is_not_finite_is_blank(void **state) {
    (void)state;
    char text[64];
    const double x[] = {0.5, NAN, 0.5, INFINITY};
    assert_string_equal(mu_sparkline(4, x, 10, text), "\u2581 \u2581 ");
    assert_string_equal(mu_sparkline(0, NULL, 10, text), "");
    const double none[] = {NAN};
    assert_string_equal(mu_sparkline(1, none, 10, text), " ");
}

static void the_first_variable_that_is_set_decides_on_the_characters(void **state) {
    (void)state;
    setenv("LC_ALL", "", 1);
    setenv("LC_CTYPE", "C", 1);
    setenv("LANG", "en_US.UTF-8", 1);
    assert_false(mu_sparkline_shows());
    setenv("LC_ALL", "C.utf8", 1);
    assert_true(mu_sparkline_shows());
    unsetenv("LC_ALL");
    unsetenv("LC_CTYPE");
    assert_true(mu_sparkline_shows());
    unsetenv("LANG");
    assert_false(mu_sparkline_shows());
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_rise_from_the_lowest_to_the_highest),
        cmocka_unit_test(the_last_are_shown_and_span_the_heights),
        cmocka_unit_test(equal_numbers_are_low_and_what_is_not_finite_is_blank),
        cmocka_unit_test(the_first_variable_that_is_set_decides_on_the_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
