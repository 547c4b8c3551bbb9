/* Choosing parameters: totals by hand, the argmin against trying everything, and what a probe must be. */
#include "muster/coding/select.h"

#include "support.h"

#include "muster/base/mem.h"
#include "muster/base/rng.h"

enum { N = 3, ROUNDS = 4 };
/* Worker 2 straggles in round 0, worker 0 in round 2. */
static const double hand[ROUNDS][N] = {{1, 1, 9}, {1, 2, 1}, {7, 1, 1}, {1, 1, 1}};
static const struct mu_select_options hand_options = {{1, MU_WAIT_OUT_ALL}, ROUNDS, 3, 8, false};

static struct mu_estimate estimate(const struct mu_profile *p, const struct mu_select_options *o,
                                   struct mu_candidate c) {
    struct mu_estimate e;
    struct mu_err err = {0};
    assert_int_equal(mu_select_estimate(p, o, &c, INFINITY, &e, &err), MU_OK);
    return e;
}

/* The probe at load 1/3, with alpha = 3 s. */
static struct mu_profile hand_profile(void) {
    struct mu_profile p;
    struct mu_err err = {0};
    assert_int_equal(mu_profile_init(&p, N, ROUNDS, hand[0], 1.0 / 3, 3, &err), MU_OK);
    return p;
}

static void totals_by_hand(void **state) {
    (void)state;
    struct mu_profile p = hand_profile();
    static const struct {
        struct mu_candidate candidate;
        double load, total_s;
        uint64_t rounds, waited;
    } cases[] = {
        {{MU_SCHEME_UNCODED, 0, 0, 0, 0}, 1.0 / 3, 9 + 2 + 7 + 1, 4, 2},
        /* Load 2/3: all take 1 s longer, deadlines are at 4 s; in rounds 1 and 3 nobody is late. */
        {{MU_SCHEME_GC, 1, 0, 0, 0}, 2.0 / 3, 4 + 3 + 4 + 2, 4, 0},
        {{MU_SCHEME_GC, 2, 0, 0, 0}, 1, 6 + 4 + 6 + 3, 4, 0},
        /* s = 1 too; the round after the last job has nothing to do. */
        {{MU_SCHEME_SR_SGC, 0, 1, 2, 2}, 2.0 / 3, 4 + 3 + 4 + 2, 5, 0},
        /* Load 4/9: 1/3 s longer, deadlines at 8/3 s; a fifth round, which is round 0 of the probe again. */
        {{MU_SCHEME_M_SGC, 0, 1, 2, 1}, 4.0 / 9, 35.0 / 3, 5, 0},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const struct mu_estimate e = estimate(&p, &hand_options, cases[k].candidate);
        assert_true(fabs(e.load - cases[k].load) < 1e-15);
        assert_true(fabs(e.total_s - cases[k].total_s) < 1e-12);
        assert_int_equal(e.rounds, cases[k].rounds);
        assert_int_equal(e.waited, cases[k].waited);
    }
    mu_profile_clear(&p);
}

static void further_vectors_take_time(void **state) {
    (void)state;
    struct mu_profile p = hand_profile();
    const struct mu_candidate m = {MU_SCHEME_M_SGC, 0, 1, 2, 1};
    p.vector_s = 0.5; /* fastest 11/6 s, deadlines at 11/3 s */
    assert_true(fabs(estimate(&p, &hand_options, m).total_s - (11 + 11.0 / 6 + 17.0 / 6)) < 1e-12);
    mu_profile_clear(&p);
}

/* Two workers are late in round 0, more than s = 1: accepted, since (1, 2, 2) may; worker 0 makes up for it in round 1,
 * where it is late again, which B = 1 does not allow. */
static void repeated_work_is_waited_for(void **state) {
    (void)state;
    static const double times[2][N] = {{9, 9, 1}, {5, 1, 1}};
    struct mu_profile p;
    struct mu_err err = {0};
    assert_int_equal(mu_profile_init(&p, N, 2, times[0], 0, 0, &err), MU_OK);
    const struct mu_select_options o = {{1, MU_WAIT_OUT_ALL}, 2, 3, 8, false};
    const struct mu_estimate e = estimate(&p, &o, (struct mu_candidate){MU_SCHEME_SR_SGC, 0, 1, 2, 2});
    /* After round 1 job 1 has results of 1 and 2: done, so that the last round takes no time. */
    assert_true(fabs(e.total_s - (2 + 5)) < 1e-12);
    assert_int_equal(e.waited, 1);
    mu_profile_clear(&p);
}

/* n = 4, s = 1 in groups {0, 1}, {2, 3}: losing 0 and 2 is no reason to wait, losing 0 and 1 is. */
static void groups_survive_more_than_s(void **state) {
    (void)state;
    static const double times[2][4] = {{9, 1, 9, 1}, {9, 9, 1, 1}};
    struct mu_profile p;
    struct mu_err err = {0};
    assert_int_equal(mu_profile_init(&p, 4, 2, times[0], 0, 0, &err), MU_OK);
    struct mu_select_options o = {{1, MU_WAIT_OUT_MINIMAL}, 2, 3, 8, true};
    const struct mu_candidate c = {MU_SCHEME_GC, 1, 0, 0, 0};
    assert_true(estimate(&p, &o, c).total_s == 2 + 9);
    o.groups = false;
    assert_true(estimate(&p, &o, c).total_s == 9 + 9);
    mu_profile_clear(&p);
}

