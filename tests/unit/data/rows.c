/* Gathering rows: all pairs of types against the obvious loop, and parts. */
#include "unit/data/helper.h"

#include "muster/base/mem.h"
#include "muster/base/rng.h"

enum { N = 300 };

static double value_at(const struct mu_rows *rows, size_t i) {
    switch (rows->elem) {
    case MU_U8:
        return (double)((const uint8_t *)rows->x)[i];
    case MU_F32:
        return (double)((const float *)rows->x)[i];
    default:
        return ((const double *)rows->x)[i];
    }
}

/* The number that must come out, in the precision of the result: bytes are scaled, others taken as they are. */
static float expect_f32(const struct mu_rows *rows, size_t i) {
    return rows->elem != MU_U8 ? (float)value_at(rows, i)
                               : (float)value_at(rows, i) * (float)rows->scale + (float)rows->shift;
}

static double expect_f64(const struct mu_rows *rows, size_t i) {
    return rows->elem != MU_U8 ? value_at(rows, i) : value_at(rows, i) * rows->scale + rows->shift;
}

static void check_gather(const struct mu_rows *rows, size_t n, const uint32_t *index) {
    const size_t width = rows->width;
    float *const f32 = malloc(N * width * sizeof *f32);
    double *const f64 = malloc(N * width * sizeof *f64);
    mu_rows_gather_f32(rows, n, index, f32);
    mu_rows_gather_f64(rows, n, index, f64);
    for (size_t k = 0; k < n; k++) {
        const size_t row = index != NULL ? index[k] : k;
        for (size_t j = 0; j < width; j++) {
            assert_true(f32[k * width + j] == expect_f32(rows, row * width + j));
            assert_true(f64[k * width + j] == expect_f64(rows, row * width + j));
        }
    }
    free(f32);
    free(f64);
}

static void gather_converts_every_type_at_every_width(void **state) {
    (void)state;
    static const size_t widths[] = {1, 3, 15, 16, 17, 64, 100, 784};
    struct mu_rng rng;
    mu_rng_init(&rng, 1, MU_STREAM_DATA, 0, 0);
    uint32_t index[N];
    for (size_t k = 0; k < N; k++) {
        index[k] = (uint32_t)mu_rng_below(&rng, N); /* with repetitions */
    }
    for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
        const size_t numbers = N * widths[w];
        uint8_t *const bytes = malloc(numbers);
        float *const f32 = malloc(numbers * sizeof *f32);
        double *const f64 = malloc(numbers * sizeof *f64);
        for (size_t i = 0; i < numbers; i++) {
            bytes[i] = (uint8_t)mu_rng_below(&rng, 256);
            f64[i] = mu_rng_normal(&rng);
            f32[i] = (float)f64[i];
        }
        const struct mu_rows rows[] = {
            {.n = N, .width = widths[w], .elem = MU_U8, .scale = 1.0 / 255, .shift = 0, .x = bytes},
            {.n = N, .width = widths[w], .elem = MU_U8, .scale = 2.0 / 255, .shift = -1, .x = bytes},
            {.n = N, .width = widths[w], .elem = MU_F32, .x = f32},
            {.n = N, .width = widths[w], .elem = MU_F64, .x = f64},
        };
        for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
            check_gather(&rows[r], N, index);
            check_gather(&rows[r], N, NULL);
            check_gather(&rows[r], 1, index);
        }
        free(bytes);
        free(f32);
        free(f64);
    }
}

static void bytes_become_fractions_of_255(void **state) {
    (void)state;
    const uint8_t bytes[] = {0, 51, 255};
    const struct mu_rows rows = {.n = 1, .width = 3, .elem = MU_U8, .scale = 1.0 / 255, .x = bytes};
    float out[3];
    mu_rows_gather_f32(&rows, 1, NULL, out);
    assert_true(out[0] == 0 && fabsf(out[1] - 0.2f) < 1e-7f && out[2] == 1);
}

static void a_part_keeps_labels_and_targets_aligned(void **state) {
    (void)state;
    const double x[] = {0, 1, 10, 11, 20, 21}, target[] = {5, 6, 7};
    const int32_t label[] = {2, 1, 0};
    const struct mu_rows rows = {.n = 3, .width = 2, .elem = MU_F64, .x = x, .label = label, .target = target};
    const struct mu_rows part = mu_rows_part(&rows, 1, 2);
    assert_int_equal(part.n, 2);
    assert_true(((const double *)part.x)[0] == 10 && part.label[0] == 1 && part.target[1] == 7);
    const struct mu_rows bare = {.n = 3, .width = 2, .elem = MU_F64, .x = x};
    assert_null(mu_rows_part(&bare, 2, 1).label);
    assert_null(mu_rows_part(&bare, 2, 1).target);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gather_converts_every_type_at_every_width),
        cmocka_unit_test(bytes_become_fractions_of_255),
        cmocka_unit_test(a_part_keeps_labels_and_targets_aligned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
