/* Gaussian noise, many blocks at once: loops over blocks that the compiler vectorises, through the generator's rounds
 * and through Box and Muller's transform. The polynomials are our own, so that no bit depends on the C library, and
 * contraction is off in this layer, so that none depends on the processor. */
#include "draw.h"
#include "polar.h"

enum { BLOCKS = MU_NOISE_BLOCKS, NUMBERS = 4 * BLOCKS }; /* made at once: blocks, and normals */

static inline uint64_t rotate(uint64_t x, int by) {
    return x << by | x >> (64 - by);
}

/* Two rounds and, after every fourth, a part of the key schedule (Salmon et al. 2011; constants as in Random123's
 * threefry.h, where they are those of Threefish-256 in Skein 1.3). */
#define ROUNDS(a, b, c, d)                                                \
    x0 += x1, x1 = rotate(x1, a) ^ x0, x2 += x3, x3 = rotate(x3, b) ^ x2; \
    x0 += x3, x3 = rotate(x3, c) ^ x0, x2 += x1, x1 = rotate(x1, d) ^ x2
#define INJECT(s) x0 += key[(s) % 5], x1 += key[((s) + 1) % 5], x2 += key[((s) + 2) % 5], x3 += key[((s) + 3) % 5] + (s)
#define EIGHT(s)            \
    ROUNDS(14, 16, 52, 57); \
    ROUNDS(23, 40, 5, 37);  \
    INJECT(s);              \
    ROUNDS(25, 33, 46, 12); \
    ROUNDS(58, 22, 32, 32); \
    INJECT((s) + 1)

void mu_noise_blocks(const struct mu_noise_key *secret, const struct mu_noise_place *place, uint64_t first,
                     uint64_t word[4][MU_NOISE_BLOCKS]) {
    uint64_t counter[4], key[5] = {0, 0, 0, 0, UINT64_C(0x1BD11BDAA9FC1A22)};
    mu_noise_counter(place, first, counter);
    for (int i = 0; i < 4; i++) {
        key[i] = secret->word[i];
        key[4] ^= key[i];
    }
    const uint64_t c0 = counter[0] + key[0], c1 = counter[1] + key[1], c2 = counter[2] + key[2],
                   c3 = counter[3] + key[3];
    for (uint64_t b = 0; b < MU_NOISE_BLOCKS; b++) {
        uint64_t x0 = c0 + b, x1 = c1, x2 = c2, x3 = c3;
        EIGHT(1);
        EIGHT(3);
        EIGHT(5);
        EIGHT(7);
        EIGHT(9);
        EIGHT(11);
        EIGHT(13);
        EIGHT(15);
        EIGHT(17);
        word[0][b] = x0;
        word[1][b] = x1;
        word[2][b] = x2;
        word[3][b] = x3;
    }
}

/* z[NUMBERS]: standard normals, four from each block. Box and Muller: two from each pair of words, up to
 * sqrt(2 * 52 ln 2) = 8.49 deviations. */
static void draw_normals(const struct mu_noise_key *key, const struct mu_noise_place *place, uint64_t first,
                         double z[NUMBERS]) {
    uint64_t word[4][BLOCKS];
    double normal[4][BLOCKS];
    mu_noise_blocks(key, place, first, word);
    for (int i = 0; i < 4; i += 2) {
        for (size_t b = 0; b < BLOCKS; b++) {
            double cosine, sine;
            const double r = mu_polar_radius(2.0 - mu_mantissa(word[i][b]));
            mu_polar_turn(4.0 * (mu_mantissa(word[i + 1][b]) - 1.0), &cosine, &sine);
            normal[i][b] = r * cosine;
            normal[i + 1][b] = r * sine;
        }
    }
    for (size_t k = 0; k < NUMBERS; k++) {
        z[k] = normal[k % 4][k / 4];
    }
}

void mu_noise_gaussian(const struct mu_noise_key *key, const struct mu_noise_place *place, double std, size_t first,
                       size_t n, double *x) {
    double z[NUMBERS];
    for (size_t i = 0; std != 0.0 && i < n;) {
        const uint64_t block = (first + i) / 4;
        const size_t at = (first + i) % 4, most = n - i < NUMBERS - at ? n - i : NUMBERS - at;
        draw_normals(key, place, block, z);
        for (size_t j = 0; j < most; j++) {
            x[i + j] += std * z[at + j];
        }
        i += most;
    }
}
