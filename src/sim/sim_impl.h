/* What the files of the coordinator share. The coordinator exists on rank 0 alone. */
#ifndef MUSTER_SIM_IMPL_H
#define MUSTER_SIM_IMPL_H

#include "gradient.h"
#include "map.h"
#include "muster/sim/sim.h"
#include "optimizer/server_optimizer.h"
#include "population.h"
#include "private.h"
#include "queue.h"
#include "worker.h"

/* A model version that somebody still needs: as the current one, or as a term. */
struct mu_version {
    uint64_t number;
    size_t refs;
    double max_abs;
    double *x;
    struct mu_version *next_free;
};

/* A model under training, or an auxiliary vector. */
struct mu_slot {
    struct mu_version *current;
    struct mu_version *previous; /* for differences: the one before it, NULL before the first step */
    double step_norm;            /* its distance from the current one */
    struct mu_map versions;      /* by number + 1 */
    double *direction;
    double *moment[MU_MOMENTS]; /* of the server optimizer */
    uint64_t steps;             /* taken by the server optimizer */
};

/* A job from its dispatch to its release. */
struct mu_sim_job {
    mu_job id;
    uint32_t client, ordinal;
    struct mu_work work;
    uint64_t version;                   /* of the work's slot */
    struct mu_version *kept;            /* that version: until the release it may be a term, or be trained from again */
    struct mu_version *kept_control;    /* the same of the control variate, or NULL */
    struct mu_gradient_order *gradient; /* in place of training, or NULL */
    uint64_t dispatch_ns, arrive_ns;
    uint64_t cost; /* rows it will process */
    double lr;
    int rank;                                       /* that holds its update */
    int trainer;                                    /* wall clock: the rank that trains it */
    bool lost, offline, useless, reported, arrived; /* useless: it would arrive too late, so nobody computes it */
    uint64_t rows;                                  /* the client holds */
    struct mu_local_result result;                  /* valid once reported */
    double control_max_abs;                         /* of the second part */
    double clip;                                    /* client-level privacy: its update's greatest norm; else 0 */
    bool clipped;                                   /* it was longer */
    double weight;                                  /* it entered a combination with */
    uint64_t step;                                  /* whose combination that was; 0 before */
    struct mu_sim_job *next_free;
};

/* Commands that wait to be sent to one rank. */
struct mu_outbox {
    unsigned char *data;
    size_t n, capacity;
};

/* What the next step record and the next evaluation are made of. */
struct mu_step_parts {
    size_t n;
    uint64_t *job, *staleness;
    uint32_t *client;
    double *weight;
    size_t job_capacity, staleness_capacity, client_capacity, weight_capacity;
};
struct mu_tally {
    double loss, rows; /* sums over used updates: loss times rows, rows */
    double staleness;
    uint64_t updates, staleness_max;
};

struct mu_sim {
    const struct mu_sim_setup *setup;
    struct mu_sim_result *result;
    struct mu_err *err;
    struct mu_worker *worker;
    struct mu_wall *wall; /* NULL in virtual time */
    size_t dim;
    uint64_t model_bytes;
    uint32_t models, slots;
    struct mu_slot *slot;
    struct mu_version *free_versions;
    double *scratch; /* dim numbers */
    const struct mu_server_optimizer *optimizer;

    struct mu_private private;
    struct mu_population population;
    struct mu_queue queue;
    struct mu_map jobs; /* by id */
    struct mu_sim_job *free_jobs;
    struct mu_sim_job **unplaced; /* dispatched, not sent to a rank yet */
    size_t n_unplaced, unplaced_capacity;
    struct mu_outbox *outbox; /* one per rank */
    uint64_t *load;           /* rows that each rank still has to process */

    uint64_t now_ns;
    uint64_t dispatched; /* jobs so far */
    uint64_t events;     /* handled so far */
    uint64_t in_flight;
    uint64_t retraining; /* arrived updates that a resumed run has yet to compute again */
    uint64_t saved_step; /* of the last checkpoint, or of the start */
    double saved_s;      /* monotonic seconds of it */
    uint64_t restless;   /* availability events since there was last a job in flight */
    uint64_t fruitless;  /* jobs that have ended without an update since one last arrived */
    uint64_t infinite;   /* of them, those whose update was not finite */
    double *own_max_abs; /* per client: of its own vector; NULL without client vectors */
    uint64_t samples;    /* rows trained on in used updates */
    uint64_t evaluated;  /* step of the last evaluation, or UINT64_MAX */
    struct mu_step_parts parts;
    struct mu_note note[MU_MAX_NOTES]; /* for the steps of the callback under way */
    size_t notes;
    struct mu_tally tally;
    struct mu_update update; /* answer of mu_sim_update */
    double test_accuracy;    /* of the last evaluation */
    struct mu_divergence divergence;
    bool ended;
};

