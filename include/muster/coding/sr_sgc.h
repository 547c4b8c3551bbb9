/* Selective-repeat sequential gradient coding (Krishnan, Ebrahimi and Khisti 2023), without engine or vectors: who
 * works on what in a round, which sets of stragglers may be accepted, when a job can be decoded.
 *
 * Parameters (B, W, lambda) with W = x B + 1. One (n, s) gradient code, s = ceil(lambda / (x + 1)). Job t is
 * everybody's in round t; if fewer than n - s returned it, just enough of the others, lowest numbers first, work on job
 * t again in round t + B instead of their own job, and so it is decoded after B rounds at the latest.
 * specs/gradient_coding.md, section 2.2. */
#ifndef MUSTER_CODING_SR_SGC_H
#define MUSTER_CODING_SR_SGC_H

#include "muster/coding/pattern.h"

struct mu_sr_sgc {
    uint32_t n, B, W, lambda;
    int64_t jobs; /* rounds from `jobs` on have no job of their own; INT64_MAX: never */
};

/* MU_BAD_CONFIG at `place` unless 1 <= B < W, B divides W - 1, lambda <= n, and s < n. */
int mu_sr_sgc_check(const struct mu_sr_sgc *p, const char *place, struct mu_err *err);

uint32_t mu_sr_sgc_s(const struct mu_sr_sgc *p);     /* stragglers that the code tolerates */
uint32_t mu_sr_sgc_delay(const struct mu_sr_sgc *p); /* T = B */
double mu_sr_sgc_load(const struct mu_sr_sgc *p);    /* (s + 1) / n */

/* What a run keeps between rounds. */
struct mu_sr_sgc_state {
    struct mu_rounds stragglers; /* as the straggler model counts them: a round that lost nothing is empty */
    struct mu_rounds got;        /* workers whose result of job r has arrived, in round r or r + B */
    struct mu_rounds again;      /* workers that work on job r - B again in round r; planned for the round to come */
};

#define MU_SR_SGC_FIELDS(type, member)                                                                  \
    MU_ROUNDS_FIELDS(type, member.stragglers, "stragglers"), MU_ROUNDS_FIELDS(type, member.got, "got"), \
        MU_ROUNDS_FIELDS(type, member.again, "again")

int mu_sr_sgc_start(const struct mu_sr_sgc *p, struct mu_sr_sgc_state *state, struct mu_err *err);
void mu_sr_sgc_clear(struct mu_sr_sgc_state *state);

/* The workers that work on job r - B again in the round to come, r = state->got.next; all others work on job r, or on
 * nothing from round `jobs` on, where an empty set means that the round takes no time. Borrowed until the round is
 * closed. */
const uint64_t *mu_sr_sgc_again(const struct mu_sr_sgc_state *state);

/* Whether the round may be closed while the workers of `late`, each with something to do, have not answered: if that
 * conforms to the (B, W, lambda) model; or if nobody works on an old job and at most s are late, since job r is then
 * decoded at once. Rounds of the second kind count as without stragglers from then on. */
bool mu_sr_sgc_accepts(const struct mu_sr_sgc *p, const struct mu_sr_sgc_state *state, const uint64_t *late);

/* What closing round r decodes, with the set of workers at hand, good until the next close: mu_rounds_at(&state->got,
 * t) for job t. Of job r - B, those in mu_rounds_at(&state->again, r) returned it in round r, the others in round r -
 * B. */
struct mu_sr_sgc_end {
    bool own;      /* job r: at least n - s workers returned it */
    bool previous; /* job r - B, which was not decoded in its own round */
    bool failed;   /* job r - B is lost: something was closed that mu_sr_sgc_accepts had not accepted */
};
struct mu_sr_sgc_end mu_sr_sgc_close(const struct mu_sr_sgc *p, struct mu_sr_sgc_state *state, const uint64_t *late);

#endif
