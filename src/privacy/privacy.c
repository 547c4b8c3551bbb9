/* From the config and the plan to the noise: which events the run will be, and how much noise they need. */
#include "muster/privacy/privacy.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const struct mu_privacy_config *mu_privacy_config(const struct mu_choice *privacy) {
    return privacy->kind == NULL || strcmp(privacy->kind->name, "none") == 0 ? NULL : privacy->options;
}

const char *mu_privacy_noise_key(const struct mu_choice *privacy) {
    const struct mu_privacy_config *config = mu_privacy_config(privacy);
    return config == NULL ? NULL : config->insecure_noise_seed == MU_UNSET ? "secret" : "insecure_noise_seed";
}

static int refuse(const struct mu_privacy_plan *plan, const char *field, struct mu_err *err, const char *text) {
    char place[512];
    return mu_fail(err, MU_BAD_CONFIG, mu_place(place, plan->file, plan->pointer, field), "%s", text);
}

static bool has_tree(const struct mu_privacy *p) {
    return p->config->tree.kind != MU_TREE_NONE;
}

/* Sampling happens, and counts: a tree takes no credit for it, and q = 1 is none. */
static bool is_sampled(const struct mu_privacy *p) {
    return !has_tree(p) && p->q < 1.0;
}

static int check_plan(const struct mu_privacy *p, const struct mu_privacy_plan *plan, struct mu_err *err) {
    const enum mu_dp_sampling assumed = (enum mu_dp_sampling)(p->config->sampling + 1);
    if (!(plan->q >= 0.0 && plan->q <= 1.0) || !(plan->cohort > 0.0) || plan->steps < 0) {
        return refuse(plan, NULL, err, "the run's sampling rate, cohort or number of steps is out of range");
    }
    if (is_sampled(p) && plan->sampling != assumed) {
        refuse(plan, "sampling", err,
               assumed == MU_DP_SAMPLING_POISSON
                   ? "the run draws a fixed number of contributors, which is not Poisson sampling"
                   : "the run draws each contributor by itself, which is not sampling of fixed size");
        return mu_fail_help(err, "make the strategy's sampling and privacy.sampling agree");
    }
    if (p->config->noise == MU_NOISE_PER_WORKER && is_sampled(p)) {
        return refuse(plan, "noise", err,
                      "the shares of those who are drawn add up to a noise that depends on how many "
                      "they are: per_worker excludes sampling");
    }
    if (p->config->noise == MU_NOISE_PER_WORKER && plan->workers <= p->config->colluding) {
        return refuse(plan, "colluding", err, "no worker is left whose share is neither missing nor known");
    }
    return MU_OK;
}

/* How many events the plan is: releases, or trees; at most a client's participations where nobody is sampled. */
static int64_t count_events(const struct mu_privacy *p) {
    const struct mu_privacy_config *c = p->config;
    if (has_tree(p)) {
        const int64_t leaves = c->tree.restart_steps == MU_UNSET ? p->steps : c->tree.restart_steps;
        return leaves == 0 ? 0 : p->steps / leaves + (p->steps % leaves != 0);
    }
    const bool bounded = p->unit == MU_DP_CLIENT && p->sampling == MU_DP_SAMPLING_NONE && c->participations != MU_UNSET;
    return bounded && c->participations < p->steps ? c->participations : p->steps;
}

struct mu_dp_event mu_privacy_event(const struct mu_privacy *p, int64_t count) {
    struct mu_dp_event e = {.kind = MU_DP_GAUSSIAN,
                            .unit = p->unit,
                            .adjacency = p->adjacency,
                            .sigma = p->sigma,
                            .q = 1.0,
                            .count = count};
    if (has_tree(p)) {
        e.kind = MU_DP_TREE;
        const int64_t restart = p->config->tree.restart_steps;
        e.steps = restart == MU_UNSET || restart > p->steps ? p->steps : restart;
    } else if (is_sampled(p)) {
        e.kind = p->sampling == MU_DP_SAMPLING_FIXED ? MU_DP_WOR_GAUSSIAN : MU_DP_POISSON_GAUSSIAN;
        e.q = p->q;
    }
    return e;
}

struct mu_dp_event mu_privacy_share_event(const struct mu_privacy *p, const struct mu_dp_event *event) {
    enum {
        LEAST = 100
    }; /* 1 / LEAST is the least multiplier that is accounted for (mu_dp_check): less counts as none */
    struct mu_dp_event e = *event;
    e.sigma *= p->share;
    e.sigma = e.sigma * LEAST < 1 ? 0 : e.sigma;
    return e;
}

/* The neighbours under which the sampling is accounted for, and what one of them changes in a sum. Without a client
 * that nobody drew by chance, others would have taken its place: there its updates are zero, and the schedule public.
 */
