/* The optimizer's learning rate all along. */
#include "schedule/kind.h"

static double factor(const void *options, uint64_t version, uint64_t steps) {
    (void)options, (void)version, (void)steps;
    return 1;
}

const struct mu_schedule_kind mu_schedule_constant = {
    .kind = {.name = "constant", .summary = "the optimizer's learning rate all along", .reference = ""},
    .factor = factor,
};
