/* Nesterov's momentum, as PyTorch: the direction is the gradient plus the momentum of the buffer just updated. */
#include "optimizer/kind.h"

struct nesterov {
    struct mu_optimizer_options base;
    double momentum;
};

#define STEP(NAME, REAL)                                                                          \
    static void NAME(const void *options, uint64_t step, double lr, size_t n, REAL *const *state, \
                     const REAL *restrict g, REAL *restrict y) {                                  \
        (void)step;                                                                               \
        const struct nesterov *const o = options;                                                 \
        const REAL rate = (REAL)lr, m = (REAL)o->momentum;                                        \
        REAL *restrict const buffer = state[0];                                                   \
        for (size_t i = 0; i < n; i++) {                                                          \
            buffer[i] = m * buffer[i] + g[i];                                                     \
            y[i] -= rate * (g[i] + m * buffer[i]);                                                \
        }                                                                                         \
    }
STEP(step_f32, float)
STEP(step_f64, double)

static const struct mu_field fields[] = {
    MU_LR_FIELD("0.01"),
    {"momentum", MU_REAL, MU_OPTION, offsetof(struct nesterov, momentum), "", 0, 1, "0.9",
     "share of the last direction that is kept", NULL, false},
    {0},
};

const struct mu_optimizer_kind mu_optimizer_nesterov = {
    .kind = {.name = "nesterov",
             .summary = "v = momentum v + g; y -= lr (g + momentum v)",
             .reference = "Sutskever et al. 2013",
             .group = {.fields = fields, .size = sizeof(struct nesterov)}},
    .linear = true,
    .states = 1,
    .step_f32 = step_f32,
    .step_f64 = step_f64,
};
