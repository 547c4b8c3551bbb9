/* Sums of gradients over rows, for gradient work: full gradients, chunks of gradient codes, and what differential
 * privacy needs of each row by itself (record-level clipping, of gradients and of differences of gradients at two
 * points). Always sums, never means, and always without the model's l2 term: that is data-independent, so whoever wants
 * it adds rows * l2 * x outside of all clipping. */
#ifndef MUSTER_TRAIN_GRADIENT_H
#define MUSTER_TRAIN_GRADIENT_H

#include "muster/train/model.h"

/* Scratch memory of one rank. */
struct mu_summer;

/* elem: the number type of the kernels, MU_F32 or MU_F64; mu_model_elem(model) for the type it trains in. The models
 * `vector` and `none` take no notice. */
int mu_summer_new(struct mu_summer **summer, const struct mu_model *model, enum mu_elem elem, struct mu_err *err);
void mu_summer_free(struct mu_summer *summer);

/* What to sum. */
struct mu_gradient_job {
    const double *x;       /* where: dim numbers */
    const double *x_minus; /* NULL, or dim numbers: of each row, the gradient at x less that at x_minus. Differences are
                              computed in float64 whatever the summer's type, in a form that does not cancel */
    double clip; /* each row's vector g, all parameters together, becomes g * min(1, clip / |g|) up to rounding, the
                    difference after subtraction; clip 0 gives zero. INFINITY: no clipping, nothing is looked at row by
                    row, and what is not finite goes into the sum */
    double coefficient;
};

struct mu_gradient_result {
    double loss;        /* sum over the rows at x, without l2; not finite if any row's is not */
    uint64_t clipped;   /* rows whose vector was longer than clip */
    uint64_t nonfinite; /* rows whose vector's length is not finite (or beyond 1e154): with a finite clip they count as
                           zero vectors */
};

/* out += coefficient * (the sum over rows first .. first + n - 1 of `rows`); out: dim doubles. The rows are taken in
 * blocks counted from `first` and the blocks' sums added up in order in float64 before the coefficient: the bits depend
 * on (rows, first, n) and the job alone. n = 0 adds nothing. The result's counters are set, not added to. No
 * allocation, but for the first clipped and the first difference job. Fails only for lack of memory. */
int mu_gradient_sum(struct mu_summer *summer, const struct mu_rows *rows, size_t first, size_t n,
                    const struct mu_gradient_job *job, double *out, struct mu_gradient_result *result,
                    struct mu_err *err);

#endif