/* Commands. mu_sim_post queues one for a rank, mu_sim_flush sends what is queued (rank 0's own are carried out at
 * once). */
int mu_sim_post(struct mu_sim *sim, int rank, const void *command);
int mu_sim_flush(struct mu_sim *sim);
/* Posts the same command to every rank and flushes: for the collectives. */
int mu_sim_post_all(struct mu_sim *sim, const void *command);

/* Sends the jobs dispatched since the last call to ranks, the longest first to whoever has least to do. */
int mu_sim_place(struct mu_sim *sim);

/* Where a client's own vector lives. */
int mu_sim_home_rank(const struct mu_sim *sim, uint32_t client);

/* Chooses a rank for a job and posts it; posts a version to all ranks, to be the current one there. */
int mu_sim_send_job(struct mu_sim *sim, struct mu_sim_job *job);
int mu_sim_spread(struct mu_sim *sim, uint32_t slot, struct mu_version *version);

/* A rank's report of a job, or of a failure. */
int mu_sim_report(struct mu_sim *sim, const struct mu_report *report);

/* Plans an event. When a trace is replayed that is what happens, and of the plans only the timers are kept. */
int mu_sim_queue(struct mu_sim *sim, struct mu_event event);

/* What a rank is told of a job, before its gradient work; and, once the update is not needed, of its release. */
struct mu_train_command mu_sim_train_command(const struct mu_sim_job *job);
int mu_sim_post_release(struct mu_sim *sim, const struct mu_sim_job *job, bool used);

/* Bytes that a job's update has. */
uint64_t mu_sim_bytes_up(const struct mu_sim *sim, const struct mu_sim_job *job);

/* With the model "none" a job's numbers are there at once. */
void mu_sim_fill_empty(const struct mu_sim *sim, struct mu_sim_job *job);

/* Lets an event happen at its time, and sends the jobs it brought. */
int mu_sim_handle(struct mu_sim *sim, const struct mu_event *event);

/* Fails a run that can never end. */
int mu_sim_check_progress(struct mu_sim *sim);

/* Rank 0's part of a run. wall may be NULL, loaded too. */
struct mu_loaded;
int mu_sim_coordinate(const struct mu_sim_setup *setup, struct mu_worker *worker, struct mu_wall *wall,
                      const struct mu_loaded *loaded, struct mu_sim_result *result, struct mu_err *err);

/* Handles events until one needs numbers that are not there yet, or the run has ended. */
int mu_sim_advance(struct mu_sim *sim);

/* Books who is online at the start, and queues the first change of each client. */
int mu_sim_watch_clients(struct mu_sim *sim);

/* Ends the run in good order, after the callback under way. */
void mu_sim_end(struct mu_sim *sim, enum mu_end end);

/* Whether a run that ended so may go on some day, or is the replay of one that may. */
bool mu_sim_goes_on(enum mu_end end);

/* Evaluates the current model, unless this step has been evaluated. */
int mu_sim_evaluate(struct mu_sim *sim);

/* The first model of every slot, spread to all ranks. */
int mu_sim_install_first(struct mu_sim *sim);

/* Appends an update to the next step's record. */
int mu_step_parts_add(struct mu_step_parts *parts, const struct mu_sim_job *job, uint64_t staleness, double weight,
                      struct mu_err *err);
void mu_step_parts_clear(struct mu_step_parts *parts);

/* The bookkeeping of versions. */
int mu_version_new(struct mu_sim *sim, uint32_t slot, uint64_t number, struct mu_version **version);
void mu_version_drop(struct mu_sim *sim, uint32_t slot, struct mu_version *version);

/* The run is over for this job: its record goes out, its memory is recycled. */
int mu_sim_close_job(struct mu_sim *sim, struct mu_sim_job *job, enum mu_job_status status);

#endif
