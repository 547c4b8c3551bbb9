/* What strategies with gradient codes share: rounds in which every worker (client i is worker i) sums gradients over
 * its chunks, and which end by the mu-rule of coding/closing.h, decided event by event. A strategy embeds a mu_coded as
 * its first member, puts MU_CODED_FIELDS among its rows and says in a policy what each worker works on, which
 * stragglers it survives, and what a round that is over gives.
 *
 * A round opens with a dispatch to every worker. (1 + mu) times after its fastest arrival, those that are still out are
 * its candidates for stragglers: if the scheme accepts them they are cancelled and the round is over, otherwise they
 * are waited for, all of them or just enough. A round in which all have arrived is over at once. A job that is lost is
 * dispatched again in the same round; a client that is offline is given its job when it comes back, and is late
 * until then. */
#ifndef MUSTER_STRATEGY_CODED_ROUND_H
#define MUSTER_STRATEGY_CODED_ROUND_H

#include "muster/coding/bits.h"
#include "muster/coding/closing.h"
#include "muster/coding/code.h"
#include "muster/config/state.h"
#include "muster/sim/strategy.h"

struct mu_coded {
    double mu;
    int wait_out;   /* enum mu_wait_out */
    int64_t models; /* MU_UNSET: as few as the scheme can do with */
    int64_t batch;  /* rows of a job; 0: all */
    bool dedup;

    int64_t base;  /* rounds of another scheme before this one's first: jobs and what is drawn go on from there */
    int64_t round; /* that is open, or to be opened */
    bool open;
    bool due;     /* its deadline has passed, and it is waited out */
    bool timed;   /* it has had its first arrival */
    bool closing; /* it is over, and a second step waits for an event of its own */
    int64_t begin_ns, fastest_ns, deadline_ns;
    int64_t late; /* at the deadline */
    int64_t out;  /* workers that have not arrived */
    int64_t wait_outs;
    int64_t depth;          /* rounds whose updates are kept, the open one counted */
    struct mu_ints jobs;    /* [depth][n], round r at r % depth; 0: none */
    struct mu_ints ends;    /* [n] of the open round: enum end of coded_round.c */
    struct mu_ints attempt; /* [n] how often the round's job has been lost */

    struct mu_coding *coding; /* of coded_code.h; no row has it, so it is neither saved nor parsed */
};

extern const struct mu_word mu_coded_full[]; /* {"full", 0} */

#define MU_CODED_STATE(type, member, name_, type_, text_)                     \
    {                                                                         \
#name_, type_, MU_STATE, offsetof(type, member.name_), "", 0, 0,      \
            type_ == MU_BOOL ? "false" : type_ == MU_INTS ? "[]" : "0", text_ \
    }

/* Options and state that every coded strategy has, but for the number of models. */
#define MU_CODED_WORK_FIELDS(type, member)                                                                     \
    {"batch",                                                                                                  \
     MU_INT,                                                                                                   \
     MU_OPTION,                                                                                                \
     offsetof(type, member.batch),                                                                             \
     "rows",                                                                                                   \
     1,                                                                                                        \
     1e15,                                                                                                     \
     "\"full\"",                                                                                               \
     "rows of a job: job t takes those from t times batch on, starting over at the end",                       \
     mu_coded_full},                                                                                           \
        {"dedup",                                                                                              \
         MU_BOOL,                                                                                              \
         MU_OPTION,                                                                                            \
         offsetof(type, member.dedup),                                                                         \
         "",                                                                                                   \
         0,                                                                                                    \
         0,                                                                                                    \
         "false",                                                                                              \
         "each rank computes a chunk's gradient once, whoever holds the chunk: the same steps for less work"}, \
        MU_CODED_STATE(type, member, base, MU_INT, "rounds of a scheme before this one"),                      \
        MU_CODED_STATE(type, member, round, MU_INT, "number of the round"),                                    \
        MU_CODED_STATE(type, member, open, MU_BOOL, "the round is under way"),                                 \
        MU_CODED_STATE(type, member, due, MU_BOOL, "its deadline has passed, it is waited out"),               \
        MU_CODED_STATE(type, member, timed, MU_BOOL, "somebody has arrived"),                                  \
        MU_CODED_STATE(type, member, closing, MU_BOOL, "over, with a step to come"),                           \
        MU_CODED_STATE(type, member, begin_ns, MU_INT, "when it began"),                                       \
        MU_CODED_STATE(type, member, fastest_ns, MU_INT, "when the first worker arrived"),                     \
        MU_CODED_STATE(type, member, deadline_ns, MU_INT, "its deadline"),                                     \
        MU_CODED_STATE(type, member, late, MU_INT, "workers late at the deadline"),                            \
        MU_CODED_STATE(type, member, out, MU_INT, "workers not yet arrived"),                                  \
        MU_CODED_STATE(type, member, wait_outs, MU_INT, "rounds that were waited out"),                        \
        MU_CODED_STATE(type, member, depth, MU_INT, "rounds whose updates are kept"),                          \
        MU_CODED_STATE(type, member, jobs, MU_INTS, "of each worker in the last rounds"),                      \
        MU_CODED_STATE(type, member, ends, MU_INTS, "how far each worker is"),                                 \
        MU_CODED_STATE(type, member, attempt, MU_INTS, "losses of each worker in the round")

