/* The list of learning-rate schedules. A new one is its file and its row here. */
#include "schedule/kind.h"

#define ROWS(X) X(constant) X(step) X(cosine) X(linear)

#define DECLARE(name) extern const struct mu_schedule_kind mu_schedule_##name;
ROWS(DECLARE)

#define ROW(name) &mu_schedule_##name.kind,
static const struct mu_kind *const rows[] = {ROWS(ROW)};

const struct mu_registry mu_schedules = {
    .what = "schedule", .plural = "schedules", .rows = rows, .n = sizeof rows / sizeof *rows};
