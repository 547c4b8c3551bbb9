/* The few dense float64 problems of this layer, through LAPACKE. Matrices are stored by columns. */
#ifndef MUSTER_CODING_SOLVE_H
#define MUSTER_CODING_SOLVE_H

#include <stdbool.h>
#include <stddef.h>

#include "muster/base/err.h"

/* x of least norm among those that minimise |A x - b|, by SVD (dgelsd); singular values below 1e-12 of the largest
 * count as zero. A [rows, columns] is destroyed, b [max(rows, columns)] becomes x, singular has min(rows, columns). */
int mu_solve_least_squares(size_t rows, size_t columns, double *A, double *b, double *singular, struct mu_err *err);

/* x of least norm with A x = b, for A [rows, columns] of full rank and rows <= columns, by QR of its transpose (dgels).
 * A is destroyed, b [columns] becomes x. *solved is false if A is exactly singular. */
int mu_solve_least_norm(size_t rows, size_t columns, double *A, double *b, bool *solved, struct mu_err *err);

/* A x = b for square A, by LU with pivoting (dgesv). A is destroyed, b becomes x; pivot has n ints. *solved is false if
 * A is exactly singular. */
int mu_solve_square(size_t n, double *A, double *b, int *pivot, bool *solved, struct mu_err *err);

/* For a square A [n, n] of rank `rank` whose row space contains (1..1): Q of its QR with column pivoting replaces A, so
 * that its last n - rank columns are an orthonormal basis of the v with v' A = 0, and a [n] becomes the least-norm
 * solution of A' a = (1..1). *solved is false if the rank is not numerically `rank`. */
int mu_solve_left_null(size_t n, size_t rank, double *A, double *a, bool *solved, struct mu_err *err);

/* y += A x for A [rows, columns]. */
void mu_solve_add_product(size_t rows, size_t columns, const double *A, const double *x, double *y);

#endif
