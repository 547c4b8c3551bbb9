/* Straggler models through the world: which jobs straggle, and what it costs them. Error rates are 1e-6 a check. */
#include "scene.h"

enum { JOBS = 20000 };

static double share_straggling(const struct scene *s, uint32_t client) {
    double n = 0;
    for (uint32_t i = 0; i < JOBS; i++) {
        n += scene_job(s, client, i).straggles;
    }
    return n / JOBS;
}

static void bernoulli_strikes_each_job_by_itself(void **state) {
    (void)state;
    struct scene s;
    scene_new(&s, "{'duration_s': 1, 'stragglers': {'kind': 'bernoulli', 'p': 0.2, 'slowdown': 10}}", 3);
    const double share = share_straggling(&s, 1);
    const double error = sqrt(0.2 * 0.8 / JOBS);
    assert_true(fabs(share - 0.2) < SUPPORT_SCORE_LIMIT * error && fabs(share - 0.22) > SUPPORT_SCORE_LIMIT * error);
    double pairs = 0;
    for (uint32_t i = 0; i < JOBS; i++) {
        pairs += scene_job(&s, 1, i).straggles && scene_job(&s, 1, i + 1).straggles;
        assert_int_equal(scene_ns(&s, 1, i), (scene_job(&s, 1, i).straggles ? 10 : 1) * MU_SECOND);
    }
    /* Overlapping pairs: variance p^2 (1 - p^2) + 2 p^3 (1 - p) a job. */
    const double variance = 0.04 * 0.96 + 2 * 0.008 * 0.8;
    assert_true(fabs(pairs - 0.04 * JOBS) < SUPPORT_SCORE_LIMIT * sqrt(JOBS * variance));
    scene_clear(&s);
}

static void gilbert_elliott_makes_bursts_of_mean_length_1_over_q(void **state) {
    (void)state;
    struct scene s;
    scene_new(&s,
              "{'duration_s': 0.6, 'stragglers': {'kind': 'gilbert_elliott', 'p': 0.05, 'q': 0.25, 'extra_s':"
              " {'kind': 'exponential', 'mean': 1.5}}}",
              3);
    double bursts = 0;
    double bad = 0;
    double extra = 0;
    for (uint32_t i = 0; i < JOBS; i++) {
        const struct mu_job_time t = scene_job(&s, 2, i);
        bursts += t.straggles && (i == 0 || !scene_job(&s, 2, i - 1).straggles);
        bad += t.straggles;
        extra += (double)t.duration_ns * 1e-9 - 0.6;
        assert_true(t.straggles ? t.duration_ns > 600000000 : t.duration_ns == 600000000);
    }
    /* A burst's length is geometric with mean 4 and variance (1 - q) / q^2 = 12. */
    const double error = sqrt(12 / bursts);
    assert_true(fabs(bad / bursts - 4) < SUPPORT_SCORE_LIMIT * error);
    assert_true(fabs(bad / bursts - 6) > SUPPORT_SCORE_LIMIT * error);
    assert_true(fabs(extra / bad - 1.5) < SUPPORT_SCORE_LIMIT * 1.5 / sqrt(bad));
    assert_true(fabs(extra / bad - 1.7) > SUPPORT_SCORE_LIMIT * 1.5 / sqrt(bad));
    scene_clear(&s);
}

static void a_fixed_set_always_straggles(void **state) {
    (void)state;
    struct scene s;
    scene_new(&s, "{'duration_s': 2, 'stragglers': {'kind': 'fixed', 'clients': [0, 3], 'slowdown': 3, 'extra_s': 1}}",
              4);
    for (uint32_t i = 0; i < 10; i++) {
        assert_int_equal(scene_ns(&s, 0, i), 7 * MU_SECOND); /* slowed down first, then delayed */
        assert_int_equal(scene_ns(&s, 1, i), 2 * MU_SECOND);
        assert_int_equal(scene_ns(&s, 3, i), 7 * MU_SECOND);
    }
    scene_clear(&s);
}

