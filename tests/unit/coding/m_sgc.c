/* M-SGC: the golden trace, every job in time over all conforming patterns of small cases and random ones of larger
 * cases, real vectors through its codes, its loads, and how it fails. */
#include "muster/coding/m_sgc.h"

#include "codes.h"
#include "patterns.h"

/* specs/gradient_coding.md, section 2.3: n = 4, B = 1, W = 2, lambda = 2, J = 4. A line per round; per worker the two
 * slots, "-" for idle, "D1.0" for the D1 chunk of job 0, "re.0" for its re-attempt, "D2.0" for its combination. */
static const char *const golden[5][4] = {
    {"D1.0 -", "D1.0 -", "D1.0 -", "D1.0 -"},
    {"D1.1 re.0", "D1.1 D2.0", "D1.1 D2.0", "D1.1 D2.0"},
    {"D1.2 D2.1", "D1.2 re.1", "D1.2 D2.1", "D1.2 D2.1"},
    {"D1.3 D2.2", "D1.3 D2.2", "D1.3 re.2", "D1.3 D2.2"},
    {"- D2.3", "- D2.3", "- D2.3", "- D2.3"},
};
static const uint64_t golden_late[5] = {1, 2, 4, 0, 8};
static const uint64_t golden_decode[5] = {0, 12, 9, 11, 7}; /* workers whose D2 decodes job r - 1 at the end of r */

static void print_task(const struct mu_m_sgc_task *task, char text[16]) {
    if (task->work == MU_M_SGC_IDLE) {
        strcpy(text, "-");
        return;
    }
    snprintf(text, 16, "%s.%lld", task->work == MU_M_SGC_D2 ? "D2" : task->again ? "re" : "D1", (long long)task->job);
}

static void golden_trace(void **state) {
    (void)state;
    const struct mu_m_sgc p = {4, 1, 2, 2, 4};
    struct mu_rounds rounds = {0};
    struct mu_err err = {0};
    assert_int_equal(mu_m_sgc_slots(&p), 2);
    assert_int_equal(mu_m_sgc_delay(&p), 1);
    assert_int_equal(mu_m_sgc_start(&p, &rounds, &err), MU_OK);
    for (int64_t r = 0; r < 5; r++) {
        for (uint32_t i = 0; i < 4; i++) {
            struct mu_m_sgc_task task[2];
            char slot[2][16];
            char text[34];
            mu_m_sgc_tasks(&p, &rounds, r, i, task);
            print_task(&task[0], slot[0]);
            print_task(&task[1], slot[1]);
            snprintf(text, sizeof text, "%s %s", slot[0], slot[1]);
            assert_string_equal(text, golden[r][i]);
        }
        assert_true(mu_m_sgc_accepts(&p, &rounds, &golden_late[r]));
        mu_rounds_push(&rounds, &golden_late[r]);
        if (r > 0) {
            uint64_t from;
            assert_true(mu_m_sgc_decodes(&p, &rounds, r - 1));
            assert_int_equal(mu_m_sgc_d2_arrivals(&p, &rounds, r - 1, 0, &from), mu_bits_count(&golden_decode[r], 1));
            assert_true(from == golden_decode[r]);
        }
        if (r < 4) {
            assert_false(mu_m_sgc_decodes(&p, &rounds, r)); /* not before its delay is over */
        }
    }
    mu_rounds_clear(&rounds);
}

/* Where the D1 chunks of job 0 in the golden trace came from. */
static void golden_arrivals(void **state) {
    (void)state;
    const struct mu_m_sgc p = {4, 1, 2, 2, 4};
    struct mu_rounds rounds = {0};
    struct mu_err err = {0};
    int64_t round;
    uint32_t slot;
    assert_int_equal(mu_m_sgc_start(&p, &rounds, &err), MU_OK);
    mu_rounds_push(&rounds, &golden_late[0]);
    assert_false(mu_m_sgc_d1_arrival(&p, &rounds, 0, 0, 0, &round, &slot));
    mu_rounds_push(&rounds, &golden_late[1]);
    for (uint32_t i = 0; i < 4; i++) {
        assert_true(mu_m_sgc_d1_arrival(&p, &rounds, 0, i, 0, &round, &slot));
        assert_int_equal(round, i == 0 ? 1 : 0);
        assert_int_equal(slot, i == 0 ? 1 : 0);
    }
    mu_rounds_clear(&rounds);
}

struct outcome {
    const struct mu_m_sgc *p;
    uint64_t patterns, decoded, lost, refused;
};

static void run_pattern(void *context, const uint64_t *set, int count) {
    struct outcome *const o = context;
    const struct mu_m_sgc *const p = o->p;
    struct mu_rounds rounds = {0};
    struct mu_err err = {0};
    assert_int_equal(mu_m_sgc_start(p, &rounds, &err), MU_OK);
    for (int r = 0; r < count; r++) {
        o->refused += !mu_m_sgc_accepts(p, &rounds, &set[r]);
        mu_rounds_push(&rounds, &set[r]);
        const int64_t job = r - (int64_t)mu_m_sgc_delay(p);
        if (job >= 0) {
            *(mu_m_sgc_decodes(p, &rounds, job) ? &o->decoded : &o->lost) += 1;
        }
    }
    o->patterns++;
    mu_rounds_clear(&rounds);
}

