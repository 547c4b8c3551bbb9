/* GEMM calls cut into tiles that OpenBLAS multiplies in place.
 *
 * For AVX-512 machines OpenBLAS has, beside its packed kernels, small ones that read the matrices where they are; it
 * takes them for products of up to 100^3 multiplications, and of those with the second matrix transposed (row-major)
 * only if the result has at most 1,200 numbers and k is at least 32
 * (kernel/x86_64/sgemm_small_kernel_permit_skylakex.c). The products of a mini-batch are a little larger. Cut into such
 * tiles they run at 105-112 GFLOP/s instead of 75-97 (one EPYC core whose peak is 117, float32, batches of 32). Tiles
 * depend on shapes and on BLAS's kernel alone, hence so do the bits. */
#ifndef MUSTER_TRAIN_GEMM_H
#define MUSTER_TRAIN_GEMM_H

#include <cblas.h>
#include <stdbool.h>
#include <stddef.h>

/* Rows and columns of the result that one call computes. */
struct mu_tile {
    size_t rows, columns;
};

/* Whether the BLAS in use has such kernels. */
bool mu_gemm_tiles(void);

/* The tile for row-major out[m][n] = op(a) op(b), k being the inner dimension: all of out if none would be small. */
struct mu_tile mu_gemm_tile(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, size_t m, size_t n, size_t k);

/* Row-major out[m][n] = alpha op(a) op(b) + beta out, in tiles if `tiles`. The dimensions must fit BLAS's int. */
void mu_gemm_f32(bool tiles, CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, size_t m, size_t n, size_t k, float alpha,
                 const float *a, size_t lda, const float *b, size_t ldb, float beta, float *out);
void mu_gemm_f64(bool tiles, CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, size_t m, size_t n, size_t k, double alpha,
                 const double *a, size_t lda, const double *b, size_t ldb, double beta, double *out);

#endif
