/* Half a cosine from the learning rate down to a share of it. */
#include <math.h>

#include "schedule/kind.h"

struct cosine {
    int64_t steps;
    double final;
};

static double factor(const void *options, uint64_t version, uint64_t steps) {
    const struct cosine *const o = options;
    const double progress = mu_schedule_progress(o->steps, version, steps);
    return o->final + (1 - o->final) * (1 + cos(M_PI * progress)) / 2;
}

static const struct mu_field fields[] = {
    {"steps", MU_INT, MU_OPTION, offsetof(struct cosine, steps), "server steps", 1, 1e9, "null",
     "length of the decay; the run's if not given", NULL, false},
    {"final", MU_REAL, MU_OPTION, offsetof(struct cosine, final), "", 0, 1, "0",
     "share of the learning rate that is left at the end", NULL, false},
    {0},
};

const struct mu_schedule_kind mu_schedule_cosine = {
    .kind = {.name = "cosine",
             .summary = "half a cosine down to final lr",
             .reference = "Loshchilov and Hutter 2017",
             .group = {.fields = fields, .size = sizeof(struct cosine)}},
    .factor = factor,
};
