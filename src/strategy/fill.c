#include "fill.h"

#include <math.h>

#include "muster/config/state.h"
#include "muster/privacy/privacy.h"

const struct mu_work mu_plain_work = {.slot = 0, .control = MU_NO_SLOT};

int mu_concurrency_check(int64_t concurrency, const struct mu_strategy_context *context, struct mu_err *err) {
    if (concurrency == MU_UNSET || concurrency <= context->clients) {
        return MU_OK;
    }
    char place[512];
    mu_fail(err, MU_BAD_CONFIG, mu_place(place, context->file, context->pointer, "concurrency"),
            "%lld jobs in flight, but there are only %u clients", (long long)concurrency, context->clients);
    return mu_fail_help(err, "a client has one job at a time");
}

uint64_t mu_concurrency(int64_t concurrency, const struct mu_sim *sim) {
    return mu_concurrency_promise(concurrency, mu_sim_clients(sim));
}

uint64_t mu_concurrency_promise(int64_t concurrency, uint32_t clients) {
    return concurrency == MU_UNSET ? clients : (uint64_t)concurrency;
}

double mu_mean_promise(const void *options, size_t n, const uint64_t *staleness) {
    (void)options, (void)staleness;
    return n > 0 ? 1 : 0;
}

int mu_fill(struct mu_sim *sim, const struct mu_work *work, uint64_t target) {
    enum { ROOM = 64 };
    struct mu_pick pick[ROOM];
    while (mu_sim_in_flight(sim) < target && mu_sim_idle(sim) > 0) {
        const uint64_t need = target - mu_sim_in_flight(sim);
        const uint32_t n = mu_sim_sample(sim, MU_SAMPLE_UNIFORM, need < ROOM ? (double)need : ROOM, pick, ROOM);
        for (uint32_t i = 0; i < n; i++) {
            mu_job job = 0;
            MU_TRY(mu_sim_dispatch(sim, pick[i].client, work, &job));
            if (job == 0) {
                return MU_OK; /* the run is over */
            }
        }
    }
    return MU_OK;
}

bool mu_protects_clients(const struct mu_sim *sim) {
    const struct mu_privacy *privacy = mu_sim_privacy(sim);
    return privacy != NULL && privacy->unit == MU_DP_CLIENT;
}

int mu_note(struct mu_sim *sim, struct mu_ints *list, int64_t value) {
    struct mu_err err = {.code = MU_OK};
    return mu_ints_push(list, value, &err) == MU_OK ? MU_OK : mu_sim_fail(sim, err.code, "%s", err.text);
}

struct mu_term *mu_terms(struct mu_sim *sim, size_t n) {
    struct mu_term *term = mu_alloc_uninit(n, sizeof *term, NULL);
    if (term == NULL) {
        mu_sim_fail(sim, MU_RANK_FAILED, "no memory for a step of %zu updates", n);
    }
    return term;
}

int mu_step_with(struct mu_sim *sim, mu_job job, double weight) {
    const struct mu_term term = {MU_TERM_UPDATE, job, 0, weight};
    MU_TRY(mu_sim_combine(sim, 0, 0, 1, &term));
    MU_TRY(mu_sim_step(sim, 0));
    return mu_sim_release(sim, job, true);
}

uint64_t mu_seconds_ns(double seconds) {
    return (uint64_t)llround(seconds * 1e9);
}