static void every_job_decodes_over_all_conforming_patterns(void **state) {
    (void)state;
    static const uint32_t cases[][5] = {/* n, B, W, lambda, jobs */
                                        {3, 1, 2, 1, 4}, {3, 1, 2, 2, 4}, {3, 1, 2, 3, 4}, {3, 2, 3, 1, 3},
                                        {3, 2, 3, 2, 3}, {3, 1, 3, 2, 3}, {4, 1, 2, 2, 4}, {3, 2, 4, 2, 2},
                                        {2, 3, 4, 1, 3}, {2, 3, 4, 2, 3}, {2, 2, 3, 2, 3}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const struct mu_m_sgc p = {cases[k][0], cases[k][1], cases[k][2], cases[k][3], cases[k][4]};
        const struct mu_pattern pattern = {MU_PATTERN_BURSTY, p.lambda, p.B, p.W};
        struct outcome o = {.p = &p};
        struct mu_err err = {0};
        assert_int_equal(mu_m_sgc_check(&p, "", &err), MU_OK);
        uint64_t set[MOST_ROUNDS];
        const int count = (int)p.jobs + (int)mu_m_sgc_delay(&p);
        const uint64_t patterns = each_conforming(&pattern, p.n, count, set, 0, run_pattern, &o);
        assert_true(patterns > 20 && o.patterns == patterns);
        assert_int_equal(o.refused, 0);
        assert_int_equal(o.lost, 0);
        assert_int_equal(o.decoded, patterns * (uint64_t)p.jobs);
    }
}

static void dense_stragglers_fail_loudly(void **state) {
    (void)state;
    static const uint32_t cases[][4] = {{3, 1, 2, 1}, {3, 2, 3, 1}, {3, 1, 3, 2},
                                        {4, 1, 2, 2}, {3, 2, 4, 2}, {2, 3, 4, 1}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const struct mu_m_sgc p = {cases[k][0], cases[k][1], cases[k][2], cases[k][3], 4};
        struct outcome o = {.p = &p};
        uint64_t set[MOST_ROUNDS];
        for (int r = 0; r < MOST_ROUNDS; r++) {
            set[r] = (UINT64_C(1) << (p.lambda + 1)) - 1;
        }
        run_pattern(&o, set, (int)p.jobs + (int)mu_m_sgc_delay(&p));
        assert_true(o.refused > 0);
        assert_int_equal(o.decoded, 0);
        assert_int_equal(o.lost, p.jobs);
    }
}

/* (B, W' = W + B - 1, lambda)-arbitrary patterns, too, lose no job (reconstructed claim, see the specification). */
static void random_accepted_patterns_lose_no_job(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 400; seed++) {
        struct mu_rng rng;
        mu_rng_init(&rng, seed, MU_STREAM_STRAGGLER, 0, 0);
        const uint32_t n = 2 + (uint32_t)mu_rng_below(&rng, 80);
        const uint32_t W = 2 + (uint32_t)mu_rng_below(&rng, 3);
        const uint32_t B = 1 + (uint32_t)mu_rng_below(&rng, W - 1);
        const struct mu_m_sgc p = {n, B, W, (uint32_t)mu_rng_below(&rng, n + 1), INT64_MAX};
        const struct mu_pattern pattern = {seed % 2 == 0 ? MU_PATTERN_BURSTY : MU_PATTERN_ARBITRARY, p.lambda, B,
                                           seed % 2 == 0 ? W : W + B - 1};
        struct mu_rounds rounds = {0};
        struct mu_err err = {0};
        assert_int_equal(mu_m_sgc_start(&p, &rounds, &err), MU_OK);
        for (int64_t r = 0; r < 20; r++) {
            uint64_t late[2];
            random_set(&rng, n, 0.3, late);
            RELEASE_UNTIL(mu_pattern_conforms(&pattern, &rounds, late), late, n, &rng)
            mu_rounds_push(&rounds, late);
            const int64_t job = r - (int64_t)mu_m_sgc_delay(&p);
            assert_true(job < 0 || mu_m_sgc_decodes(&p, &rounds, job));
        }
        mu_rounds_clear(&rounds);
    }
}

