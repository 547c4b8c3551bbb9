/* Stochastic gradient descent. */
#include "optimizer/kind.h"

#define STEP(NAME, REAL)                                                                          \
    static void NAME(const void *options, uint64_t step, double lr, size_t n, REAL *const *state, \
                     const REAL *restrict g, REAL *restrict y) {                                  \
        (void)options, (void)step, (void)state;                                                   \
        const REAL rate = (REAL)lr;                                                               \
        for (size_t i = 0; i < n; i++) {                                                          \
            y[i] -= rate * g[i];                                                                  \
        }                                                                                         \
    }
STEP(step_f32, float)
STEP(step_f64, double)

static const struct mu_field fields[] = {MU_LR_FIELD("0.01"), {0}};

const struct mu_optimizer_kind mu_optimizer_sgd = {
    .kind = {.name = "sgd",
             .summary = "y -= lr g",
             .reference = "",
             .group = {.fields = fields, .size = sizeof(struct mu_optimizer_options)}},
    .plain = true,
    .linear = true,
    .step_f32 = step_f32,
    .step_f64 = step_f64,
};
