/* Differential privacy in the engine: what is clipped at the clients, the noise of each release, and the ledger.
 *
 * Client-level: every job is told the clip of its moment, the rank scales the update before anybody sees it, and each
 * combination of updates on a model is one release: it gets noise for the public unit weight 1 / cohort. Record-level
 * training is private inside the jobs (train/local.h); here it is only accounted for. A strategy with noise of its own
 * (DIFF2) calls mu_sim_noise. */
#ifndef MUSTER_SIM_PRIVATE_H
#define MUSTER_SIM_PRIVATE_H

#include "muster/privacy/privacy.h"

struct mu_sim;
struct mu_sim_job;
struct mu_worker;

struct mu_private {
    const struct mu_privacy *p;     /* NULL: no privacy, and nothing else is set */
    const struct mu_noise_key *key; /* the worker's */
    struct mu_ledger ledger;
    struct mu_ledger messages; /* noise per_worker: what is spent towards somebody who sees one worker's messages */
    struct mu_lattice lattice; /* of an exact sum */
    struct mu_tree *tree;      /* or NULL */
    double clip;               /* of the jobs dispatched now */
    uint64_t releases;         /* so far: each draws its noise at a place of its own */
    int64_t tree_steps;        /* for a checkpoint */
    uint64_t most_steps;       /* of local training, of any client, dispatched */
};

/* Collective: the key of the noise for every rank, drawn by rank 0 or, if a run goes on, from its checkpoint. */
struct mu_comm;
int mu_private_share_key(struct mu_worker *worker, struct mu_comm *comm, const char *checkpoint, struct mu_err *err);
/* Into a file of mode 0600 in the directory of a checkpoint, unless a seed in the config gives the key anyway. */
int mu_private_save_key(const struct mu_sim *sim, const char *directory);

int mu_private_start(struct mu_sim *sim);
/* After the pieces of a checkpoint are back: the tree goes on where it was. */
int mu_private_resume(struct mu_sim *sim);
void mu_private_clear(struct mu_sim *sim);

/* Whether combinations of updates on models are releases of the client-level mechanism. */
bool mu_private_clients(const struct mu_sim *sim);

/* A job is dispatched: its clip, what it costs, and whether its client may be asked again. */
int mu_private_dispatch(struct mu_sim *sim, struct mu_sim_job *job);

/* A release: fixed-point noise before the sum is read (exact mechanisms), or noise on the direction after it. `terms`
 * are the contributions. */
struct mu_term;
int mu_private_noise_sum(struct mu_sim *sim, uint32_t slot, size_t n, const struct mu_term *terms, int64_t *sum);
int mu_private_noise_direction(struct mu_sim *sim, uint32_t slot, size_t n, const struct mu_term *terms,
                               double *direction);
/* After it: the ledger, and the clip to come. */
int mu_private_account(struct mu_sim *sim, uint32_t slot, size_t n, const struct mu_term *terms);

/* What has been spent; epsilon NAN without privacy. *exact: what plain Gaussian releases together cost exactly,
 * whatever the run's accountant; NAN for others. *per_worker: against somebody who sees one worker's messages; NAN
 * unless the noise is per_worker. */
int mu_private_cost(struct mu_sim *sim, struct mu_dp_cost *cost, double *exact, double *per_worker);

#endif
