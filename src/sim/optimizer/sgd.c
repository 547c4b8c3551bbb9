/* x + lr d: federated averaging with lr = 1. */
#include "server_optimizer.h"

struct options {
    double lr;
};

static const struct mu_field fields[] = {
    {"lr", MU_REAL, MU_OPTION, offsetof(struct options, lr), "", 0, 1e6, "1", "server learning rate", .open = true},
    {0},
};

static void step(const void *options, uint64_t step, size_t n, const double *restrict d, const double *restrict x,
                 double *const moment[MU_MOMENTS], double *restrict out) {
    (void)step, (void)moment;
    const double lr = ((const struct options *)options)->lr;
    for (size_t i = 0; i < n; i++) {
        out[i] = x[i] + lr * d[i];
    }
}

const struct mu_server_optimizer mu_server_optimizer_sgd = {
    .kind = {"sgd", "add the direction", "McMahan et al. 2017", {fields, sizeof(struct options), NULL}},
    .step = step,
};
