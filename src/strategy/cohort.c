#include "cohort.h"

#include <math.h>

#include "muster/base/mem.h"

const char *const mu_cohort_samplings[] = {"uniform", "size", "replacement", "size_replacement", "poisson", NULL};
const char *const mu_cohort_weightings[] = {"samples", "uniform", NULL};

enum { DEFAULT_COHORT = 10 };

int mu_cohort_check(const struct mu_cohort *cohort, const struct mu_strategy_context *context, struct mu_err *err) {
    char place[512];
    mu_place(place, context->file, context->pointer, "cohort");
    if (cohort->cohort != MU_UNSET && !isnan(cohort->fraction)) {
        mu_fail(err, MU_BAD_CONFIG, place, "cohort and fraction exclude each other");
        return mu_fail_help(err, "both say how many clients take part in a round");
    }
    if (cohort->cohort != MU_UNSET && cohort->cohort > context->clients) {
        return mu_fail(err, MU_BAD_CONFIG, place, "a cohort of %lld, but there are only %u clients",
                       (long long)cohort->cohort, context->clients);
    }
    return MU_OK;
}

/* Clients per round; for Poisson sampling their expected number. */
static double cohort_size(const struct mu_cohort *cohort, uint32_t clients) {
    if (cohort->cohort != MU_UNSET) {
        return (double)cohort->cohort;
    }
    if (isnan(cohort->fraction)) {
        return fmin(DEFAULT_COHORT, clients);
    }
    const double exact = cohort->fraction * clients;
    /* 0.07 of 100 is 7.000000000000001 in doubles: what exceeds an integer by rounding alone is not rounded up. */
    return cohort->sampling == MU_SAMPLE_POISSON ? exact : ceil(exact * (1 - 1e-12));
}

/* Room for n entries, of which none is used. */
static int reserve(struct mu_ints *ints, size_t n, struct mu_sim *sim) {
    mu_free(ints->v);
    *ints = (struct mu_ints){.n = 0, .v = mu_alloc(n, sizeof *ints->v, NULL)};
    return ints->v != NULL ? MU_OK : mu_sim_fail(sim, MU_RANK_FAILED, "no memory for a cohort of %zu", n);
}

static int dispatch(struct mu_cohort *cohort, struct mu_sim *sim, const struct mu_work *work, uint32_t n,
                    const struct mu_pick *picks) {
    MU_TRY(reserve(&cohort->jobs, n, sim));
    MU_TRY(reserve(&cohort->times, n, sim));
    for (uint32_t i = 0; i < n; i++) {
        mu_job job = 0;
        MU_TRY(mu_sim_dispatch(sim, picks[i].client, work, &job));
        cohort->jobs.v[cohort->jobs.n++] = (int64_t)job;
        cohort->times.v[cohort->times.n++] = picks[i].times;
    }
    cohort->pending = n;
    cohort->diverged = 0;
    return MU_OK;
}

int mu_cohort_start(struct mu_cohort *cohort, struct mu_sim *sim, const struct mu_cohort_policy *policy) {
    const uint32_t clients = mu_sim_clients(sim);
    const double size = cohort_size(cohort, clients);
    /* A Poisson cohort has no largest size but all clients. */
    const uint32_t room = cohort->sampling == MU_SAMPLE_POISSON ? clients : (uint32_t)size;
    struct mu_pick *picks = mu_alloc_uninit(room, sizeof *picks, NULL);
    if (picks == NULL) {
        return mu_sim_fail(sim, MU_RANK_FAILED, "no memory for a cohort of %u", room);
    }
    uint32_t n = 0;
    enum { TRIES = 1000 };
    for (int i = 0; n == 0 && i < TRIES; i++) {
        n = mu_sim_sample(sim, (enum mu_sampling)cohort->sampling, size, picks, room);
    }
    const int code = n > 0 ? dispatch(cohort, sim, &policy->work, n, picks)
                           : mu_sim_fail(sim, MU_BAD_CONFIG, "no client could be drawn for a round");
    mu_free(picks);
    return code;
}

/* The updates that arrived, with weights that sum to 1; n = 0 if there are none. */
static void fill_terms(const struct mu_cohort *cohort, struct mu_sim *sim, struct mu_term *term, size_t *n) {
    double total = 0;
    *n = 0;
    for (size_t i = 0; i < cohort->jobs.n; i++) {
        if (cohort->jobs.v[i] == 0) {
            continue;
        }
        const struct mu_update *update = mu_sim_update(sim, (mu_job)cohort->jobs.v[i]);
        const double share = cohort->weights == MU_COHORT_UNIFORM ? 1 : (double)update->samples;
        term[*n] = (struct mu_term){MU_TERM_UPDATE, update->job, 0, share * (double)cohort->times.v[i]};
        total += term[(*n)++].weight;
    }
    for (size_t i = 0; i < *n; i++) {
        term[i].weight = total > 0 ? term[i].weight / total : 0; /* a cohort without rows moves nothing */
    }
}

static int step_and_release(struct mu_cohort *cohort, struct mu_sim *sim, const struct mu_cohort_policy *policy) {
    struct mu_term *term = mu_alloc_uninit(cohort->jobs.n, sizeof *term, NULL);
    if (term == NULL) {
        return mu_sim_fail(sim, MU_RANK_FAILED, "no memory for a cohort of %zu", cohort->jobs.n);
    }
    size_t n = 0;
    fill_terms(cohort, sim, term, &n);
    int code = n > 0 ? policy->step(cohort, sim, n, term) : MU_OK;
    if (n == 0 && cohort->diverged > 0) {
        code =
            mu_sim_fail(sim, MU_DIVERGED, "diverged at step %llu: not one client of the round returned a finite update",
                        (unsigned long long)mu_sim_version(sim, 0) + 1);
    }
    mu_free(term);
    for (size_t i = 0; code == MU_OK && i < cohort->jobs.n; i++) {
        if (cohort->jobs.v[i] != 0) {
            code = mu_sim_release(sim, (mu_job)cohort->jobs.v[i], true);
        }
    }
    return code;
}

static int end_job(struct mu_cohort *cohort, struct mu_sim *sim, const struct mu_cohort_policy *policy) {
    if (--cohort->pending > 0) {
        return MU_OK;
    }
    MU_TRY(step_and_release(cohort, sim, policy));
    return mu_cohort_start(cohort, sim, policy);
}

int mu_cohort_arrival(struct mu_cohort *cohort, struct mu_sim *sim, const struct mu_cohort_policy *policy) {
    return end_job(cohort, sim, policy);
}

int mu_cohort_lost(struct mu_cohort *cohort, struct mu_sim *sim, const struct mu_loss *loss,
                   const struct mu_cohort_policy *policy) {
    cohort->diverged += loss->cause == MU_LOSS_DIVERGED;
    for (size_t i = 0; i < cohort->jobs.n; i++) {
        if (cohort->jobs.v[i] == (int64_t)loss->job) {
            cohort->jobs.v[i] = 0;
        }
    }
    return end_job(cohort, sim, policy);
}
