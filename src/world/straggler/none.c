/* No stragglers. */
#include "row.h"

const struct mu_straggler mu_straggler_none = {
    .kind = {"none", "no job straggles", "", {NULL, 0, NULL}},
};
