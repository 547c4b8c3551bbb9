#include "staleness.h"

static double factor(const void *options, uint64_t staleness) {
    (void)options, (void)staleness;
    return 1;
}

const struct mu_staleness mu_staleness_constant = {
    .kind = {"constant", "an old update counts like a fresh one", "Xie et al. 2019", {NULL, 0, NULL}},
    .factor = factor,
};
