#include "muster/coding/rounds.h"

#include <assert.h>

#include "muster/base/mem.h"

int mu_rounds_start(struct mu_rounds *rounds, uint32_t n, uint32_t depth, struct mu_err *err) {
    const size_t words = mu_bits_words(n) * depth;
    rounds->n = n;
    rounds->depth = depth;
    rounds->next = 0;
    rounds->sets.n = 0;
    for (size_t k = 0; k < words; k++) {
        MU_TRY(mu_ints_push(&rounds->sets, 0, err));
    }
    return MU_OK;
}

void mu_rounds_clear(struct mu_rounds *rounds) {
    mu_free(rounds->sets.v);
    *rounds = (struct mu_rounds){0};
}

uint64_t *mu_rounds_at(const struct mu_rounds *rounds, int64_t round) {
    if (round < 0) {
        return NULL;
    }
    assert(round < rounds->next && round >= rounds->next - rounds->depth);
    const size_t words = mu_bits_words((uint32_t)rounds->n);
    return (uint64_t *)rounds->sets.v + (size_t)(round % rounds->depth) * words;
}

void mu_rounds_push(struct mu_rounds *rounds, const uint64_t *set) {
    rounds->next++;
    memcpy(mu_rounds_at(rounds, rounds->next - 1), set, mu_bits_words((uint32_t)rounds->n) * sizeof *set);
}

void mu_rounds_push_empty(struct mu_rounds *rounds) {
    rounds->next++;
    mu_bits_clear(mu_rounds_at(rounds, rounds->next - 1), mu_bits_words((uint32_t)rounds->n));
}