static void choose_relation(struct mu_privacy *p, const struct mu_privacy_plan *plan) {
    const bool scheduled = p->unit == MU_DP_CLIENT && plan->sampling == MU_DP_SAMPLING_NONE;
    p->adjacency = has_tree(p) || scheduled                               ? MU_DP_ZERO_OUT
                   : is_sampled(p) && p->sampling == MU_DP_SAMPLING_FIXED ? MU_DP_REPLACE_ONE
                                                                          : MU_DP_ADD_REMOVE;
    p->sensitivity = p->adjacency == MU_DP_REPLACE_ONE ? 2.0 : 1.0;
}

static int choose_sigma(struct mu_privacy *p, struct mu_err *err) {
    const struct mu_privacy_config *c = p->config;
    p->sigma = isnan(c->epsilon) ? c->noise_multiplier : 1.0;
    struct mu_dp_event e = mu_privacy_event(p, count_events(p));
    if (isnan(c->epsilon)) {
        return mu_dp_epsilon(p->accountant, 1, &e, c->delta, &p->planned, err);
    }
    return mu_dp_calibrate(p->accountant, 1, &e, c->epsilon, c->delta, &p->sigma, &p->planned, err);
}

static int split_noise(struct mu_privacy *p, const struct mu_privacy_plan *plan, struct mu_err *err) {
    const struct mu_privacy_config *c = p->config;
    p->sigma_sum = p->sigma;
    p->sigma_b = NAN;
    if (c->adaptive.enabled && p->sigma > 0.0) {
        p->sigma_b = isnan(c->adaptive.sigma_b) ? 0.05 * plan->cohort : c->adaptive.sigma_b;
        /* A unit that is there or not changes the count of b_i = +-1/2 by 1/2, one that is replaced by 1. */
        p->sigma_sum = mu_adaptive_sigma(p->sigma, p->sigma_b / p->sensitivity);
        if (isnan(p->sigma_sum)) {
            char pointer[512];
            char place[512];
            snprintf(pointer, sizeof pointer, "%s/adaptive", plan->pointer);
            mu_fail(err, MU_BAD_CONFIG, mu_place(place, plan->file, pointer, "sigma_b"),
                    "the noise multiplier must be less than %s", p->sensitivity > 1 ? "sigma_b" : "twice sigma_b");
            return mu_fail_help(err, "the multiplier is %g and sigma_b %g (0.05 times the cohort unless it is given)",
                                p->sigma, p->sigma_b);
        }
    } else if (c->adaptive.enabled) {
        p->sigma_b = 0.0;
    }
    p->per_worker = p->planned;
    p->per_worker.epsilon = NAN;
    if (c->noise != MU_NOISE_PER_WORKER) {
        return MU_OK;
    }
    p->share = 1.0 / sqrt((double)(plan->workers - c->colluding));
    const struct mu_dp_event whole = mu_privacy_event(p, count_events(p));
    const struct mu_dp_event e = mu_privacy_share_event(p, &whole);
    return mu_dp_epsilon(p->accountant, 1, &e, c->delta, &p->per_worker, err);
}

int mu_privacy_prepare(const struct mu_choice *choice, const struct mu_privacy_plan *plan, struct mu_privacy *p,
                       struct mu_err *err) {
    *p = (struct mu_privacy){.config = mu_privacy_config(choice)};
    if (p->config == NULL) {
        return MU_OK;
    }
    const struct mu_privacy_config *c = p->config;
    p->accountant = (const struct mu_accountant *)(const void *)c->accountant.kind;
    p->unit = strcmp(choice->kind->name, "record") == 0 ? MU_DP_RECORD : MU_DP_CLIENT;
    p->q = plan->sampling == MU_DP_SAMPLING_NONE ? 1.0 : plan->q;
    p->steps = plan->steps;
    p->cohort = plan->cohort;
    p->clip = c->clip;
    p->exact = mu_mechanism_is_exact(&c->mechanism);
    p->secret = c->insecure_noise_seed == MU_UNSET;
    p->sampling = plan->sampling;
    MU_TRY(check_plan(p, plan, err));
    p->sampling = is_sampled(p) ? plan->sampling : MU_DP_SAMPLING_NONE;
    choose_relation(p, plan);
    MU_TRY(choose_sigma(p, err));
    return split_noise(p, plan, err);
}

int mu_privacy_key(const struct mu_privacy *p, struct mu_noise_key *key, struct mu_err *err) {
    if (p->config == NULL || p->secret) {
        return mu_noise_key_draw(key, err);
    }
    mu_noise_key_from_seed(key, (uint64_t)p->config->insecure_noise_seed);
    return MU_OK;
}
