#include "kind.h"

/* A code is a file in the folder kind and a row here. */
#define ROWS(X)  \
    X(auto)      \
    X(identity)  \
    X(frc)       \
    X(cyclic)    \
    X(bernoulli) \
    X(sbm)       \
    X(expander)

#define DECLARE(name) extern const struct mu_code_kind mu_code_##name;
ROWS(DECLARE)

#define LIST(name) &mu_code_##name.kind,
static const struct mu_kind *const rows[] = {ROWS(LIST)};

const struct mu_registry mu_codes = {
    .what = "code",
    .plural = "codes",
    .rows = rows,
    .n = sizeof rows / sizeof *rows,
};
