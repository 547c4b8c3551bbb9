/* What a sweep consists of: a base config, varied along axes, once per seed. A plan is one JSON object, so that it can
 * be sent to other ranks, kept beside the results and compared when a sweep is resumed:
 *   {"name", "file", "ranks_per_point", "axes": [pointer, ...],
 *    "points": [{"name", "group", "seed", "estimate", "values": {pointer: value}, "config": {...}}, ...]} */
#ifndef MUSTER_STUDY_PLAN_H
#define MUSTER_STUDY_PLAN_H

#include "muster/base/err.h"

struct cJSON;

/* Reads a sweep file and expands it. Points that are no valid scenario are listed all at once, a line each, in
 * *problems (the caller's to mu_free; NULL if there are none), and the plan is refused with MU_BAD_CONFIG. The caller
 * deletes *plan with cJSON_Delete. */
int mu_plan_read(const char *path, struct cJSON **plan, char **problems, struct mu_err *err);

#endif
