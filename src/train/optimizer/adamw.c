/* Adam with decoupled weight decay, as PyTorch: the decay is proportional to lr and does not pass the moments. */
#include <math.h>
#include <tgmath.h>

#include "optimizer/kind.h"

struct adamw {
    struct mu_optimizer_options base;
    double beta1, beta2, epsilon;
    double weight_decay;
};

#define STEP(NAME, REAL)                                                                                           \
    static void NAME(const void *options, uint64_t step, double lr, size_t n, REAL *const *state,                  \
                     const REAL *restrict g, REAL *restrict y) {                                                   \
        const struct adamw *const o = options;                                                                     \
        const double t = (double)step;                                                                             \
        const REAL b1 = (REAL)o->beta1, c1 = (REAL)(1 - o->beta1), b2 = (REAL)o->beta2, c2 = (REAL)(1 - o->beta2); \
        const REAL rate = (REAL)(lr / (1 - pow(o->beta1, t))), root = (REAL)(1 / sqrt(1 - pow(o->beta2, t)));      \
        const REAL epsilon = (REAL)o->epsilon, decay = (REAL)(lr * o->weight_decay);                               \
        REAL *restrict const mean = state[0], *restrict const square = state[1];                                   \
        for (size_t i = 0; i < n; i++) {                                                                           \
            mean[i] = b1 * mean[i] + c1 * g[i];                                                                    \
            square[i] = b2 * square[i] + c2 * g[i] * g[i];                                                         \
            y[i] = y[i] - decay * y[i] - rate * mean[i] / (sqrt(square[i]) * root + epsilon);                      \
        }                                                                                                          \
    }
STEP(step_f32, float)
STEP(step_f64, double)

static const struct mu_field fields[] = {
    MU_LR_FIELD("0.001"),
    {"beta1", MU_REAL, MU_OPTION, offsetof(struct adamw, beta1), "", 0, 0.999999, "0.9", "of the running mean", NULL,
     false},
    {"beta2", MU_REAL, MU_OPTION, offsetof(struct adamw, beta2), "", 0, 0.99999999, "0.999",
     "of the running mean of squares", NULL, false},
    {"epsilon", MU_REAL, MU_OPTION, offsetof(struct adamw, epsilon), "", 0, 1, "1e-8", "added to the root", NULL, true},
    {"weight_decay", MU_REAL, MU_OPTION, offsetof(struct adamw, weight_decay), "", 0, 1e6, "0.01",
     "y -= lr weight_decay y beside every step", NULL, false},
    {0},
};

const struct mu_optimizer_kind mu_optimizer_adamw = {
    .kind = {.name = "adamw",
             .summary = "adam with decoupled weight decay",
             .reference = "Loshchilov and Hutter 2019",
             .group = {.fields = fields, .size = sizeof(struct adamw)}},
    .states = 2,
    .step_f32 = step_f32,
    .step_f64 = step_f64,
};
