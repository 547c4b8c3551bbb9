/* The gradient code of a run, and its weights. */
#ifndef MUSTER_STRATEGY_CODED_CODE_H
#define MUSTER_STRATEGY_CODED_CODE_H

#include "coded_round.h"

/* The code of this choice for all clients, and the run's seed; a run has one. It is built when it is first asked for
 * and belongs to *coded until mu_coded_end. Nothing of it is saved: it is a function of the request, and built anew
 * after a resume. */
int mu_coded_code(struct mu_coded *coded, struct mu_sim *sim, const struct mu_choice *choice, int64_t s,
                  struct mu_coding **coding);

/* For mu_strategy.end. */
void mu_coded_end(struct mu_coded *coded);

/* Weights a[n] from the workers that arrived. Fails the run if they do not decode. residual and amplification grow to
 * this decoding's; with the model "none" nothing is solved (unless it costs nothing): weights are 1. */
int mu_coded_decode(struct mu_sim *sim, struct mu_coding *coding, const uint64_t *arrived, double *a, double *residual,
                    double *amplification);

/* Rules of a code with these options, before the run. */
int mu_coded_code_check(const struct mu_choice *choice, int64_t s, const struct mu_strategy_context *context,
                        struct mu_err *err);

#endif
