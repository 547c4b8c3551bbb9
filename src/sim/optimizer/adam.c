/* FedAdam: v = beta2 v + (1 - beta2) d^2. */
#include <math.h>

#include "server_optimizer.h"

static const struct mu_field fields[] = {
    MU_ADAPTIVE_FIELDS("0.1", "0.9", "0.001"),
    MU_ADAPTIVE_BETA2_FIELDS,
    {0},
};

static void step(const void *options, uint64_t step, size_t n, const double *restrict d, const double *restrict x,
                 double *const moment[MU_MOMENTS], double *restrict out) {
    const struct mu_adaptive *o = options;
    const double lr = mu_adaptive_lr(o, step);
    double *restrict m0 = moment[0], *restrict m1 = moment[1];
    for (size_t i = 0; i < n; i++) {
        m0[i] = o->beta1 * m0[i] + (1 - o->beta1) * d[i];
        m1[i] = o->beta2 * m1[i] + (1 - o->beta2) * (d[i] * d[i]);
        out[i] = x[i] + lr * m0[i] / (sqrt(m1[i]) + o->tau);
    }
}

const struct mu_server_optimizer mu_server_optimizer_adam = {
    .kind = {"adam",
             "divide by the root of the mean squares",
             "Reddi et al. 2021",
             {fields, sizeof(struct mu_adaptive), NULL}},
    .moments = 2,
    .start = mu_adaptive_start,
    .step = step,
};
