/* What the files of the plan share. A dimension is {"when": {...} or absent, "options": [{"label", "set": {pointer:
 * value}}]}: an axis, a zip, the patches, the random draws or the seeds, all in one shape. */
#ifndef MUSTER_STUDY_PLAN_IMPL_H
#define MUSTER_STUDY_PLAN_IMPL_H

#include "muster/base/err.h"

struct cJSON;

/* Reads the dimensions of a sweep, in the order in which they apply: patches, zip, axes, random, seeds. */
int mu_plan_dimensions(const struct cJSON *sweep, const char *file, struct cJSON *dimensions, struct mu_err *err);

#endif
