/* What a job costs, from the config to nanoseconds. */
#include "scene.h"

enum { SAMPLES = 40000 };

static void without_options_a_job_takes_no_time(void **state) {
    (void)state;
    struct scene s;
    scene_new(&s, "{}", 3);
    const struct mu_job_request request = {2, 5, 1000, 1000, 1000};
    const struct mu_job_time time = mu_world_job(s.world, &request);
    assert_true(time.duration_ns == 0 && !time.lost && !time.offline && !time.straggles);
    assert_true(mu_world_always_available(s.world));
    uint64_t until = 0;
    assert_true(mu_world_available(s.world, 0, 5, &until) && until == MU_NEVER);
    scene_clear(&s);
}

static void a_number_is_every_jobs_duration(void **state) {
    (void)state;
    struct scene s;
    scene_new(&s, "{'duration_s': 0.2}", 3);
    assert_int_equal(scene_ns(&s, 1, 7), 200000000); /* exact, so that windows of 0.2 s hold it */
    scene_clear(&s);
}

/* The duration 5, 3, 2 of the golden vectors in specs/async.md 1.5. */
static void a_list_gives_each_client_its_duration(void **state) {
    (void)state;
    struct scene s;
    scene_new(&s, "{'duration_s': {'kind': 'list', 'values': [5, 3, 2]}}", 3);
    assert_int_equal(scene_ns(&s, 0, 0), 5 * MU_SECOND);
    assert_int_equal(scene_ns(&s, 1, 9), 3 * MU_SECOND);
    assert_int_equal(scene_ns(&s, 2, 1), 2 * MU_SECOND);
    scene_clear(&s);
    scene_new(&s, "{'duration_s': [5, 3, 2]}", 3); /* the same, shorter */
    assert_int_equal(scene_ns(&s, 0, 0), 5 * MU_SECOND);
    assert_int_equal(scene_ns(&s, 2, 1), 2 * MU_SECOND);
    cJSON *echo = mu_group_json(&mu_world_group, &s.config);
    const cJSON *law = cJSON_GetObjectItem(echo, "duration_s");
    assert_string_equal(cJSON_GetObjectItem(law, "kind")->valuestring, "list");
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(law, "values")), 3);
    cJSON_Delete(echo);
    scene_clear(&s);
}

static void the_field_tables_are_sound(void **state) {
    (void)state;
    struct mu_err err = {0};
    mu_group_verify(&mu_world_group, &err);
    support_expect_ok(&err);
}

static void per_client_a_duration_is_drawn_once(void **state) {
    (void)state;
    struct scene s;
    scene_new(&s, "{'duration_s': {'kind': 'exponential', 'mean': 2}, 'duration_per': 'client'}", 50);
    double mean = 0.0;
    for (uint32_t c = 0; c < 50; c++) {
        assert_int_equal(scene_ns(&s, c, 0), scene_ns(&s, c, 77));
        assert_true(c == 0 || scene_ns(&s, c, 0) != scene_ns(&s, c - 1, 0));
        mean += (double)scene_ns(&s, c, 0) * 1e-9 / 50;
    }
    assert_true(fabs(mean - 2.0) < SUPPORT_SCORE_LIMIT * 2.0 / sqrt(50.0));
    assert_true(mean > 1.0);
    scene_clear(&s);
    scene_new(&s, "{'duration_s': {'kind': 'exponential', 'mean': 2}}", 50);
    assert_int_not_equal(scene_ns(&s, 0, 0), scene_ns(&s, 0, 77)); /* the default is per job */
    scene_clear(&s);
}

/* 200 rows x 0.002 s / 0.5 = 0.8 s; 2 x 0.05 s; 1e6 bytes at 20 Mbit/s = 0.4 s; 2.5e5 bytes at 5 Mbit/s = 0.4 s. */
static void compute_and_network_add_up(void **state) {
    (void)state;
    struct scene s;
    scene_new(&s,
              "{'compute': {'seconds_per_sample': 0.002, 'speed': {'kind': 'list', 'values': [1, 0.5]}},"
              " 'network': {'down_mbps': 20, 'up_mbps': 5, 'latency_s': 0.05}}",
              2);
    const struct mu_job_request slow = {1, 0, 200, 1000000, 250000};
    const struct mu_job_request fast = {0, 0, 200, 1000000, 250000};
    assert_int_equal(mu_world_job(s.world, &slow).duration_ns, 1700000000);
    assert_int_equal(mu_world_job(s.world, &fast).duration_ns, 1300000000);
    scene_clear(&s);
    scene_new(&s, "{'network': {'up_mbps': 8}}", 2);
    const struct mu_job_request upload = {1, 0, 200, 123456, 1};
    assert_int_equal(mu_world_job(s.world, &upload).duration_ns, 1000);
    scene_clear(&s);
}

