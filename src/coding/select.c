#include "muster/coding/select.h"

#include <math.h>
#include <stdlib.h>

#include "muster/base/mem.h"
#include "muster/coding/gc.h"
#include "muster/coding/m_sgc.h"
#include "muster/coding/sr_sgc.h"

const char *const mu_scheme_names[] = {"uncoded", "gc", "sr_sgc", "m_sgc", NULL};

/* qsort has no context: the key goes along. */
struct timed {
    double time_s;
    uint32_t worker;
};

static int compare_timed(const void *a, const void *b) {
    const struct timed *const x = a;
    const struct timed *const y = b;
    if (x->time_s != y->time_s) {
        return x->time_s < y->time_s ? -1 : 1;
    }
    return (x->worker > y->worker) - (x->worker < y->worker);
}

int mu_profile_init(struct mu_profile *p, uint32_t n, uint32_t rounds, const double *time_s, double load, double alpha,
                    struct mu_err *err) {
    *p = (struct mu_profile){n, rounds, time_s, load, alpha, 0.0, NULL};
    if (n == 0 || rounds == 0) {
        return mu_fail(err, MU_BAD_CONFIG, NULL, "a probe needs at least one worker and one round");
    }
    struct timed *row = mu_alloc(n, sizeof *row, err);
    p->order = mu_alloc((size_t)n * rounds, sizeof *p->order, err);
    int rc = row != NULL && p->order != NULL ? MU_OK : MU_RANK_FAILED;
    for (size_t r = 0; r < rounds && rc == MU_OK; r++) {
        for (uint32_t i = 0; i < n; i++) {
            row[i] = (struct timed){time_s[r * n + i], i};
            if (!isfinite(row[i].time_s) || row[i].time_s < 0.0) {
                rc = mu_fail(err, MU_BAD_CONFIG, NULL, "the probe's time of worker %u in round %zu is %g s", i, r,
                             row[i].time_s);
            }
        }
        qsort(row, n, sizeof *row, compare_timed);
        for (uint32_t i = 0; i < n; i++) {
            p->order[r * n + i] = row[i].worker;
        }
    }
    mu_free(row);
    if (rc != MU_OK) {
        mu_profile_clear(p);
    }
    return rc;
}

void mu_profile_clear(struct mu_profile *profile) {
    mu_free(profile->order);
    *profile = (struct mu_profile){0};
}

double mu_profile_slope(size_t count, const double *load, const double *time_s) {
    double load_mean = 0.0;
    double time_mean = 0.0;
    for (size_t k = 0; k < count; k++) {
        load_mean += load[k] / (double)count;
        time_mean += time_s[k] / (double)count;
    }
    double square = 0.0;
    double product = 0.0;
    for (size_t k = 0; k < count; k++) {
        square += (load[k] - load_mean) * (load[k] - load_mean);
        product += (load[k] - load_mean) * (time_s[k] - time_mean);
    }
    return square > 0.0 ? product / square : NAN;
}

/* A candidate that is being run. */
struct trial {
    const struct mu_candidate *candidate;
    bool groups;
    uint32_t n;
    uint64_t *late, *arrived;
    struct mu_sr_sgc sr;
    struct mu_sr_sgc_state sr_state;
    struct mu_m_sgc m;
    struct mu_rounds m_state;
};

/* Somebody of each group of s + 1 has arrived. */
static bool covers_groups(struct trial *t, const uint64_t *late) {
    const uint32_t size = t->candidate->s + 1;
    mu_bits_complement(t->arrived, late, t->n);
    for (uint32_t first = 0; first < t->n; first += size) {
        if (mu_bits_next(t->arrived, t->n, first) >= first + size) {
            return false;
        }
    }
    return true;
}

