/* The list of local optimizers. A new one is its file and its row here. */
#include "optimizer/kind.h"

#define ROWS(X) X(sgd) X(momentum) X(nesterov) X(adam) X(adamw)

#define DECLARE(name) extern const struct mu_optimizer_kind mu_optimizer_##name;
ROWS(DECLARE)

#define ROW(name) &mu_optimizer_##name.kind,
static const struct mu_kind *const rows[] = {ROWS(ROW)};

const struct mu_registry mu_optimizers = {
    .what = "local optimizer", .plural = "optimizers", .rows = rows, .n = sizeof rows / sizeof *rows};
