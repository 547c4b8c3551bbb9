/* What a sweep consists of: a base config, varied along axes, once per seed. A plan is one JSON object, so that it can
 * be sent to other ranks, kept beside the results and compared when a sweep is resumed:
 *   {"name", "file", "ranks_per_point", "axes": [pointer, ...],
 *    "points": [{"name", "group", "seed", "estimate", "values": {pointer: value}, "config": {...}}, ...]} */
#ifndef MUSTER_STUDY_PLAN_H
#define MUSTER_STUDY_PLAN_H

#include "muster/config/field.h"

struct cJSON;

/* A sweep file's "early_stopping"; see src/study/stopping.h. */
extern const struct mu_group mu_early_stopping_group;

/* JSON Schema (draft 2020-12) of a sweep file, the caller's to cJSON_Delete; NULL if memory ran out. The base is held
 * to the config's own schema, but may lack anything, and so are the values of patches and axes; a wrong value that
 * every point replaces is refused all the same, though mu_plan_read would not see it. */
struct cJSON *mu_sweep_schema(void);

/* Reads a sweep file and expands it; every point is checked. A plan with mistakes is refused with MU_BAD_CONFIG. err
 * has the first of them; if there are more, *problems lists them all, those of the sweep file and those of points, a
 * line each that names place and cause: "sweep.json: /axes/0: /stop/stepz: unknown key (2 points: s1, s2)". It is the
 * caller's to mu_free, NULL if there are none. The caller deletes *plan with cJSON_Delete. */
int mu_plan_read(const char *path, struct cJSON **plan, char **problems, struct mu_err *err);

#endif
