/* The "world" section's rows, and the rules between them. */
#include <math.h>

#include "muster/world/world.h"

#define LAW(type, member, unit_text, text)                                                           \
    {                                                                                                \
#member, MU_CHOICE, MU_OPTION, offsetof(struct type, member), unit_text, 0, 0, "null", text, \
            &mu_distributions, false                                                                 \
    }

static const char *const clocks[] = {"virtual", "wall", NULL};
static const char *const pers[] = {"job", "client", NULL};

static const struct mu_field compute_fields[] = {
    LAW(mu_compute_config, seconds_per_sample, "seconds", "time to train on one row at speed 1, drawn once per client"),
    LAW(mu_compute_config, speed, "", "how many times faster than that a client is, drawn once per client; absent: 1"),
    {0},
};

static const struct mu_field network_fields[] = {
    LAW(mu_network_config, down_mbps, "megabits per second",
        "bandwidth to the client, drawn once per client; absent: no limit"),
    LAW(mu_network_config, up_mbps, "megabits per second",
        "bandwidth from the client, drawn once per client; absent: no limit"),
    LAW(mu_network_config, latency_s, "seconds", "delay each way, drawn once per client; absent: none"),
    {0},
};

static int check_compute(const void *values, const char *file, const char *pointer, struct mu_err *err) {
    const struct mu_compute_config *c = values;
    if (c->speed.kind == NULL || c->seconds_per_sample.kind != NULL) {
        return MU_OK;
    }
    char place[512];
    return mu_fail(err, MU_BAD_CONFIG, mu_place(place, file, pointer, "speed"), "speed needs seconds_per_sample");
}

static const struct mu_group compute_group = {compute_fields, sizeof(struct mu_compute_config), check_compute};
static const struct mu_group network_group = {network_fields, sizeof(struct mu_network_config), NULL};

static int check(const void *values, const char *file, const char *pointer, struct mu_err *err) {
    const struct mu_world_config *w = values;
    const bool compute = w->compute.seconds_per_sample.kind != NULL;
    const bool network =
        w->network.down_mbps.kind != NULL || w->network.up_mbps.kind != NULL || w->network.latency_s.kind != NULL;
    char place[512];
    if (w->duration_s.kind != NULL && (compute || network)) {
        mu_fail(err, MU_BAD_CONFIG, mu_place(place, file, pointer, "duration_s"),
                "duration_s is a job's whole duration and excludes %s", compute ? "compute" : "network");
        return mu_fail_help(err, "give either duration_s, or compute and network");
    }
    if (w->duration_per == MU_DURATION_PER_CLIENT && w->duration_s.kind == NULL) {
        return mu_fail(err, MU_BAD_CONFIG, mu_place(place, file, pointer, "duration_per"),
                       "duration_per needs duration_s");
    }
    return MU_OK;
}

static const struct mu_field fields[] = {
    {"clock", MU_ENUM, MU_OPTION, offsetof(struct mu_world_config, clock), "", 0, 0, "\"virtual\"",
     "what drives the run: simulated time, as fast as the machine trains (virtual), or real time, in which ranks sleep "
     "and race and rank 0 only coordinates (wall)",
     clocks, false},
    {"wall_scale", MU_REAL, MU_OPTION, offsetof(struct mu_world_config, wall_scale), "seconds per simulated second", 0,
     1e6, "1", "clock wall: how long a simulated second takes", NULL, true},
    {"replay", MU_STRING, MU_OPTION, offsetof(struct mu_world_config, replay), "", 0, 0, "null",
     "trace.jsonl of a run on the wall clock: repeat it in virtual time, whatever clock says", NULL, false},
    LAW(mu_world_config, duration_s, "seconds",
        "a job's whole duration, in place of compute and network; without any of them a job takes no time"),
    {"duration_per", MU_ENUM, MU_OPTION, offsetof(struct mu_world_config, duration_per), "", 0, 0, "\"job\"",
     "whether duration_s is drawn for each job or once per client", pers, false},
    {"compute", MU_GROUP, MU_OPTION, offsetof(struct mu_world_config, compute), "", 0, 0, "{}",
     "time to train: samples x seconds_per_sample / speed", &compute_group, false},
    {"network", MU_GROUP, MU_OPTION, offsetof(struct mu_world_config, network), "", 0, 0, "{}",
     "time to move models and updates: latency each way and bytes over bandwidth", &network_group, false},
    LAW(mu_world_config, jitter, "", "a factor of each job's duration, drawn for each; absent: 1"),
    {"stragglers", MU_CHOICE, MU_OPTION, offsetof(struct mu_world_config, stragglers), "", 0, 0, "{\"kind\": \"none\"}",
     "jobs that take longer than the others", &mu_stragglers, false},
    {"availability", MU_CHOICE, MU_OPTION, offsetof(struct mu_world_config, availability), "", 0, 0,
     "{\"kind\": \"always\"}", "when clients can be reached; a job whose client leaves is lost", &mu_availabilities,
     false},
    {"dropout", MU_CHOICE, MU_OPTION, offsetof(struct mu_world_config, dropout), "", 0, 0, "0",
     "probability that a job is lost, within 0..1; a distribution is drawn once per client", &mu_distributions, false},
    {0},
};

bool mu_world_on_wall(const struct mu_world_config *config) {
    return config->clock == MU_CLOCK_WALL && config->replay == NULL;
}

bool mu_world_keeps_events(const struct mu_world_config *config) {
    return config->clock == MU_CLOCK_WALL || config->replay != NULL;
}

const struct mu_group mu_world_group = {fields, sizeof(struct mu_world_config), check};
