#include "muster/sim/sim.h"
#include "server_optimizer.h"

#define ROWS(X) X(sgd) X(momentum) X(adagrad) X(adam) X(amsgrad) X(yogi)

#define DECLARE(name) extern const struct mu_server_optimizer mu_server_optimizer_##name;
ROWS(DECLARE)

#define ROW(name) &mu_server_optimizer_##name.kind,
static const struct mu_kind *const rows[] = {ROWS(ROW)};

const struct mu_registry mu_server_optimizers = {
    .what = "server optimizer",
    .plural = "server-optimizers",
    .rows = rows,
    .n = sizeof rows / sizeof *rows,
};
