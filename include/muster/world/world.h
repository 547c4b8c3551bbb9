/* The simulated world: how long a client's job takes, whether it is lost, and when the client can be reached.
 * Everything is keyed (seed, stream, client, the client's own job number): a duration does not depend on rank count, on
 * the order of events or on how often it is asked, and two strategies meet the same stragglers. Time is uint64
 * nanoseconds. */
#ifndef MUSTER_WORLD_WORLD_H
#define MUSTER_WORLD_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "muster/config/field.h"
#include "muster/world/distribution.h"

#define MU_SECOND UINT64_C(1000000000)
#define MU_NEVER UINT64_MAX

extern const struct mu_group mu_world_group;

/* Options of the "world" section; see the field rows for their meaning. */
struct mu_world_config {
    int clock; /* 0 virtual */
    struct mu_choice duration_s;
};

struct mu_world;

/* What a job costs, as charged at its dispatch. */
struct mu_job_request {
    uint32_t client, ordinal; /* the client's first job has ordinal 0 */
    uint64_t samples;         /* rows that it will process, repetitions counted */
    uint64_t bytes_down, bytes_up;
};

struct mu_job_time {
    uint64_t duration_ns; /* dispatch to arrival */
    bool lost;            /* no update will arrive: the loss becomes known at the end of duration_ns */
};

/* `file` names the config in errors. The config is borrowed until mu_world_free. */
int mu_world_new(struct mu_world **world, const struct mu_world_config *config, const char *file, uint64_t seed,
                 uint32_t clients, struct mu_err *err);
void mu_world_free(struct mu_world *world);

/* A pure function of the world and the request. */
struct mu_job_time mu_world_job(const struct mu_world *world, const struct mu_job_request *request);

#endif
