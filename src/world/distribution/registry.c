#include "muster/world/distribution.h"

/* A law is a file in this folder and a row here. */
#define ROWS(X)            \
    X(constant)            \
    X(uniform)             \
    X(normal)              \
    X(half_normal)         \
    X(exponential)         \
    X(shifted_exponential) \
    X(lognormal)           \
    X(gamma)               \
    X(weibull)             \
    X(pareto)              \
    X(choice)              \
    X(linear)              \
    X(list)                \
    X(empirical)

#define DECLARE(name) extern const struct mu_distribution mu_distribution_##name;
ROWS(DECLARE)

#define LIST(name) &mu_distribution_##name.kind,
static const struct mu_kind *const rows[] = {ROWS(LIST)};

const struct mu_registry mu_distributions = {
    .what = "distribution",
    .plural = "distributions",
    .rows = rows,
    .n = sizeof rows / sizeof *rows,
    .number_kind = "constant",
    .number_field = "value",
    .array_kind = "list",
    .array_field = "values",
};
