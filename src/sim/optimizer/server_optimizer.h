/* Server optimizers: how a model moves along the direction that a combination has made (Reddi et al. 2021, "Adaptive
 * federated optimization", with the names and defaults of the Flower strategies; specs/async.md section 4). */
#ifndef MUSTER_SIM_SERVER_OPTIMIZER_H
#define MUSTER_SIM_SERVER_OPTIMIZER_H

#include "muster/config/field.h"

enum { MU_MOMENTS = 3 }; /* state vectors a server optimizer may have */

struct mu_server_optimizer {
    struct mu_kind kind;
    size_t moments; /* state vectors, zero before the first step unless `start` fills them */
    /* OPTIONAL. Fills the moments before the first step. */
    void (*start)(const void *options, size_t n, double *const moment[MU_MOMENTS]);
    /* REQUIRED. out = x moved along d; `step` counts from 1. out does not overlap x or d. */
    void (*step)(const void *options, uint64_t step, size_t n, const double *restrict d, const double *restrict x,
                 double *const moment[MU_MOMENTS], double *restrict out);
};

/* Options and shared step of the three adaptive ones: out = x + lr * m / (sqrt(v) + tau), m = beta1 m + (1 - beta1) d,
 * and v by the rule. */
struct mu_adaptive {
    double lr, beta1, beta2, tau, v0;
    bool bias_correction;
};
void mu_adaptive_start(const void *options, size_t n, double *const moment[MU_MOMENTS]);

/* lr, times sqrt(1 - beta2^step) / (1 - beta1^step) under bias correction, as Flower's FedAdam has it. */
double mu_adaptive_lr(const struct mu_adaptive *options, uint64_t step);

/* Rows of struct mu_adaptive; the defaults differ between the optimizers. */
#define MU_ADAPTIVE_FIELDS(lr_, beta1_, tau_)                                         \
    {                                                                                 \
        "lr", MU_REAL, MU_OPTION, offsetof(struct mu_adaptive, lr), "",               \
        0,    1e6,     lr_,       "server learning rate",           .open = true},    \
        {"beta1", MU_REAL,  MU_OPTION, offsetof(struct mu_adaptive, beta1), "",       \
         0,       0.999999, beta1_,    "decay of the mean direction"},                \
        {"tau", MU_REAL, MU_OPTION, offsetof(struct mu_adaptive, tau), "",            \
         0,     1e6,     tau_,      "added to the root of v",          .open = true}, \
    {                                                                                 \
        "v0", MU_REAL, MU_OPTION, offsetof(struct mu_adaptive, v0), "", 0, 1e6, "0",  \
            "value of v before the first step (the paper asks for at least tau^2)"    \
    }
#define MU_ADAPTIVE_BETA2_FIELDS                                                                                 \
    {"beta2", MU_REAL, MU_OPTION, offsetof(struct mu_adaptive, beta2), "", 0, 0.999999, "0.99", "decay of v"}, { \
        "bias_correction", MU_BOOL, MU_OPTION, offsetof(struct mu_adaptive, bias_correction), "", 0, 0, "false", \
            "scale lr by sqrt(1 - beta2^t) / (1 - beta1^t), as Flower does"                                      \
    }

#endif
