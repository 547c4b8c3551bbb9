#include "muster/world/straggler.h"

/* A straggler model is a file in this folder and a row here. */
#define ROWS(X)        \
    X(none)            \
    X(bernoulli)       \
    X(gilbert_elliott) \
    X(fixed)           \
    X(rack)            \
    X(trace)

#define DECLARE(name) extern const struct mu_straggler mu_straggler_##name;
ROWS(DECLARE)

#define LIST(name) &mu_straggler_##name.kind,
static const struct mu_kind *const rows[] = {ROWS(LIST)};

const struct mu_registry mu_stragglers = {
    .what = "straggler model",
    .plural = "stragglers",
    .rows = rows,
    .n = sizeof rows / sizeof *rows,
};
