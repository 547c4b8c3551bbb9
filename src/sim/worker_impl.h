/* What the files of the worker share. */
#ifndef MUSTER_SIM_WORKER_IMPL_H
#define MUSTER_SIM_WORKER_IMPL_H

#include "block.h"
#include "map.h"
#include "muster/privacy/noise.h"
#include "muster/train/gradient.h"
#include "worker.h"

/* What a poll returns to end the training of a job without a failure: the run is over, or the job was released. */
enum { MU_STOPPED = -1, MU_ABANDONED = -2 };

/* Gradient work as it was ordered, and the models it is about. */
struct mu_held_gradient {
    struct mu_wire_gradient wire;
    struct mu_block *start[MU_MAX_PARTS];  /* the model of each part; dropped when done */
    struct mu_block *before[MU_MAX_PARTS]; /* for differences: the one before it, or NULL */
    uint64_t edition[MU_MAX_PARTS];        /* which model it is, among those this rank has had in the slot */
    struct mu_chunk chunk[];
};

/* A job on this rank: waiting, in training, or finished and kept until its release. */
struct mu_held_job {
    struct mu_train_command order;
    struct mu_block *start;              /* the model to start from; dropped when trained */
    struct mu_block *control;            /* SCAFFOLD's c at dispatch, or NULL; dropped when trained */
    struct mu_held_gradient *gradient;   /* NULL: training */
    size_t parts;                        /* vectors of the update */
    struct mu_block *part[MU_MAX_PARTS]; /* float64 ones of gradient work */
    struct mu_held_job *next;            /* in the list of waiting jobs, or of recycled ones */
};

struct mu_worker {
    const struct mu_sim_setup *setup;
    struct mu_comm *comm;
    size_t dim;
    enum mu_elem elem;
    uint32_t models, slots;
    bool stopped;

    struct mu_block_pool pool, wide;   /* vectors of the model's type, and of float64 */
    struct mu_block **current;         /* the model of each slot */
    struct mu_block **previous;        /* for differences: the one before it, NULL before there was one */
    uint64_t *edition;                 /* models that each slot has had */
    struct mu_chunk_cache *cache;      /* of gradient work that asks for it */
    struct mu_block *next;             /* for the next install */
    struct mu_map jobs;                /* by id: struct mu_held_job */
    struct mu_map vectors;             /* by client + 1: struct mu_block, the clients' own vectors */
    uint64_t vectors_saved;            /* rank 0: how many of them, on all ranks, are in the checkpoint under way */
    struct mu_held_job *first, **last; /* waiting, oldest first */
    struct mu_held_job *running;       /* in training, not in `jobs` any more if it was released meanwhile */
    bool abandoned;                    /* that */
    struct mu_held_job *recycled;

    struct mu_trainer *trainer;
    struct mu_noise_key noise_key;
    struct mu_space space;                   /* rows of the client in training */
    struct mu_block *drift;                  /* scratch, with control variates */
    struct mu_summer *summer;                /* with gradient work, as the next ones */
    struct mu_block *at, *at_before, *chunk; /* scratch in float64 */
    struct mu_sum sum;                       /* fixed-point accumulators */

    struct mu_workspace *scorer;
    struct mu_space score_space;
    size_t blocks;         /* of test rows */
    double *scores;        /* 2 per block */
    double *client_losses; /* NULL unless the config asks for them */

    struct mu_clock clock;
    enum mu_activity activity;
    double since; /* monotonic seconds when it began */
};

/* Lets go of a job's blocks and recycles it. */
void mu_worker_drop_job(struct mu_worker *worker, struct mu_held_job *job);

/* A model in float64: itself, or written into `out`. */
const double *mu_worker_widen(const struct mu_worker *worker, const struct mu_block *model, double *restrict out);

/* Gradient work: takes an order in, does it, and forgets what it kept for equal rows of models that are gone. */
int mu_worker_take_gradient(struct mu_worker *worker, struct mu_held_job *job, const struct mu_train_command *order,
                            struct mu_err *err);
int mu_worker_gradient(struct mu_worker *worker, struct mu_held_job *job, const struct mu_poll *poll,
                       struct mu_report *report);
/* out += coefficient * x: a chunk's gradient enters the code's message, at the pace of memory. */
void mu_worker_encode(size_t n, double coefficient, const double *restrict x, double *restrict out);
void mu_worker_drop_gradient(struct mu_worker *worker, struct mu_held_job *job);
void mu_chunk_cache_forget(struct mu_worker *worker, uint32_t slot);
void mu_chunk_cache_free(struct mu_worker *worker);

/* The memory that a vector of the job's update is from. */
struct mu_block_pool *mu_worker_pool(struct mu_worker *worker, const struct mu_held_job *job);

/* Collective: scores the test rows, and each client's rows if `train`, dealt out over the ranks in fixed blocks. */
int mu_worker_score(struct mu_worker *worker, bool train, struct mu_err *err);

/* Collective, for MU_COMMAND_SAVE: writes the clients' own vectors that live on this rank to the directory of a
 * checkpoint. */
int mu_checkpoint_save_vectors(struct mu_worker *worker, const char *directory, struct mu_err *err);
/* Collective: takes those of which this rank is the home, whichever rank wrote them. Fails on all ranks, which have
 * none then, unless there are as many as rank 0 has been told to expect. */
int mu_checkpoint_load_vectors(struct mu_worker *worker, const char *directory, uint64_t expected, struct mu_err *err);

/* SCAFFOLD's vectors (Karimireddy et al. 2020, option II), n numbers of type elem; a NULL vector stands for zeros. */

/* out = c - own. */
void mu_control_drift(enum mu_elem elem, size_t n, const void *c, const void *own, void *restrict out);
/* out = -c - update / (steps lr): the change of the client's vector; zeros after no steps. */
void mu_control_change(enum mu_elem elem, size_t n, const void *c, const void *update, uint64_t steps, double lr,
                       void *restrict out);
/* own += change. */
void mu_control_commit(enum mu_elem elem, size_t n, void *restrict own, const void *restrict change);

#endif
