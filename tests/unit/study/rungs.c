/* The expected verdicts are worked out by hand: floor(n / eta) of n go on (Li et al., Hyperband), and Pareto dominance.
 */
#include "support.h"

#include <math.h>

#include "muster/study/rungs.h"

#define ON MU_FATE_ON
#define HALVED MU_FATE_HALVED
#define DOMINATED MU_FATE_DOMINATED
#define PRIVATE(score_, time_, bytes_, epsilon_) \
    { .score = score_, .time_s = time_, .bytes = bytes_, .epsilon = epsilon_ }
#define AT(score_, time_, bytes_) PRIVATE(score_, time_, bytes_, INFINITY)

static void expect(size_t n, const struct mu_standing *at, double eta, bool dominated, const enum mu_fate *expected) {
    struct mu_verdict verdict[16];
    mu_rung_judge(n, at, eta, dominated, verdict);
    for (size_t i = 0; i < n; i++) {
        if (verdict[i].fate != expected[i]) {
            fail_msg("point %zu of %zu: %d, not %d", i, n, (int)verdict[i].fate, (int)expected[i]);
        }
    }
}

static void the_best_go_on(void **state) {
    (void)state;
    const struct mu_standing at[] = {AT(0.1, 1, 1), AT(0.9, 1, 1), AT(0.5, 1, 1), AT(0.7, 1, 1), AT(0.3, 1, 1)};
    expect(5, at, 2, false, (enum mu_fate[]){HALVED, ON, HALVED, ON, HALVED});
    expect(5, at, 1.5, false, (enum mu_fate[]){HALVED, ON, ON, ON, HALVED});
    expect(5, at, 5, false, (enum mu_fate[]){HALVED, ON, HALVED, HALVED, HALVED});
    expect(5, at, 100, false, (enum mu_fate[]){HALVED, ON, HALVED, HALVED, HALVED}); /* never none */
    expect(1, at, 100, false, (enum mu_fate[]){ON});
    expect(5, at, NAN, false, (enum mu_fate[]){ON, ON, ON, ON, ON});
}

static void equal_scores_are_in_the_order_of_the_plan(void **state) {
    (void)state;
    const struct mu_standing at[] = {AT(0.5, 1, 1), AT(0.5, 9, 9), AT(0.5, 0, 0), AT(0.5, 1, 1)};
    expect(4, at, 2, false, (enum mu_fate[]){ON, ON, HALVED, HALVED});
}

static void what_diverged_comes_last_and_what_is_not_known_is_left_alone(void **state) {
    (void)state;
    struct mu_standing at[] = {AT(9, 1, 1), AT(0.5, 1, 1), AT(NAN, 1, 1), AT(0.1, 1, 1), AT(7, 1, 1), AT(0.2, 1, 1)};
    at[0].diverged = true;
    at[4].absent = true;
    /* Four are ranked: 1, 5, 3, 0. */
    expect(6, at, 2, false, (enum mu_fate[]){HALVED, ON, ON, HALVED, ON, ON});
    expect(6, at, 4, false, (enum mu_fate[]){HALVED, ON, ON, HALVED, ON, HALVED});
}

static void a_point_is_dominated_by_one_that_is_nowhere_worse(void **state) {
    (void)state;
    const struct mu_standing at[] = {AT(0.5, 10, 100), AT(0.5, 10, 99), AT(0.4, 5, 100), AT(0.6, 11, 300),
                                     AT(0.6, 11, 301)};
    expect(5, at, NAN, true, (enum mu_fate[]){DOMINATED, ON, ON, ON, DOMINATED});
    expect(5, at, NAN, false, (enum mu_fate[]){ON, ON, ON, ON, ON});
    struct mu_verdict verdict[5];
    mu_rung_judge(5, at, NAN, true, verdict);
    assert_int_equal(verdict[0].by, 1);
    assert_int_equal(verdict[4].by, 3);
    /* Two that are alike in everything: neither is better in something. */
    expect(2, (struct mu_standing[]){at[0], at[0]}, NAN, true, (enum mu_fate[]){ON, ON});
}

static void privacy_is_one_of_the_things_that_count(void **state) {
    (void)state;
    const struct mu_standing at[] = {PRIVATE(0.5, 1, 1, 3), PRIVATE(0.6, 1, 1, 8), PRIVATE(0.5, 1, 1, 4),
                                     AT(0.6, 1, 1)};
    expect(4, at, NAN, true, (enum mu_fate[]){ON, ON, DOMINATED, DOMINATED});
}

static void nothing_is_dominated_by_what_diverged(void **state) {
    (void)state;
    struct mu_standing at[] = {AT(0.9, 1, 1), AT(0.5, 2, 2), AT(NAN, 0, 0)};
    at[0].diverged = true;
    expect(3, at, NAN, true, (enum mu_fate[]){ON, ON, ON});
    at[0].diverged = false;
    expect(3, at, NAN, true, (enum mu_fate[]){ON, DOMINATED, ON});
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_go_on),
        cmocka_unit_test(equal_scores_are_in_the_order_of_the_plan),
        cmocka_unit_test(what_diverged_comes_last_and_what_is_not_known_is_left_alone),
        cmocka_unit_test(a_point_is_dominated_by_one_that_is_nowhere_worse),
        cmocka_unit_test(privacy_is_one_of_the_things_that_count),
        cmocka_unit_test(nothing_is_dominated_by_what_diverged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
