/* What a learning-rate schedule provides. One kind = one file in this folder + one row of registry.c. */
#ifndef MUSTER_TRAIN_SCHEDULE_KIND_H
#define MUSTER_TRAIN_SCHEDULE_KIND_H

#include "muster/train/local.h"

struct mu_schedule_kind {
    struct mu_kind kind;
    /* The factor on the optimizer's learning rate at server version `version` of a run of `steps` (0: unknown). */
    double (*factor)(const void *options, uint64_t version, uint64_t steps);
};

/* How far a decay has gone, 0..1: its length is `steps` of the options, or the run's; 0 if neither is known. */
static inline double mu_schedule_progress(int64_t own, uint64_t version, uint64_t run) {
    const uint64_t length = own > 0 ? (uint64_t)own : run;
    return length == 0 ? 0 : version >= length ? 1 : (double)version / (double)length;
}

#endif
