/* What a strategy is, and what it may ask of the engine.
 *
 * A strategy is policy: it sees scalars (an update of job 17 has arrived, staleness 3, norm 0.7) and answers with
 * decisions (dispatch client 4; step with these jobs at these weights). It never touches a vector. Decisions take
 * effect at once, inside the callback that makes them. Its options and its state are declared in one table of field
 * rows, so it has no parsing, saving or loading code. */
#ifndef MUSTER_SIM_STRATEGY_H
#define MUSTER_SIM_STRATEGY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "muster/config/field.h"

struct mu_sim;
struct mu_client_config;
struct mu_dp_event;
struct mu_privacy;
struct mu_privacy_config;
struct mu_privacy_plan;

typedef uint64_t mu_job; /* names a job; never reused. 0 is no job */

/* An update that has arrived, or a job that ended without one. */
struct mu_update {
    mu_job job;
    uint32_t client;
    uint64_t version;   /* of slot 0 that it started from */
    uint64_t staleness; /* current version - version */
    uint64_t samples;   /* rows the client holds */
    uint64_t processed; /* rows it trained on, repetitions counted */
    uint64_t steps;     /* local optimizer steps */
    double loss;        /* mean local training loss */
    double norm;        /* Euclidean norm of the update */
};

enum mu_loss_cause {
    MU_LOSS_DROPPED,  /* lost on the way */
    MU_LOSS_OFFLINE,  /* the client left before it was done */
    MU_LOSS_DIVERGED, /* the update is not finite */
};

struct mu_loss {
    mu_job job;
    uint32_t client;
    enum mu_loss_cause cause;
};

/* Gradient work: instead of training, the client sums gradients over ranges of rows of the whole data set, as chunks
 * of a code need it. Its update has one vector of float64 numbers for each part: the sum over the part's chunks
 * of coefficient times the sum, over the chunk's rows, of the gradients of the loss (without l2) at the current model
 * of the part's slot. Rows are those of all clients, one client's after the other's, 0..mu_sim_rows - 1. */
struct mu_chunk {
    uint32_t part;
    double coefficient;
    uint64_t first, rows;
};
enum { MU_MAX_PARTS = 64 };
struct mu_gradient_work {
    uint32_t parts; /* 1..MU_MAX_PARTS */
    uint32_t slot[MU_MAX_PARTS];
    size_t chunks;
    const struct mu_chunk *chunk; /* in order of parts; borrowed until the dispatch returns */
    uint32_t round; /* what durations and losses are drawn for in place of the client's count of jobs, so that two
                       strategies meet the same stragglers in the same round */
    bool dedup;     /* a rank computes the gradient of equal rows at one model once, whoever asks; costs memory for all
                       of them; same bits */
    /* For differential privacy. */
    bool difference; /* per row, the gradient at the slot's current model minus that at the one before it */
    double clip;     /* each row's vector is scaled to at most this length; 0: not clipped */
};

/* Local work of BVR-L-SGD (muster/train/bvr.h): from the slot's model, with the estimate v that mu_work.control's slot
 * holds, and no second part. Batches are Poisson ones of `batch` rows on average, which is the denominator too. */
struct mu_bvr_work {
    uint64_t steps; /* K; 0: other work */
    uint64_t batch;
    double lr, clip;         /* clip: a row's difference over the distance moved; 0: any, then there is no noise */
    double noise_multiplier; /* deviation of the noise on the batch's sum, over clip times the distance moved */
};

/* What a job is to do. */
enum { MU_NO_SLOT = UINT32_MAX };
struct mu_work {
    uint32_t slot; /* the model to train; of gradient work, that of part 0 */
    /* Gradient work in place of training; NULL: training. Borrowed until the dispatch returns. Excludes control and
     * cached. */
    const struct mu_gradient_work *gradient;
    /* An auxiliary slot holding SCAFFOLD's control variate c, or MU_NO_SLOT. The gradient is then corrected by c - c_i,
     * where c_i is the client's own vector, and the job has a second part: the change of c_i, applied to it when the
     * update is released as used. */
    uint32_t control;
    /* The client's own vector becomes a copy of the update when that is released as used (CA2FL's cache). Excludes
     * control. */
    bool cached;
    struct mu_bvr_work bvr; /* steps 0: training, or gradient work */
    /* An update that would arrive after this time (ns) is of no use: in virtual time it is not even computed. 0: it
     * always is. The strategy cancels the job when the time has come. */
    uint64_t useful_until;
};

/* One term of a combination: weight times an update's part, times a kept version of a slot, or times a client's own
 * vector as it is now (zero until the first update of the client is released as used). */
enum mu_term_kind { MU_TERM_UPDATE, MU_TERM_VERSION, MU_TERM_CLIENT };
struct mu_term {
    enum mu_term_kind kind;
    uint64_t id;   /* the job, the version, or the client */
    uint32_t part; /* of an update: 0 the model's change, 1 the control variate's, or that of gradient work; of a
                      version: its slot */
    double weight;
};