/* Exponential tails over n workers, the same for every candidate. */
static double *random_times(uint32_t n, uint32_t rounds) {
    struct mu_err err = {0};
    struct mu_rng rng;
    mu_rng_init(&rng, 6, MU_STREAM_DELAY, 0, 0);
    double *times = mu_alloc((size_t)n * rounds, sizeof *times, &err);
    for (size_t k = 0; k < (size_t)n * rounds; k++) {
        times[k] =
            0.6 + 0.1 * mu_rng_exponential(&rng) + (mu_rng_uniform(&rng) < 0.05 ? 2 * mu_rng_exponential(&rng) : 0);
    }
    return times;
}

/* The best of each scheme is the least of its grid, tried one by one without a limit. */
static void best_is_the_least_of_the_grid(void **state) {
    (void)state;
    enum { WORKERS = 12, PROBE = 30 };
    double *times = random_times(WORKERS, PROBE);
    struct mu_profile p;
    struct mu_err err = {0};
    assert_int_equal(mu_profile_init(&p, WORKERS, PROBE, times, 0, 2.2, &err), MU_OK);
    const struct mu_select_options o = {{1, MU_WAIT_OUT_MINIMAL}, 25, 3, 7, false};
    double least[MU_SCHEMES] = {INFINITY, INFINITY, INFINITY, INFINITY};
    least[MU_SCHEME_UNCODED] = estimate(&p, &o, (struct mu_candidate){MU_SCHEME_UNCODED, 0, 0, 0, 0}).total_s;
    for (uint32_t s = 0; s < WORKERS; s++) {
        least[MU_SCHEME_GC] =
            fmin(least[MU_SCHEME_GC], estimate(&p, &o, (struct mu_candidate){MU_SCHEME_GC, s, 0, 0, 0}).total_s);
    }
    for (uint32_t lambda = 1; lambda <= WORKERS; lambda++) {
        for (uint32_t W = 2; W <= 7; W++) {
            for (uint32_t B = 1; B < W; B++) {
                const struct mu_candidate sr = {MU_SCHEME_SR_SGC, 0, B, W, lambda};
                const struct mu_candidate m = {MU_SCHEME_M_SGC, 0, B, W, lambda};
                if (B <= 3 && (W - 1) % B == 0) {
                    least[MU_SCHEME_SR_SGC] = fmin(least[MU_SCHEME_SR_SGC], estimate(&p, &o, sr).total_s);
                }
                if (W - 2 + B <= 3) {
                    least[MU_SCHEME_M_SGC] = fmin(least[MU_SCHEME_M_SGC], estimate(&p, &o, m).total_s);
                }
            }
        }
    }
    for (int scheme = 0; scheme < MU_SCHEMES; scheme++) {
        struct mu_estimate best;
        assert_int_equal(mu_select_best(&p, &o, (enum mu_scheme)scheme, &best, &err), MU_OK);
        assert_true(best.total_s == least[scheme]);
        assert_true(estimate(&p, &o, best.candidate).total_s == best.total_s);
        assert_true(scheme == MU_SCHEME_UNCODED || best.total_s < least[MU_SCHEME_UNCODED]);
    }
    mu_profile_clear(&p);
    mu_free(times);
}

static void one_model_has_no_sequential_scheme(void **state) {
    (void)state;
    struct mu_profile p = hand_profile();
    struct mu_select_options o = hand_options;
    o.most_delay = 0;
    struct mu_estimate best;
    struct mu_err err = {0};
    for (int scheme = MU_SCHEME_SR_SGC; scheme <= MU_SCHEME_M_SGC; scheme++) {
        assert_int_equal(mu_select_best(&p, &o, (enum mu_scheme)scheme, &best, &err), MU_OK);
        assert_true(isinf(best.total_s));
    }
    mu_profile_clear(&p);
}

static void the_slope_is_that_of_least_squares(void **state) {
    (void)state;
    const double load[] = {0, 0, 1, 1};
    const double time_s[] = {1, 3, 4, 5};
    assert_true(fabs(mu_profile_slope(4, load, time_s) - 2.5) < 1e-15);
    assert_true(isnan(mu_profile_slope(2, load, time_s)));
}

static void a_probe_has_times(void **state) {
    (void)state;
    static const double bad[2][2] = {{1, -1}, {NAN, 1}};
    struct mu_profile p;
    for (size_t k = 0; k < 2; k++) {
        struct mu_err err = {0};
        assert_int_equal(mu_profile_init(&p, 2, 1, bad[k], 0, 1, &err), MU_BAD_CONFIG);
        assert_non_null(strstr(err.text, "the probe's time of worker"));
        assert_null(p.order);
    }
    struct mu_err err = {0};
    assert_int_equal(mu_profile_init(&p, 0, 1, bad[0], 0, 1, &err), MU_BAD_CONFIG);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(totals_by_hand),
        cmocka_unit_test(further_vectors_take_time),
        cmocka_unit_test(repeated_work_is_waited_for),
        cmocka_unit_test(groups_survive_more_than_s),
        cmocka_unit_test(best_is_the_least_of_the_grid),
        cmocka_unit_test(one_model_has_no_sequential_scheme),
        cmocka_unit_test(the_slope_is_that_of_least_squares),
        cmocka_unit_test(a_probe_has_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
