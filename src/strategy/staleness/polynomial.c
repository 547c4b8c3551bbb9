/* (1 + d)^-exponent; FedBuff's 1 / sqrt(1 + d) is exponent 0.5. */
#include <math.h>

#include "staleness.h"

struct options {
    double exponent;
};

static const struct mu_field fields[] = {
    {"exponent", MU_REAL, MU_OPTION, offsetof(struct options, exponent), "", 0, 100, "0.5",
     "how fast the weight falls; 0: not at all"},
    {0},
};

static double factor(const void *options, uint64_t staleness) {
    const double exponent = ((const struct options *)options)->exponent;
    const double base = 1 + (double)staleness;
    return exponent == 0.5 ? 1 / sqrt(base) : pow(base, -exponent);
}

const struct mu_staleness mu_staleness_polynomial = {
    .kind = {"polynomial", "(1 + staleness)^-exponent", "Xie et al. 2019", {fields, sizeof(struct options), NULL}},
    .factor = factor,
};
