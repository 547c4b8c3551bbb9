/* Counter-based randomness: Philox4x32-10 (Salmon et al., SC 2011) from the Random123 library.
 * The key is the run's seed, the counter is (block, ordinal, client, stream): who draws, for what, for the
 * how-many-eth time. No state is shared or carried between jobs, so a number never depends on how many
 * ranks there are, on the order of events or on what other clients did. */
#ifndef MUSTER_BASE_RNG_H
#define MUSTER_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

/* What a sequence is for. The values are part of every result: append, never renumber. */
enum mu_stream {
    MU_STREAM_INIT = 1,          /* a model's initial parameters */
    MU_STREAM_DATA = 2,          /* synthetic data; client = the client, or 0 for a shared pool */
    MU_STREAM_TEST_DATA = 3,     /* synthetic test data */
    MU_STREAM_PARTITION = 4,     /* which client holds which row */
    MU_STREAM_SAMPLING = 5,      /* which clients take part; ordinal = the how-many-eth choice of the run */
    MU_STREAM_BATCH = 6,         /* order of rows in local training; ordinal = the client's own job number */
    MU_STREAM_DELAY = 7,         /* durations; ordinal = the client's own job number */
    MU_STREAM_DROPOUT = 8,       /* lost jobs; ordinal = the client's own job number */
    MU_STREAM_NOISE = 9,         /* reproducible privacy noise */
    MU_STREAM_POPULATION = 10,   /* a client's fixed properties, such as its speed */
    MU_STREAM_STRAGGLER = 11,    /* straggling; ordinal = the client's own job number, or the round */
    MU_STREAM_AVAILABILITY = 12, /* on and off periods */
    MU_STREAM_CODE = 20,         /* a gradient code's random coefficients; client = the draw */
};

struct mu_rng {
    uint32_t key[2]; /* the seed, low word first */
    /* block, ordinal, client, stream of the next block to be made; the carry of block goes above stream's 16 bits */
    uint32_t counter[4];
    uint32_t word[4]; /* the current block */
    uint32_t used;    /* words of it that have been handed out */
};

/* Starts the sequence (seed, stream, client, ordinal) at its first number. */
void mu_rng_init(struct mu_rng *rng, uint64_t seed, enum mu_stream stream, uint32_t client, uint32_t ordinal);

uint32_t mu_rng_u32(struct mu_rng *rng);
uint64_t mu_rng_u64(struct mu_rng *rng);

/* Uniform on [0, 1): a multiple of 2^-53. */
double mu_rng_uniform(struct mu_rng *rng);

/* Uniform on (0, 1]: safe under a logarithm. */
double mu_rng_positive(struct mu_rng *rng);

/* Uniform on 0..n-1 without bias (Lemire 2019), n >= 1. */
uint64_t mu_rng_below(struct mu_rng *rng, uint64_t n);

/* The distributions below go through log and cos of the C library, whose last bit may differ between kinds of
 * processor. Standard normal, by Box and Muller; each call takes two uniforms and keeps nothing back. */
double mu_rng_normal(struct mu_rng *rng);

/* Exponential with mean 1. */
double mu_rng_exponential(struct mu_rng *rng);

/* Gamma with shape > 0 and scale 1 (Marsaglia and Tsang 2000; shape < 1 by their boost U^(1/shape)). */
double mu_rng_gamma(struct mu_rng *rng, double shape);

/* The logarithm of the same gamma variate (from the same state, up to rounding). For shapes of about 0.01 and less
 * the variate itself is often below the smallest double: Dirichlet weights must be formed from logarithms, as
 * exp(l_i - max l) / sum, or a client's weights may all be zero. */
double mu_rng_log_gamma(struct mu_rng *rng, double shape);

/* A uniformly random permutation of item[0..n), in place (Fisher and Yates). */
void mu_rng_shuffle(struct mu_rng *rng, size_t n, uint32_t *item);

#endif
