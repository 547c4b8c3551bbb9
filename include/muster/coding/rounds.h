/* Sets of workers of the last rounds: who straggled, whose result arrived. A strategy embeds a mu_rounds and puts
 * MU_ROUNDS_FIELDS among its rows, so that it is saved and restored with the strategy's state. */
#ifndef MUSTER_CODING_ROUNDS_H
#define MUSTER_CODING_ROUNDS_H

#include "muster/coding/bits.h"
#include "muster/config/state.h"

struct mu_rounds {
    int64_t n;           /* workers */
    int64_t depth;       /* rounds that are kept */
    int64_t next;        /* the round that is not over; rounds count from 0 */
    struct mu_ints sets; /* [depth][words]: round r at r % depth */
};

/* `name` is a string literal, which tells several mu_rounds of one strategy apart. */
#define MU_ROUNDS_FIELDS(type, member, name)                                                                          \
    {name "_n", MU_INT, MU_STATE, offsetof(type, member.n), "workers", 0, 0, "0", "size of the sets"},                \
        {name "_depth", MU_INT, MU_STATE, offsetof(type, member.depth), "rounds", 0, 0, "0", "rounds that are kept"}, \
        {name "_next", MU_INT, MU_STATE, offsetof(type, member.next), "rounds", 0, 0, "0", "rounds that are over"}, { \
        name "_sets", MU_INTS, MU_STATE, offsetof(type, member.sets), "", 0, 0, "[]", "bits of the last rounds' sets" \
    }

/* Makes it empty, at round 0, keeping `depth` rounds of sets of n workers; both at least 1. The struct must be parsed,
 * zeroed, or in use. */
int mu_rounds_start(struct mu_rounds *rounds, uint32_t n, uint32_t depth, struct mu_err *err);

/* Releases what mu_rounds_start allocated, where no field rows do it. */
void mu_rounds_clear(struct mu_rounds *rounds);

/* The set of a round that is kept; NULL before round 0. The caller may change the set of a kept round. */
uint64_t *mu_rounds_at(const struct mu_rounds *rounds, int64_t round);

/* Ends round `next` with this set, or with an empty one. */
void mu_rounds_push(struct mu_rounds *rounds, const uint64_t *set);
void mu_rounds_push_empty(struct mu_rounds *rounds);

#endif
