/* Keyed noise. The generator is Threefry4x64 with 72 rounds: Threefish-256 in counter mode, apart from the tweak. */
#include "muster/privacy/noise.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include <Random123/threefry.h>

#include "draw.h"

int mu_noise_key_draw(struct mu_noise_key *key, struct mu_err *err) {
    size_t got = 0;
    while (got < sizeof *key) {
        const ssize_t n = getrandom((unsigned char *)key + got, sizeof *key - got, 0);
        if (n < 0 && errno != EINTR) {
            return mu_fail(err, MU_IO, "privacy", "the operating system gives no random key: %s", strerror(errno));
        }
        got += n > 0 ? (size_t)n : 0;
    }
    return MU_OK;
}

void mu_noise_key_from_seed(struct mu_noise_key *key, uint64_t seed) {
    *key = (struct mu_noise_key){{seed, UINT64_C(0x6d75737465720000), 0, 0}}; /* "muster" */
}

void mu_noise_counter(const struct mu_noise_place *place, uint64_t block, uint64_t counter[4]) {
    counter[0] = block;
    counter[1] = place->step;
    counter[2] = (uint64_t)place->client << 32 | place->slot;
    counter[3] = (uint64_t)place->purpose << 32 | place->part;
}

void mu_noise_block(const struct mu_noise_key *key, const struct mu_noise_place *place, uint64_t block,
                    uint64_t word[4]) {
    threefry4x64_ctr_t counter;
    threefry4x64_key_t k;
    mu_noise_counter(place, block, counter.v);
    memcpy(k.v, key->word, sizeof k.v);
    const threefry4x64_ctr_t out = threefry4x64_R(72, counter, k);
    memcpy(word, out.v, sizeof out.v);
}

uint64_t mu_noise_bits(const struct mu_noise_key *key, const struct mu_noise_place *place, uint64_t index) {
    uint64_t word[4];
    mu_noise_block(key, place, index / 4, word);
    return word[index % 4];
}

double mu_noise_uniform(const struct mu_noise_key *key, const struct mu_noise_place *place, uint64_t index) {
    return (double)(mu_noise_bits(key, place, index) >> 11) * 0x1p-53;
}
