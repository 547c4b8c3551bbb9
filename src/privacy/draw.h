/* Blocks of the noise generator. */
#ifndef MUSTER_PRIVACY_DRAW_H
#define MUSTER_PRIVACY_DRAW_H

#include "muster/privacy/noise.h"

/* The four words of one block of a place. */
void mu_noise_block(const struct mu_noise_key *key, const struct mu_noise_place *place, uint64_t block,
                    uint64_t word[4]);

/* The blocks first..first + MU_NOISE_BLOCKS - 1, word w of the k-th of them in word[w][k]; the same numbers. */
enum { MU_NOISE_BLOCKS = 16 };
void mu_noise_blocks(const struct mu_noise_key *key, const struct mu_noise_place *place, uint64_t first,
                     uint64_t word[4][MU_NOISE_BLOCKS]);

#endif
