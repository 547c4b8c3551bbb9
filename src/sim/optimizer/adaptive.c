/* What adagrad, adam and yogi share. */
#include <math.h>

#include "server_optimizer.h"

void mu_adaptive_start(const void *options, size_t n, double *const moment[MU_MOMENTS]) {
    const struct mu_adaptive *o = options;
    for (size_t i = 0; i < n; i++) {
        moment[1][i] = o->v0;
    }
}

double mu_adaptive_lr(const struct mu_adaptive *options, uint64_t step) {
    if (!options->bias_correction) {
        return options->lr;
    }
    const double t = (double)step;
    return options->lr * sqrt(1 - pow(options->beta2, t)) / (1 - pow(options->beta1, t));
}
