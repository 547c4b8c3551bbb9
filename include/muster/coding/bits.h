/* Sets of workers as bits: worker i is bit i % 64 of word i / 64. The words are the caller's, mu_bits_words(n) of them;
 * bits from n on are always zero. */
#ifndef MUSTER_CODING_BITS_H
#define MUSTER_CODING_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline size_t mu_bits_words(uint32_t n) {
    return ((size_t)n + 63) / 64;
}

static inline bool mu_bits_has(const uint64_t *set, uint32_t i) {
    return (set[i / 64] >> (i % 64) & 1) != 0;
}

static inline void mu_bits_add(uint64_t *set, uint32_t i) {
    set[i / 64] |= UINT64_C(1) << (i % 64);
}

static inline void mu_bits_remove(uint64_t *set, uint32_t i) {
    set[i / 64] &= ~(UINT64_C(1) << (i % 64));
}

/* How many are in the set of `words` words. */
static inline uint32_t mu_bits_count(const uint64_t *set, size_t words) {
    uint32_t count = 0;
    for (size_t k = 0; k < words; k++) {
        count += (uint32_t)__builtin_popcountll(set[k]);
    }
    return count;
}

static inline void mu_bits_clear(uint64_t *set, size_t words) {
    memset(set, 0, words * sizeof *set);
}

/* out = the n workers without those of `set`; out may be set. */
static inline void mu_bits_complement(uint64_t *out, const uint64_t *set, uint32_t n) {
    const size_t words = mu_bits_words(n);
    for (size_t k = 0; k < words; k++) {
        out[k] = ~set[k];
    }
    if (n % 64 != 0) {
        out[words - 1] &= (UINT64_C(1) << (n % 64)) - 1;
    }
}

/* The smallest member that is at least `from`, or n if there is none. */
static inline uint32_t mu_bits_next(const uint64_t *set, uint32_t n, uint32_t from) {
    for (uint32_t i = from; i < n; i = (i / 64 + 1) * 64) {
        const uint64_t rest = set[i / 64] >> (i % 64);
        if (rest != 0) {
            return i + (uint32_t)__builtin_ctzll(rest);
        }
    }
    return n;
}

#endif
