/* Blocks of the noise generator. */
#ifndef MUSTER_PRIVACY_DRAW_H
#define MUSTER_PRIVACY_DRAW_H

#include "muster/privacy/noise.h"

/* The four words of one block of a place. */
void mu_noise_block(const struct mu_noise_key *key, const struct mu_noise_place *place, uint64_t block,
                    uint64_t word[4]);

#endif
