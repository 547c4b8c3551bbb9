/* The local routine of DIFF2 with BVR-L-SGD (Murata and Suzuki 2023): one client walks K steps along an estimate of the
 * gradient that it keeps up to date by differences of gradients over small batches. The paper's text was not at hand:
 * this is a reconstruction from its signature and from the non-private BVR-L-SGD (Murata and Suzuki 2021), not "the
 * paper". */
#ifndef MUSTER_TRAIN_BVR_H
#define MUSTER_TRAIN_BVR_H

#include "muster/train/gradient.h"
#include "muster/train/local.h"

/* x_1 = x_0 - lr v_1, and for k = 2..steps, with D = |x_{k-1} - x_{k-2}| and a batch B of its own:
 *     v_k = v_{k-1} + (sum over B of clipped differences, each at most dp->clip * D long, + noise) / dp->denominator
 *           + l2 (x_{k-1} - x_{k-2}),    x_k = x_{k-1} - lr v_k.
 * The noise on a number of the sum has standard deviation dp->noise_multiplier * dp->clip * D: D comes from iterates
 * that are public to the accounting, so each step costs what a subsampled Gaussian of that multiplier costs, steps - 1
 * times. Clip and noise are 0 where D is. In the paper's letters dp->clip is C3 and dp->noise_multiplier is sigma3 b.
 */
struct mu_bvr_job {
    const struct mu_rows *rows;
    const double *x, *v; /* x_0 and v_1, dim numbers each */
    double lr;
    double l2;                    /* of the objective whose gradient v estimates; 0 if v leaves it out */
    uint64_t steps;               /* K >= 1 */
    const struct mu_dp_local *dp; /* its steps count from 2; clip may be INFINITY if the noise multiplier is 0 */
    uint64_t seed;                /* for the batches if dp->uniform is NULL */
    uint32_t client, ordinal;
};

/* x_out = x_K, v_out = v_K (NULL: not wanted), neither overlapping the inputs. In float64. The result's loss is the
 * mean over the rows processed, its norm that of x_K - x_0. Allocates for the first job of a size only. Returns the
 * poll's code if that ended it. */
int mu_bvr_run(struct mu_summer *summer, const struct mu_bvr_job *job, double *x_out, double *v_out,
               struct mu_local_result *result, const struct mu_poll *poll, struct mu_err *err);

#endif
