/* Privacy noise: which number is drawn where is a pure function of a 256-bit key and a place (purpose, step, client,
 * slot, coordinate), never of a rank, so that no two draws share a counter and a noise vector may be added in blocks by
 * anyone. The generator is Threefry4x64 of Random123 with all 72 rounds of Threefish-256; its key comes from the
 * operating system unless a run asks for a seed in so many words.
 *
 * mu_noise_gaussian is simulation-grade: doubles leak through their last bits (Mironov 2012). mu_noise_discrete is
 * exact: integers on a lattice, drawn with rational arithmetic (Canonne, Kamath and Steinke 2020). */
#ifndef MUSTER_PRIVACY_NOISE_H
#define MUSTER_PRIVACY_NOISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "muster/base/err.h"

struct mu_noise_key {
    uint64_t word[4];
};

/* A fresh key from getrandom(). Keep it on rank 0 and in files of mode 0600 only, or send it to ranks that draw. */
int mu_noise_key_draw(struct mu_noise_key *key, struct mu_err *err);
/* The key of `insecure_noise_seed`: reproducible, and anyone who knows the seed can subtract the noise. */
void mu_noise_key_from_seed(struct mu_noise_key *key, uint64_t seed);

/* What a number is for. Values are part of reproducible results: append, never renumber. */
enum mu_noise_purpose {
    MU_NOISE_SUM = 1,      /* noise on a combined sum */
    MU_NOISE_SHARE = 2,    /* a worker's or client's share of it: `client` says whose */
    MU_NOISE_COUNT = 3,    /* on the fraction of unclipped updates of adaptive clipping */
    MU_NOISE_TREE = 4,     /* a node of a tree: step is its index, part its level */
    MU_NOISE_SAMPLING = 5, /* not noise: who takes part, kept as secret as the noise. Part 0: rows in a client's
                              batch; part 1: clients in the cohort of draw `step` */
    MU_NOISE_LOCAL = 6,    /* noise inside local training: client, and step its own counter */
};

struct mu_noise_place {
    enum mu_noise_purpose purpose;
    uint64_t step;   /* of the server, or what the purpose says */
    uint32_t client; /* 0 if it is nobody's own */
    uint32_t slot;   /* the model */
    uint32_t part;   /* several draws for one purpose at one step: 0, 1, ... */
};

/* The generator's counter for block `block` of a place; different places or blocks give different counters. */
void mu_noise_counter(const struct mu_noise_place *place, uint64_t block, uint64_t counter[4]);

/* x[i] += std * z, where z is the standard normal of coordinate first + i of the place: x holds n doubles, the
 * coordinates [first, first + n) of a vector. The same numbers however the vector is cut. std = 0 adds nothing. */
void mu_noise_gaussian(const struct mu_noise_key *key, const struct mu_noise_place *place, double std, size_t first,
                       size_t n, double *x);

/* 64 random bits, number `index` of the place. */
uint64_t mu_noise_bits(const struct mu_noise_key *key, const struct mu_noise_place *place, uint64_t index);
/* Uniform on [0, 1), number `index` of the place: for Poisson sampling, u < q takes part. */
double mu_noise_uniform(const struct mu_noise_key *key, const struct mu_noise_place *place, uint64_t index);

/* The discrete Gaussian N_Z(0, a / b), with mass proportional to exp(-k^2 b / (2 a)) at each integer k. */
struct mu_discrete {
    uint64_t a, b; /* variance in lattice steps squared; each in 1..2^50 */
    uint64_t t;    /* floor(sqrt(a / b)) + 1, the scale of the discrete Laplace proposals */
};

/* sigma in lattice steps, 2^-20..2^25, its square rounded up to a ratio. MU_BAD_CONFIG out of range. */
int mu_discrete_init(struct mu_discrete *law, double sigma, struct mu_err *err);
/* x[i] += a draw for coordinate first + i; wraps like unsigned integers if it must. */
void mu_noise_discrete(const struct mu_noise_key *key, const struct mu_noise_place *place,
                       const struct mu_discrete *law, size_t first, size_t n, int64_t *x);

/* The lattice of an exact private sum, from public constants only: x is counted in steps of 2^-shift. */
struct mu_lattice {
    int shift;
    double step; /* 2^-shift */
    double
        clip_steps; /* sensitivity of one contribution in steps, its rounding included: clip / step + sqrt(dim) / 2 */
    double std;     /* of the noise, in steps */
    struct mu_discrete law; /* with that */
};

/* For sums of at most `terms` contributions of l2 norm <= clip, dim numbers each, noised with sigma * sensitivity,
 * where one unit changes the sum by `sensitivity` (1 or 2) contributions. MU_BAD_CONFIG if 62 bits are not enough. */
int mu_lattice_init(struct mu_lattice *lattice, double clip, double sigma, double sensitivity, uint64_t terms,
                    size_t dim, struct mu_err *err);

#endif
