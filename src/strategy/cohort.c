#include "cohort.h"

#include <math.h>

#include "fill.h"
#include "muster/base/mem.h"
#include "muster/privacy/privacy.h"

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
    const bool exact = cohort->sampling == MU_SAMPLE_UNIFORM || cohort->sampling == MU_SAMPLE_SIZE;
    if (cohort->over_selection > 1 && !exact) {
        mu_place(place, context->file, context->pointer, "over_selection");
        mu_fail(err, MU_BAD_CONFIG, place, "over_selection is not defined for sampling \"%s\"",
                mu_cohort_samplings[cohort->sampling]);
        return mu_fail_help(err, "use uniform or size: the others do not draw a fixed number of clients");
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

int mu_cohort_plan(const struct mu_cohort *cohort, const struct mu_strategy_context *context,
                   struct mu_privacy_plan *plan, struct mu_err *err) {
    char place[512];
    if (cohort->weights != MU_COHORT_UNIFORM) {
        mu_fail(err, MU_BAD_CONFIG, mu_place(place, context->file, context->pointer, "weights"),
                "weights by the clients' rows have no bounded sensitivity under client-level privacy");
        return mu_fail_help(err, "set weights to \"uniform\"");
    }
    if (cohort->over_selection > 1) {
        return mu_fail(err, MU_BAD_CONFIG, mu_place(place, context->file, context->pointer, "over_selection"),
                       "whoever arrives first is not a random cohort: over_selection excludes client-level privacy");
    }
    plan->cohort = cohort_size(cohort, context->clients);
    plan->q = fmin(1, plan->cohort / context->clients);
    plan->workers = context->clients; /* shares of noise exclude sampling: all take part */
    plan->sampling = cohort->sampling == MU_SAMPLE_POISSON ? MU_DP_SAMPLING_POISSON : MU_DP_SAMPLING_FIXED;
    if (cohort->sampling != MU_SAMPLE_POISSON && cohort->sampling != MU_SAMPLE_UNIFORM) {
        return mu_fail(err, MU_BAD_CONFIG, mu_place(place, context->file, context->pointer, "sampling"),
                       "\"%s\" has no privacy accounting; poisson and uniform have",
                       mu_cohort_samplings[cohort->sampling]);
    }
    if (plan->sampling == MU_DP_SAMPLING_FIXED && !context->always_available) {
        mu_fail(err, MU_BAD_CONFIG, mu_place(place, context->file, context->pointer, "sampling"),
                "a cohort of fixed size is drawn from the clients that can be reached: its sampling rate is not known");
        return mu_fail_help(err, "set sampling to \"poisson\", or world.availability to always");
    }
    if (context->privacy->tree.kind != MU_TREE_NONE) {
        plan->sampling = MU_DP_SAMPLING_NONE;
        plan->q = 1;
    }
    return MU_OK;
}

/* The round's jobs, all pending. Without a deadline no update is too late. */
static int dispatch(struct mu_cohort *cohort, struct mu_sim *sim, const struct mu_work *plain, uint32_t n,
                    const struct mu_pick *picks) {
    struct mu_work work = *plain;
    cohort->jobs.n = cohort->ends.n = cohort->times.n = 0;
    cohort->round++;
    if (!isnan(cohort->deadline_s)) {
        work.useful_until = mu_sim_now(sim) + mu_seconds_ns(cohort->deadline_s);
        MU_TRY(mu_sim_timer(sim, work.useful_until, (uint64_t)cohort->round));
    }
    for (uint32_t i = 0; i < n; i++) {
        mu_job job = 0;
        MU_TRY(mu_sim_dispatch(sim, picks[i].client, &work, &job));
        MU_TRY(mu_note(sim, &cohort->jobs, (int64_t)job));
        MU_TRY(mu_note(sim, &cohort->ends, MU_COHORT_PENDING));
        MU_TRY(mu_note(sim, &cohort->times, picks[i].times));
    }
    cohort->pending = n;
    cohort->arrived = 0;
    cohort->diverged = 0;
    return MU_OK;
}

/* Clients that are drawn so that `size` of them make a step. */
static double drawn_size(const struct mu_cohort *cohort, double size, uint32_t clients) {
    /* 1.1 times 10 are 11, whatever the product's last bit says. */
    const double more = ceil(size * cohort->over_selection - 1e-9);
    return cohort->over_selection > 1 ? fmin(more, clients) : size;
}

uint64_t mu_cohort_concurrency(const void *options, uint32_t clients) {
    const struct mu_cohort *cohort = options;
    return cohort->sampling == MU_SAMPLE_POISSON ? clients
                                                 : (uint64_t)drawn_size(cohort, cohort_size(cohort, clients), clients);
}

/* Draws and dispatches; `size` clients are wanted. */
static int draw(struct mu_cohort *cohort, struct mu_sim *sim, const struct mu_cohort_policy *policy, double size) {
    const uint32_t clients = mu_sim_clients(sim);
    const double all = drawn_size(cohort, size, clients);
    /* A Poisson cohort has no largest size but all clients. */
    const uint32_t room = cohort->sampling == MU_SAMPLE_POISSON ? clients : (uint32_t)all;
    struct mu_pick *picks = mu_alloc_uninit(room, sizeof *picks, NULL);
    if (picks == NULL) {
        return mu_sim_fail(sim, MU_RANK_FAILED, "no memory for a cohort of %u", room);
    }
    uint32_t n = 0;
    enum { TRIES = 1000 };
    int code = MU_OK;
    for (int i = 0; n == 0 && i < TRIES && code == MU_OK && !mu_sim_ended(sim); i++) {
        n = mu_sim_sample(sim, (enum mu_sampling)cohort->sampling, all, picks, room);
        if (n == 0 && mu_protects_clients(sim)) { /* nobody was drawn: that, too, is a release, of noise alone */
            code = policy->step(cohort, sim, 0, NULL);
        }
    }
    if (code != MU_OK || (n == 0 && mu_sim_ended(sim))) {
        mu_free(picks);
        return code;
    }
    cohort->wanted = cohort->over_selection > 1 && n > size ? (int64_t)size : (int64_t)n;
    code = n > 0 ? dispatch(cohort, sim, &policy->work, n, picks)
                 : mu_sim_fail(sim, MU_BAD_CONFIG, "no client could be drawn for a round");
    mu_free(picks);
    return code;
}

int mu_cohort_start(struct mu_cohort *cohort, struct mu_sim *sim, const struct mu_cohort_policy *policy) {
    cohort->waiting = mu_sim_idle(sim) == 0;
    return cohort->waiting ? MU_OK : draw(cohort, sim, policy, cohort_size(cohort, mu_sim_clients(sim)));
}

/* The updates that arrived, with weights that sum to 1 or, under client-level privacy, are 1 over the expected cohort;
 * n = 0 if there are none. */
static void fill_terms(const struct mu_cohort *cohort, struct mu_sim *sim, struct mu_term *term, size_t *n) {
    double total = 0;
    *n = 0;
    for (size_t i = 0; i < cohort->jobs.n; i++) {
        if (cohort->ends.v[i] != MU_COHORT_ARRIVED) {
            continue;
        }
        const struct mu_update *update = mu_sim_update(sim, (mu_job)cohort->jobs.v[i]);
        const double share = cohort->weights == MU_COHORT_UNIFORM ? 1 : (double)update->samples;
        term[*n] = (struct mu_term){MU_TERM_UPDATE, update->job, 0, share * (double)cohort->times.v[i]};
        total += term[(*n)++].weight;
    }
    if (mu_protects_clients(sim)) {
        total = mu_sim_privacy(sim)->cohort;
    }
    for (size_t i = 0; i < *n; i++) {
        term[i].weight = total > 0 ? term[i].weight / total : 0; /* a cohort without rows moves nothing */
    }
}

static int step_and_release(struct mu_cohort *cohort, struct mu_sim *sim, const struct mu_cohort_policy *policy) {
    struct mu_term *term = mu_terms(sim, cohort->jobs.n);
    if (term == NULL) {
        return MU_RANK_FAILED;
    }
    size_t n = 0;
    fill_terms(cohort, sim, term, &n);
    int code = n > 0 || mu_protects_clients(sim) ? policy->step(cohort, sim, n, term) : MU_OK;
    if (n == 0 && cohort->diverged > 0) {
        code =
            mu_sim_fail(sim, MU_DIVERGED, "diverged at step %llu: not one client of the round returned a finite update",
                        (unsigned long long)mu_sim_version(sim, 0) + 1);
    }
    mu_free(term);
    for (size_t i = 0; code == MU_OK && i < cohort->jobs.n; i++) {
        if (cohort->ends.v[i] == MU_COHORT_ARRIVED) {
            code = mu_sim_release(sim, (mu_job)cohort->jobs.v[i], true);
        }
    }
    return code;
}

/* Whoever is still at work is late; the next round starts. */
static int end_round(struct mu_cohort *cohort, struct mu_sim *sim, const struct mu_cohort_policy *policy) {
    for (size_t i = 0; cohort->pending > 0 && i < cohort->jobs.n; i++) {
        if (cohort->ends.v[i] == MU_COHORT_PENDING) {
            cohort->ends.v[i] = MU_COHORT_GONE;
            cohort->pending--;
            MU_TRY(mu_sim_cancel(sim, (mu_job)cohort->jobs.v[i]));
        }
    }
    MU_TRY(step_and_release(cohort, sim, policy));
    cohort->jobs.n = cohort->ends.n = cohort->times.n = 0;
    return mu_cohort_start(cohort, sim, policy);
}

/* Job ids grow in the order of their dispatch. */
static void mark_end(struct mu_cohort *cohort, mu_job job, enum mu_cohort_end end) {
    size_t first = 0;
    for (size_t n = cohort->jobs.n; n > 1;) {
        const size_t half = n / 2;
        first += cohort->jobs.v[first + half] <= (int64_t)job ? half : 0;
        n -= half;
    }
    cohort->ends.v[first] = end;
    cohort->pending--;
    cohort->arrived += end == MU_COHORT_ARRIVED;
}

static int end_job(struct mu_cohort *cohort, struct mu_sim *sim, const struct mu_cohort_policy *policy) {
    return cohort->arrived < cohort->wanted && cohort->pending > 0 ? MU_OK : end_round(cohort, sim, policy);
}

int mu_cohort_arrival(struct mu_cohort *cohort, struct mu_sim *sim, const struct mu_update *update,
                      const struct mu_cohort_policy *policy) {
    mark_end(cohort, update->job, MU_COHORT_ARRIVED);
    return end_job(cohort, sim, policy);
}

int mu_cohort_lost(struct mu_cohort *cohort, struct mu_sim *sim, const struct mu_loss *loss,
                   const struct mu_cohort_policy *policy) {
    cohort->diverged += loss->cause == MU_LOSS_DIVERGED;
    mark_end(cohort, loss->job, MU_COHORT_GONE);
    return end_job(cohort, sim, policy);
}

int mu_cohort_timer(struct mu_cohort *cohort, struct mu_sim *sim, uint64_t id, const struct mu_cohort_policy *policy) {
    if (id == 0) {
        return cohort->waiting ? mu_cohort_start(cohort, sim, policy) : MU_OK;
    }
    /* The deadline of a round that ended before it. */
    if (id != (uint64_t)cohort->round || cohort->pending == 0) {
        return MU_OK;
    }
    return end_round(cohort, sim, policy);
}

int mu_cohort_available(struct mu_cohort *cohort, struct mu_sim *sim) {
    /* Others may come online at the same instant: they are to be in the round. */
    return cohort->waiting ? mu_sim_timer(sim, mu_sim_now(sim) + 1, 0) : MU_OK;
}
