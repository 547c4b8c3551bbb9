/* The worker in every rank: an interpreter of the command stream. It keeps the models it was given, trains the jobs it
 * was sent, keeps their updates until they are released, and takes part in sums and evaluations, between mini-batches
 * if need be. */
#ifndef MUSTER_SIM_WORKER_H
#define MUSTER_SIM_WORKER_H

#include "muster/sim/sim.h"
#include "wire.h"

struct mu_worker;

/* Both are collective over the setup's communicator. Everything a collective needs is allocated here, so that no rank
 * can fail inside one. */
int mu_worker_new(struct mu_worker **worker, const struct mu_sim_setup *setup, struct mu_err *err);
void mu_worker_free(struct mu_worker *worker);

/* Carries out a message of one or more commands; training is only queued. */
int mu_worker_obey(struct mu_worker *worker, const void *commands, size_t bytes, struct mu_err *err);

/* Jobs that wait to be trained. */
bool mu_worker_has_work(const struct mu_worker *worker);

/* Trains the oldest waiting job and fills its report. Returns the poll's code if that was not MU_OK, and a
 * negative one if the job was released meanwhile: there is no report then. A failure of the
 * job itself is in the report. */
int mu_worker_train(struct mu_worker *worker, const struct mu_poll *poll, struct mu_report *report);

/* The loop of every rank but 0: until MU_COMMAND_STOP. */
void mu_worker_serve(struct mu_worker *worker);

/* Rank 0's side of the collectives. The caller has sent the command to the other ranks. */

/* Where rank 0 puts its own terms: dim fixed-point numbers, to be zeroed by the combine command and complete after it.
 */
int64_t *mu_worker_sum(struct mu_worker *worker);
/* Where rank 0 puts a new model before the install command: dim numbers of the model's type. */
void *mu_worker_next(struct mu_worker *worker);
/* What an evaluation has found: blocks of MU_SCORE_ROWS test rows for each model, loss then correct per block, and the
 * mean loss of each client. */
const double *mu_worker_scores(const struct mu_worker *worker, size_t *blocks);
const double *mu_worker_client_losses(const struct mu_worker *worker);

/* Books the time since the last change to the activity so far and begins another. Returns the one that ends, to go back
 * to. */
enum mu_activity mu_worker_begin(struct mu_worker *worker, enum mu_activity activity);
const struct mu_clock *mu_worker_clock(const struct mu_worker *worker);

#endif