static bool accepts(void *context, const uint64_t *late) {
    struct trial *const t = context;
    switch (t->candidate->scheme) {
    case MU_SCHEME_GC:
        return t->groups ? covers_groups(t, late) : mu_bits_count(late, mu_bits_words(t->n)) <= t->candidate->s;
    case MU_SCHEME_SR_SGC:
        return mu_sr_sgc_accepts(&t->sr, &t->sr_state, late);
    case MU_SCHEME_M_SGC:
        return mu_m_sgc_accepts(&t->m, &t->m_state, late);
    default:
        return mu_bits_count(late, mu_bits_words(t->n)) == 0;
    }
}

static void clear_trial(struct trial *t) {
    mu_free(t->late);
    mu_free(t->arrived);
    mu_sr_sgc_clear(&t->sr_state);
    mu_rounds_clear(&t->m_state);
}

/* Load, delay and the scheme's state. The caller clears the trial, also after a failure. */
static int start_trial(struct trial *t, const struct mu_select_options *o, const struct mu_candidate *c, uint32_t n,
                       struct mu_estimate *out, struct mu_err *err) {
    *t = (struct trial){.candidate = c, .n = n};
    t->late = mu_alloc(mu_bits_words(n), sizeof *t->late, err);
    t->arrived = mu_alloc(mu_bits_words(n), sizeof *t->arrived, err);
    if (t->late == NULL || t->arrived == NULL) {
        return MU_RANK_FAILED;
    }
    switch (c->scheme) {
    case MU_SCHEME_GC:
        if (c->s >= n) {
            return mu_fail(err, MU_BAD_CONFIG, NULL, "s = %u stragglers of %u workers", c->s, n);
        }
        t->groups = o->groups && n % (c->s + 1) == 0;
        out->load = mu_gc_load(n, c->s);
        return MU_OK;
    case MU_SCHEME_SR_SGC:
        t->sr = (struct mu_sr_sgc){n, c->B, c->W, c->lambda, o->jobs};
        MU_TRY(mu_sr_sgc_check(&t->sr, NULL, err));
        out->load = mu_sr_sgc_load(&t->sr);
        out->delay = mu_sr_sgc_delay(&t->sr);
        return mu_sr_sgc_start(&t->sr, &t->sr_state, err);
    case MU_SCHEME_M_SGC:
        t->m = (struct mu_m_sgc){n, c->B, c->W, c->lambda, o->jobs};
        MU_TRY(mu_m_sgc_check(&t->m, NULL, err));
        out->load = mu_m_sgc_load(&t->m);
        out->delay = mu_m_sgc_delay(&t->m);
        return mu_m_sgc_start(&t->m, &t->m_state, err);
    default:
        out->load = mu_gc_load(n, 0);
        return MU_OK;
    }
}

int mu_select_estimate(const struct mu_profile *p, const struct mu_select_options *o, const struct mu_candidate *c,
                       double limit_s, struct mu_estimate *out, struct mu_err *err) {
    struct trial t;
    *out = (struct mu_estimate){.candidate = *c};
    const int rc = start_trial(&t, o, c, p->n, out, err);
    const double vectors = c->scheme == MU_SCHEME_M_SGC ? c->W - 2.0 + c->B : 0.0;
    const double shift_s = p->alpha * (out->load - p->load) + vectors * p->vector_s;
    for (int64_t r = 0; rc == MU_OK && r < o->jobs + (int64_t)out->delay; r++) {
        const size_t row = (size_t)(r % (int64_t)p->rounds) * p->n;
        const struct mu_round_times times = {p->n, p->time_s + row, p->order + row, shift_s};
        const bool tail = c->scheme == MU_SCHEME_SR_SGC && r >= o->jobs;
        const struct mu_closing closing =
            mu_round_close(&times, tail ? mu_sr_sgc_again(&t.sr_state) : NULL, &o->rule, accepts, &t, t.late);
        if (c->scheme == MU_SCHEME_SR_SGC) {
            mu_sr_sgc_close(&t.sr, &t.sr_state, t.late);
        } else if (c->scheme == MU_SCHEME_M_SGC) {
            mu_rounds_push(&t.m_state, t.late);
        }
        out->total_s += closing.end_s;
        out->waited += closing.waited;
        out->rounds++;
        if (out->total_s > limit_s) {
            out->total_s = INFINITY;
            break;
        }
    }
    clear_trial(&t);
    return rc;
}

