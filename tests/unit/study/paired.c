/* Paired differences, against sums by hand. */
#include "muster/study/paired.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

/* Differences 1, 2, 3 and a tie: mean 1.5, squares 5, sd sqrt(5 / 3). */
static void differences_are_of_pairs(void **state) {
    (void)state;
    const double a[] = {11, 22, 33, 7, NAN, 5}, b[] = {10, 20, 30, 7, 1, INFINITY};
    double scratch[6];
    const struct mu_paired p = mu_paired(6, a, b, scratch);
    assert_int_equal(p.difference.n, 4);
    assert_true(p.difference.mean == 1.5 && p.more == 3 && p.less == 0);
    assert_true(fabs(p.difference.half - 3.182446 * sqrt(5.0 / 3) / 2) < 1e-6);
    assert_true(fabs(p.sign_p - 0.25) < 1e-12); /* 2 / 2^3: the tie is out */
    /* Pairs matter: with b in another order the mean is the same and the interval is not. */
    const double other[] = {30, 7, 10, 20};
    const struct mu_paired q = mu_paired(4, a, other, scratch);
    assert_true(q.difference.mean == 1.5 && q.difference.half > 5 * p.difference.half);
}

/* Binomial tails: 10 of 10: 2 / 1024; 8 of 10: 2 (1 + 10 + 45) / 1024; 5 of 10: all. */
static void sign_test_is_the_binomials(void **state) {
    (void)state;
    assert_true(fabs(mu_sign_test(10, 0) - 2.0 / 1024) < 1e-12);
    assert_true(fabs(mu_sign_test(2, 8) - 112.0 / 1024) < 1e-12);
    assert_true(fabs(mu_sign_test(8, 2) - mu_sign_test(2, 8)) < 1e-15);
    assert_true(mu_sign_test(5, 5) == 1 && mu_sign_test(0, 0) == 1);
    assert_false(fabs(mu_sign_test(10, 0) - 1.0 / 1024) < 1e-4); /* not one-sided */
    assert_true(mu_sign_test(2000, 0) < 1e-100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(differences_are_of_pairs),
        cmocka_unit_test(sign_test_is_the_binomials),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
