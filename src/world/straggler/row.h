/* What the files of straggler models share. */
#ifndef MUSTER_SRC_WORLD_STRAGGLER_ROW_H
#define MUSTER_SRC_WORLD_STRAGGLER_ROW_H

#include <math.h>

#include "muster/world/straggler.h"

/* The two rows of a struct mu_straggle_effect at the start of the options. */
#define EFFECT_FIELDS                                                                                            \
    {"extra_s", MU_CHOICE, MU_OPTION, offsetof(struct mu_straggle_effect, extra_s),           "seconds",         \
     0,         0,         "null",    "added to a straggling job's duration, drawn for each", &mu_distributions, \
     false},                                                                                                     \
    {                                                                                                            \
        "slowdown", MU_CHOICE, MU_OPTION, offsetof(struct mu_straggle_effect, slowdown), "", 0, 0, "null",       \
            "a straggling job's duration is multiplied with it before extra_s is added, drawn for each",         \
            &mu_distributions, false                                                                             \
    }

#define PROBABILITY(type, member, default_text, text) \
    { #member, MU_REAL, MU_OPTION, offsetof(struct type, member), "", 0, 1, default_text, text, NULL, false }

/* A group's check for options that begin with an effect: a straggler that costs nothing is a mistake. */
int mu_straggle_effect_check(const void *values, const char *file, const char *pointer, struct mu_err *err);

#endif
