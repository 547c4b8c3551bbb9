/* Local work of a client: some epochs or steps of an optimizer from the model it was sent. */
#ifndef MUSTER_TRAIN_LOCAL_H
#define MUSTER_TRAIN_LOCAL_H

#include "muster/train/model.h"

/* The config's "client" section. */
struct mu_client_config {
    struct mu_choice optimizer; /* sgd, momentum, nesterov, adam, adamw; state is fresh in every job */
    struct mu_choice schedule;  /* of the learning rate over server steps */
    int64_t batch_size;         /* 0: "full" */
    int64_t local_epochs;       /* MU_UNSET if not given; if local_steps is not given either, one epoch */
    int64_t local_steps;        /* MU_UNSET if not given */
    double proximal_mu;         /* FedProx: the loss gains mu / 2 |y - x|^2, x being the model sent */
    uint64_t given;             /* for mu_group_given */
};

extern const struct mu_group mu_client_group;
extern const struct mu_registry mu_optimizers, mu_schedules;

/* Options of every local optimizer begin with this. */
struct mu_optimizer_options {
    double lr;
};

/* The learning rate that clients use when they start from server version `version`, for a run of `steps` server steps
 * (0: unknown, then schedules without a length of their own stay at their start). */
double mu_client_lr(const struct mu_client_config *config, uint64_t version, uint64_t steps);

/* Optimizer steps of a job with `rows` rows (at least 1); with a struct mu_dp_local, too, where an epoch is that many
 * batches. */
uint64_t mu_client_steps(const struct mu_client_config *config, uint64_t rows);

/* How many gradients `steps` local steps at rate lr amount to: the distance moved under a constant unit gradient,
 * divided by lr (steps for plain SGD; more with momentum, less with a proximal term). It is |a_i|_1 of FedNova (Wang et
 * al. 2020). NAN for optimizers that are not linear in the gradients. O(steps). */
double mu_client_reach(const struct mu_client_config *config, double lr, uint64_t steps);

/* Called between mini-batches, so that a long job starves nobody; not OK ends the job with that code. */
struct mu_poll {
    int (*call)(void *context);
    void *context;
};

/* DP-SGD (Abadi et al. 2016): in place of shuffled batches each row is in each batch with probability `rate`, on its
 * own; each row's gradient is clipped, all parameters together; Gaussian noise goes onto the sum, which is divided by a
 * fixed number. An empty batch is a step of noise alone. l2, proximal term and drift are added afterwards, unclipped.
 * What a job draws and how its rows fared (loss, samples, clipped, nonfinite) is as private as the data. */
struct mu_dp_local {
    double clip;             /* >= 0, finite */
    double noise_multiplier; /* standard deviation of the noise on each number of the sum, in clips */
    double rate;             /* 0..1 */
    double denominator;      /* > 0: the expected batch by public numbers, never the batch drawn */
    void *context;
    /* x[i] += std * (standard normal number first + i of local step `step`, the first being 1) for n numbers. Called
     * with ascending, adjacent ranges. Not called if noise_multiplier or clip is 0. */
    void (*noise)(void *context, uint64_t step, double std, size_t first, size_t n, double *x);
    /* Uniform on [0, 1), number `index` of the step: who is in the batch, about one number for each that is. NULL: from
     * the job's own sequence of batches, which whoever knows the run's seed knows. */
    double (*uniform)(void *context, uint64_t step, uint64_t index);
};

struct mu_local_job {
    const struct mu_rows *rows; /* the client's data; n = 0 gives a zero update */
    const void *start;          /* the model sent, dim numbers of the model's type */
    const void *drift;          /* added to every gradient (SCAFFOLD's c - c_i), or NULL */
    uint64_t seed;
    uint32_t client, ordinal;     /* key of the order of batches */
    double lr;                    /* mu_client_lr */
    const struct mu_dp_local *dp; /* NULL: not private */
};

struct mu_local_result {
    uint64_t steps;   /* optimizer steps taken */
    uint64_t samples; /* rows processed, with repetitions */
    /* Of them, private: those whose gradients were clipped; those that counted as zero since theirs was not finite. */
    uint64_t clipped, nonfinite;
    double loss; /* mean over the rows processed, each at the model it was seen by; without l2 and proximal terms; 0 if
                    there were none */
    double max_abs; /* of the update; infinity if anything is not finite */
    double norm;    /* Euclidean norm of the update */
};

struct mu_trainer; /* scratch memory of one rank */
int mu_trainer_new(struct mu_trainer **trainer, const struct mu_model *model, const struct mu_client_config *config,
                   struct mu_err *err);
void mu_trainer_free(struct mu_trainer *trainer);

/* Trains and writes update = y - start (dim numbers of the model's type). A pure function of the job: no state stays in
 * the trainer. No allocation, but for the first job of a size. Returns the poll's code if that ended it; a diverged job
 * is not a failure, its result says so. */
int mu_trainer_run(struct mu_trainer *trainer, const struct mu_local_job *job, void *update,
                   struct mu_local_result *result, const struct mu_poll *poll, struct mu_err *err);

/* Scratch for scoring, of MU_SCORE_ROWS rows a block. */
struct mu_workspace *mu_trainer_workspace(struct mu_trainer *trainer);
enum { MU_SCORE_ROWS = 500 };

#endif
