/* What the files of the stage share. */
#ifndef MUSTER_RUN_STAGE_H
#define MUSTER_RUN_STAGE_H

#include "muster/run/scenario.h"

struct mu_strategy_context mu_stage_context(const struct mu_stage *stage);

/* Prepares stage->privacy; data, model and strategy options are there. */
int mu_stage_privacy(struct mu_stage *stage, struct mu_err *err);

#endif
