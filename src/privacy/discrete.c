/* The discrete Gaussian (Canonne, Kamath and Steinke 2020, algorithms 1 to 3): integers and comparisons only, so that
 * no rounding can leak. Each coordinate has blocks of its own, as rejection takes a random number of them. */
#include <assert.h>
#include <math.h>

#include "draw.h"

typedef unsigned __int128 uint128;

/* Blocks per coordinate; a draw takes a few, and their number has a geometric tail. */
enum { COORDINATE_BITS = 20 };

/* Largest numerator and denominator of the variance. */
static const double most = 0x1p50;

/* The words of one coordinate, one after the other. */
struct words {
    const struct mu_noise_key *key;
    const struct mu_noise_place *place;
    uint64_t block, last;
    uint64_t word[4];
    int used;
    uint64_t pool; /* bits of the last word that have not been handed out, `left` of them, the others 0 */
    int left;
};

static uint64_t next_word(struct words *w) {
    if (w->used == 4) {
        assert(w->block <= w->last); /* of 4 million words; not in the life of the universe */
        mu_noise_block(w->key, w->place, w->block++, w->word);
        w->used = 0;
    }
    return w->word[w->used++];
}

/* The next n bits, 1..64; none is used twice. */
static uint64_t next_bits(struct words *w, int n) {
    const uint64_t mask = ~UINT64_C(0) >> (64 - n);
    if (n <= w->left) {
        const uint64_t bits = w->pool & mask;
        w->pool = n == 64 ? 0 : w->pool >> n;
        w->left -= n;
        return bits;
    }
    const uint64_t fresh = next_word(w);
    const uint64_t bits = (w->pool | fresh << w->left) & mask;
    const int taken = n - w->left;
    w->pool = taken == 64 ? 0 : fresh >> taken;
    w->left = 64 - taken;
    return bits;
}

/* Uniform on 0..n-1, n >= 1: as many bits as n - 1 has, drawn again while they are too large. */
static uint128 draw_below(struct words *w, uint128 n) {
    int bits = 0;
    while (bits < 128 && ((n - 1) >> bits) != 0) {
        bits++;
    }
    if (bits == 0) {
        return 0;
    }
    for (;;) {
        uint128 value = next_bits(w, bits < 64 ? bits : 64);
        if (bits > 64) {
            value |= (uint128)next_bits(w, bits - 64) << 64;
        }
        if (value < n) {
            return value;
        }
    }
}

/* Bernoulli(exp(-a / b)) for a <= b (algorithm 1): K counts successes of Bernoulli(a / (b K)); odd ones win. */
static bool bernoulli_exp_below_1(struct words *w, uint128 a, uint128 b) {
    for (uint64_t k = 1;; k++) {
        if (draw_below(w, b * k) >= a) {
            return k % 2 == 1;
        }
    }
}

/* For any a: exp(-1) peeled off. */
static bool bernoulli_exp(struct words *w, uint128 a, uint128 b) {
    while (a > b) {
        if (!bernoulli_exp_below_1(w, 1, 1)) {
            return false;
        }
        a -= b;
    }
    return bernoulli_exp_below_1(w, a, b);
}

/* Discrete Laplace of scale t (algorithm 2): magnitude and sign. */
static uint64_t draw_laplace(struct words *w, uint64_t t, bool *negative) {
    for (;;) {
        const uint64_t u = (uint64_t)draw_below(w, t);
        if (!bernoulli_exp(w, u, t)) {
            continue;
        }
        uint64_t v = 0;
        while (bernoulli_exp_below_1(w, 1, 1)) {
            v++;
        }
        assert(v < 1024); /* exp(-1024) */
        *negative = next_bits(w, 1) != 0;
        if (*negative && u == 0 && v == 0) {
            continue; /* zero has one sign */
        }
        return u + t * v;
    }
}

/* Algorithm 3. With y <= 2^10 t, t^2 <= 4 a / b and a, b <= 2^50, (y b t - a)^2 < 2^126 and 2 a b t^2 < 2^104. */
static int64_t draw_gaussian(struct words *w, const struct mu_discrete *law) {
    const uint128 denominator = 2 * (uint128)law->a * law->b * law->t * law->t;
    for (;;) {
        bool negative;
        const uint64_t y = draw_laplace(w, law->t, &negative);
        const uint128 here = (uint128)y * law->b * law->t;
        const uint128 off = here > law->a ? here - law->a : law->a - here;
        if (bernoulli_exp(w, off * off, denominator)) {
            return negative ? -(int64_t)y : (int64_t)y;
        }
    }
}

int mu_discrete_init(struct mu_discrete *law, double sigma, struct mu_err *err) {
    if (!(sigma >= 0x1p-20 && sigma <= 0x1p25)) {
        return mu_fail(err, MU_BAD_CONFIG, "privacy",
                       "discrete noise needs a sigma of 2^-20..2^25 lattice steps, got %g", sigma);
    }
    /* The largest power of two as denominator for which the numerator, rounded up, is at most 2^50. */
    const double square = nextafter(sigma * sigma, INFINITY);
    uint64_t b = UINT64_C(1) << 50;
    while (b > 1 && ceil(square * (double)b) > most) {
        b /= 2;
    }
    law->a = (uint64_t)ceil(fmin(square * (double)b, most));
    law->b = b;
    law->t = (uint64_t)sqrt((double)law->a / (double)law->b) + 1; /* any t gives the same law; this one is quick */
    return MU_OK;
}

void mu_noise_discrete(const struct mu_noise_key *key, const struct mu_noise_place *place,
                       const struct mu_discrete *law, size_t first, size_t n, int64_t *x) {
    for (size_t i = 0; i < n; i++) {
        const uint64_t block = (uint64_t)(first + i) << COORDINATE_BITS;
        struct words w = {key, place, block, block + (UINT64_C(1) << COORDINATE_BITS) - 1, {0}, 4, 0, 0};
        x[i] = (int64_t)((uint64_t)x[i] + (uint64_t)draw_gaussian(&w, law));
    }
}

/* The step is the power of two for which the noise is 2^23 to 2^24 steps wide: far more than its finest structure, and
 * rounding adds sqrt(dim) / 2 steps to the sensitivity, 6e-5 of the noise for a million numbers. */
int mu_lattice_init(struct mu_lattice *lattice, double clip, double sigma, double sensitivity, uint64_t terms,
                    size_t dim, struct mu_err *err) {
    if (!(clip > 0.0) || !isfinite(clip) || !(sigma > 0.0)) {
        return mu_fail(err, MU_BAD_CONFIG, "privacy", "discrete noise needs a clip and a noise multiplier above 0");
    }
    int exponent;
    frexp(sigma * sensitivity * clip, &exponent); /* 2^(exponent - 1) <= std < 2^exponent */
    *lattice = (struct mu_lattice){.shift = 24 - exponent, .step = ldexp(1.0, exponent - 24)};
    lattice->clip_steps = clip / lattice->step + 0.5 * sqrt((double)dim);
    const double std = lattice->std = sigma * sensitivity * lattice->clip_steps;
    if ((double)terms * (clip / lattice->step + 1.0) + 64.0 * std >= 0x1p62) {
        return mu_fail(err, MU_BAD_CONFIG, "privacy",
                       "%llu contributions of norm %g with so little noise do not fit into 62 bits",
                       (unsigned long long)terms, clip);
    }
    return mu_discrete_init(&lattice->law, std, err);
}
