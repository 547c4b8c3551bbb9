/* What can be composed with what, composition, and calibration. */
#include <math.h>

#include "muster/base/mem.h"
#include "muster/privacy/account.h"

static const double least_sigma = 0.01;
static const double most_sigma = 1e9;
static const int64_t most_count = INT64_C(1000000000000);

const char *mu_dp_unit_name(enum mu_dp_unit unit) {
    return unit == MU_DP_RECORD ? "record" : "client";
}

const char *mu_dp_adjacency_name(enum mu_dp_adjacency adjacency) {
    static const char *const names[] = {"add_remove", "replace_one", "zero_out"};
    return names[adjacency];
}

const char *mu_dp_sampling_name(enum mu_dp_sampling sampling) {
    static const char *const names[] = {"none", "poisson", "fixed"};
    return names[sampling];
}

enum mu_dp_sampling mu_dp_kind_sampling(enum mu_dp_kind kind) {
    return kind == MU_DP_POISSON_GAUSSIAN ? MU_DP_SAMPLING_POISSON
           : kind == MU_DP_WOR_GAUSSIAN   ? MU_DP_SAMPLING_FIXED
                                          : MU_DP_SAMPLING_NONE;
}

/* The relation a kind's bound is proved for (Google's accountants refuse the same mixtures). */
static bool fits_adjacency(const struct mu_dp_event *e) {
    switch (e->kind) {
    case MU_DP_POISSON_GAUSSIAN:
        return e->adjacency == MU_DP_ADD_REMOVE;
    case MU_DP_WOR_GAUSSIAN:
        return e->adjacency == MU_DP_REPLACE_ONE;
    case MU_DP_TREE:
        return e->adjacency == MU_DP_ZERO_OUT;
    default:
        return true;
    }
}

static int check_numbers(const struct mu_dp_event *e, struct mu_err *err) {
    if (!(e->sigma == 0.0 || (e->sigma >= least_sigma && e->sigma <= most_sigma))) {
        return mu_fail(err, MU_BAD_CONFIG, "privacy", "a noise multiplier must be 0 or in %g..%g, got %g", least_sigma,
                       most_sigma, e->sigma);
    }
    if (mu_dp_kind_sampling(e->kind) != MU_DP_SAMPLING_NONE && !(e->q >= 0.0 && e->q <= 1.0)) {
        return mu_fail(err, MU_BAD_CONFIG, "privacy", "a sampling rate must be in 0..1, got %g", e->q);
    }
    if (e->count < 0 || e->count > most_count || (e->kind == MU_DP_TREE && (e->steps < 0 || e->steps > most_count))) {
        return mu_fail(err, MU_BAD_CONFIG, "privacy", "a number of releases must be in 0..%lld", (long long)most_count);
    }
    return MU_OK;
}

int mu_dp_check(size_t n, const struct mu_dp_event *events, struct mu_err *err) {
    enum mu_dp_sampling sampling = MU_DP_SAMPLING_NONE;
    for (size_t i = 0; i < n; i++) {
        const struct mu_dp_event *e = &events[i];
        const enum mu_dp_sampling how = mu_dp_kind_sampling(e->kind);
        MU_TRY(check_numbers(e, err));
        if (!fits_adjacency(e)) {
            return mu_fail(err, MU_BAD_CONFIG, "privacy", "%s cannot be accounted for under neighbours by %s",
                           e->kind == MU_DP_TREE           ? "a tree"
                           : how == MU_DP_SAMPLING_POISSON ? "Poisson sampling"
                                                           : "sampling of fixed size",
                           mu_dp_adjacency_name(e->adjacency));
        }
        if (e->unit != events[0].unit) {
            return mu_fail(err, MU_BAD_CONFIG, "privacy", "records and clients are different units: costs do not add");
        }
        if (e->adjacency != events[0].adjacency) {
            return mu_fail(err, MU_BAD_CONFIG, "privacy", "neighbours by %s and by %s: costs do not add",
                           mu_dp_adjacency_name(events[0].adjacency), mu_dp_adjacency_name(e->adjacency));
        }
        if (how != MU_DP_SAMPLING_NONE && sampling != MU_DP_SAMPLING_NONE && how != sampling) {
            return mu_fail(err, MU_BAD_CONFIG, "privacy", "Poisson sampling and sampling of fixed size do not mix");
        }
        sampling = how != MU_DP_SAMPLING_NONE ? how : sampling;
    }
    return MU_OK;
}