static void a_client_keeps_its_speed(void **state) {
    (void)state;
    struct scene s;
    scene_new(&s,
              "{'compute': {'seconds_per_sample': 1,"
              " 'speed': {'kind': 'choice', 'values': [1, 0.1], 'weights': [0.8, 0.2]}}}",
              2000);
    size_t slow = 0;
    for (uint32_t c = 0; c < 2000; c++) {
        const struct mu_job_request first = {c, 0, 1, 0, 0};
        const struct mu_job_request later = {c, 9, 1, 0, 0};
        const uint64_t ns = mu_world_job(s.world, &first).duration_ns;
        assert_int_equal(ns, mu_world_job(s.world, &later).duration_ns);
        assert_true(ns == MU_SECOND || ns == 10 * MU_SECOND);
        slow += ns != MU_SECOND;
    }
    const double score = ((double)slow - 400.0) / sqrt(2000 * 0.2 * 0.8);
    assert_true(fabs(score) < SUPPORT_SCORE_LIMIT);
    assert_true(fabs(((double)slow - 500.0) / sqrt(2000 * 0.25 * 0.75)) > 2.5);
    scene_clear(&s);
}

static void jitter_multiplies_each_job(void **state) {
    (void)state;
    struct scene s;
    scene_new(&s, "{'duration_s': 10, 'jitter': {'kind': 'uniform', 'low': 0.5, 'high': 1.5}}", 2);
    double mean = 0.0;
    double square = 0.0;
    for (uint32_t i = 0; i < SAMPLES; i++) {
        const double x = (double)scene_ns(&s, 1, i) * 1e-9;
        assert_true(x >= 5.0 && x <= 15.0);
        mean += x / SAMPLES;
        square += (x - 10.0) * (x - 10.0) / SAMPLES;
    }
    const double variance = 100.0 / 12.0;
    assert_true(fabs(mean - 10.0) < SUPPORT_SCORE_LIMIT * sqrt(variance / SAMPLES));
    /* The square of a centred uniform has variance (1/80 - 1/144) in units of the fourth power of its width. */
    assert_true(fabs(square - variance) < SUPPORT_SCORE_LIMIT * 100.0 * sqrt((1.0 / 80 - 1.0 / 144) / SAMPLES));
    assert_true(fabs(square - 1.03 * variance) > SUPPORT_SCORE_LIMIT * 100.0 * sqrt((1.0 / 80 - 1.0 / 144) / SAMPLES));
    scene_clear(&s);
}

/* Two worlds that differ only in the law of durations meet the same stragglers and the same dropout. */
static void laws_do_not_disturb_each_other(void **state) {
    (void)state;
    struct scene a;
    struct scene b;
    scene_new(&a,
              "{'duration_s': {'kind': 'gamma', 'shape': 0.5, 'scale': 1}, 'dropout': 0.3,"
              " 'stragglers': {'kind': 'bernoulli', 'p': 0.4, 'slowdown': 2}}",
              5);
    scene_new(&b, "{'dropout': 0.3, 'stragglers': {'kind': 'bernoulli', 'p': 0.4, 'slowdown': 3}}", 5);
    size_t lost = 0;
    size_t straggles = 0;
    size_t both = 0;
    for (uint32_t i = 0; i < 2000; i++) {
        const struct mu_job_time x = scene_job(&a, i % 5, i / 5);
        const struct mu_job_time y = scene_job(&b, i % 5, i / 5);
        assert_true(x.lost == y.lost && x.straggles == y.straggles && !x.offline);
        lost += x.lost;
        straggles += x.straggles;
        both += x.lost && x.straggles;
    }
    assert_true(fabs(((double)lost - 600.0) / sqrt(2000 * 0.3 * 0.7)) < SUPPORT_SCORE_LIMIT);
    assert_true(fabs(((double)straggles - 800.0) / sqrt(2000 * 0.4 * 0.6)) < SUPPORT_SCORE_LIMIT);
    assert_true(fabs(((double)both - 240.0) / sqrt(2000 * 0.12 * 0.88)) < SUPPORT_SCORE_LIMIT); /* independent */
    scene_clear(&a);
    scene_clear(&b);
}

