/* The wall clock: the same strategies, driven by messages that really arrive. Rank 0 coordinates and trains nothing;
 * there are no collectives while the run goes on, since a rank that sleeps or is stuck would hold up every step. Models
 * travel with the dispatches, updates travel to rank 0, whose own worker then holds them as if it had trained them: on
 * a communicator of one rank, so that sums, installs and evaluations are the ones of virtual time.
 *
 * Simulated time runs 1 / wall_scale times as fast as the monotonic clock. A worker sends a job's update when
 * wall_scale times its simulated duration has passed since it received it; the time it takes to train counts towards
 * that, and one worker lets many jobs sleep while it trains another. */
#ifndef MUSTER_SIM_WALL_H
#define MUSTER_SIM_WALL_H

#include "sim_impl.h"

/* Messages to a worker, each one command; the kinds continue those of enum mu_command_kind. */
enum mu_wall_kind {
    MU_WALL_MODEL = 100, /* struct mu_install_command, then the model: the slot's current one from here on */
    MU_WALL_TRAIN,
    MU_WALL_RELEASE, /* struct mu_release_command */
    MU_WALL_STOP,    /* the run is over: answer with MU_WALL_BYE and wait */
    MU_WALL_GO,      /* everybody has answered: collectives are possible again */
};
struct mu_wall_train {
    struct mu_command head;
    uint64_t delay_ns;             /* of the monotonic clock, from receipt to answer */
    struct mu_train_command order; /* its gradient work follows */
};

/* Messages to rank 0: this, then `parts` vectors. */
enum mu_wall_answer_kind { MU_WALL_UPDATE, MU_WALL_BYE };
struct mu_wall_answer {
    uint64_t kind, parts;
    struct mu_report report;
};

/* Rank 0's side. */
struct mu_wall;

/* In place of mu_sim_run. */
int mu_wall_run(const struct mu_sim_setup *setup, struct mu_sim_result *result, struct mu_err *err);

/* Sends a job to a rank, with the models that the rank does not have. */
int mu_wall_send(struct mu_sim *sim, struct mu_sim_job *job);
/* Ends a job that has not been reported. */
int mu_wall_cancel(struct mu_sim *sim, const struct mu_sim_job *job);
/* The rank that trained the job keeps the client's own vector: it hears whether its change is to be made. */
int mu_wall_release(struct mu_sim *sim, const struct mu_sim_job *job, bool used);
/* Waits for the next event and handles it; also returns now and then without one. */
int mu_wall_advance(struct mu_sim *sim);

/* The loop of the other ranks. */
void mu_wall_serve(struct mu_worker *worker, struct mu_comm *comm);

/* Makes the worker hold a job that another rank has trained, as if it had done so itself. */
int mu_worker_adopt(struct mu_worker *worker, const struct mu_train_command *order, size_t parts,
                    const unsigned char *data, struct mu_err *err);

#endif
