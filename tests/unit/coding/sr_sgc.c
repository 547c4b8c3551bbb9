/* SR-SGC: every job in time over all conforming patterns of small cases and random ones of larger cases, its loads, and
 * how it fails. */
#include "muster/coding/sr_sgc.h"

#include "patterns.h"

/* Runs the pattern, which each round must accept unless `forced`. Counts jobs in time and failures; a round's own
 * stragglers are those of the pattern that have something to do. */
struct outcome {
    const struct mu_sr_sgc *p;
    bool forced;
    uint64_t patterns, decoded, failed, refused;
};

static void run_pattern(void *context, const uint64_t *set, int rounds) {
    struct outcome *const o = context;
    const struct mu_sr_sgc *const p = o->p;
    struct mu_sr_sgc_state state = {0};
    struct mu_err err = {0};
    assert_int_equal(mu_sr_sgc_start(p, &state, &err), MU_OK);
    uint64_t decoded = 0;
    for (int r = 0; r < rounds; r++) {
        const uint64_t late = r < p->jobs ? set[r] : set[r] & *mu_sr_sgc_again(&state);
        if (!mu_sr_sgc_accepts(p, &state, &late)) {
            o->refused++;
            if (!o->forced) {
                break;
            }
        }
        const struct mu_sr_sgc_end end = mu_sr_sgc_close(p, &state, &late);
        decoded += end.own;
        decoded += end.previous;
        o->failed += end.failed;
        assert_false(end.own && r >= p->jobs);
        assert_true(!end.own || mu_bits_count(mu_rounds_at(&state.got, r), 1) >= p->n - mu_sr_sgc_s(p));
    }
    o->patterns++;
    o->decoded += decoded;
    mu_sr_sgc_clear(&state);
}

/* The cases of specs/gradient_coding.md, section 2.3. */
static void every_job_decodes_over_all_conforming_patterns(void **state) {
    (void)state;
    static const uint32_t cases[][5] = {/* n, B, W, lambda, jobs */
                                        {3, 1, 2, 1, 5}, {3, 1, 2, 2, 5}, {3, 1, 2, 3, 5},
                                        {3, 1, 3, 2, 5}, {3, 2, 3, 1, 5}, {3, 2, 3, 2, 4},
                                        {4, 1, 2, 2, 4}, {4, 1, 2, 3, 4}, {4, 1, 3, 3, 4}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const struct mu_sr_sgc p = {cases[k][0], cases[k][1], cases[k][2], cases[k][3], cases[k][4]};
        const struct mu_pattern pattern = {MU_PATTERN_BURSTY, p.lambda, p.B, p.W};
        struct outcome o = {.p = &p};
        struct mu_err err = {0};
        assert_int_equal(mu_sr_sgc_check(&p, "", &err), MU_OK);
        uint64_t set[MOST_ROUNDS];
        const uint64_t count = each_conforming(&pattern, p.n, (int)(p.jobs + p.B), set, 0, run_pattern, &o);
        assert_true(count > 20 && o.patterns == count);
        assert_int_equal(o.refused, 0);
        assert_int_equal(o.failed, 0);
        assert_int_equal(o.decoded, count * (uint64_t)p.jobs);
    }
}

/* lambda + 1 workers that straggle in every round, accepted by nobody, lose jobs, and it is said. */
static void dense_stragglers_fail_loudly(void **state) {
    (void)state;
    static const uint32_t cases[][4] = {{3, 1, 2, 1}, {4, 1, 2, 2}, {4, 1, 3, 3}, {3, 2, 3, 1}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const struct mu_sr_sgc p = {cases[k][0], cases[k][1], cases[k][2], cases[k][3], 5};
        struct outcome o = {.p = &p, .forced = true};
        uint64_t set[MOST_ROUNDS];
        for (int r = 0; r < MOST_ROUNDS; r++) {
            set[r] = (UINT64_C(1) << (p.lambda + 1)) - 1;
        }
        run_pattern(&o, set, (int)(p.jobs + p.B));
        assert_true(o.refused > 0);
        assert_true(o.failed > 0);
        assert_true(o.decoded < (uint64_t)p.jobs);
    }
}

