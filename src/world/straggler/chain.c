#include "chain.h"

#include <math.h>

#include "muster/base/rng.h"

void mu_chain_init(struct mu_chain *chain, double p, double q) {
    *chain = (struct mu_chain){.bad = p > 0.0 ? p / (p + q) : 0.0, .memory = {1.0 - p - q}};
    for (int i = 1; i <= MU_CHAIN_LEVELS; i++) {
        chain->memory[i] = chain->memory[i - 1] * chain->memory[i - 1];
    }
    while (chain->level < MU_CHAIN_LEVELS && fabs(chain->memory[chain->level]) > 0.5) {
        chain->level++;
    }
}

/* P(bad after 2^level steps), given the state now. */
static double probability_bad(const struct mu_chain *chain, int level, bool now) {
    const double memory = chain->memory[level];
    return chain->bad * (1.0 - memory) + (now ? memory : 0.0);
}

/* The uniform of a stretch of 2^level steps: node 0 is its end, the others are midpoints within. */
static double draw_uniform(uint64_t seed, uint32_t who, uint32_t stretch, uint32_t node) {
    struct mu_rng rng;
    mu_rng_init(&rng, seed, MU_STREAM_STRAGGLER, who, stretch);
    rng.counter[0] = node; /* its own Philox block, so that nodes can be drawn in any order */
    return mu_rng_uniform(&rng);
}

/* The state at the `index`-th multiple of the stride. */
static bool state_at_multiple(const struct mu_chain *chain, uint64_t seed, uint32_t who, uint32_t index) {
    const double from_good = probability_bad(chain, chain->level, false);
    const double from_bad = probability_bad(chain, chain->level, true);
    const double low = fmin(from_good, from_bad);
    const double high = fmax(from_good, from_bad);
    /* Between low and high the state is that of the multiple before, or its opposite if the memory is negative. */
    bool flipped = false;
    for (;; index--) {
        const double u = draw_uniform(seed, who, index, 0);
        if (index == 0) {
            return (u < chain->bad) != flipped;
        }
        if (u < low) {
            return !flipped;
        }
        if (u >= high) {
            return flipped;
        }
        flipped = flipped != (from_bad < from_good);
    }
}

/* The state after a multiple in state `before`, by the same uniform. */
static bool state_after(const struct mu_chain *chain, uint64_t seed, uint32_t who, uint32_t index, bool before) {
    return draw_uniform(seed, who, index + 1, 0) < probability_bad(chain, chain->level, before);
}

/* P(bad) in the middle of 2^(level + 1) steps, given both ends. */
static double probability_between(const struct mu_chain *chain, int level, bool left, bool right) {
    const double to_bad = probability_bad(chain, level, left);
    const double bad_on = probability_bad(chain, level, true);
    const double good_on = probability_bad(chain, level, false);
    const double bad = to_bad * (right ? bad_on : 1.0 - bad_on);
    const double good = (1.0 - to_bad) * (right ? good_on : 1.0 - good_on);
    return bad / (bad + good);
}

bool mu_chain_bad(const struct mu_chain *chain, uint64_t seed, uint32_t who, uint32_t step) {
    const uint32_t index = step >> chain->level;
    uint32_t offset = step - (index << chain->level);
    bool left = state_at_multiple(chain, seed, who, index);
    if (offset == 0) {
        return left;
    }
    bool right = state_after(chain, seed, who, index, left);
    /* Bisect: node 1 is the middle, 2 and 3 the quarters, and so on as in a heap. */
    uint32_t node = 1;
    for (int level = chain->level - 1;; level--) {
        const uint32_t half = UINT32_C(1) << level;
        const bool middle = draw_uniform(seed, who, index, node) < probability_between(chain, level, left, right);
        if (offset == half) {
            return middle;
        }
        if (offset < half) {
            right = middle;
            node = 2 * node;
        } else {
            left = middle;
            offset -= half;
            node = 2 * node + 1;
        }
    }
}
