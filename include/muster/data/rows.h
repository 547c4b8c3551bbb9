/* Rows of data in memory: what a client trains on and what an evaluation runs over. Pixels stay bytes and are converted
 * when a batch is gathered: four times less memory traffic than float32. */
#ifndef MUSTER_DATA_ROWS_H
#define MUSTER_DATA_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "muster/base/err.h"
#include "muster/base/npz.h"

enum mu_task_kind {
    MU_CLASSIFICATION, /* label in 0..classes-1 */
    MU_REGRESSION,     /* a real target */
    MU_QUADRATIC,      /* the row itself is a loss: |x - a|^2 / 2 with row = a, or x'Ax/2 - b'x with row = (A, b) */
};

/* What there is to learn. */
struct mu_task {
    enum mu_task_kind kind;
    size_t features;  /* per row, for a quadratic the dimension of x */
    size_t classes;   /* classification only */
    bool matrix;      /* quadratic only: rows are (A, b), of features^2 + features numbers, A row by row */
    const double *x0; /* quadratic only: features numbers to start from, or NULL for zeros; borrowed from the data */
};

/* n rows. All pointers are borrowed from the data set or from a space (below). */
struct mu_rows {
    size_t n;
    size_t width;         /* numbers per row */
    enum mu_elem elem;    /* of x: MU_U8, MU_F32 or MU_F64 */
    double scale, shift;  /* a byte b stands for scale * b + shift; MU_F32 and MU_F64 are taken as they are */
    const void *x;        /* n x width */
    const int32_t *label; /* n, classification */
    const double *target; /* n, regression */
};

/* Growing buffers in which the rows of one client are generated; one per user, zero-initialised. */
struct mu_space {
    void *x, *label, *target;
    size_t x_capacity, label_capacity, target_capacity;
};

void mu_space_clear(struct mu_space *space);

/* The part of `rows` from `first`, n rows. */
struct mu_rows mu_rows_part(const struct mu_rows *rows, size_t first, size_t n);

/* Copies rows index[0..n) (index NULL: rows 0..n-1) into out[n][width], converted. Hot: no checks. */
void mu_rows_gather_f32(const struct mu_rows *rows, size_t n, const uint32_t *restrict index, float *restrict out);
void mu_rows_gather_f64(const struct mu_rows *rows, size_t n, const uint32_t *restrict index, double *restrict out);

#endif