/* How clients are drawn from those that are idle and available. */
enum mu_sampling {
    MU_SAMPLE_UNIFORM,     /* without replacement, all alike */
    MU_SAMPLE_SIZE,        /* without replacement, one after the other with probability proportional to their rows */
    MU_SAMPLE_REPLACEMENT, /* with replacement, all alike */
    MU_SAMPLE_SIZE_REPLACEMENT, /* with replacement, proportional to rows (Li et al. 2020, scheme I) */
    MU_SAMPLE_POISSON,          /* each one independently */
};

/* A drawn client; with replacement it may have been drawn several times. */
struct mu_pick {
    uint32_t client;
    uint32_t times;
};

/* What a strategy needs to know of the run it is checked against, before anything runs. */
struct mu_strategy_context {
    const char *file, *pointer; /* for errors: the config's name and the strategy's JSON pointer */
    uint32_t clients;
    const struct mu_client_config *client;
    uint64_t rows;                           /* of all clients together */
    const struct mu_privacy_config *privacy; /* NULL: none */
    int64_t steps;                           /* the run's stop.steps, or MU_UNSET */
    size_t dim;                              /* numbers of the model */
    uint64_t fewest_rows;                    /* of any client */
    bool always_available;                   /* clients never go offline */
    const char *optimizer;                   /* of the server: its name */
};

struct mu_strategy {
    struct mu_kind kind; /* name, summary, reference, and the rows of options and state */

    /* OPTIONAL. Models that are trained side by side, slots 0..models - 1, each from an initialisation of its own;
     * absent: one. */
    uint32_t (*models)(const void *options);
    uint32_t auxiliary; /* server vectors beside the models, in the slots after them, starting at zero, stepped by plain
                           addition */
    bool client_vectors; /* uses mu_work.control or cached: each client keeps a vector of its own on its home rank */
    /* Steps while other jobs are in flight. A job then takes at least 1 ns: in a world without durations, the first
     * client would otherwise come back for ever before the second one is looked at. */
    bool asynchronous;
    bool control;     /* its jobs carry a control variate (mu_work.control), so two vectors each way */
    bool gradients;   /* its jobs are gradient work, whose cost and vectors only it knows; nothing looks at the config's
                         "client", which must be left out */
    bool differences; /* uses mu_gradient_work.difference: the model before the current one is kept */

    /* What it promises of every run, for `muster run --verify`.
     * OPTIONAL. The most jobs that are in flight at once; absent: one per client. */
    uint64_t (*concurrency)(const void *options, uint32_t clients);
    /* OPTIONAL. The sum of the weights of a step with n updates of these stalenesses; NAN, or absent: any. */
    double (*weight_sum)(const void *options, size_t n, const uint64_t *staleness);

    /* OPTIONAL. What one release is, for privacy: of the client-level mechanism, where a combination's unit weight is
     * 1 / plan->cohort and a client may enter it once with at most that; or, with own_noise, of the strategy's own
     * record-level one, which it draws with mu_sim_noise. `plan` comes with everything but sampling, q, steps and
     * cohort filled in. Absent: the strategy cannot be private at the level of clients; its local training can be at
     * that of records unless it has `gradients`. */
    int (*plan)(const void *options, const struct mu_strategy_context *context, struct mu_privacy_plan *plan,
                struct mu_err *err);
    bool own_noise;

    /* OPTIONAL. Rules that need the rest of the config. */
    int (*check)(const void *state, const struct mu_strategy_context *context, struct mu_err *err);
    /* REQUIRED. Dispatch the first jobs. */
    int (*start)(void *state, struct mu_sim *sim);
    /* REQUIRED. The update is the strategy's from here on, until it releases it. */
    int (*arrival)(void *state, struct mu_sim *sim, const struct mu_update *update);
    /* REQUIRED. A job has ended without an update; it is released already. */
    int (*lost)(void *state, struct mu_sim *sim, const struct mu_loss *loss);
    /* OPTIONAL. A timer set with mu_sim_timer. */
    int (*timer)(void *state, struct mu_sim *sim, uint64_t id);
    /* OPTIONAL. A client that was offline can be reached again and is idle. */
    int (*available)(void *state, struct mu_sim *sim, uint32_t client);
    /* OPTIONAL. The stop condition is met: the last chance to use what has been gathered (a partial buffer). Steps
     * taken here count; nothing can be dispatched any more. */
    int (*finish)(void *state, struct mu_sim *sim);
    /* OPTIONAL. The run is over, in whatever way: called once, last, on rank 0. For what the state points to and no row
     * describes (zero before `start`, or after a resume); such things are not saved. */
    void (*end)(void *state);
};

