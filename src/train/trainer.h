/* What a trainer holds, for the two ways of local training: by shuffled batches (local.c) and privately (private.c). */
#ifndef MUSTER_TRAIN_TRAINER_H
#define MUSTER_TRAIN_TRAINER_H

#include "muster/train/local.h"
#include "optimizer/kind.h"

/* Batches larger than this are gradients accumulated block by block: bounded memory, and a poll in between. */
enum { MU_BLOCK_ROWS = 512 };
_Static_assert((int)MU_BLOCK_ROWS >= (int)MU_SCORE_ROWS, "the workspace serves scoring, too");

struct mu_trainer {
    const struct mu_model *model;
    const struct mu_client_config *config;
    const struct mu_optimizer_kind *optimizer;
    struct mu_workspace *ws;
    size_t dim;
    bool f32;
    double l2;
    void *gradient; /* dim numbers of the model's type */
    void *state[MU_OPTIMIZER_STATES];
    uint32_t *order; /* of the client's rows; private: the batch */
    size_t order_capacity;
};

/* What one job carries along. */
struct mu_progress {
    struct mu_rng rng;
    size_t next; /* position in the order; n: the epoch is over */
    double loss; /* sum over rows */
    struct mu_local_result *result;
};

/* Adds what does not come from the data to trainer->gradient: l2, proximal term, drift. */
void mu_trainer_regularise(struct mu_trainer *trainer, const struct mu_local_job *job, const void *y);
/* One optimizer step along trainer->gradient; steps count from 1. */
void mu_trainer_optimize(struct mu_trainer *trainer, uint64_t step, double lr, void *y);

/* All steps of a job with job->dp; the job has rows. */
int mu_private_train(struct mu_trainer *trainer, const struct mu_local_job *job, void *y, struct mu_progress *progress,
                     const struct mu_poll *poll);

#endif
