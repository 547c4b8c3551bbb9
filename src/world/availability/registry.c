#include "muster/world/availability.h"

/* An availability model is a file in this folder and a row here. */
#define ROWS(X) \
    X(always)   \
    X(on_off)   \
    X(diurnal)  \
    X(trace)

#define DECLARE(name) extern const struct mu_availability mu_availability_##name;
ROWS(DECLARE)

#define LIST(name) &mu_availability_##name.kind,
static const struct mu_kind *const rows[] = {ROWS(LIST)};

const struct mu_registry mu_availabilities = {
    .what = "availability model",
    .plural = "availabilities",
    .rows = rows,
    .n = sizeof rows / sizeof *rows,
};
