/* The inside of struct mu_world. */
#ifndef MUSTER_SRC_WORLD_WORLD_IMPL_H
#define MUSTER_SRC_WORLD_WORLD_IMPL_H

#include "muster/world/world.h"

/* A number per client; one for all where they agree. */
struct mu_per_client {
    double all;
    double *each; /* NULL: all */
};

struct mu_world {
    uint64_t seed;
    uint32_t clients;
    bool timed;             /* jobs take time, at least 1 ns */
    struct mu_law duration; /* of a job; no row if it is per client, or made of compute and network */
    struct mu_law jitter;
    struct mu_per_client duration_s, seconds_per_sample, seconds_per_byte_down, seconds_per_byte_up, latency_both_s;
    struct mu_per_client dropout;
    struct mu_straggling straggling;
    struct mu_presence presence;
};

/* mu_world_job without dropout. */
struct mu_job_time mu_world_duration(const struct mu_world *world, const struct mu_job_request *request);

#endif
