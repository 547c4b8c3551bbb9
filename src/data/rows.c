#include "muster/data/rows.h"

#include <string.h>

#include "muster/base/mem.h"

/* Rows are visited in random order, which no hardware prefetcher foresees: the row that comes this many rows later is
 * asked for while one is converted. Measured on 47 MB of byte pixels in batches of 32 (EPYC, one core): 265 ns a row
 * without, 132 into the first level, 108 into the second, 57 if all is in cache. */
enum { AHEAD = 3, LINE_BYTES = 64 };

static inline void prefetch_row(const char *row, size_t bytes) {
    for (size_t i = 0; i < bytes; i += LINE_BYTES) {
        __builtin_prefetch(row + i, 0, 2); /* into the second level: more misses can be under way */
    }
}

static inline size_t row_of(const uint32_t *index, size_t k) {
    return index != NULL ? index[k] : k;
}

/* One gather loop per pair of types; `expression` converts in[j]. */
#define GATHER(name, in_type, out_type, expression)                                                                  \
    static void name(const struct mu_rows *rows, size_t n, const uint32_t *restrict index, out_type *restrict out) { \
        const size_t width = rows->width;                                                                            \
        const in_type *const x = rows->x;                                                                            \
        const out_type scale = (out_type)rows->scale, shift = (out_type)rows->shift;                                 \
        (void)scale, (void)shift;                                                                                    \
        for (size_t k = 0; k < n; k++) {                                                                             \
            if (index != NULL && k + AHEAD < n) {                                                                    \
                prefetch_row((const char *)(x + index[k + AHEAD] * width), width * sizeof *x);                       \
            }                                                                                                        \
            const in_type *restrict const in = x + row_of(index, k) * width;                                         \
            for (size_t j = 0; j < width; j++) {                                                                     \
                out[j] = (expression);                                                                               \
            }                                                                                                        \
            out += width;                                                                                            \
        }                                                                                                            \
    }

GATHER(gather_u8_f32, uint8_t, float, (float)in[j] * scale + shift)
GATHER(gather_f32_f32, float, float, in[j])
GATHER(gather_f64_f32, double, float, (float)in[j])
GATHER(gather_u8_f64, uint8_t, double, (double)in[j] * scale + shift)
GATHER(gather_f32_f64, float, double, (double)in[j])
GATHER(gather_f64_f64, double, double, in[j])

void mu_rows_gather_f32(const struct mu_rows *rows, size_t n, const uint32_t *restrict index, float *restrict out) {
    switch (rows->elem) {
    case MU_U8:
        gather_u8_f32(rows, n, index, out);
        break;
    case MU_F64:
        gather_f64_f32(rows, n, index, out);
        break;
    default:
        gather_f32_f32(rows, n, index, out);
        break;
    }
}

void mu_rows_gather_f64(const struct mu_rows *rows, size_t n, const uint32_t *restrict index, double *restrict out) {
    switch (rows->elem) {
    case MU_U8:
        gather_u8_f64(rows, n, index, out);
        break;
    case MU_F64:
        gather_f64_f64(rows, n, index, out);
        break;
    default:
        gather_f32_f64(rows, n, index, out);
        break;
    }
}

struct mu_rows mu_rows_part(const struct mu_rows *rows, size_t first, size_t n) {
    struct mu_rows part = *rows;
    part.n = n;
    part.x = (const char *)rows->x + first * rows->width * mu_elem_bytes(rows->elem);
    part.label = rows->label != NULL ? rows->label + first : NULL;
    part.target = rows->target != NULL ? rows->target + first : NULL;
    return part;
}

void mu_space_clear(struct mu_space *space) {
    mu_free(space->x);
    mu_free(space->label);
    mu_free(space->target);
    memset(space, 0, sizeof *space);
}
