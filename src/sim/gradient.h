/* Gradient work on the coordinator. */
#ifndef MUSTER_SIM_GRADIENT_H
#define MUSTER_SIM_GRADIENT_H

#include "muster/sim/strategy.h"
#include "wire.h"

struct mu_sim;
struct mu_sim_job;

/* From a job's dispatch to its release. With the model "none" the chunks are counted, not kept. */
struct mu_gradient_order {
    uint64_t parts;
    struct mu_wire_gradient wire;
    struct mu_version *kept[MU_MAX_PARTS];   /* of each part's slot */
    struct mu_version *before[MU_MAX_PARTS]; /* for differences */
    double max_abs[MU_MAX_PARTS];            /* valid once reported */
    struct mu_chunk chunk[];
};

/* Takes over a copy of the work; the versions it is about are held. */
int mu_gradient_take(struct mu_sim *sim, struct mu_sim_job *job, const struct mu_gradient_work *work);
void mu_gradient_drop(struct mu_sim *sim, struct mu_sim_job *job);

/* Rows to process, those of a difference twice. */
uint64_t mu_gradient_cost(const struct mu_gradient_work *work);

/* What follows the train command: *n pieces of memory, at most 2. */
struct mu_tail {
    const void *data;
    size_t bytes;
};
size_t mu_gradient_tail(const struct mu_sim_job *job, struct mu_tail tail[static 2]);

/* For a checkpoint: bytes of all gradient work, in the order of the jobs given; and one job's back, from *at on. */
struct mu_blob;
int mu_gradient_save(const struct mu_sim_job *job, struct mu_blob *blob, struct mu_err *err);
int mu_gradient_load(struct mu_sim *sim, struct mu_sim_job *job, const unsigned char *data, size_t bytes, size_t *at,
                     bool *good);

#endif
