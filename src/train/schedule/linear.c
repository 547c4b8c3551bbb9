/* A straight line from the learning rate down to a share of it. */
#include "schedule/kind.h"

struct linear {
    int64_t steps;
    double final;
};

static double factor(const void *options, uint64_t version, uint64_t steps) {
    const struct linear *const o = options;
    return 1 - (1 - o->final) * mu_schedule_progress(o->steps, version, steps);
}

static const struct mu_field fields[] = {
    {"steps", MU_INT, MU_OPTION, offsetof(struct linear, steps), "server steps", 1, 1e9, "null",
     "length of the decay; the run's if not given", NULL, false},
    {"final", MU_REAL, MU_OPTION, offsetof(struct linear, final), "", 0, 1, "0",
     "share of the learning rate that is left at the end", NULL, false},
    {0},
};

const struct mu_schedule_kind mu_schedule_linear = {
    .kind = {.name = "linear",
             .summary = "a straight line down to final lr",
             .reference = "",
             .group = {.fields = fields, .size = sizeof(struct linear)}},
    .factor = factor,
};
