/* The expected verdicts are counted by hand from the rule of the paper's code (specs/privacy.md, section 1.7): so many
 * evaluations of train loss above 1.05 times the best, without a new best in between. */
#include "support.h"

#include <math.h>

#include "muster/sim/sim.h"

/* The number of the loss at which the rule gives up, from 1; 0 if it never does. */
static size_t given_up(int64_t evaluations, double factor, size_t n, const double *loss) {
    const struct mu_divergence_config config = {evaluations, factor};
    struct mu_divergence seen = {.best = NAN};
    for (size_t i = 0; i < n; i++) {
        if (mu_divergence_look(&config, &seen, loss[i])) {
            return i + 1;
        }
    }
    return 0;
}
#define GIVEN_UP(evaluations, factor, ...) \
    given_up(evaluations, factor, sizeof((double[]){__VA_ARGS__}) / sizeof(double), (double[]){__VA_ARGS__})

static void it_takes_so_many_evaluations_above_the_best(void **state) {
    (void)state;
    assert_int_equal(GIVEN_UP(3, 1.05, 2, 1, 1.1, 1.2, 1.06, 1.3), 5);
    assert_int_equal(GIVEN_UP(4, 1.05, 2, 1, 1.1, 1.2, 1.06, 1.3), 6);
    assert_int_equal(GIVEN_UP(5, 1.05, 2, 1, 1.1, 1.2, 1.06, 1.3), 0);
}

static void a_new_best_starts_the_count_anew(void **state) {
    (void)state;
    assert_int_equal(GIVEN_UP(3, 1.05, 1, 2, 2, 0.9, 2, 2), 0);
    assert_int_equal(GIVEN_UP(3, 1.05, 1, 2, 2, 0.9, 2, 2, 2), 7);
}

/* Between the best and the bound an evaluation neither counts nor starts the count anew. */
static void what_is_a_little_above_the_best_is_passed_over(void **state) {
    (void)state;
    assert_int_equal(GIVEN_UP(2, 1.05, 1, 1.04, 1.05, 1.03, 1.04), 0);
    assert_int_equal(GIVEN_UP(2, 1.05, 1, 1.06, 1.04, 1, 1.06), 5);
    assert_int_equal(GIVEN_UP(2, 1, 1, 1.04, 1.05), 3);
}

static void a_loss_that_is_not_finite_is_enough(void **state) {
    (void)state;
    assert_int_equal(GIVEN_UP(100, 1.05, NAN), 1);
    assert_int_equal(GIVEN_UP(100, 1.05, 1, 2, INFINITY), 3);
}

static void a_negative_best_has_its_bound_above_it(void **state) {
    (void)state;
    assert_int_equal(GIVEN_UP(1, 1.05, -1, -0.96, -0.94), 3);
}

static void without_the_rule_anything_goes(void **state) {
    (void)state;
    assert_int_equal(GIVEN_UP(MU_UNSET, 1.05, 1, 9, NAN, INFINITY), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_takes_so_many_evaluations_above_the_best),
        cmocka_unit_test(a_new_best_starts_the_count_anew),
        cmocka_unit_test(what_is_a_little_above_the_best_is_passed_over),
        cmocka_unit_test(a_loss_that_is_not_finite_is_enough),
        cmocka_unit_test(a_negative_best_has_its_bound_above_it),
        cmocka_unit_test(without_the_rule_anything_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