/* The contract of mu_world_job: a pure function, however often and in whatever order it is asked. */
static void a_job_is_a_pure_function_of_its_request(void **state) {
    (void)state;
    static const char json[] = "{'compute': {'seconds_per_sample': {'kind': 'lognormal', 'mu': 0, 'sigma': 1}},"
                               " 'jitter': {'kind': 'gamma', 'shape': 4, 'scale': 0.25}, 'dropout': 0.2,"
                               " 'availability': {'kind': 'on_off', 'on_s': 30, 'off_s': 10},"
                               " 'stragglers': {'kind': 'gilbert_elliott', 'p': 0.1, 'q': 0.3,"
                               " 'extra_s': {'kind': 'exponential', 'mean': 5}}}";
    enum { CLIENTS = 7, JOBS = 40 };
    struct scene s;
    struct scene again;
    scene_new(&s, json, CLIENTS);
    scene_new(&again, json, CLIENTS);
    struct mu_job_time first[CLIENTS][JOBS];
    size_t lost = 0;
    for (uint32_t c = 0; c < CLIENTS; c++) {
        for (uint32_t j = 0; j < JOBS; j++) {
            const struct mu_job_request r = {c, j, 3, 0, 0};
            first[c][j] = mu_world_job_at(s.world, &r, j * MU_SECOND);
            lost += first[c][j].lost;
        }
    }
    assert_true(lost > 20 && lost < CLIENTS * JOBS - 20);
    for (uint32_t j = JOBS; j-- > 0;) {
        for (uint32_t c = CLIENTS; c-- > 0;) {
            for (int repeat = 0; repeat < 2; repeat++) {
                const struct mu_job_request r = {c, j, 3, 0, 0};
                const struct mu_job_time t = mu_world_job_at(again.world, &r, j * MU_SECOND);
                assert_true(t.duration_ns == first[c][j].duration_ns && t.lost == first[c][j].lost &&
                            t.offline == first[c][j].offline && t.straggles == first[c][j].straggles);
            }
        }
    }
    scene_clear(&s);
    scene_clear(&again);
    /* Control: another seed is another world. */
    struct mu_err err = {0};
    assert_int_equal(scene_try(&again, json, CLIENTS, 8, &err), MU_OK);
    const struct mu_job_request r = {0, 0, 3, 0, 0};
    assert_true(mu_world_job_at(again.world, &r, 0).duration_ns != first[0][0].duration_ns);
    scene_clear(&again);
}

static void dropout_strikes_with_its_probability_per_client(void **state) {
    (void)state;
    struct scene s;
    scene_new(&s, "{'dropout': {'kind': 'linear', 'from': 0, 'to': 1}}", 5);
    const double expected[] = {0.0, 0.25, 0.5, 0.75, 1.0};
    for (uint32_t c = 0; c < 5; c++) {
        double lost = 0.0;
        for (uint32_t i = 0; i < 4000; i++) {
            lost += scene_job(&s, c, i).lost;
        }
        const double p = expected[c];
        assert_true(mu_world_dropout(s.world, c) == p);
        assert_true(fabs(lost - 4000 * p) <= SUPPORT_SCORE_LIMIT * sqrt(4000 * p * (1 - p)));
        assert_true(fabs(lost - 4000 * (p + 0.05)) > 3.5 * sqrt(4000 * (p + 0.05) * fabs(0.95 - p))); /* control */
    }
    scene_clear(&s);
}

