#include "muster/base/rng.h"

#include <math.h>

#include <Random123/philox.h>

/* Words of one Philox4x32 block. */
enum { BLOCK = 4 };

static const double two_pi = 6.283185307179586476925286766559;

void mu_rng_init(struct mu_rng *rng, uint64_t seed, enum mu_stream stream, uint32_t client, uint32_t ordinal) {
    *rng = (struct mu_rng){
        .key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
        .counter = {0, ordinal, client, (uint32_t)stream},
        .used = BLOCK,
    };
}

static void make_block(struct mu_rng *rng) {
    const philox4x32_ctr_t counter = {{rng->counter[0], rng->counter[1], rng->counter[2], rng->counter[3]}};
    const philox4x32_key_t key = {{rng->key[0], rng->key[1]}};
    const philox4x32_ctr_t block = philox4x32(counter, key);
    for (int i = 0; i < BLOCK; i++) {
        rng->word[i] = block.v[i];
    }
    rng->used = 0;
    /* After 2^32 blocks the upper half of the stream's word, which no stream uses, counts on. */
    if (++rng->counter[0] == 0) {
        rng->counter[3] += UINT32_C(1) << 16;
    }
}

uint32_t mu_rng_u32(struct mu_rng *rng) {
    if (rng->used >= BLOCK) {
        make_block(rng);
    }
    return rng->word[rng->used++];
}

uint64_t mu_rng_u64(struct mu_rng *rng) {
    const uint64_t low = mu_rng_u32(rng);
    return low | (uint64_t)mu_rng_u32(rng) << 32;
}

double mu_rng_uniform(struct mu_rng *rng) {
    return (double)(mu_rng_u64(rng) >> 11) * 0x1p-53;
}

double mu_rng_positive(struct mu_rng *rng) {
    return (double)((mu_rng_u64(rng) >> 11) + 1) * 0x1p-53;
}

/* The upper half of word * n, drawing again while the lower half falls into the 2^32 mod n values that would
 * make some results likelier than others. */
static uint32_t draw_below_u32(struct mu_rng *rng, uint32_t n) {
    uint64_t product = (uint64_t)mu_rng_u32(rng) * n;
    if ((uint32_t)product < n) {
        const uint32_t surplus = (uint32_t)(-n) % n;
        while ((uint32_t)product < surplus) {
            product = (uint64_t)mu_rng_u32(rng) * n;
        }
    }
    return (uint32_t)(product >> 32);
}

uint64_t mu_rng_below(struct mu_rng *rng, uint64_t n) {
    if (n <= UINT32_MAX) {
        return draw_below_u32(rng, (uint32_t)n);
    }
    unsigned __int128 product = (unsigned __int128)mu_rng_u64(rng) * n;
    if ((uint64_t)product < n) {
        const uint64_t surplus = (0 - n) % n;
        while ((uint64_t)product < surplus) {
            product = (unsigned __int128)mu_rng_u64(rng) * n;
        }
    }
    return (uint64_t)(product >> 64);
}

double mu_rng_normal(struct mu_rng *rng) {
    const double radius = sqrt(-2.0 * log(mu_rng_positive(rng)));
    return radius * cos(two_pi * mu_rng_uniform(rng));
}

double mu_rng_exponential(struct mu_rng *rng) {
    return 0.0 - log(mu_rng_positive(rng)); /* not -log: no negative zero */
}

/* Marsaglia and Tsang 2000, section 2 (without their optional squeeze), for shape >= 1. */
static double draw_gamma(struct mu_rng *rng, double shape) {
    const double d = shape - 1.0 / 3.0;
    const double c = 1.0 / sqrt(9.0 * d);
    for (;;) {
        const double x = mu_rng_normal(rng);
        const double root = 1.0 + c * x;
        const double u = mu_rng_positive(rng);
        if (root <= 0.0) {
            continue;
        }
        const double v = root * root * root;
        if (log(u) < 0.5 * x * x + d * (1.0 - v + log(v))) {
            return d * v;
        }
    }
}

double mu_rng_log_gamma(struct mu_rng *rng, double shape) {
    if (shape >= 1.0) {
        return log(draw_gamma(rng, shape));
    }
    const double boosted = draw_gamma(rng, shape + 1.0);
    return log(boosted) + log(mu_rng_positive(rng)) / shape;
}

double mu_rng_gamma(struct mu_rng *rng, double shape) {
    if (shape >= 1.0) {
        return draw_gamma(rng, shape);
    }
    const double boosted = draw_gamma(rng, shape + 1.0);
    return boosted * exp(log(mu_rng_positive(rng)) / shape);
}

void mu_rng_shuffle(struct mu_rng *rng, size_t n, uint32_t *item) {
    for (size_t i = n; i > 1; i--) {
        const size_t j = (size_t)mu_rng_below(rng, i);
        const uint32_t held = item[i - 1];
        item[i - 1] = item[j];
        item[j] = held;
    }
}
