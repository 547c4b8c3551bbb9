/* A factor at regular intervals. */
#include <math.h>

#include "schedule/kind.h"

struct step {
    int64_t every;
    double factor;
};

static double factor(const void *options, uint64_t version, uint64_t steps) {
    const struct step *const o = options;
    (void)steps;
    return pow(o->factor, (double)(version / (uint64_t)o->every));
}

static const struct mu_field fields[] = {
    {"every", MU_INT, MU_OPTION, offsetof(struct step, every), "server steps", 1, 1e9, "100", "length of a stair", NULL,
     false},
    {"factor", MU_REAL, MU_OPTION, offsetof(struct step, factor), "", 0, 1, "0.5",
     "of the learning rate, from one stair to the next", NULL, true},
    {0},
};

const struct mu_schedule_kind mu_schedule_step = {
    .kind = {.name = "step",
             .summary = "lr factor^floor(version / every)",
             .reference = "",
             .group = {.fields = fields, .size = sizeof(struct step)}},
    .factor = factor,
};