static void a_job_is_lost_when_its_client_leaves(void **state) {
    (void)state;
    char dir[256];
    char path[300];
    char json[500];
    support_temp_dir(dir);
    snprintf(path, sizeof path, "%s/active.csv", dir);
    support_write(path, "0,10,20\n", 8);
    snprintf(json, sizeof json, "{'duration_s': 4, 'availability': {'kind': 'trace', 'file': '%s', 'period_s': 100}}",
             path);
    struct scene s;
    scene_new(&s, json, 1);
    const struct mu_job_request r = {0};
    static const struct {
        uint64_t start_s, duration_ns;
        bool lost;
    } cases[] = {
        {10, 4 * MU_SECOND, false},
        {16, 4 * MU_SECOND, false}, /* done at the very moment it leaves */
        {17, 3 * MU_SECOND, true},
        {5, 1, true}, /* dispatched to an absent client */
        {20, 1, true},
        {112, 4 * MU_SECOND, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct mu_job_time t = mu_world_job_at(s.world, &r, cases[i].start_s * MU_SECOND);
        assert_int_equal(t.duration_ns, cases[i].duration_ns);
        assert_true(t.lost == cases[i].lost && t.offline == cases[i].lost);
    }
    scene_clear(&s);
    support_remove_dir(dir);
}

static void durations_are_at_least_1_ns_and_saturate(void **state) {
    (void)state;
    struct scene s;
    scene_new(&s, "{'duration_s': 1e-30}", 1);
    assert_int_equal(scene_ns(&s, 0, 0), 1);
    scene_clear(&s);
    scene_new(&s, "{'duration_s': 1.4e-9}", 1);
    assert_int_equal(scene_ns(&s, 0, 0), 1);
    scene_clear(&s);
    scene_new(&s, "{'duration_s': {'kind': 'lognormal', 'mu': -2000, 'sigma': 1}}", 1); /* draws underflow to 0 */
    assert_int_equal(scene_ns(&s, 0, 0), 1);
    scene_clear(&s);
    scene_new(&s, "{'duration_s': 1e300}", 1);
    assert_true(scene_ns(&s, 0, 0) == MU_NEVER - 1);
    const struct mu_job_request r = {0};
    assert_true(mu_world_job_at(s.world, &r, MU_NEVER - 5).duration_ns == MU_NEVER - 1);
    scene_clear(&s);
    scene_new(&s, "{'duration_s': {'kind': 'pareto', 'scale': 1, 'shape': 0.001}}", 1); /* draws are infinite */
    uint64_t most = 0;
    for (uint32_t i = 0; i < 20; i++) {
        most = scene_ns(&s, 0, i) > most ? scene_ns(&s, 0, i) : most;
    }
    assert_true(most == MU_NEVER - 1);
    scene_clear(&s);
}

static void contradictions_and_impossible_values_are_named(void **state) {
    (void)state;
    scene_expect_error("{'duration_s': 1, 'compute': {'seconds_per_sample': 1}}", 3, "test.json: /world/duration_s",
                       "excludes compute");
    scene_expect_error("{'duration_s': 1, 'network': {'latency_s': 1}}", 3, "test.json: /world/duration_s",
                       "excludes network");
    scene_expect_error("{'compute': {'speed': 2}}", 3, "test.json: /world/compute/speed", "needs seconds_per_sample");
    scene_expect_error("{'duration_per': 'client'}", 3, "test.json: /world/duration_per", "needs duration_s");
    scene_expect_error("{'duration_s': 0}", 3, "test.json: /world/duration_s",
                       "a duration must be positive, but it can be 0");
    scene_expect_error("{'duration_s': -1}", 3, "test.json: /world/duration_s", "but it can be -1");
    scene_expect_error("{'duration_s': {'kind': 'list', 'values': [1, 0, 2]}}", 3, "test.json: /world/duration_s",
                       "but it can be 0");
    scene_expect_error("{'duration_s': [1, 'x', 2]}", 3, "test.json: /world/duration_s/1", "expected a number");
    scene_expect_error("{'duration_s': 'fast'}", 3, "test.json: /world/duration_s",
                       "expected a number, an array or a distribution");
    scene_expect_error("{'duration_s': {'kind': 'list', 'values': [1, 2]}}", 3, "test.json: /world/duration_s",
                       "one value per client: 3, got 2");
    scene_expect_error("{'duration_s': {'kind': 'uniform', 'low': -1, 'high': 2}}", 3, "test.json: /world/duration_s",
                       "but it can be -1");
    scene_expect_error("{'duration_s': {'kind': 'half_normal', 'min': -1, 'sd': 2}, 'duration_per': 'client'}", 3,
                       "test.json: /world/duration_s", "but it can be -1");
    scene_expect_error("{'compute': {'seconds_per_sample': 0}}", 3, "test.json: /world/compute/seconds_per_sample",
                       "must be positive");
    scene_expect_error("{'compute': {'seconds_per_sample': 1, 'speed': 0}}", 3, "test.json: /world/compute/speed",
                       "must be positive");
    scene_expect_error("{'network': {'up_mbps': 0}}", 3, "test.json: /world/network/up_mbps", "must be positive");
    scene_expect_error("{'network': {'latency_s': -0.1}}", 3, "test.json: /world/network/latency_s", "at least 0");
    scene_expect_error("{'jitter': 0}", 3, "test.json: /world/jitter", "must be positive");
    scene_expect_error("{'dropout': 1.5}", 3, "test.json: /world/dropout", "within 0..1");
    scene_expect_error("{'dropout': -0.5}", 3, "test.json: /world/dropout", "within 0..1");
    scene_expect_error("{}", 0, "test.json", "population is empty");
}

/* E[ceil(X / w)] of an exponential is 1 / (1 - exp(-w / mean)): the number of windows is geometric. */
static void expectations_of_durations_and_windows(void **state) {
    (void)state;
    struct scene s;
    const struct mu_job_request r = {.client = 1};
    scene_new(&s, "{'duration_s': {'kind': 'list', 'values': [5, 3, 2]}}", 3);
    assert_true(mu_world_expect(s.world, &r, 2 * MU_SECOND) == 2.0);
    assert_true(mu_world_expect(s.world, &r, 3 * MU_SECOND) == 1.0);
    assert_true(mu_world_expect(s.world, &r, 0) == 3e9);
    scene_clear(&s);
    scene_new(&s, "{'duration_s': {'kind': 'exponential', 'mean': 3}}", 3);
    const double exact = 1.0 / (1.0 - exp(-2.0 / 3.0));
    assert_true(fabs(mu_world_expect(s.world, &r, 2 * MU_SECOND) - exact) < 1e-9);
    assert_true(mu_world_expect(s.world, &r, 0) == 3e9);
    scene_clear(&s);
    /* The same through draws, of which 4096 have a standard error of sqrt(1 - p) / p / 64. */
    scene_new(&s, "{'duration_s': {'kind': 'exponential', 'mean': 3}, 'jitter': {'kind': 'choice', 'values': [1, 1]}}",
              3);
    const double error = sqrt(exp(-2.0 / 3.0)) * exact / 64.0;
    const double drawn = mu_world_expect(s.world, &r, 2 * MU_SECOND);
    assert_true(fabs(drawn - exact) < SUPPORT_SCORE_LIMIT * error);
    assert_true(fabs(drawn - 1.2 * exact) > SUPPORT_SCORE_LIMIT * error);
    assert_true(drawn == mu_world_expect(s.world, &r, 2 * MU_SECOND));
    scene_clear(&s);
    scene_new(&s, "{'duration_s': {'kind': 'pareto', 'scale': 1, 'shape': 1}}", 3);
    assert_true(isinf(mu_world_expect(s.world, &r, 0)) && isinf(mu_world_expect(s.world, &r, 5)));
    scene_clear(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_options_a_job_takes_no_time),
        cmocka_unit_test(a_number_is_every_jobs_duration),
        cmocka_unit_test(a_list_gives_each_client_its_duration),
        cmocka_unit_test(the_field_tables_are_sound),
        cmocka_unit_test(per_client_a_duration_is_drawn_once),
        cmocka_unit_test(compute_and_network_add_up),
        cmocka_unit_test(a_client_keeps_its_speed),
        cmocka_unit_test(jitter_multiplies_each_job),
        cmocka_unit_test(laws_do_not_disturb_each_other),
        cmocka_unit_test(a_job_is_a_pure_function_of_its_request),
        cmocka_unit_test(dropout_strikes_with_its_probability_per_client),
        cmocka_unit_test(a_job_is_lost_when_its_client_leaves),
        cmocka_unit_test(durations_are_at_least_1_ns_and_saturate),
        cmocka_unit_test(contradictions_and_impossible_values_are_named),
        cmocka_unit_test(expectations_of_durations_and_windows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
