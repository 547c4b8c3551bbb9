/* The jobs in flight with the versions they started from, for strategies that stop jobs which have become useless. A
 * strategy embeds a `mu_flight` and puts MU_FLIGHT_FIELDS among its rows. */
#ifndef MUSTER_STRATEGY_FLIGHT_H
#define MUSTER_STRATEGY_FLIGHT_H

#include "fill.h"

struct mu_flight {
    int64_t concurrency; /* option */
    /* State: one entry per job in flight, in the order of their dispatch, so that versions never fall. */
    struct mu_ints jobs, clients, versions;
};

#define MU_FLIGHT_FIELDS(type, member)                                                                             \
    MU_CONCURRENCY_FIELD(type, member.concurrency),                                                                \
        {"jobs", MU_INTS, MU_STATE, offsetof(type, member.jobs), "", 0, 0, "[]", "in flight"},                     \
        {"clients", MU_INTS, MU_STATE, offsetof(type, member.clients), "", 0, 0, "[]", "of the jobs in flight"}, { \
        "versions", MU_INTS, MU_STATE, offsetof(type, member.versions), "", 0, 0, "[]",                            \
            "the jobs in flight started from"                                                                      \
    }

/* The `concurrency` of a strategy that begins with a flight. */
uint64_t mu_flight_concurrency(const void *options, uint32_t clients);

/* Like mu_fill, up to the concurrency. */
int mu_flight_fill(struct mu_flight *flight, struct mu_sim *sim);

/* A job has arrived or is lost. */
void mu_flight_end(struct mu_flight *flight, mu_job job);

/* Stops every job that started from a version before `oldest`, and gives its client a new one. */
int mu_flight_restart(struct mu_flight *flight, struct mu_sim *sim, uint64_t oldest);

#endif
