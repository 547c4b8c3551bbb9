/* The engine: events in time on rank 0, work on every rank, sums in between.
 *
 * In virtual time a job's end is known when it is dispatched, so it goes to the least-loaded rank at once; the
 * coordinator plans on and waits only when it comes to an arrival whose numbers are not back yet. That is the
 * sequential semantics, run in parallel: placement cannot change results. */
#ifndef MUSTER_SIM_SIM_H
#define MUSTER_SIM_SIM_H

#include "muster/comm/comm.h"
#include "muster/data/data.h"
#include "muster/privacy/privacy.h"
#include "muster/sim/replay.h"
#include "muster/sim/strategy.h"
#include "muster/train/local.h"
#include "muster/world/world.h"

extern const struct mu_registry mu_server_optimizers;

/* When training is given up: so many evaluations with a train loss above `factor` times the best, none of them a new
 * best in between, or one that is not finite. MU_UNSET evaluations: never. */
struct mu_divergence_config {
    int64_t evaluations;
    double factor;
};
extern const struct mu_group mu_divergence_group;

/* What has been seen so far. */
struct mu_divergence {
    double best;    /* NAN before the first */
    uint64_t worse; /* evaluations above factor times that since then */
};

/* Takes in the next train loss; true if the rule says that training has diverged. */
bool mu_divergence_look(const struct mu_divergence_config *config, struct mu_divergence *seen, double train_loss);

/* When to stop, whichever comes first; MU_UNSET or NAN: never for that reason. The config's "stop" section. */
struct mu_stop_config {
    int64_t steps;
    int64_t updates;
    double time_s;
    double target_accuracy; /* looked at in evaluations, as is the next one */
    struct mu_divergence_config diverged;
};
extern const struct mu_group mu_stop_group;

/* Where a run is laid aside, as if it had been interrupted there, but at the same event whenever it is run: once so
 * many steps were taken, so many updates used, or nothing is left to happen up to a time. 0: not for that reason. In
 * virtual time, with checkpointing. */
struct mu_pause {
    uint64_t steps, updates, time_ns;
};

/* The config's "evaluate" section. */
struct mu_evaluate_config {
    int64_t every_steps;
    int train; /* enum mu_train_loss */
};
enum mu_train_loss {
    MU_TRAIN_LOSS_LOCAL, /* mean loss seen in local training since the last evaluation; costs nothing */
    MU_TRAIN_LOSS_FULL,  /* the objective sum p_i L_i over all clients' rows */
};
extern const struct mu_group mu_evaluate_group;

enum mu_importance { MU_IMPORTANCE_SAMPLES, MU_IMPORTANCE_UNIFORM };

/* Why a run ended; PRIVACY: every client has taken part as often as it may. */
enum mu_end {
    MU_END_STEPS,
    MU_END_UPDATES,
    MU_END_TIME,
    MU_END_TARGET,
    MU_END_INTERRUPTED,
    MU_END_REPLAY,
    MU_END_PRIVACY,
    MU_END_DIVERGED, /* by stop.diverged */
    MU_END_PAUSED,
};
const char *mu_end_name(enum mu_end end);

/* A number that the strategy adds to a step's record; NAN is written as null. */
struct mu_note {
    const char *name;
    double value;
};

/* One server step, in terms of the updates it used. All arrays have `n` entries and are the engine's. */
struct mu_step_record {
    uint64_t step, time_ns;
    uint32_t slot;
    size_t n;
    const uint64_t *job, *staleness;
    const uint32_t *client;
    const double *weight;
    size_t notes;
    const struct mu_note *note;
};

enum mu_job_status { MU_JOB_USED, MU_JOB_DROPPED, MU_JOB_LATE, MU_JOB_FAILED };

/* One job that has ended. */
struct mu_job_record {
    mu_job job;
    uint32_t client;
    uint64_t version, dispatch_ns, arrive_ns;
    enum mu_job_status status;
    uint64_t step; /* that used it, or 0 */
    double weight;
    uint64_t end_ns;               /* when the server was done with it: released it, lost it, or cancelled it */
    struct mu_job_request request; /* what its duration was drawn for */
};

/* One event as it is handled, for the trace of a run that follows the wall clock or another such trace. */
enum mu_happening {
    MU_HAPPENED_ARRIVAL,
    MU_HAPPENED_LOSS, /* the world lost the job */
    MU_HAPPENED_TIMER,
    MU_HAPPENED_AVAILABILITY, /* the client's availability may have changed */
    MU_HAPPENED_STOP,         /* stop.time_s has come */
    MU_HAPPENED_INTERRUPT,
};
struct mu_event_record {
    enum mu_happening what;
    uint64_t time_ns; /* each greater than the one before */
    uint64_t id;      /* the job, or the timer's id */
    uint32_t client;
    uint64_t version, dispatch_ns; /* of a job */
};

