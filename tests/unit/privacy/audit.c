/* An audit of whole mechanisms: a query of one number on two neighbouring data sets, 1e6 draws of each output, and the
 * largest lower bound on delta at the claimed epsilon over many events {output > t}.
 *
 * For any (epsilon, delta)-private mechanism P(M(D) > t) - e^epsilon P(M(D') > t) <= delta, and likewise with the data
 * sets exchanged and for {output < t}. Thresholds are chosen on one half of the draws; on the other half the two
 * probabilities are replaced by bounds. Four events are looked at for each claim, two bounds each, each wrong with
 * probability 1e-6 / 8: an honest mechanism fails with probability at most 1e-6 for each claim. With half
 * the noise the same test must fail. */
#include "muster/privacy/privacy.h"

#include "support.h"

enum { DRAWS = 1000000, HALF = DRAWS / 2 };
static const double error_rate = 1e-6;
static double with[DRAWS], without[DRAWS];

/* A bound on p from k of n, wrong with probability at most alpha: by Chernoff, a share of k/n or more extreme has
 * probability at most exp(-n KL(k/n, p)). Wider than the exact one of Clopper and Pearson. */
static double confidence(double k, double n, bool upper, double alpha) {
    const double share = k / n;
    double low = upper ? share : 0;
    double high = upper ? 1 : share;
    for (int i = 0; i < 100; i++) {
        const double p = 0.5 * (low + high);
        const double first = share > 0 ? share * log(share / p) : 0;
        const double second = share < 1 ? (1 - share) * log((1 - share) / (1 - p)) : 0;
        const bool plausible = n * (first + second) < -log(alpha);
        if (plausible == upper) {
            low = p;
        } else {
            high = p;
        }
    }
    return upper ? high : low;
}

static double count_above(const double *x, double t, double sign) {
    double count = 0;
    for (size_t i = 0; i < HALF; i++) {
        count += sign * x[i] > sign * t;
    }
    return count;
}

/* The lower bound on delta of {sign * output > sign * t}, t chosen among draws of the first half. */
static double event_delta(const double *p, const double *q, double sign, double epsilon) {
    double best = -INFINITY;
    double threshold = 0;
    for (int k = 0; k < 24; k++) {
        const double t = p[(size_t)k * (HALF / 24)];
        const double gain = count_above(p, t, sign) - exp(epsilon) * count_above(q, t, sign);
        if (gain > best) {
            best = gain;
            threshold = t;
        }
    }
    const double high = confidence(count_above(p + HALF, threshold, sign), HALF, false, error_rate / 8);
    const double low = confidence(count_above(q + HALF, threshold, sign), HALF, true, error_rate / 8);
    return high - exp(epsilon) * low;
}

static double audit(double epsilon) {
    double worst = 0;
    for (int sign = -1; sign <= 1; sign += 2) {
        worst = fmax(worst, event_delta(with, without, sign, epsilon));
        worst = fmax(worst, event_delta(without, with, sign, epsilon));
    }
    return worst;
}

/* What a mechanism does to the sum of the contributions, once for each draw. */
struct scene {
    double sigma; /* noise multiplier */
    double q;     /* each contributor takes part with this probability */
    bool discrete;
    double truth; /* the noise that is really drawn, over what is claimed */
};

/* Fills out[] with noisy sums, on data sets with one contribution of `value` beside contributions of nothing. */
static void run(const struct scene *s, double value, uint32_t part, double *out) {
    const struct mu_noise_key key = {{31, 32, 33, 34}};
    const struct mu_noise_place noise = {MU_NOISE_SUM, 1, 0, 0, part};
    const struct mu_noise_place sampling = {MU_NOISE_SAMPLING, 1, 0, 0, part};
    for (size_t i = 0; i < DRAWS; i++) {
        out[i] = s->q >= 1 || mu_noise_uniform(&key, &sampling, i) < s->q ? value * mu_clip_factor(fabs(value), 1) : 0;
    }
    if (!s->discrete) {
        mu_noise_gaussian(&key, &noise, s->sigma * s->truth, 0, DRAWS, out);
        return;
    }
    struct mu_err err = {0};
    struct mu_lattice lattice;
    static int64_t steps[DRAWS];
    assert_int_equal(mu_lattice_init(&lattice, 1, s->sigma * s->truth, 1, 10, 1, &err), MU_OK);
    for (size_t i = 0; i < DRAWS; i++) {
        steps[i] = llrint(ldexp(out[i], lattice.shift));
    }
    mu_noise_discrete(&key, &noise, &lattice.law, 0, DRAWS, steps);
    for (size_t i = 0; i < DRAWS; i++) {
        out[i] = ldexp((double)steps[i], -lattice.shift);
    }
}

enum { DELTAS = 3 };
static const double deltas[DELTAS] = {0.3, 0.1, 0.01};

/* The bounds on delta found at the epsilons that the accountant claims for `deltas`. */
static void find_deltas(const struct scene *s, double found[DELTAS]) {
    const struct mu_dp_event e = {.kind = MU_DP_POISSON_GAUSSIAN, .sigma = s->sigma, .q = s->q, .count = 1};
    run(s, 100, 0, with); /* clipped to 1 */
    run(s, 0, 1, without);
    for (size_t i = 0; i < DELTAS; i++) {
        struct mu_dp_cost cost;
        struct mu_err err = {0};
        assert_int_equal(mu_dp_epsilon(mu_accountant_find("pld"), 1, &e, deltas[i], &cost, &err), MU_OK);
        found[i] = audit(cost.epsilon);
    }
}

static void claims_hold(struct scene s) {
    double honest[DELTAS];
    double broken[DELTAS];
    s.truth = 1;
    find_deltas(&s, honest);
    s.truth = 0.5;
    find_deltas(&s, broken);
    for (size_t i = 0; i < DELTAS; i++) {
        print_message("sigma %g, q %g: delta claimed %.2f, found at least %.4f, with half the noise %.4f\n", s.sigma,
                      s.q, deltas[i], honest[i], broken[i]);
        assert_true(honest[i] <= deltas[i]);
        assert_true(broken[i] > deltas[i]);
        /* The audit has teeth: where half a million draws can tell, it finds most of what there is to find. */
        assert_true(deltas[i] < 0.1 || honest[i] > 0.8 * deltas[i]);
    }
}

static void gaussian(void **state) {
    (void)state;
    claims_hold((struct scene){.sigma = 1, .q = 1});
}

static void sampled_gaussian(void **state) {
    (void)state;
    claims_hold((struct scene){.sigma = 0.7, .q = 0.5});
}

static void discrete_gaussian(void **state) {
    (void)state;
    claims_hold((struct scene){.sigma = 1, .q = 1, .discrete = true});
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gaussian),
        cmocka_unit_test(sampled_gaussian),
        cmocka_unit_test(discrete_gaussian),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
