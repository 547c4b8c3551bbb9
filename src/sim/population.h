/* The clients as the coordinator sees them: idle, busy or offline, how many jobs each has had, and drawing among the
 * idle. 36 bytes a client, on rank 0 only; another 8 once clients are drawn by size. */
#ifndef MUSTER_SIM_POPULATION_H
#define MUSTER_SIM_POPULATION_H

#include "muster/base/rng.h"
#include "muster/data/data.h"
#include "muster/privacy/noise.h"
#include "muster/sim/strategy.h"

enum mu_client_state { MU_CLIENT_BUSY = 1, MU_CLIENT_OFFLINE = 2, MU_CLIENT_RETIRED = 4 };

/* All there is of a client but its place, in half a cache line: a run of a million clients spends its time on fetching
 * these. */
struct mu_client_record {
    uint32_t ordinal;        /* number of its next job */
    uint32_t picked;         /* scratch: times it has been picked in the draw under way; zero between draws */
    uint32_t state;          /* enum mu_client_state bits */
    uint64_t participations; /* updates used in steps */
    double used_weight;      /* sum of the weights they were used with */
};

struct mu_population {
    const struct mu_data *data;
    uint64_t seed;
    /* Borrowed. Draws follow this key in place of the seed, which is public: where privacy is amplified by not knowing
     * who takes part. NULL: the seed. Set it before the first draw. */
    const struct mu_noise_key *secret;
    uint32_t n;
    uint32_t retired; /* clients that are not to be asked again */
    uint32_t idle;    /* clients in the first part of `order`: online and without a job */
    uint32_t *order;  /* a permutation of the clients, the idle ones first */
    uint32_t *place;  /* of each client in `order` */
    struct mu_client_record *client;
    uint64_t draws; /* ordinal of the next draw */
    uint64_t *tree; /* Fenwick tree over the rows of idle clients, NULL until it is needed; 1-based */
};

int mu_population_init(struct mu_population *population, const struct mu_data *data, uint64_t seed, struct mu_err *err);
void mu_population_clear(struct mu_population *population);

bool mu_population_is_idle(const struct mu_population *population, uint32_t client);

/* A job of the client begins or ends. */
void mu_population_set_busy(struct mu_population *population, uint32_t client);
void mu_population_set_idle(struct mu_population *population, uint32_t client);

/* The client can be reached from now on, or no longer; all can at the start. */
void mu_population_set_online(struct mu_population *population, uint32_t client, bool online);

/* The client is not to be asked again, or is again: privacy bounds how often it takes part. */
void mu_population_retire(struct mu_population *population, uint32_t client, bool retired);

/* See mu_sim_sample. On failure (memory for the tree) *found is 0. */
int mu_population_sample(struct mu_population *population, enum mu_sampling how, double n, struct mu_pick *picks,
                         uint32_t room, uint32_t *found, struct mu_err *err);

#endif
