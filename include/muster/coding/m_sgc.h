/* Multiplexed sequential gradient coding (Krishnan, Ebrahimi and Khisti 2023), without engine or vectors.
 *
 * Parameters (B, W, lambda). The batch is split in two kinds of chunks: D1, W - 1 private ones for each worker, and D2,
 * B groups of n chunks, each group under an (n, lambda) gradient code. A message has M = W - 1 + B slots, one vector
 * each; slot m of round r works for job r - m, so a job takes the diagonal of M rounds and is decoded at the end of
 * round t + T, T = W - 2 + B:
 *
 *     slot  0 .. W - 2    first attempt of the job's D1 chunk m
 *     slot  W - 1 + j     the lowest D1 chunk of the job that was lost so far, once more; without one, D2 group j
 *
 *     W = 2, B = 1:    round   r0       r1       r2
 *                      slot 0  D1 of 0  D1 of 1  D1 of 2
 *                      slot 1  -        D2 of 0  D2 of 1   (or D1 again)
 *
 * Who did what is a function of the stragglers of the last M rounds alone: they are the whole state.
 * specs/gradient_coding.md, section 2.3. */
#ifndef MUSTER_CODING_M_SGC_H
#define MUSTER_CODING_M_SGC_H

#include "muster/coding/pattern.h"

enum { MU_M_SGC_SLOTS = 64 }; /* the largest W - 1 + B */

struct mu_m_sgc {
    uint32_t n, B, W, lambda;
    int64_t jobs; /* jobs 0..jobs - 1 exist; INT64_MAX: without end */
};

/* MU_BAD_CONFIG at `place` unless 1 <= B < W, W - 1 + B <= MU_M_SGC_SLOTS and lambda <= n. */
int mu_m_sgc_check(const struct mu_m_sgc *p, const char *place, struct mu_err *err);

uint32_t mu_m_sgc_slots(const struct mu_m_sgc *p); /* M = W - 1 + B: vectors in a message */
uint32_t mu_m_sgc_delay(const struct mu_m_sgc *p); /* T = W - 2 + B */
double mu_m_sgc_load(const struct mu_m_sgc *p);    /* share of the batch that a worker processes in a round */

/* Chunks of the whole batch in one numbering: first all D1, worker by worker, then D2, group by group. With lambda = n
 * there is no D2. Sizes are shares of the batch. */
double mu_m_sgc_d1_size(const struct mu_m_sgc *p);
double mu_m_sgc_d2_size(const struct mu_m_sgc *p); /* 0 without D2 */
uint64_t mu_m_sgc_chunks(const struct mu_m_sgc *p);
uint64_t mu_m_sgc_d1_chunk(const struct mu_m_sgc *p, uint32_t worker, uint32_t index); /* index in 0..W - 2 */
uint64_t mu_m_sgc_d2_chunk(const struct mu_m_sgc *p, uint32_t group, uint32_t chunk);  /* chunk of the group's code */

/* `rounds` starts empty: the stragglers, round by round, are pushed by the caller as rounds are closed. */
int mu_m_sgc_start(const struct mu_m_sgc *p, struct mu_rounds *rounds, struct mu_err *err);

/* Whether the round to come may be closed with these stragglers. */
bool mu_m_sgc_accepts(const struct mu_m_sgc *p, const struct mu_rounds *rounds, const uint64_t *late);

/* What a worker does in a slot. */
enum mu_m_sgc_work { MU_M_SGC_IDLE, MU_M_SGC_D1, MU_M_SGC_D2 };
struct mu_m_sgc_task {
    enum mu_m_sgc_work work;
    int64_t job;
    uint32_t index; /* of the worker's D1 chunk, or of the D2 group */
    bool again;     /* a D1 chunk that was lost before */
};

/* Of round `round`: the one to come, or the one before it. task has M elements. */
void mu_m_sgc_tasks(const struct mu_m_sgc *p, const struct mu_rounds *rounds, int64_t round, uint32_t worker,
                    struct mu_m_sgc_task *task);

/* When job t's D1 chunk of a worker arrived, among the rounds that are over: *round, *slot; false if it has not. Rounds
 * t..t + T must be among the last M, that is, the last one is at most t + T. */
bool mu_m_sgc_d1_arrival(const struct mu_m_sgc *p, const struct mu_rounds *rounds, int64_t job, uint32_t worker,
                         uint32_t index, int64_t *round, uint32_t *slot);

/* The workers whose D2 combination of the group arrived, always in round t + W - 1 + group, slot W - 1 + group; returns
 * how many. */
uint32_t mu_m_sgc_d2_arrivals(const struct mu_m_sgc *p, const struct mu_rounds *rounds, int64_t job, uint32_t group,
                              uint64_t *arrived);

/* Whether all D1 chunks and n - lambda combinations of each group of the job have arrived. After round t + T it always
 * is, if every round was accepted. */
bool mu_m_sgc_decodes(const struct mu_m_sgc *p, const struct mu_rounds *rounds, int64_t job);

#endif
