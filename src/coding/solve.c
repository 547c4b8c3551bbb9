#include "solve.h"

#include <cblas.h>
#include <lapacke.h>
#include <math.h>

#include "muster/base/mem.h"

static int check(lapack_int info, bool *solved, struct mu_err *err) {
    *solved = info == 0;
    if (info == LAPACK_WORK_MEMORY_ERROR || info == LAPACK_TRANSPOSE_MEMORY_ERROR) {
        return mu_fail(err, MU_RANK_FAILED, NULL, "out of memory");
    }
    return MU_OK;
}

int mu_solve_least_squares(size_t rows, size_t columns, double *A, double *b, double *singular, struct mu_err *err) {
    const lapack_int m = (lapack_int)rows;
    const lapack_int n = (lapack_int)columns;
    lapack_int rank;
    bool solved;
    MU_TRY(
        check(LAPACKE_dgelsd(LAPACK_COL_MAJOR, m, n, 1, A, m, b, m > n ? m : n, singular, 1e-12, &rank), &solved, err));
    if (!solved) { /* the SVD did not converge, or its input was not finite: no weights */
        for (size_t k = 0; k < columns; k++) {
            b[k] = NAN;
        }
    }
    return MU_OK;
}

int mu_solve_least_norm(size_t rows, size_t columns, double *A, double *b, bool *solved, struct mu_err *err) {
    return check(LAPACKE_dgels(LAPACK_COL_MAJOR, 'N', (lapack_int)rows, (lapack_int)columns, 1, A, (lapack_int)rows, b,
                               (lapack_int)columns),
                 solved, err);
}

int mu_solve_square(size_t n, double *A, double *b, int *pivot, bool *solved, struct mu_err *err) {
    _Static_assert(sizeof(lapack_int) == sizeof(int), "pivots are ints");
    return check(LAPACKE_dgesv(LAPACK_COL_MAJOR, (lapack_int)n, 1, A, (lapack_int)n, pivot, b, (lapack_int)n), solved,
                 err);
}

/* The diagonal of R falls from |R_00|; it must fall to rounding after `rank` entries and not before. */
static bool has_rank(size_t n, size_t rank, const double *R) {
    const double scale = fabs(R[0]);
    const bool enough = fabs(R[(rank - 1) * (n + 1)]) > 1e-12 * scale;
    return enough && (rank == n || fabs(R[rank * (n + 1)]) < 1e-10 * scale);
}

int mu_solve_left_null(size_t n, size_t rank, double *A, double *a, bool *solved, struct mu_err *err) {
    int rc = MU_OK;
    const lapack_int order = (lapack_int)n;
    lapack_int *pivot = mu_alloc(n, sizeof *pivot, err); /* zeros: every column may be moved */
    double *tau = mu_alloc(2 * n, sizeof *tau, err);
    if (pivot == NULL || tau == NULL) {
        rc = MU_RANK_FAILED;
        goto done;
    }
    rc = check(LAPACKE_dgeqp3(LAPACK_COL_MAJOR, order, order, A, order, pivot, tau), solved, err);
    *solved = *solved && has_rank(n, rank, A);
    if (rc != MU_OK || !*solved) {
        goto done;
    }
    /* A P = Q R, so A' a = 1 is R' y = 1 with y = Q' a; its first `rank` rows determine y, and the rest follow. */
    double *const y = tau + n;
    for (size_t k = 0; k < rank; k++) {
        y[k] = 1.0;
    }
    cblas_dtrsv(CblasColMajor, CblasUpper, CblasTrans, CblasNonUnit, (int)rank, A, order, y, 1);
    rc = check(LAPACKE_dorgqr(LAPACK_COL_MAJOR, order, order, order, A, order, tau), solved, err);
    for (size_t i = 0; i < n; i++) {
        a[i] = 0.0;
    }
    if (rc == MU_OK && *solved) {
        mu_solve_add_product(n, rank, A, y, a);
    }
done:
    mu_free(pivot);
    mu_free(tau);
    return rc;
}

void mu_solve_add_product(size_t rows, size_t columns, const double *A, const double *x, double *y) {
    if (rows > 0 && columns > 0) {
        cblas_dgemv(CblasColMajor, CblasNoTrans, (int)rows, (int)columns, 1.0, A, (int)rows, x, 1, 1.0, y, 1);
    }
}
