/* Straggler patterns for tests: the models by their definitions, and all conforming patterns of a small case. */
#ifndef MUSTER_TESTS_PATTERNS_H
#define MUSTER_TESTS_PATTERNS_H

#include "support.h"

#include "muster/base/rng.h"
#include "muster/coding/pattern.h"

enum { MOST_ROUNDS = 12 };

/* Whether set[0..rounds) conform, worker by worker and window by window; workers are bits, at most 64. */
static inline bool conforms_by_definition(const struct mu_pattern *p, uint32_t n, const uint64_t *set, int rounds) {
    const int window = p->model == MU_PATTERN_PER_ROUND ? 1 : (int)p->window;
    for (int from = 1 - window; from < rounds; from++) {
        uint32_t distinct = 0;
        for (uint32_t i = 0; i < n; i++) {
            int first = -1;
            int last = -1;
            uint32_t times = 0;
            for (int r = from < 0 ? 0 : from; r < from + window && r < rounds; r++) {
                if ((set[r] >> i & 1) != 0) {
                    first = first < 0 ? r : first;
                    last = r;
                    times++;
                }
            }
            distinct += times > 0;
            if (p->model == MU_PATTERN_BURSTY && times > 0 && last - first > (int)p->burst - 1) {
                return false;
            }
            if (p->model == MU_PATTERN_ARBITRARY && times > p->burst) {
                return false;
            }
        }
        if (distinct > p->limit) {
            return false;
        }
    }
    return true;
}

/* Calls visit with every conforming pattern of that many rounds; returns how many there are. */
static inline uint64_t each_conforming(const struct mu_pattern *p, uint32_t n, int rounds, uint64_t *set, int at,
                                       void (*visit)(void *context, const uint64_t *set, int rounds), void *context) {
    if (at == rounds) {
        visit(context, set, rounds);
        return 1;
    }
    uint64_t count = 0;
    for (set[at] = 0; set[at] < UINT64_C(1) << n; set[at]++) {
        if (conforms_by_definition(p, n, set, at + 1)) {
            count += each_conforming(p, n, rounds, set, at + 1, visit, context);
        }
    }
    return count;
}

/* A set of workers, each in it with probability `share`. */
static inline void random_set(struct mu_rng *rng, uint32_t n, double share, uint64_t *set) {
    mu_bits_clear(set, mu_bits_words(n));
    for (uint32_t i = 0; i < n; i++) {
        if (mu_rng_uniform(rng) < share) {
            mu_bits_add(set, i);
        }
    }
}

/* Takes members out, in random order, until the set is accepted. */
#define RELEASE_UNTIL(accepted, set, n, rng)                                    \
    for (uint32_t release_at_ = (uint32_t)mu_rng_below(rng, n); !(accepted);) { \
        mu_bits_remove(set, release_at_);                                       \
        release_at_ = (release_at_ + 1) % (n);                                  \
    }

#endif
