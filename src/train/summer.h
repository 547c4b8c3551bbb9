/* What a summer holds, for sums (gradient_sum.c) and for the walk along differences (bvr.c). */
#ifndef MUSTER_TRAIN_SUMMER_H
#define MUSTER_TRAIN_SUMMER_H

#include "muster/train/gradient.h"

/* Rows of a block. A part of every result's bits: what float32 kernels sum before float64 takes over. */
enum { MU_SUM_ROWS = 512 };

struct mu_summer {
    const struct mu_model *model;
    size_t dim;
    bool f32;
    struct mu_workspace *ws; /* of the summer's type */
    struct mu_workspace
        *pair[2];     /* float64, for differences; made when first needed. pair[0] is ws if that is float64 */
    float *x, *block; /* float32: the point, and a block's sum */
    double *total;
    double *before; /* bvr.c: the point before, dim numbers, and the estimate */
    double *estimate;
    uint32_t *batch;
    size_t batch_capacity;
};

/* Makes pair, the first time. */
int mu_summer_pair(struct mu_summer *s, struct mu_err *err);

#endif