/* One evaluation. Counters are totals since the start unless they say otherwise. */
struct mu_evaluation {
    uint64_t step, time_ns;
    uint64_t updates; /* used in steps */
    uint64_t samples; /* rows trained on in them */
    uint64_t bytes_up, bytes_down;
    uint64_t dropped;      /* jobs that ended without an update */
    double train_loss;     /* NAN if nothing was trained since the last evaluation */
    double test_loss;      /* NAN without test rows; of several models the mean, as the next one */
    double test_accuracy;  /* NAN unless classification with test rows */
    double staleness_mean; /* of the updates used since the last evaluation; NAN if none */
    uint64_t staleness_max;
    struct mu_dp_cost privacy; /* spent so far; epsilon NAN without privacy */
    double epsilon_exact;      /* of a strategy with noise of its own, by the exact accountant of Gaussians; else NAN */
    double epsilon_per_worker; /* spent towards somebody who sees one worker's messages; NAN without noise per_worker */
    double clip;               /* of client-level privacy; NAN without */
    const double *model;       /* the server model, the first of several; dim numbers */
    size_t dim;
};

/* What a rank spends its wall-clock time on. */
enum mu_activity {
    MU_PLAN,     /* events, strategy, messages, server optimizer */
    MU_TRAIN,    /* local work */
    MU_EVALUATE, /* scoring, and waiting for others in it */
    MU_WAIT,     /* for commands, for numbers, or at a step's barrier for the slowest rank */
    MU_COMBINE,  /* fixed-point sums and their reduction */
    MU_INSTALL,  /* spreading a new model */
    MU_ACTIVITIES,
};
struct mu_clock {
    double s[MU_ACTIVITIES]; /* seconds; together the time from start to end */
};

/* Where and when the state of a run is saved; see src/sim/checkpoint.h. */
struct mu_checkpointing {
    const char *directory; /* the run's folder of checkpoints; made when it is needed */
    uint64_t every_steps;  /* 0: not by steps */
    double every_s;        /* wall seconds; 0: not by time. With neither, only when the run is interrupted */
    char identity[65];     /* of the run's config: a checkpoint of another is refused */
    bool resume;           /* go on from the newest checkpoint, from the start if there is none */
};

/* What the engine tells the outside while it runs, on rank 0 only. Each may be NULL; not OK ends the run with that code
 * and err as the callback has set it. */
struct mu_observer {
    void *context;
    int (*step)(void *context, const struct mu_step_record *record, struct mu_err *err);
    int (*job)(void *context, const struct mu_job_record *record, struct mu_err *err);
    int (*evaluation)(void *context, const struct mu_evaluation *record, struct mu_err *err);
    int (*event)(void *context, const struct mu_event_record *record, struct mu_err *err);
    bool (*interrupted)(void *context); /* asked after each event: true ends the run in good order */
    /* The observer's own state for a checkpoint, *n bytes that stay valid until its next call; and back again. */
    int (*save)(void *context, const void **state, size_t *n, struct mu_err *err);
    int (*restore)(void *context, const void *state, size_t n, struct mu_err *err);
};

/* Everything a run is made of; all borrowed until mu_sim_free. */
struct mu_sim_setup {
    const char *file; /* the config's name, for errors */
    uint64_t seed;
    struct mu_comm *comm;
    const struct mu_data *data;
    const struct mu_model *model;
    const struct mu_client_config *client;
    const struct mu_world *world;
    const struct mu_strategy *strategy;
    void *strategy_state;                     /* parsed options; the engine's strategy callbacks change it */
    const struct mu_choice *server_optimizer; /* of mu_server_optimizers */
    enum mu_importance importance;
    const struct mu_privacy *privacy; /* prepared; NULL, or without a config: none */
    const struct mu_stop_config *stop;
    const struct mu_evaluate_config *evaluate;
    const struct mu_observer *observer;        /* rank 0 */
    const struct mu_checkpointing *checkpoint; /* NULL: the run can neither be saved nor resumed */
    struct mu_pause pause;
    double wall_scale; /* the wall clock, on at least 2 ranks: seconds slept per simulated second; 0: virtual time */
    const struct mu_replay *replay; /* rank 0: follow this trace, in virtual time; NULL: do not */
};

/* Rows that a job of a client with `rows` rows will process: what balances ranks and what time is charged for. */
uint64_t mu_sim_job_rows(const struct mu_client_config *client, uint64_t rows);

/* Models that the strategy trains side by side. */
uint32_t mu_sim_models(const struct mu_strategy *strategy, const void *options);

/* Whether the folder holds a checkpoint, damaged or not. */
bool mu_checkpoint_exists(const char *directory);

/* Collective: runs to the end on every rank. On rank 0 the result is filled. All ranks return the same code. */
struct mu_sim_result {
    enum mu_end end;
    bool saved; /* an interrupted run left a checkpoint to resume from */
    struct mu_divergence divergence;
    uint64_t steps, updates, dropped, time_ns;
    uint64_t bytes_up, bytes_down;
    uint32_t models;          /* that were trained side by side */
    double *model;            /* of each model in turn, dim numbers; the caller's to mu_free */
    uint64_t *participations; /* per client: updates used in steps; the caller's to mu_free */
    double *used_weight;      /* per client: sum of the weights they were used with; the caller's to mu_free */
    struct mu_clock *clock;   /* one per rank; the caller's to mu_free */
};
int mu_sim_run(const struct mu_sim_setup *setup, struct mu_sim_result *result, struct mu_err *err);
void mu_sim_result_clear(struct mu_sim_result *result);

#endif
