/* What coded strategies without delay share: job t is all of round t. */
#ifndef MUSTER_STRATEGY_CODED_PLAIN_H
#define MUSTER_STRATEGY_CODED_PLAIN_H

#include "coded_round.h"

/* Steps round r's job with weight a[i] for worker i, and releases the round. */
int mu_coded_plain_step(struct mu_coded *coded, struct mu_sim *sim, const double *a);

/* The same with the weights of the code. */
int mu_coded_plain_decode(struct mu_coded *coded, struct mu_sim *sim, struct mu_coding *coding, const uint64_t *late);

/* What arrived, from what is late; whether that can be decoded. */
int mu_coded_plain_accepts(struct mu_sim *sim, struct mu_coding *coding, const uint64_t *late, bool *yes);

/* Without a code: worker i of n has the i-th of n shares of the rows. */
void mu_coded_plain_share(const struct mu_coded *coded, struct mu_sim *sim, uint32_t worker,
                          struct mu_coded_task *task);
/* And the sum of those that arrived, at least one, divided by the rows it is of, stands for all. */
int mu_coded_plain_mean(struct mu_coded *coded, struct mu_sim *sim, const uint64_t *late);

#endif
