/* Every client can be reached at any time. */
#include "muster/world/availability.h"

const struct mu_availability mu_availability_always = {
    .kind = {"always", "every client, at any time", "", {NULL, 0, NULL}},
};
