/* The parts of DP-SGD: who is in a batch, and noise on a vector. */
#ifndef MUSTER_TRAIN_PRIVATE_H
#define MUSTER_TRAIN_PRIVATE_H

#include "muster/train/local.h"

/* The rows 0..n-1 that are in a step's batch, each with probability dp->rate on its own, ascending, into batch[n];
 * returns how many. rng is the job's sequence of batches, for dp->uniform NULL. */
size_t mu_private_batch(const struct mu_dp_local *dp, size_t n, uint64_t step, struct mu_rng *rng, uint32_t *batch);

/* v += scale * (noise of standard deviation std), v being dim floats or doubles. std = 0 (or NaN, 0 times an infinite
 * clip) draws nothing. */
void mu_private_noise(const struct mu_dp_local *dp, uint64_t step, double std, double scale, bool f32, size_t dim,
                      void *v);

#endif
