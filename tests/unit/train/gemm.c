/* Tiled GEMM against three loops, and the tiles against OpenBLAS's limits. */
#include "support.h"

#include "gemm.h"

static const struct {
    CBLAS_TRANSPOSE ta, tb;
} forms[] = {
    {CblasNoTrans, CblasTrans},   /* forward */
    {CblasNoTrans, CblasNoTrans}, /* back, and the last layer's gradient */
    {CblasTrans, CblasNoTrans},   /* gradient, and back from the last layer */
};

/* Shapes of all regimes: small, cut by rows, by columns, in both, too large for tiles; odd everywhere. */
static const size_t shapes[][3] = {{1, 1, 1},     {32, 37, 100}, {10, 32, 784},  {32, 200, 784}, {31, 203, 785},
                                   {70, 67, 391}, {201, 83, 64}, {10, 785, 130}, {3, 5, 4000},   {130, 130, 130},
                                   {65, 301, 77}, {1, 1500, 40}, {33, 17, 31},   {90, 12, 1700}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static double *make_numbers(size_t n, uint64_t seed) {
    return make_point(n, 1, seed);
}

static void check_product(size_t form, const size_t *shape, bool tiles) {
    const CBLAS_TRANSPOSE ta = forms[form].ta, tb = forms[form].tb;
    const size_t m = shape[0], n = shape[1], k = shape[2];
    double *const a = make_numbers(m * k, 1), *const b = make_numbers(n * k, 2), *const out = make_numbers(m * n, 3);
    double *const expected = make(m * n, sizeof *expected);
    float *const a32 = make(m * k, sizeof *a32), *const b32 = make(n * k, sizeof *b32);
    float *const out32 = make(m * n, sizeof *out32);
    for (size_t i = 0; i < m * k; i++) {
        a32[i] = (float)a[i];
    }
    for (size_t i = 0; i < n * k; i++) {
        b32[i] = (float)b[i];
    }
    for (size_t r = 0; r < m; r++) {
        for (size_t c = 0; c < n; c++) {
            double sum = 0;
            for (size_t i = 0; i < k; i++) {
                sum += a[ta == CblasTrans ? i * m + r : r * k + i] * b[tb == CblasTrans ? c * k + i : i * n + c];
            }
            expected[r * n + c] = 0.5 * sum - 2 * out[r * n + c];
            out32[r * n + c] = (float)out[r * n + c];
        }
    }
    mu_gemm_f64(tiles, ta, tb, m, n, k, 0.5, a, ta == CblasTrans ? m : k, b, tb == CblasTrans ? k : n, -2, out);
    mu_gemm_f32(tiles, ta, tb, m, n, k, 0.5F, a32, ta == CblasTrans ? m : k, b32, tb == CblasTrans ? k : n, -2, out32);
    for (size_t i = 0; i < m * n; i++) {
        assert_true(fabs(out[i] - expected[i]) < 1e-11);
        assert_true(fabs((double)out32[i] - expected[i]) < 2e-4);
    }
    out[m * n / 2] += 1e-10;
    assert_false(max_difference(m * n, out, expected) < 1e-11);
    free(a);
    free(b);
    free(out);
    free(expected);
    free(a32);
    free(b32);
    free(out32);
}

static void products_equal_three_loops(void **state) {
    (void)state;
    for (size_t form = 0; form < 3; form++) {
        for (size_t i = 0; i < SHAPES; i++) {
            check_product(form, shapes[i], true);
            check_product(form, shapes[i], false);
        }
    }
}

/* A tile is either everything or within the limits named in gemm.h, and not so narrow that it costs. */
static void tiles_stay_within_the_limits(void **state) {
    (void)state;
    size_t cut = 0;
    for (size_t form = 0; form < 3; form++) {
        for (size_t m = 1; m < 600; m += 7) {
            for (size_t n = 1; n < 900; n += 13) {
                for (size_t k = 1; k < 4000; k += 1 + k / 3) {
                    const struct mu_tile tile = mu_gemm_tile(forms[form].ta, forms[form].tb, m, n, k);
                    assert_true(tile.rows >= 1 && tile.rows <= m && tile.columns >= 1 && tile.columns <= n);
                    if (tile.rows == m && tile.columns == n) {
                        continue;
                    }
                    cut++;
                    assert_true(tile.rows * tile.columns * k <= 1000000);
                    assert_true((tile.rows == m || tile.rows >= 8) && (tile.columns == n || tile.columns >= 16));
                    if (forms[form].tb == CblasTrans) {
                        assert_true(tile.rows * tile.columns <= 1200 && k >= 32);
                    }
                }
            }
        }
    }
    assert_true(cut > 100000);
    const struct mu_tile w2 = mu_gemm_tile(CblasNoTrans, CblasTrans, 32, 200, 784);
    assert_true(w2.rows == 32 && w2.columns == 32);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_equal_three_loops),
        cmocka_unit_test(tiles_stay_within_the_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
