/* FedAvgM: v = momentum v + d, x + lr v (Hsu et al. 2019). */
#include "server_optimizer.h"

struct options {
    double lr, momentum;
};

static const struct mu_field fields[] = {
    {"lr", MU_REAL, MU_OPTION, offsetof(struct options, lr), "", 0, 1e6, "1", "server learning rate", .open = true},
    {"momentum", MU_REAL, MU_OPTION, offsetof(struct options, momentum), "", 0, 0.999999, "0.9",
     "share of the last velocity that is kept"},
    {0},
};

static void step(const void *options, uint64_t step, size_t n, const double *restrict d, const double *restrict x,
                 double *const moment[MU_MOMENTS], double *restrict out) {
    (void)step;
    const struct options *o = options;
    double *restrict v = moment[0];
    for (size_t i = 0; i < n; i++) {
        v[i] = o->momentum * v[i] + d[i];
        out[i] = x[i] + o->lr * v[i];
    }
}

const struct mu_server_optimizer mu_server_optimizer_momentum = {
    .kind = {"momentum",
             "FedAvgM: heavy-ball momentum on the server",
             "Hsu et al. 2019",
             {fields, sizeof(struct options), NULL}},
    .moments = 1,
    .step = step,
};