/* Facts. */
uint64_t mu_sim_now(const struct mu_sim *sim);     /* ns */
uint32_t mu_sim_clients(const struct mu_sim *sim); /* in all */
uint32_t mu_sim_idle(const struct mu_sim *sim);    /* idle and available now */
uint64_t mu_sim_version(const struct mu_sim *sim, uint32_t slot);
uint64_t mu_sim_samples(const struct mu_sim *sim, uint32_t client);  /* rows the client holds */
double mu_sim_importance(const struct mu_sim *sim, uint32_t client); /* its share p_i of the objective; they sum to 1 */
const struct mu_client_config *mu_sim_client(const struct mu_sim *sim); /* the local optimizer and work */
double mu_sim_client_lr(const struct mu_sim *sim, uint64_t version); /* the learning rate a job from that version has */
uint64_t mu_sim_rows(const struct mu_sim *sim);                      /* of all clients together */
/* Euclidean distance of a model from the one before it; with `differences` only, 0 before the first step. */
double mu_sim_step_norm(const struct mu_sim *sim, uint32_t slot);
size_t mu_sim_dim(const struct mu_sim *sim); /* numbers of the model; 0 with the model "none": there are no vectors,
                                                and nothing need be solved for them */
double mu_sim_l2(const struct mu_sim *sim);  /* the model's l2, a part of the objective that gradient work leaves out */
uint64_t mu_sim_seed(const struct mu_sim *sim);
bool mu_sim_is_idle(const struct mu_sim *sim, uint32_t client); /* idle and available now */
/* The update of an arrived job that is not released, its staleness as of now; the pointer is good until the next call.
 */
const struct mu_update *mu_sim_update(struct mu_sim *sim, mu_job job);

/* Expected number of windows of `window_ns` that a job of the client takes, E[ceil(duration / window)]; 0: its expected
 * duration in ns. Constant durations give exact values; a world without durations gives 0, and 1 window. */
double mu_sim_expect(const struct mu_sim *sim, uint32_t client, uint64_t window_ns);
bool mu_sim_ended(const struct mu_sim *sim); /* the stop condition is met: steps and jobs are not to go on */
/* Jobs in flight, and updates of a client that have been used in steps so far. */
uint64_t mu_sim_in_flight(const struct mu_sim *sim);
uint64_t mu_sim_participations(const struct mu_sim *sim, uint32_t client);

/* Draws clients; n is their number, for MU_SAMPLE_POISSON their expected number. Writes at most `room` picks and
 * returns how many: fewer than n if fewer are idle. Clients without rows are not drawn by size. */
uint32_t mu_sim_sample(struct mu_sim *sim, enum mu_sampling how, double n, struct mu_pick *picks, uint32_t room);

/* Decisions. Each takes effect at once and returns MU_OK, or the code of a failure that the callback must return. */

/* Starts a job now from the current version; the client becomes busy. job may be NULL. Once the run's stop condition is
 * met nothing is started any more, and *job is 0. */
int mu_sim_dispatch(struct mu_sim *sim, uint32_t client, const struct mu_work *work, mu_job *job);
/* direction[slot] = carry * direction[slot] + sum of weight * term. Each update's weight is recorded as its weight in
 * the next step. */
int mu_sim_combine(struct mu_sim *sim, uint32_t slot, double carry, size_t n, const struct mu_term *terms);
/* The privacy of the run; NULL: none. */
const struct mu_privacy *mu_sim_privacy(const struct mu_sim *sim);
/* For strategies with noise of their own. direction[slot] += Gaussian noise of that standard deviation, and `event`
 * goes to the ledger; with n > 0 the noise comes in shares, of `share` times that deviation from each of the n workers.
 */
int mu_sim_noise(struct mu_sim *sim, uint32_t slot, double std, double share, size_t n, const uint32_t *workers,
                 const struct mu_dp_event *event);
/* `event` goes to the ledger, for noise that clients have drawn in BVR work. */
int mu_sim_charge(struct mu_sim *sim, const struct mu_dp_event *event);
/* The server optimizer moves the slot's model along its direction: version + 1. The direction stays for the next carry.
 */
int mu_sim_step(struct mu_sim *sim, uint32_t slot);
/* The same with the server's learning rate multiplied by `scale` for this step. */
int mu_sim_step_scaled(struct mu_sim *sim, uint32_t slot, double scale);
/* A number of the strategy's own for the records of steps taken before the callback returns. `name` is a string
 * literal, a key of steps.jsonl; a name given again takes the new value, at most MU_MAX_NOTES of them are kept. */
enum { MU_MAX_NOTES = 16 };
void mu_sim_note(struct mu_sim *sim, const char *name, double value);
/* The update is no longer needed. used: it has entered a step (the job's record says so, the client's own vector takes
 * its change). */
int mu_sim_release(struct mu_sim *sim, mu_job job, bool used);
/* Ends a job that has not arrived: it is late, or to be restarted. Its client is idle at once. */
int mu_sim_cancel(struct mu_sim *sim, mu_job job);
/* Calls timer(id) at time `at` (ns), not before now. */
int mu_sim_timer(struct mu_sim *sim, uint64_t at, uint64_t id);
/* Fails the run. Returns the code, for the callback to return. */
int mu_sim_fail(struct mu_sim *sim, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
