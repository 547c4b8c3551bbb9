#include "muster/privacy/privacy.h"

/* A kind of privacy is a file in this folder and a row here. */
#define ROWS(X) \
    X(none)     \
    X(record)   \
    X(client)

#define DECLARE(name) extern const struct mu_kind mu_privacy_##name;
ROWS(DECLARE)

#define LIST(name) &mu_privacy_##name,
static const struct mu_kind *const rows[] = {ROWS(LIST)};

const struct mu_registry mu_privacies = {
    .what = "privacy",
    .plural = "privacies",
    .rows = rows,
    .n = sizeof rows / sizeof *rows,
};
