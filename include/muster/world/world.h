/* The simulated world: how long a client's job takes, whether it is lost, and when the client can be reached.
 * Everything is keyed (seed, stream, client, the client's own job number): a duration does not depend on rank count, on
 * the order of events or on how often it is asked, and two strategies meet the same stragglers. Time is uint64
 * nanoseconds.
 *
 * A job's duration is `duration_s`, or samples x seconds_per_sample / speed + 2 x latency + bytes down and up over the
 * bandwidths; then times jitter; then, if the job straggles, times slowdown plus extra_s. It is rounded to the nearest
 * ns once, is at least 1 ns if anything of this is configured, and saturates at MU_NEVER - 1. */
#ifndef MUSTER_WORLD_WORLD_H
#define MUSTER_WORLD_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "muster/config/field.h"
#include "muster/world/availability.h"
#include "muster/world/distribution.h"
#include "muster/world/straggler.h"

#define MU_SECOND UINT64_C(1000000000)
#define MU_NEVER UINT64_MAX

extern const struct mu_group mu_world_group;

enum mu_world_clock { MU_CLOCK_VIRTUAL, MU_CLOCK_WALL };
enum mu_duration_per { MU_DURATION_PER_JOB, MU_DURATION_PER_CLIENT };

/* "world": {"compute": ...}. Each is drawn once per client. */
struct mu_compute_config {
    struct mu_choice seconds_per_sample, speed;
};

/* "world": {"network": ...}. Each is drawn once per client. */
struct mu_network_config {
    struct mu_choice down_mbps, up_mbps, latency_s;
};

/* Options of the "world" section; see the field rows for their meaning. */
struct mu_world_config {
    int clock; /* enum mu_world_clock */
    double wall_scale;
    char *replay; /* path of a trace, or NULL */
    struct mu_choice duration_s;
    int duration_per; /* enum mu_duration_per */
    struct mu_compute_config compute;
    struct mu_network_config network;
    struct mu_choice jitter;
    struct mu_choice stragglers;
    struct mu_choice availability;
    struct mu_choice dropout;
};

/* Whether jobs really sleep; a replay of such a run does not. */
bool mu_world_on_wall(const struct mu_world_config *config);
/* Whether the run's events are recorded, so that it can be replayed: on the wall clock, and in replays. */
bool mu_world_keeps_events(const struct mu_world_config *config);

struct mu_world;

/* What a job costs, as charged at its dispatch. */
struct mu_job_request {
    uint32_t client, ordinal; /* the client's first job has ordinal 0 */
    uint64_t samples;         /* rows that it will process, repetitions counted */
    uint64_t bytes_down, bytes_up;
};

struct mu_job_time {
    uint64_t duration_ns; /* dispatch to arrival, or to the moment at which a loss is known */
    bool lost;            /* no update will arrive */
    bool offline;   /* it is lost because the client left; otherwise by dropout, which shows when it would arrive */
    bool straggles; /* the straggler model struck: for statistics */
};

/* Everything that can be known to be wrong before a run is found here, so `muster check` calls it too. `file` names the
 * config in errors. The config is borrowed until mu_world_free. */
int mu_world_new(struct mu_world **world, const struct mu_world_config *config, const char *file, uint64_t seed,
                 uint32_t clients, struct mu_err *err);

/* NULL is allowed. */
void mu_world_free(struct mu_world *world);

/* Duration and dropout of a job, as if its client stayed: a pure function of the world and the request. */
struct mu_job_time mu_world_job(const struct mu_world *world, const struct mu_job_request *request);

/* The same for a job dispatched at `start_ns`, which is lost when its client goes offline before it is done. A job that
 * ends at the very moment the client leaves arrives. One given to a client that is offline is lost after 1 ns. */
struct mu_job_time mu_world_job_at(const struct mu_world *world, const struct mu_job_request *request,
                                   uint64_t start_ns);

/* Whether a client can be reached at `t`; *until is the first time after t at which that changes, MU_NEVER if it stays
 * so. Any time may be asked in any order. Unavailable and MU_NEVER together mean offline for ever. */
bool mu_world_available(const struct mu_world *world, uint32_t client, uint64_t t, uint64_t *until);

/* Whether no client ever goes offline, so that nobody needs to be watched. */
bool mu_world_always_available(const struct mu_world *world);

/* E[ceil(duration / window_ns)] over a client's jobs: how many windows of that length a job takes, for FedFix's weights
 * under random durations. window_ns 0 gives E[duration] in ns. Exact (to 1e-9) if the duration is fixed, or random
 * only by `duration_s` per job; otherwise the mean of up to 4096 draws under keys of its own (fewer for more than 1,000
 * clients, at least 64). Infinite if the mean is. */
double mu_world_expect(const struct mu_world *world, const struct mu_job_request *request, uint64_t window_ns);

/* A client's probability of dropout per job. */
double mu_world_dropout(const struct mu_world *world, uint32_t client);

#endif
