#include "muster/world/world.h"

#include "muster/base/mem.h"
#include "ns.h"

struct mu_world {
    uint64_t seed;
    uint32_t clients;
    struct mu_law duration;
};

static const char *const clocks[] = {"virtual", NULL};

static const struct mu_field fields[] = {
    {"clock", MU_ENUM, MU_OPTION, offsetof(struct mu_world_config, clock), "", 0, 0, "\"virtual\"",
     "what drives the run: virtual is simulated time, as fast as the machine trains", clocks, false},
    {"duration_s", MU_CHOICE, MU_OPTION, offsetof(struct mu_world_config, duration_s), "seconds", 0, 0, "null",
     "a job's duration, drawn for each job; without it (and without compute and network) a job takes no time",
     &mu_distributions, false},
    {0},
};

const struct mu_group mu_world_group = {fields, sizeof(struct mu_world_config), NULL};

int mu_world_new(struct mu_world **world, const struct mu_world_config *config, const char *file, uint64_t seed,
                 uint32_t clients, struct mu_err *err) {
    *world = NULL;
    struct mu_world *w = mu_alloc(1, sizeof *w, err);
    if (w == NULL) {
        return MU_RANK_FAILED;
    }
    w->seed = seed;
    w->clients = clients;
    const int rc = mu_law_init(&w->duration, &config->duration_s,
                               &(struct mu_law_scope){file, "/world/duration_s", seed, clients, 0}, err);
    if (rc != MU_OK) {
        mu_world_free(w);
        return rc;
    }
    *world = w;
    return MU_OK;
}

void mu_world_free(struct mu_world *world) {
    if (world == NULL) {
        return;
    }
    mu_law_clear(&world->duration);
    mu_free(world);
}

struct mu_job_time mu_world_job(const struct mu_world *world, const struct mu_job_request *request) {
    if (world->duration.row == NULL) {
        return (struct mu_job_time){0};
    }
    struct mu_rng rng;
    mu_rng_init(&rng, world->seed, MU_STREAM_DELAY, request->client, request->ordinal);
    const double seconds = mu_law_sample(&world->duration, &rng, request->client);
    return (struct mu_job_time){.duration_ns = ns_from_seconds(seconds)};
}