/* Random rounds that are closed as soon as they are accepted, the stronger rule included. */
static void random_accepted_patterns_lose_no_job(void **state) {
    (void)state;
    uint64_t harmless = 0;
    for (uint64_t seed = 0; seed < 600; seed++) {
        struct mu_rng rng;
        mu_rng_init(&rng, seed, MU_STREAM_STRAGGLER, 0, 0);
        const uint32_t n = 4 + (uint32_t)mu_rng_below(&rng, 80);
        const uint32_t B = 1 + (uint32_t)mu_rng_below(&rng, 3);
        const uint32_t W = B * (1 + (uint32_t)mu_rng_below(&rng, 3)) + 1;
        const struct mu_sr_sgc p = {n, B, W, (uint32_t)mu_rng_below(&rng, n), 20};
        const struct mu_pattern pattern = {MU_PATTERN_BURSTY, p.lambda, p.B, p.W};
        struct mu_sr_sgc_state s = {0};
        struct mu_err err = {0};
        assert_int_equal(mu_sr_sgc_check(&p, "", &err), MU_OK);
        assert_int_equal(mu_sr_sgc_start(&p, &s, &err), MU_OK);
        uint64_t decoded = 0;
        for (int64_t r = 0; r < p.jobs + p.B; r++) {
            uint64_t late[2];
            random_set(&rng, n, 0.3, late);
            for (size_t k = 0; k < 2 && r >= p.jobs && k < mu_bits_words(n); k++) {
                late[k] &= mu_sr_sgc_again(&s)[k];
            }
            RELEASE_UNTIL(mu_sr_sgc_accepts(&p, &s, late), late, n, &rng)
            harmless += !mu_pattern_conforms(&pattern, &s.stragglers, late);
            const struct mu_sr_sgc_end end = mu_sr_sgc_close(&p, &s, late);
            assert_false(end.failed);
            decoded += end.own;
            decoded += end.previous;
        }
        assert_int_equal(decoded, p.jobs);
        mu_sr_sgc_clear(&s);
    }
    assert_true(harmless > 0); /* rounds that only the stronger rule accepts do occur */
}

/* n = 4, B = 1, W = 2, lambda = 2, so s = 1. Round 0 loses 0 and 1: one more result is needed, and 0 is the first
 * without it, so in round 1 it works on job 0 again, and only the others on job 1. */
static void just_enough_work_is_repeated(void **state) {
    (void)state;
    const struct mu_sr_sgc p = {4, 1, 2, 2, INT64_MAX};
    struct mu_sr_sgc_state s = {0};
    struct mu_err err = {0};
    assert_int_equal(mu_sr_sgc_start(&p, &s, &err), MU_OK);
    assert_int_equal(mu_sr_sgc_s(&p), 1);
    assert_int_equal(*mu_sr_sgc_again(&s), 0);
    uint64_t late = 3;
    assert_true(mu_sr_sgc_accepts(&p, &s, &late));
    struct mu_sr_sgc_end end = mu_sr_sgc_close(&p, &s, &late);
    assert_false(end.own || end.previous || end.failed);
    assert_int_equal(*mu_sr_sgc_again(&s), 1);
    late = 1; /* worker 0 again: not for B = 1 */
    assert_false(mu_sr_sgc_accepts(&p, &s, &late));
    late = 0;
    assert_true(mu_sr_sgc_accepts(&p, &s, &late));
    end = mu_sr_sgc_close(&p, &s, &late);
    assert_true(end.own && end.previous);
    assert_int_equal(*mu_rounds_at(&s.got, 0), 13); /* 2 and 3 in round 0, 0 in round 1 */
    assert_int_equal(*mu_rounds_at(&s.got, 1), 14);
    assert_int_equal(*mu_rounds_at(&s.again, 1), 1);
    assert_int_equal(*mu_sr_sgc_again(&s), 0);
    mu_sr_sgc_clear(&s);
}

/* specs/gradient_coding.md, section 5. */
static void published_parameters(void **state) {
    (void)state;
    const struct mu_sr_sgc p = {256, 2, 3, 23, INT64_MAX};
    assert_int_equal(mu_sr_sgc_s(&p), 12);
    assert_int_equal(mu_sr_sgc_delay(&p), 2);
    assert_true(fabs(mu_sr_sgc_load(&p) - 0.0507813) < 5.1e-8); /* seven decimals */
}

static void parameters_are_checked(void **state) {
    (void)state;
    static const struct {
        struct mu_sr_sgc p;
        const char *text;
    } cases[] = {
        {{8, 2, 4, 3, 9}, "sr_sgc needs B to divide W - 1: 2 does not divide 3"},
        {{8, 3, 3, 3, 9}, "B = 3 must be at least 1 and less than W = 3"},
        {{8, 1, 2, 9, 9}, "9 stragglers of only 8 workers"},
        {{1, 1, 2, 1, 9}, "s = 1 stragglers of 1 workers a round"},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct mu_err err = {0};
        assert_int_equal(mu_sr_sgc_check(&cases[k].p, "", &err), MU_BAD_CONFIG);
        assert_string_equal(err.text, cases[k].text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_job_decodes_over_all_conforming_patterns),
        cmocka_unit_test(dense_stragglers_fail_loudly),
        cmocka_unit_test(random_accepted_patterns_lose_no_job),
        cmocka_unit_test(just_enough_work_is_repeated),
        cmocka_unit_test(published_parameters),
        cmocka_unit_test(parameters_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
