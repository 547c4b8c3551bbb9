#include "gemm.h"

#include <string.h>

/* OpenBLAS's limits; see gemm.h. */
enum { MULTIPLICATIONS = 1000000, DOT_RESULTS = 1200, DOT_INNER = 32 };

/* Narrower tiles, in vectors and in registers of a kernel, lose what the small kernels win. */
enum { LEAST_ROWS = 8, COLUMNS = 64, DOT_SIDE = 32, LEAST_DOT_SIDE = 16 };

bool mu_gemm_tiles(void) {
    static const char *const kernels[] = {"SkylakeX", "Cooperlake", "SapphireRapids"};
    const char *const name = openblas_get_corename();
    for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++) {
        if (strcmp(name, kernels[i]) == 0) {
            return true;
        }
    }
    return false;
}

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

struct mu_tile mu_gemm_tile(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, size_t m, size_t n, size_t k) {
    const struct mu_tile whole = {m, n};
    if (tb == CblasTrans) { /* rows times rows: dot products along k */
        for (size_t side = DOT_SIDE; side >= LEAST_DOT_SIDE && k >= DOT_INNER; side /= 2) {
            const size_t rows = smaller(m, side), columns = smaller(n, DOT_RESULTS / rows / side * side);
            const size_t fitting = smaller(columns, MULTIPLICATIONS / rows / k);
            if (fitting == columns || fitting >= side) {
                return (struct mu_tile){rows, fitting == n ? n : fitting / side * side};
            }
        }
        return whole;
    }
    if ((double)m * (double)n * (double)k <= MULTIPLICATIONS) {
        return whole;
    }
    if (ta == CblasNoTrans) { /* all rows, some columns; many rows in parts */
        const size_t rows = smaller(m, COLUMNS), columns = smaller(n, COLUMNS);
        return rows * columns * k <= MULTIPLICATIONS ? (struct mu_tile){rows, columns} : whole;
    }
    /* A gradient: rows of the weights in full length, if enough of them fit. */
    const size_t rows = MULTIPLICATIONS / n / k;
    return rows >= LEAST_ROWS ? (struct mu_tile){rows, n} : whole;
}

#define DEFINE_GEMM(NAME, REAL, GEMM)                                                                                  \
    void NAME(bool tiles, CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, size_t m, size_t n, size_t k, REAL alpha,            \
              const REAL *a, size_t lda, const REAL *b, size_t ldb, REAL beta, REAL *out) {                            \
        const struct mu_tile tile = tiles ? mu_gemm_tile(ta, tb, m, n, k) : (struct mu_tile){m, n};                    \
        for (size_t r = 0; r < m; r += tile.rows) {                                                                    \
            for (size_t c = 0; c < n; c += tile.columns) {                                                             \
                GEMM(CblasRowMajor, ta, tb, (int)smaller(tile.rows, m - r), (int)smaller(tile.columns, n - c), (int)k, \
                     alpha, ta == CblasNoTrans ? a + r * lda : a + r, (int)lda,                                        \
                     tb == CblasNoTrans ? b + c : b + c * ldb, (int)ldb, beta, out + r * n + c, (int)n);               \
            }                                                                                                          \
        }                                                                                                              \
    }
DEFINE_GEMM(mu_gemm_f32, float, cblas_sgemm)
DEFINE_GEMM(mu_gemm_f64, double, cblas_dgemm)
