/* A stationary two-state Markov chain with random access: the state at any step without walking there.
 *
 * Start the chain from its stationary law and let it have transition probabilities p (good to bad) and q (bad to good).
 * Step k has one uniform u_k. From good the next state is bad if u_k < p, from bad if u_k < 1 - q; so a u_k below both
 * thresholds makes it bad and one above both makes it good, whatever came before. Looking back from k one meets such a
 * u_k after 1 / (1 - |1 - p - q|) steps on average, and walks forward again from there.
 *
 * That is long if |1 - p - q|, by which the chain forgets, is near 1. Then only every stride-th state is found so, with
 * the thresholds of the stride-step chain, the stride being the power of two at which the memory has halved; a state in
 * between is found by bisection, drawing each midpoint conditional on its two neighbours. So the cost is a few draws,
 * or about log2(1 / (1 - |1 - p - q|)) of them, wherever and in whatever order one asks. */
#ifndef MUSTER_SRC_WORLD_STRAGGLER_CHAIN_H
#define MUSTER_SRC_WORLD_STRAGGLER_CHAIN_H

#include <stdbool.h>
#include <stdint.h>

enum { MU_CHAIN_LEVELS = 31 };

struct mu_chain {
    double bad;                         /* stationary probability of the bad state */
    double memory[MU_CHAIN_LEVELS + 1]; /* (1 - p - q)^(2^level) */
    int level;                          /* the stride is 2^level */
};

void mu_chain_init(struct mu_chain *chain, double p, double q);

/* Whether the chain of `who` is in the bad state at `step`. */
bool mu_chain_bad(const struct mu_chain *chain, uint64_t seed, uint32_t who, uint32_t step);

#endif
