#include "muster/strategy/strategies.h"

/* A row each, which clang-format 14 cannot settle. */
/* clang-format off */
#define ROWS(X) \
    X(fedavg) \
    X(scaffold) \
    X(fednova) \
    X(fedasync) \
    X(fedbuff) \
    X(fedfix) \
    X(async) \
    X(delay_adaptive) \
    X(ringmaster) \
    X(rennala) \
    X(ca2fl) \
    X(fadas) \
    X(uncoded) \
    X(ignore) \
    X(replication) \
    X(gc) \
    X(sr_sgc) \
    X(m_sgc) \
    X(coded_auto) \
    X(diff2) \
    X(dp_gd)
/* clang-format on */

#define DECLARE(name) extern const struct mu_strategy mu_strategy_##name;
ROWS(DECLARE)

#define ROW(name) &mu_strategy_##name.kind,
static const struct mu_kind *const rows[] = {ROWS(ROW)};

const struct mu_registry mu_strategies = {
    .what = "strategy",
    .plural = "strategies",
    .rows = rows,
    .n = sizeof rows / sizeof *rows,
};