#define MU_CODED_FIELDS(type, member)                                                                                 \
    {"models",                                                                                                        \
     MU_INT,                                                                                                          \
     MU_OPTION,                                                                                                       \
     offsetof(type, member.models),                                                                                   \
     "",                                                                                                              \
     1,                                                                                                               \
     64,                                                                                                              \
     "null",                                                                                                          \
     "models trained in rotation, job t being a step of model t mod models; null: one more than the scheme's delay"}, \
        MU_CODED_WORK_FIELDS(type, member)

/* The options of the mu-rule, for schemes that have a deadline. */
#define MU_CODED_RULE_FIELDS(type, member)                                                                           \
    {"mu",                                                                                                           \
     MU_REAL,                                                                                                        \
     MU_OPTION,                                                                                                      \
     offsetof(type, member.mu),                                                                                      \
     "",                                                                                                             \
     0,                                                                                                              \
     1e6,                                                                                                            \
     "1",                                                                                                            \
     "a round's deadline is 1 + mu times the time of its fastest worker"},                                           \
    {                                                                                                                \
        "wait_out", MU_ENUM, MU_OPTION, offsetof(type, member.wait_out), "", 0, 0, "\"all\"",                        \
            "when too many are late: wait for all of them, or in the order of arrival until the rest is few enough", \
            mu_wait_outs                                                                                             \
    }

/* What a worker is to do, as it is put together. */
struct mu_coded_task {
    struct mu_gradient_work work;
    struct mu_chunk *chunk;
    size_t room;
    uint32_t models;
    uint64_t base;         /* of mu_coded */
    uint64_t batch, total; /* rows of a job, and in all */
    bool failed;           /* memory ran out */
};
/* A new part, for job t. */
void mu_coded_part(struct mu_coded_task *task, int64_t job);
/* Adds the share from/whole .. to/whole of job t's batch to the last part. */
void mu_coded_add(struct mu_coded_task *task, int64_t job, double coefficient, uint64_t from, uint64_t to,
                  uint64_t whole);
/* The worker's row of the code over chunks of `size` units each, the first at unit `from`. */
void mu_coded_add_row(struct mu_coded_task *task, int64_t job, const struct mu_coding *coding, uint32_t worker,
                      uint64_t from, uint64_t whole);

struct mu_coded_policy {
    uint32_t delay; /* T */
    /* Describes the worker's work in the open round; everybody has some. */
    int (*task)(void *state, struct mu_sim *sim, uint32_t worker, struct mu_coded_task *task);
    /* OPTIONAL; absent: nobody may be out. Whether the round may end at its deadline, or later, with these out. */
    int (*accepts)(void *state, struct mu_sim *sim, const uint64_t *late, bool *yes);
    bool at_once; /* the round ends as soon as `accepts` says so; there is no deadline */
    /* The round is over: decode, step, release. Sets *more if there is a second job to step with: it is called once
     * more, with `again`, if the run goes on. */
    int (*close)(void *state, struct mu_sim *sim, const uint64_t *late, bool again, bool *more);
    /* OPTIONAL. Called in place of opening the next round when `rounds` of them are over. */
    int (*over)(void *state, struct mu_sim *sim);
    int64_t rounds;
};

/* Models of a scheme with delay T, from options. */
uint32_t mu_coded_models(const struct mu_coded *coded, uint32_t delay);
/* Rules about options and client section. */
int mu_coded_check(const struct mu_coded *coded, uint32_t delay, const struct mu_strategy_context *context,
                   struct mu_err *err);

/* The callbacks. `state` is what the policy's functions are given. */
int mu_coded_start(struct mu_coded *coded, struct mu_sim *sim, const struct mu_coded_policy *policy, void *state);
int mu_coded_arrival(struct mu_coded *coded, struct mu_sim *sim, const struct mu_update *update,
                     const struct mu_coded_policy *policy, void *state);
int mu_coded_lost(struct mu_coded *coded, struct mu_sim *sim, const struct mu_loss *loss,
                  const struct mu_coded_policy *policy, void *state);
int mu_coded_timer(struct mu_coded *coded, struct mu_sim *sim, uint64_t id, const struct mu_coded_policy *policy,
                   void *state);
int mu_coded_available(struct mu_coded *coded, struct mu_sim *sim, uint32_t client,
                       const struct mu_coded_policy *policy, void *state);

/* Services for `close`. The job of a worker in one of the last `depth` rounds, 0 if it did not arrive. */
mu_job mu_coded_job(const struct mu_coded *coded, struct mu_sim *sim, int64_t round, uint32_t worker);
/* Steps job t's model by -1/rows times the sum of the n weighted terms, minus l2 times the model. `term` has room for
 * one more. */
int mu_coded_step(struct mu_coded *coded, struct mu_sim *sim, uint32_t delay, int64_t job, size_t n,
                  struct mu_term *term);
/* Releases a worker's job of the round, if it arrived, and forgets it. */
int mu_coded_release(struct mu_coded *coded, struct mu_sim *sim, int64_t round, uint32_t worker, bool used);

#endif
