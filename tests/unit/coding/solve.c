/* The dense solvers: against numbers by hand, and that the LAPACK behind them is OpenBLAS's. */
#include "solve.h"

#include "support.h"

#include <dlfcn.h>

/* The Fortran symbol; its arguments do not matter here. */
void dgels_(void);

/* launch/cmake/MusterDependencies.cmake puts OpenBLAS before LAPACKE: the first dgels_ that the program finds, which is
 * the one LAPACKE is bound to, must be in it. */
static void lapack_is_that_of_openblas(void **state) {
    (void)state;
    Dl_info where;
    assert_int_not_equal(dladdr((void *)dgels_, &where), 0);
    if (strstr(where.dli_fname, "openblas") == NULL) {
        fail_msg("dgels_ comes from %s", where.dli_fname);
    }
}

static void square_system_is_solved(void **state) {
    (void)state;
    double A[] = {2, 1, 1, 3}; /* by columns */
    double b[] = {3, 5};
    int pivot[2];
    bool solved;
    struct mu_err err = {0};
    assert_int_equal(mu_solve_square(2, A, b, pivot, &solved, &err), MU_OK);
    assert_true(solved);
    assert_true(fabs(b[0] - 0.8) < 1e-15 && fabs(b[1] - 1.4) < 1e-15);
}

static void singular_square_system_is_said_so(void **state) {
    (void)state;
    double A[] = {1, 2, 2, 4};
    double b[] = {1, 1};
    int pivot[2];
    bool solved = true;
    struct mu_err err = {0};
    assert_int_equal(mu_solve_square(2, A, b, pivot, &solved, &err), MU_OK);
    assert_false(solved);
}

/* x + y = 2 is solved by (1, 1), the point of the line nearest to the origin. */
static void underdetermined_system_has_the_least_norm(void **state) {
    (void)state;
    double A[] = {1, 1};
    double b[] = {2, 0};
    bool solved;
    struct mu_err err = {0};
    assert_int_equal(mu_solve_least_norm(1, 2, A, b, &solved, &err), MU_OK);
    assert_true(solved && fabs(b[0] - 1) < 1e-15 && fabs(b[1] - 1) < 1e-15);
}

/* Rank 1, inconsistent: the mean of 1 and 3 is met by x + y = 2, again nearest to the origin. */
static void least_squares_of_a_rank_deficient_matrix(void **state) {
    (void)state;
    double A[] = {1, 1, 1, 1};
    double b[] = {1, 3};
    double singular[2];
    struct mu_err err = {0};
    assert_int_equal(mu_solve_least_squares(2, 2, A, b, singular, &err), MU_OK);
    assert_true(fabs(b[0] - 1) < 1e-14 && fabs(b[1] - 1) < 1e-14);
    assert_true(fabs(singular[0] - 2) < 1e-14 && singular[1] < 1e-14);
}

/* Rows (1,1,0), (0,0,1), (1,1,1): rank 2, v = (1, 1, -1) / sqrt 3 annihilates them, and the least a with a' A = (1,1,1)
 * is the projection of (1, 1, 0) to what is orthogonal to v: (1/3, 1/3, 2/3). */
static void left_null_space_and_base_solution(void **state) {
    (void)state;
    double A[] = {1, 0, 1, 1, 0, 1, 0, 1, 1};
    double a[3];
    bool solved;
    struct mu_err err = {0};
    assert_int_equal(mu_solve_left_null(3, 2, A, a, &solved, &err), MU_OK);
    assert_true(solved);
    const double *v = A + 6;
    assert_true(fabs(fabs(v[0]) - 1 / sqrt(3.0)) < 1e-14);
    assert_true(fabs(v[0] - v[1]) < 1e-14 && fabs(v[0] + v[2]) < 1e-14);
    assert_true(fabs(a[0] - 1.0 / 3) < 1e-14 && fabs(a[1] - 1.0 / 3) < 1e-14 && fabs(a[2] - 2.0 / 3) < 1e-14);
}

static void wrong_rank_is_said_so(void **state) {
    (void)state;
    const double rows[] = {1, 0, 1, 1, 0, 1, 0, 1, 1}; /* rank 2 */
    struct mu_err err = {0};
    for (size_t claimed = 1; claimed <= 3; claimed += 2) {
        double A[9];
        double a[3];
        bool solved = true;
        memcpy(A, rows, sizeof A);
        assert_int_equal(mu_solve_left_null(3, claimed, A, a, &solved, &err), MU_OK);
        assert_false(solved);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lapack_is_that_of_openblas),
        cmocka_unit_test(square_system_is_solved),
        cmocka_unit_test(singular_square_system_is_said_so),
        cmocka_unit_test(underdetermined_system_has_the_least_norm),
        cmocka_unit_test(least_squares_of_a_rank_deficient_matrix),
        cmocka_unit_test(left_null_space_and_base_solution),
        cmocka_unit_test(wrong_rank_is_said_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
