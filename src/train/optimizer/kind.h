/* What a local optimizer provides. One kind = one file in this folder + one row of registry.c. */
#ifndef MUSTER_TRAIN_OPTIMIZER_KIND_H
#define MUSTER_TRAIN_OPTIMIZER_KIND_H

#include <stdbool.h>

#include "muster/train/local.h"

enum { MU_OPTIMIZER_STATES = 2 };

struct mu_optimizer_kind {
    struct mu_kind kind;
    bool plain;    /* the step is y -= lr g and nothing else: the trainer may fuse it into the gradient */
    bool linear;   /* the distance it moves is a linear function of the gradients it has seen */
    size_t states; /* vectors of state, zero when a job begins; at most MU_OPTIMIZER_STATES */
    /* Step number `step` (from 1) along the gradient g, of n numbers. Nothing overlaps. */
    void (*step_f32)(const void *options, uint64_t step, double lr, size_t n, float *const *state, const float *g,
                     float *y);
    void (*step_f64)(const void *options, uint64_t step, double lr, size_t n, double *const *state, const double *g,
                     double *y);
};

/* The row of the learning rate, which every optimizer's options begin with. */
#define MU_LR_FIELD(default_text)                                                                      \
    {                                                                                                  \
        "lr", MU_REAL, MU_OPTION, offsetof(struct mu_optimizer_options, lr), "", 0, 1e9, default_text, \
            "learning rate, before the schedule", NULL, true                                           \
    }

#endif
