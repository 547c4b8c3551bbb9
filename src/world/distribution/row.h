/* What the files of laws share: field rows in one line each, and the checks of two options. */
#ifndef MUSTER_SRC_WORLD_DISTRIBUTION_ROW_H
#define MUSTER_SRC_WORLD_DISTRIBUTION_ROW_H

#include <math.h>

#include "muster/world/distribution.h"

/* A number, a number >= 0 and a number > 0; `default_text` NULL: the user must give it. */
#define ANY_NUMBER(type, member, default_text, text) \
    { #member, MU_REAL, MU_OPTION, offsetof(struct type, member), "", 0, 0, default_text, text, NULL, false }
#define NOT_NEGATIVE(type, member, default_text, text) \
    { #member, MU_REAL, MU_OPTION, offsetof(struct type, member), "", 0, INFINITY, default_text, text, NULL, false }
#define POSITIVE(type, member, default_text, text) \
    { #member, MU_REAL, MU_OPTION, offsetof(struct type, member), "", 0, INFINITY, default_text, text, NULL, true }

#endif