/* Tries one candidate against the best so far. */
static int consider(const struct mu_profile *p, const struct mu_select_options *o, const struct mu_candidate *c,
                    struct mu_estimate *best, struct mu_err *err) {
    struct mu_estimate estimate;
    MU_TRY(mu_select_estimate(p, o, c, best->total_s, &estimate, err));
    if (estimate.total_s < best->total_s) {
        *best = estimate;
    }
    return MU_OK;
}

static int search_gc(const struct mu_profile *p, const struct mu_select_options *o, struct mu_estimate *best,
                     struct mu_err *err) {
    for (uint32_t s = 0; s < p->n; s++) {
        MU_TRY(consider(p, o, &(struct mu_candidate){MU_SCHEME_GC, s, 0, 0, 0}, best, err));
    }
    return MU_OK;
}

static int search_sr_sgc(const struct mu_profile *p, const struct mu_select_options *o, struct mu_estimate *best,
                         struct mu_err *err) {
    for (uint32_t lambda = 1; lambda <= p->n; lambda++) {
        for (uint32_t B = 1; B <= o->most_delay; B++) {
            for (uint32_t W = B + 1; W <= o->most_W; W += B) {
                const struct mu_sr_sgc scheme = {p->n, B, W, lambda, o->jobs};
                if (mu_sr_sgc_s(&scheme) < p->n) { /* 1 worker alone: there is no code */
                    MU_TRY(consider(p, o, &(struct mu_candidate){MU_SCHEME_SR_SGC, 0, B, W, lambda}, best, err));
                }
            }
        }
    }
    return MU_OK;
}

static int search_m_sgc(const struct mu_profile *p, const struct mu_select_options *o, struct mu_estimate *best,
                        struct mu_err *err) {
    const uint32_t most = o->most_delay < MU_M_SGC_SLOTS - 1 ? o->most_delay : MU_M_SGC_SLOTS - 1;
    for (uint32_t lambda = 1; lambda <= p->n; lambda++) {
        for (uint32_t W = 2; W < most + 2; W++) {
            for (uint32_t B = 1; B < W && W - 2 + B <= most; B++) {
                MU_TRY(consider(p, o, &(struct mu_candidate){MU_SCHEME_M_SGC, 0, B, W, lambda}, best, err));
            }
        }
    }
    return MU_OK;
}

int mu_select_best(const struct mu_profile *p, const struct mu_select_options *o, enum mu_scheme scheme,
                   struct mu_estimate *best, struct mu_err *err) {
    *best = (struct mu_estimate){.candidate = {.scheme = scheme}, .total_s = INFINITY};
    switch (scheme) {
    case MU_SCHEME_GC:
        return search_gc(p, o, best, err);
    case MU_SCHEME_SR_SGC:
        return search_sr_sgc(p, o, best, err);
    case MU_SCHEME_M_SGC:
        return search_m_sgc(p, o, best, err);
    default:
        return consider(p, o, &(struct mu_candidate){.scheme = MU_SCHEME_UNCODED}, best, err);
    }
}

int mu_select_schemes(const struct mu_profile *p, const struct mu_select_options *o,
                      struct mu_estimate best[static MU_SCHEMES], enum mu_scheme *winner, struct mu_err *err) {
    *winner = MU_SCHEME_UNCODED;
    for (int k = 0; k < MU_SCHEMES; k++) {
        MU_TRY(mu_select_best(p, o, (enum mu_scheme)k, &best[k], err));
        *winner = best[k].total_s < best[*winner].total_s ? (enum mu_scheme)k : *winner;
    }
    return MU_OK;
}
