#include "flight.h"

#include <string.h>

static int dispatch(struct mu_flight *flight, struct mu_sim *sim, uint32_t client) {
    mu_job job = 0;
    MU_TRY(mu_sim_dispatch(sim, client, &mu_plain_work, &job));
    if (job == 0) {
        return MU_OK; /* the run is over */
    }
    MU_TRY(mu_note(sim, &flight->jobs, (int64_t)job));
    MU_TRY(mu_note(sim, &flight->clients, client));
    return mu_note(sim, &flight->versions, (int64_t)mu_sim_version(sim, 0));
}

uint64_t mu_flight_concurrency(const void *options, uint32_t clients) {
    return mu_concurrency_promise(((const struct mu_flight *)options)->concurrency, clients);
}

int mu_flight_fill(struct mu_flight *flight, struct mu_sim *sim) {
    const uint64_t target = mu_concurrency(flight->concurrency, sim);
    while (flight->jobs.n < target && mu_sim_idle(sim) > 0) {
        struct mu_pick pick;
        const size_t before = flight->jobs.n;
        if (mu_sim_sample(sim, MU_SAMPLE_UNIFORM, 1, &pick, 1) == 0) {
            return MU_OK;
        }
        MU_TRY(dispatch(flight, sim, pick.client));
        if (flight->jobs.n == before) {
            return MU_OK;
        }
    }
    return MU_OK;
}

static void take_out(struct mu_ints *list, size_t at, size_t n) {
    memmove(list->v + at, list->v + at + n, (list->n - at - n) * sizeof *list->v);
    list->n -= n;
}

static void remove_entries(struct mu_flight *flight, size_t at, size_t n) {
    take_out(&flight->jobs, at, n);
    take_out(&flight->clients, at, n);
    take_out(&flight->versions, at, n);
}

void mu_flight_end(struct mu_flight *flight, mu_job job) {
    size_t first = 0;
    for (size_t n = flight->jobs.n; n > 1;) {
        const size_t half = n / 2;
        first += flight->jobs.v[first + half] <= (int64_t)job ? half : 0;
        n -= half;
    }
    remove_entries(flight, first, 1);
}

int mu_flight_restart(struct mu_flight *flight, struct mu_sim *sim, uint64_t oldest) {
    size_t n = 0;
    while (n < flight->jobs.n && (uint64_t)flight->versions.v[n] < oldest) {
        MU_TRY(mu_sim_cancel(sim, (mu_job)flight->jobs.v[n++]));
    }
    for (size_t i = 0; i < n; i++) {
        MU_TRY(dispatch(flight, sim, (uint32_t)flight->clients.v[i]));
    }
    remove_entries(flight, 0, n);
    return MU_OK;
}