/* The events that cost anything, into `paid`; *free_noise if one has no noise at all. */
static size_t keep_paid(size_t n, const struct mu_dp_event *events, struct mu_dp_event *paid, bool *no_noise) {
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        const struct mu_dp_event *e = &events[i];
        const bool sampled = mu_dp_kind_sampling(e->kind) != MU_DP_SAMPLING_NONE;
        if (e->count == 0 || (sampled && e->q == 0.0) || (e->kind == MU_DP_TREE && e->steps == 0)) {
            continue;
        }
        *no_noise = *no_noise || e->sigma == 0.0;
        paid[kept++] = *e;
    }
    return kept;
}

int mu_dp_epsilon(const struct mu_accountant *accountant, size_t n, const struct mu_dp_event *events, double delta,
                  struct mu_dp_cost *cost, struct mu_err *err) {
    *cost = (struct mu_dp_cost){.delta = delta, .accountant = accountant->kind.name, .order = NAN};
    if (!(delta > 0.0 && delta < 1.0)) {
        mu_fail(err, MU_BAD_CONFIG, "privacy", "delta must be within (0, 1), got %g", delta);
        return mu_fail_help(err, "usual is less than 1 over the number of protected units, such as 1e-5");
    }
    MU_TRY(mu_dp_check(n, events, err));
    for (size_t i = 0; i < n; i++) {
        cost->unit = events[i].unit;
        cost->adjacency = events[i].adjacency;
        const enum mu_dp_sampling how = mu_dp_kind_sampling(events[i].kind);
        cost->sampling = how != MU_DP_SAMPLING_NONE ? how : cost->sampling;
        if (accountant->check != NULL) {
            MU_TRY(accountant->check(&events[i], err));
        }
    }
    struct mu_dp_event *paid = mu_alloc(n, sizeof *paid, err);
    if (paid == NULL) {
        return MU_RANK_FAILED;
    }
    bool no_noise = false;
    const size_t kept = keep_paid(n, events, paid, &no_noise);
    int code = MU_OK;
    if (no_noise) {
        cost->epsilon = INFINITY;
    } else if (kept > 0) {
        code = accountant->epsilon(kept, paid, delta, cost, err);
    }
    mu_free(paid);
    return code;
}

/* A calibration under way. */
struct search {
    const struct mu_accountant *accountant;
    size_t n;
    const struct mu_dp_event *shape;
    struct mu_dp_event *scaled;
    double delta;
};

static int cost_at(const struct search *s, double sigma, struct mu_dp_cost *cost, struct mu_err *err) {
    for (size_t i = 0; i < s->n; i++) {
        s->scaled[i] = s->shape[i];
        s->scaled[i].sigma = fmin(most_sigma, fmax(least_sigma, s->shape[i].sigma * sigma));
    }
    return mu_dp_epsilon(s->accountant, s->n, s->scaled, s->delta, cost, err);
}

/* Bisection on the logarithm; the upper end always costs at most epsilon, and is what is returned. */
static int bisect(const struct search *s, double epsilon, double *sigma, struct mu_dp_cost *cost, struct mu_err *err) {
    double high = 1.0;
    MU_TRY(cost_at(s, high, cost, err));
    while (cost->epsilon > epsilon) {
        if (high >= most_sigma) {
            return mu_fail(err, MU_BAD_CONFIG, "privacy", "no noise multiplier up to %g gives epsilon %g at delta %g",
                           most_sigma, epsilon, s->delta);
        }
        high *= 2.0;
        MU_TRY(cost_at(s, fmin(high, most_sigma), cost, err));
        high = fmin(high, most_sigma);
    }
    double low = high;
    struct mu_dp_cost trial = *cost;
    while (trial.epsilon <= epsilon) {
        *cost = trial;
        high = low;
        if (low <= least_sigma) {
            *sigma = high;
            return MU_OK;
        }
        low = fmax(low / 2.0, least_sigma);
        MU_TRY(cost_at(s, low, &trial, err));
    }
    while (high > low * (1.0 + 1e-6)) {
        const double middle = sqrt(low * high);
        MU_TRY(cost_at(s, middle, &trial, err));
        if (trial.epsilon <= epsilon) {
            high = middle;
            *cost = trial;
        } else {
            low = middle;
        }
    }
    *sigma = high;
    return MU_OK;
}

int mu_dp_calibrate(const struct mu_accountant *accountant, size_t n, const struct mu_dp_event *shape, double epsilon,
                    double delta, double *sigma, struct mu_dp_cost *cost, struct mu_err *err) {
    if (!(epsilon > 0.0) || !isfinite(epsilon)) {
        return mu_fail(err, MU_BAD_CONFIG, "privacy", "epsilon must be greater than 0 and finite, got %g", epsilon);
    }
    struct search s = {accountant, n, shape, mu_alloc(n, sizeof *s.scaled, err), delta};
    if (s.scaled == NULL) {
        return MU_RANK_FAILED;
    }
    const int code = bisect(&s, epsilon, sigma, cost, err);
    mu_free(s.scaled);
    return code;
}
