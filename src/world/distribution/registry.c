#include "muster/world/distribution.h"

/* A law is a file in this folder and a row here. */
#define ROWS(X) X(constant)

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
};