/* A job's gradient from its parts, as a strategy puts it together: each D1 chunk once, and each group by its code. */
static double decode_job(const struct mu_m_sgc *p, const struct mu_rounds *rounds, int64_t job, struct mu_coding *code,
                         const double *g) {
    double sum = 0;
    for (uint32_t i = 0; i < p->n; i++) {
        for (uint32_t k = 0; k + 1 < p->W; k++) {
            int64_t round;
            uint32_t slot;
            assert_true(mu_m_sgc_d1_arrival(p, rounds, job, i, k, &round, &slot));
            assert_int_equal(round - slot, job);
            assert_false(mu_bits_has(mu_rounds_at(rounds, round), i));
            sum += g[mu_m_sgc_d1_chunk(p, i, k)];
        }
    }
    for (uint32_t j = 0; j < p->B; j++) {
        uint64_t arrived[CODE_WORDS] = {0};
        double a[64];
        struct mu_decoding d;
        struct mu_err err = {0};
        assert_true(mu_m_sgc_d2_arrivals(p, rounds, job, j, arrived) >= p->n - p->lambda);
        assert_int_equal(mu_coding_decode(code, arrived, a, &d, &err), MU_OK);
        assert_true(d.decoded);
        for (uint32_t i = 0; i < p->n; i++) {
            const uint32_t *chunk;
            const double *coefficient;
            const uint32_t held = mu_coding_support(code, i, &chunk, &coefficient);
            double message = 0;
            for (uint32_t k = 0; k < held; k++) {
                message += coefficient[k] * g[mu_m_sgc_d2_chunk(p, j, chunk[k])];
            }
            sum += a[i] * message;
        }
    }
    return sum;
}

static void decoded_sums_are_the_sums_of_all_chunks(void **state) {
    (void)state;
    const struct mu_m_sgc p = {20, 2, 4, 5, INT64_MAX};
    struct mu_coding *code = must_build("{\"kind\": \"cyclic\"}", p.n, p.lambda, 1);
    double g[100];
    double exact = 0;
    double size = 0;
    struct mu_rng rng;
    mu_rng_init(&rng, 4, MU_STREAM_DATA, 0, 0);
    assert_int_equal(mu_m_sgc_chunks(&p), 100);
    for (size_t k = 0; k < 100; k++) {
        g[k] = mu_rng_normal(&rng);
        exact += g[k];
        size += fabs(g[k]);
    }
    struct mu_rounds rounds = {0};
    struct mu_err err = {0};
    assert_int_equal(mu_m_sgc_start(&p, &rounds, &err), MU_OK);
    for (int64_t r = 0; r < 60; r++) {
        uint64_t late;
        random_set(&rng, p.n, 0.25, &late);
        RELEASE_UNTIL(mu_m_sgc_accepts(&p, &rounds, &late), &late, p.n, &rng)
        mu_rounds_push(&rounds, &late);
        const int64_t job = r - (int64_t)mu_m_sgc_delay(&p);
        if (job >= 0) {
            assert_true(fabs(decode_job(&p, &rounds, job, code, g) - exact) < 1e-10 * size);
        }
    }
    mu_rounds_clear(&rounds);
    mu_coding_free(code);
}

/* The load's formula, and that the chunks are the whole batch. */
static void published_parameters(void **state) {
    (void)state;
    const struct mu_m_sgc p = {256, 1, 2, 27, INT64_MAX};
    assert_int_equal(mu_m_sgc_delay(&p), 1);
    assert_int_equal(mu_m_sgc_slots(&p), 2);
    assert_true(fabs(mu_m_sgc_load(&p) - 0.0075431) < 5e-8);
    static const struct mu_m_sgc cases[] = {{256, 1, 2, 27, 1}, {16, 2, 4, 5, 1}, {16, 3, 5, 16, 1}, {16, 3, 5, 15, 1}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const struct mu_m_sgc *c = &cases[k];
        const double batch = c->n * (c->W - 1.0) * mu_m_sgc_d1_size(c) + c->n * (double)c->B * mu_m_sgc_d2_size(c);
        assert_true(fabs(batch - 1) < 1e-14);
        /* Section 2.4: the lower bound is met for lambda = n - 1 and n, and only there. */
        const double bound = (c->W - 1.0 + c->B) / (c->n * (c->W - 1.0) + c->B * (c->n - (double)c->lambda));
        assert_int_equal(fabs(mu_m_sgc_load(c) / bound - 1) < 1e-14, c->lambda + 1 >= c->n);
        assert_true(mu_m_sgc_load(c) > bound * (1 - 1e-14));
    }
}

static void parameters_are_checked(void **state) {
    (void)state;
    static const struct {
        struct mu_m_sgc p;
        const char *text;
    } cases[] = {
        {{8, 3, 3, 3, 9}, "B = 3 must be at least 1 and less than W = 3"},
        {{8, 1, 2, 9, 9}, "9 stragglers of only 8 workers"},
        {{8, 20, 50, 4, 9}, "W - 1 + B = 69 vectors in a message, at most 64"},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct mu_err err = {0};
        assert_int_equal(mu_m_sgc_check(&cases[k].p, "", &err), MU_BAD_CONFIG);
        assert_string_equal(err.text, cases[k].text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_trace),
        cmocka_unit_test(golden_arrivals),
        cmocka_unit_test(every_job_decodes_over_all_conforming_patterns),
        cmocka_unit_test(dense_stragglers_fail_loudly),
        cmocka_unit_test(random_accepted_patterns_lose_no_job),
        cmocka_unit_test(decoded_sums_are_the_sums_of_all_chunks),
        cmocka_unit_test(published_parameters),
        cmocka_unit_test(parameters_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
