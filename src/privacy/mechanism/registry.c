#include "muster/privacy/privacy.h"

/* A law of noise is a file in this folder and a row here. */
#define ROWS(X) \
    X(gaussian) \
    X(discrete_gaussian)

#define DECLARE(name) extern const struct mu_mechanism mu_mechanism_##name;
ROWS(DECLARE)

#define LIST(name) &mu_mechanism_##name.kind,
static const struct mu_kind *const rows[] = {ROWS(LIST)};

const struct mu_registry mu_mechanisms = {
    .what = "mechanism",
    .plural = "mechanisms",
    .rows = rows,
    .n = sizeof rows / sizeof *rows,
};

bool mu_mechanism_is_exact(const struct mu_choice *choice) {
    const struct mu_mechanism *row = (const struct mu_mechanism *)(const void *)choice->kind;
    return row != NULL && row->exact;
}
