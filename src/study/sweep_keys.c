/* The keys of a sweep file. */
#include "sweep_keys.h"

#include <limits.h>

#include "muster/study/plan.h"

static const struct mu_sweep_key axis_keys[] = {
    {"path", MU_SWEEP_POINTER, MU_SWEEP_REQUIRED, 0, 0, NULL, "what is varied: a JSON pointer into the config"},
    {"values", MU_SWEEP_VALUES, MU_SWEEP_REQUIRED, 1, 0, NULL,
     "what it is set to; a strategy or another choice as a whole object"},
    {"labels", MU_SWEEP_ANY, MU_SWEEP_OPTIONAL, 0, 0, NULL,
     "what the values are called in the names of points, one for each"},
    {"when", MU_SWEEP_WHEN, MU_SWEEP_OPTIONAL, 0, 0, NULL,
     "pointers and values: the axis is only for points whose config has these; in a zip the first axis says it for "
     "all"},
    {0},
};
const struct mu_sweep_table mu_sweep_axis_table = {"axis", "values for one place in the config", axis_keys};

static const struct mu_sweep_key patch_keys[] = {
    {"name", MU_SWEEP_TEXT, MU_SWEEP_REQUIRED, 0, 0, NULL, "what the choice is called in the names of points"},
    {"set", MU_SWEEP_SET, MU_SWEEP_REQUIRED, 0, 0, NULL, "pointers into the config, and what is set there"},
    {0},
};
const struct mu_sweep_table mu_sweep_patch_table = {"patch", "one choice: several places of the config set together",
                                                    patch_keys};

static const struct mu_sweep_key random_axis_keys[] = {
    {"path", MU_SWEEP_POINTER, MU_SWEEP_REQUIRED, 0, 0, NULL, "what is drawn: a JSON pointer into the config"},
    {"log_uniform", MU_SWEEP_POSITIVE, MU_SWEEP_ONE_OF, 0, 0, NULL, "[low, high], all orders of magnitude alike"},
    {"uniform", MU_SWEEP_RANGE, MU_SWEEP_ONE_OF, 0, 0, NULL, "[low, high]"},
    {"choice", MU_SWEEP_VALUES, MU_SWEEP_ONE_OF, 1, 0, NULL, "one of these, all equally likely"},
    {0},
};
const struct mu_sweep_table mu_sweep_random_axis_table = {"random_axis", "a law for one place in the config",
                                                          random_axis_keys};

static const struct mu_sweep_key random_keys[] = {
    {"count", MU_SWEEP_INTEGER, MU_SWEEP_REQUIRED, 1, MU_SWEEP_MAX_DRAWS, NULL, "how many draws"},
    {"axes", MU_SWEEP_OBJECTS, MU_SWEEP_REQUIRED, 1, 0, &mu_sweep_random_axis_table,
     "what is drawn, all of it in each draw"},
    {0},
};
const struct mu_sweep_table mu_sweep_random_table = {"random", "random draws, each of which is one choice",
                                                     random_keys};

static const struct mu_sweep_key keys[] = {
    {"name", MU_SWEEP_TEXT, MU_SWEEP_OPTIONAL, 0, 0, NULL, "what the study is called"},
    {"base", MU_SWEEP_BASE, MU_SWEEP_REQUIRED, 0, 0, NULL,
     "the config that is varied, or its path, relative to this file; what it lacks is for every point to set"},
    {"patches", MU_SWEEP_OBJECTS, MU_SWEEP_OPTIONAL, 1, 0, &mu_sweep_patch_table, "each patch is one choice"},
    {"zip", MU_SWEEP_OBJECTS, MU_SWEEP_OPTIONAL, 0, 0, &mu_sweep_axis_table, "axes of equal length that move together"},
    {"axes", MU_SWEEP_OBJECTS, MU_SWEEP_OPTIONAL, 0, 0, &mu_sweep_axis_table, "the grid: every combination of them"},
    {"random", MU_SWEEP_OBJECT, MU_SWEEP_OPTIONAL, 0, 0, &mu_sweep_random_table, "random draws"},
    {"search", MU_SWEEP_OBJECT, MU_SWEEP_OPTIONAL, 0, 0, &mu_sweep_axis_table,
     "an axis whose values are tried one after the other until one does not diverge"},
    {"seeds", MU_SWEEP_SEEDS, MU_SWEEP_OPTIONAL, 1, MU_SWEEP_MAX_SEEDS, NULL,
     "a number n, for 1..n, or a list; absent: that of the base"},
    {"seed", MU_SWEEP_INTEGER, MU_SWEEP_OPTIONAL, 0, MU_SWEEP_MAX_SEED, NULL, "of the random draws; 1 unless given"},
    {"early_stopping", MU_SWEEP_GROUP, MU_SWEEP_OPTIONAL, 0, 0, &mu_early_stopping_group,
     "which points need not be run to their end"},
    {"ranks_per_point", MU_SWEEP_INTEGER, MU_SWEEP_OPTIONAL, 1, INT_MAX, NULL,
     "how many ranks train one point; 1 unless given"},
    {0},
};
const struct mu_sweep_table mu_sweep_table = {"sweep", "a study: a config, varied along axes, once per seed", keys};
