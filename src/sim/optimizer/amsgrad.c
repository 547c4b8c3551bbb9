/* AMSGrad: adam whose denominator never shrinks. v = beta2 v + (1 - beta2) d^2, vmax = max(vmax, v). */
#include <math.h>

#include "server_optimizer.h"

static const struct mu_field fields[] = {
    MU_ADAPTIVE_FIELDS("0.1", "0.9", "1e-08"),
    MU_ADAPTIVE_BETA2_FIELDS,
    {0},
};

static void start(const void *options, size_t n, double *const moment[MU_MOMENTS]) {
    const struct mu_adaptive *o = options;
    for (size_t i = 0; i < n; i++) {
        moment[1][i] = moment[2][i] = o->v0;
    }
}

static void step(const void *options, uint64_t step, size_t n, const double *restrict d, const double *restrict x,
                 double *const moment[MU_MOMENTS], double *restrict out) {
    const struct mu_adaptive *o = options;
    const double lr = mu_adaptive_lr(o, step);
    double *restrict m = moment[0], *restrict v = moment[1], *restrict vmax = moment[2];
    for (size_t i = 0; i < n; i++) {
        m[i] = o->beta1 * m[i] + (1 - o->beta1) * d[i];
        v[i] = o->beta2 * v[i] + (1 - o->beta2) * (d[i] * d[i]);
        vmax[i] = v[i] > vmax[i] ? v[i] : vmax[i];
        /* tau 0 divides by zero where nothing has moved yet. */
        out[i] = m[i] != 0 ? x[i] + lr * m[i] / (sqrt(vmax[i]) + o->tau) : x[i];
    }
}

const struct mu_server_optimizer mu_server_optimizer_amsgrad = {
    .kind = {"amsgrad",
             "adam whose mean squares never shrink",
             "Reddi et al. 2018",
             {fields, sizeof(struct mu_adaptive), NULL}},
    .moments = 3,
    .start = start,
    .step = step,
};