static void a_fixed_share_has_its_exact_size_and_depends_on_the_seed(void **state) {
    (void)state;
    static const char json[] = "{'duration_s': 1, 'stragglers': {'kind': 'fixed', 'fraction': 0.2, 'slowdown': 10}}";
    struct scene a;
    struct scene b;
    struct mu_err err = {0};
    scene_new(&a, json, 100);
    assert_int_equal(scene_try(&b, json, 100, 8, &err), MU_OK);
    size_t n[2] = {0, 0};
    size_t common = 0;
    for (uint32_t c = 0; c < 100; c++) {
        n[0] += scene_job(&a, c, 5).straggles;
        n[1] += scene_job(&b, c, 5).straggles;
        common += scene_job(&a, c, 0).straggles && scene_job(&b, c, 0).straggles;
    }
    assert_true(n[0] == 20 && n[1] == 20 && common < 12); /* 4 on average */
    scene_clear(&a);
    scene_clear(&b);
}

static void racks_straggle_together_and_apart_from_each_other(void **state) {
    (void)state;
    struct scene s;
    scene_new(&s, "{'duration_s': 1, 'stragglers': {'kind': 'rack', 'rack_size': 4, 'p': 0.3, 'slowdown': 5}}", 10);
    double first = 0;
    double both = 0;
    double runs = 0;
    for (uint32_t i = 0; i < JOBS; i++) {
        const bool a = scene_job(&s, 0, i).straggles;
        const bool b = scene_job(&s, 4, i).straggles;
        assert_true(scene_job(&s, 3, i).straggles == a && scene_job(&s, 7, i).straggles == b);
        assert_true(scene_job(&s, 9, i).straggles == scene_job(&s, 8, i).straggles); /* the last rack is smaller */
        first += a;
        both += a && b;
        runs += a && scene_job(&s, 0, i + 1).straggles;
    }
    assert_true(fabs(first - 0.3 * JOBS) < SUPPORT_SCORE_LIMIT * sqrt(JOBS * 0.3 * 0.7));
    assert_true(fabs(first - 0.33 * JOBS) > SUPPORT_SCORE_LIMIT * sqrt(JOBS * 0.3 * 0.7));
    assert_true(fabs(both - 0.09 * JOBS) < SUPPORT_SCORE_LIMIT * sqrt(JOBS * 0.09 * 0.91));
    const double variance = 0.09 * 0.91 + 2 * 0.027 * 0.7;
    assert_true(fabs(runs - 0.09 * JOBS) < SUPPORT_SCORE_LIMIT * sqrt(JOBS * variance));
    scene_clear(&s);
    scene_new(
        &s, "{'duration_s': 1, 'stragglers': {'kind': 'rack', 'rack_size': 4, 'p': 0.1, 'q': 0.1, 'slowdown': 5}}", 10);
    runs = first = 0;
    for (uint32_t i = 0; i < JOBS; i++) {
        first += scene_job(&s, 0, i).straggles;
        runs += scene_job(&s, 0, i).straggles && scene_job(&s, 0, i + 1).straggles;
    }
    assert_true(fabs(runs / first - 0.9) < SUPPORT_SCORE_LIMIT * sqrt(0.09 / first)); /* with q: bursts */
    scene_clear(&s);
}

static char dir[256];
static char path[300];

/* A scene whose straggler trace is `text`. */
static int scene_trace(struct scene *s, const char *options, const char *text, uint32_t clients, struct mu_err *err) {
    support_write(path, text, strlen(text));
    char json[1000];
    snprintf(json, sizeof json, "{'duration_s': 2, 'stragglers': {'kind': 'trace', 'file': '%s'%s}}", path, options);
    return scene_try(s, json, clients, 7, err);
}

