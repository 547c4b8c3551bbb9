/* Trials of a code: straggler sets of size s, drawn at random and contiguous ones (a rack or a host that fails), and
 * the worst that decoding them gave. */
#ifndef MUSTER_CODING_ATTACK_H
#define MUSTER_CODING_ATTACK_H

#include "muster/coding/code.h"

struct mu_attack {
    uint32_t sets, failures;  /* tried, and not decoded */
    struct mu_decoding worst; /* each number the largest of all sets; decoded is true if all were */
    double condition;         /* of B_F, for the set with the largest amplification; see mu_coding_condition */
};

/* `sets` random straggler sets of size s, from the seed. Straggler sets are solved anew, not cached. */
int mu_attack_random(struct mu_coding *coding, uint32_t s, uint32_t sets, uint64_t seed, struct mu_attack *out,
                     struct mu_err *err);

/* Workers k, k + 1, ... k + s - 1 (modulo n) straggle, for `sets` evenly spaced k; at most n. */
int mu_attack_contiguous(struct mu_coding *coding, uint32_t s, uint32_t sets, struct mu_attack *out,
                         struct mu_err *err);

/* Largest over smallest singular value of the rows of B that arrived, those below 1e-10 of the largest left out: exact
 * codes have fewer independent rows than rows. O(n^3). */
int mu_coding_condition(const struct mu_coding *coding, const uint64_t *arrived, double *condition, struct mu_err *err);

#endif
