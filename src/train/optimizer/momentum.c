/* Heavy ball, as PyTorch: the first direction is the gradient itself, the learning rate multiplies afterwards. */
#include "optimizer/kind.h"

struct momentum {
    struct mu_optimizer_options base;
    double momentum;
};

#define STEP(NAME, REAL)                                                                          \
    static void NAME(const void *options, uint64_t step, double lr, size_t n, REAL *const *state, \
                     const REAL *restrict g, REAL *restrict y) {                                  \
        (void)step;                                                                               \
        const struct momentum *const o = options;                                                 \
        const REAL rate = (REAL)lr, m = (REAL)o->momentum;                                        \
        REAL *restrict const buffer = state[0];                                                   \
        for (size_t i = 0; i < n; i++) {                                                          \
            buffer[i] = m * buffer[i] + g[i];                                                     \
            y[i] -= rate * buffer[i];                                                             \
        }                                                                                         \
    }
STEP(step_f32, float)
STEP(step_f64, double)

static const struct mu_field fields[] = {
    MU_LR_FIELD("0.01"),
    {"momentum", MU_REAL, MU_OPTION, offsetof(struct momentum, momentum), "", 0, 1, "0.9",
     "share of the last direction that is kept", NULL, false},
    {0},
};

const struct mu_optimizer_kind mu_optimizer_momentum = {
    .kind = {.name = "momentum",
             .summary = "v = momentum v + g; y -= lr v",
             .reference = "Polyak 1964",
             .group = {.fields = fields, .size = sizeof(struct momentum)}},
    .linear = true,
    .states = 1,
    .step_f32 = step_f32,
    .step_f64 = step_f64,
};