static void a_trace_is_replayed_by_client_and_round(void **state) {
    (void)state;
    static const struct {
        const char *options, *text;
        double second_s[6]; /* of client 1, rounds 0 to 5; 3 columns repeat */
    } cases[] = {
        {", 'slowdown': 2", "0,0,0\n0,1,1\n", {2, 4, 4, 2, 4, 4}},
        {", 'values': 'extra_s'", "0 0 0\n0 0.5 1\n", {2, 2.5, 3, 2, 2.5, 3}},
        {", 'values': 'slowdown'", "1 1 1\n3 0.5 1\n9 9 9\n", {6, 1, 2, 6, 1, 2}},
        {", 'values': 'duration_s'", "# seconds\n1;1;1\n7;8;9\n", {7, 8, 9, 7, 8, 9}},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct scene s;
        struct mu_err err = {0};
        scene_trace(&s, cases[k].options, cases[k].text, 2, &err);
        support_expect_ok(&err);
        for (uint32_t i = 0; i < 6; i++) {
            assert_int_equal(scene_ns(&s, 1, i), llround(cases[k].second_s[i] * 1e9));
            assert_true(scene_job(&s, 1, i).straggles == (k < 3 && cases[k].second_s[i] > 2));
        }
        scene_clear(&s);
    }
}

static void bad_traces_are_named_by_line(void **state) {
    (void)state;
    static const struct {
        const char *options, *text, *place, *words;
    } cases[] = {
        {", 'slowdown': 2", "0,1\n0,1,1\n", "pattern.csv:2", "expected 2 numbers in a row, got 3"},
        {", 'slowdown': 2", "0,1\n\n0,2\n", "pattern.csv:3", "straggles must be 0 or 1, got 2 in column 2"},
        {", 'slowdown': 2", "0,1\n0,x\n", "pattern.csv:2", "expected a finite number, got \"x\""},
        {", 'values': 'extra_s'", "0,1\n0,-1\n", "pattern.csv:2", "at least 0"},
        {", 'values': 'duration_s'", "1,1\n0,1\n", "pattern.csv:2", "duration_s must be positive, got 0 in column 1"},
        {", 'slowdown': 2", "0,1\n", "test.json: /world/stragglers/file", "expected one row per client: 2, got 1"},
        {", 'slowdown': 2", "# nothing\n", "pattern.csv", "no numbers"},
        {"", "0,1\n0,1\n", "test.json: /world/stragglers", "needs extra_s or slowdown"},
        {", 'values': 'extra_s', 'slowdown': 2", "0\n0\n", "test.json: /world/stragglers", "apply to"},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct scene s;
        struct mu_err err = {0};
        scene_trace(&s, cases[k].options, cases[k].text, 2, &err);
        support_expect_error(&err, MU_BAD_CONFIG, cases[k].place, cases[k].words);
        scene_clear(&s);
    }
}

static void wrong_options_are_named(void **state) {
    (void)state;
    scene_expect_error("{'stragglers': {'kind': 'bernoulli', 'p': 0.1}}", 3, "test.json: /world/stragglers",
                       "needs extra_s or slowdown");
    scene_expect_error("{'stragglers': {'kind': 'bernoulli', 'p': 1.1, 'slowdown': 2}}", 3,
                       "test.json: /world/stragglers/p", "0..1");
    scene_expect_error("{'stragglers': {'kind': 'bernoulli', 'p': 0.1, 'slowdown': 0}}", 3,
                       "test.json: /world/stragglers/slowdown", "a slowdown must be positive");
    scene_expect_error("{'stragglers': {'kind': 'bernoulli', 'p': 0.1, 'extra_s': -1}}", 3,
                       "test.json: /world/stragglers/extra_s", "at least 0");
    scene_expect_error("{'stragglers': {'kind': 'fixed', 'clients': [3], 'slowdown': 2}}", 3,
                       "test.json: /world/stragglers/clients", "expected clients within 0..2, got 3");
    scene_expect_error("{'stragglers': {'kind': 'fixed', 'slowdown': 2}}", 3, "test.json: /world/stragglers",
                       "either clients or fraction");
    scene_expect_error("{'stragglers': {'kind': 'fixed', 'clients': [1], 'fraction': 0.5, 'slowdown': 2}}", 3,
                       "test.json: /world/stragglers", "either clients or fraction");
    scene_expect_error("{'stragglers': {'kind': 'trace', 'file': '/nonexistent/x', 'slowdown': 2}}", 3,
                       "test.json: /world/stragglers/file", "cannot read /nonexistent/x");
}

