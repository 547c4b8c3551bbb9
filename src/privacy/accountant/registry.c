#include "muster/privacy/account.h"

/* An accountant is a file in this folder and a row here. */
#define ROWS(X) \
    X(rdp)      \
    X(pld)      \
    X(zcdp)     \
    X(gdp)

#define DECLARE(name) extern const struct mu_accountant mu_accountant_##name;
ROWS(DECLARE)

#define LIST(name) &mu_accountant_##name.kind,
static const struct mu_kind *const rows[] = {ROWS(LIST)};

const struct mu_registry mu_accountants = {
    .what = "accountant",
    .plural = "accountants",
    .rows = rows,
    .n = sizeof rows / sizeof *rows,
};

const struct mu_accountant *mu_accountant_find(const char *name) {
    return (const struct mu_accountant *)(const void *)mu_registry_find(&mu_accountants, name);
}
