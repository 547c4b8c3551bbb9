/* 1 up to b, then 1 / (a (d - b) + 1). */
#include "staleness.h"

struct options {
    double a, b;
};

static const struct mu_field fields[] = {
    {"a", MU_REAL, MU_OPTION, offsetof(struct options, a), "", 0, 1e6, "10", "slope of 1/weight behind the hinge"},
    {"b", MU_REAL, MU_OPTION, offsetof(struct options, b), "versions", 0, 1e9, "4",
     "staleness up to which the weight is 1"},
    {0},
};

static double factor(const void *options, uint64_t staleness) {
    const struct options *o = options;
    const double beyond = (double)staleness - o->b;
    return beyond <= 0 ? 1 : 1 / (o->a * beyond + 1);
}

const struct mu_staleness mu_staleness_hinge = {
    .kind = {"hinge",
             "1 up to staleness b, then 1 / (a (staleness - b) + 1)",
             "Xie et al. 2019",
             {fields, sizeof(struct options), NULL}},
    .factor = factor,
};
