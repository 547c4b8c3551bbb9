#include "staleness.h"

#define ROWS(X) X(constant) X(polynomial) X(hinge)

#define DECLARE(name) extern const struct mu_staleness mu_staleness_##name;
ROWS(DECLARE)

#define ROW(name) &mu_staleness_##name.kind,
static const struct mu_kind *const rows[] = {ROWS(ROW)};

const struct mu_registry mu_stalenesses = {
    .what = "staleness function",
    .plural = "stalenesses",
    .rows = rows,
    .n = sizeof rows / sizeof *rows,
};

double mu_staleness_factor(const struct mu_choice *choice, uint64_t staleness) {
    return ((const struct mu_staleness *)(const void *)choice->kind)->factor(choice->options, staleness);
}