/* The contract of every row: the answer depends on nothing but the key. Each kind needs a line here. */
static void every_model_answers_in_any_order(void **state) {
    (void)state;
    char trace[500];
    const char pattern[] = "0,1,1,0,1\n1,1,0,0,0\n0,0,0,0,1\n1,0,1,0,1\n";
    support_write(path, pattern, sizeof pattern - 1);
    snprintf(trace, sizeof trace, "'trace', 'slowdown': 2, 'file': '%s'", path);
    const char *const options[] = {
        "'none'",
        "'bernoulli', 'p': 0.5, 'slowdown': 2",
        "'gilbert_elliott', 'p': 0.05, 'q': 0.05, 'slowdown': 2",
        "'fixed', 'fraction': 0.5, 'slowdown': 2",
        "'rack', 'rack_size': 2, 'p': 0.4, 'slowdown': 2",
        trace,
    };
    enum { CLIENTS = 4, ROUNDS = 200 };
    bool tested[64] = {false};
    for (size_t k = 0; k < sizeof options / sizeof *options; k++) {
        char json[800];
        snprintf(json, sizeof json, "{'duration_s': 1, 'stragglers': {'kind': %s}}", options[k]);
        struct scene s;
        scene_new(&s, json, CLIENTS);
        for (size_t r = 0; r < mu_stragglers.n; r++) {
            tested[r] = tested[r] || mu_stragglers.rows[r] == s.config.stragglers.kind;
        }
        uint64_t first[CLIENTS][ROUNDS];
        size_t slow = 0;
        for (uint32_t i = 0; i < CLIENTS * ROUNDS; i++) {
            first[i % CLIENTS][i / CLIENTS] = scene_ns(&s, i % CLIENTS, i / CLIENTS);
            slow += first[i % CLIENTS][i / CLIENTS] == 2 * MU_SECOND;
        }
        assert_true(k == 0 ? slow == 0 : slow > 80 && slow < 720);
        for (uint32_t i = CLIENTS * ROUNDS; i-- > 0;) {
            assert_true(scene_ns(&s, i / ROUNDS, i % ROUNDS) == first[i / ROUNDS][i % ROUNDS]);
        }
        scene_clear(&s);
    }
    for (size_t r = 0; r < mu_stragglers.n; r++) {
        if (!tested[r]) {
            fail_msg("the straggler model %s has no line in this test", mu_stragglers.rows[r]->name);
        }
    }
}

int main(void) {
    support_temp_dir(dir);
    snprintf(path, sizeof path, "%s/pattern.csv", dir);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bernoulli_strikes_each_job_by_itself),
        cmocka_unit_test(gilbert_elliott_makes_bursts_of_mean_length_1_over_q),
        cmocka_unit_test(a_fixed_set_always_straggles),
        cmocka_unit_test(a_fixed_share_has_its_exact_size_and_depends_on_the_seed),
        cmocka_unit_test(racks_straggle_together_and_apart_from_each_other),
        cmocka_unit_test(a_trace_is_replayed_by_client_and_round),
        cmocka_unit_test(bad_traces_are_named_by_line),
        cmocka_unit_test(wrong_options_are_named),
        cmocka_unit_test(every_model_answers_in_any_order),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    support_remove_dir(dir);
    return failed;
}
