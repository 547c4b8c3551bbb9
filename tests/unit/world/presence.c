/* When clients can be reached. Error rates are 1e-6 a check, seeds are fixed. */
#include "scene.h"

static char dir[256];
static char path[300];

static bool at(const struct scene *s, uint32_t client, uint64_t t, uint64_t *until) {
    return mu_world_available(s->world, client, t, until);
}

/* Up to `most` completed periods of one kind, in seconds, from time 0 on. */
static size_t collect_periods(const struct scene *s, uint32_t client, bool available, double *period, size_t most) {
    uint64_t t = 0;
    uint64_t until = 0;
    bool now = at(s, client, 0, &until);
    size_t n = 0;
    for (bool first = true; n < most && until != MU_NEVER; first = false) {
        if (now == available && !first) { /* the first began before the run */
            period[n++] = (double)(until - t) * 1e-9;
        }
        t = until;
        const bool next = at(s, client, t, &until);
        assert_true(next != now);
        now = next;
    }
    return n;
}

static double exponential_cdf(double x, const double *mean) {
    return -expm1(-x / *mean);
}

static void on_off_periods_are_exponential(void **state) {
    (void)state;
    enum { PERIODS = 10000 };
    struct scene s;
    scene_new(&s, "{'availability': {'kind': 'on_off', 'on_s': 30, 'off_s': 300}}", 2);
    static double period[PERIODS];
    for (int on = 0; on < 2; on++) {
        const double mean = on ? 30 : 300;
        const double off = 1.1 * mean;
        assert_int_equal(collect_periods(&s, 1, on, period, PERIODS), PERIODS);
        double correlation = 0;
        for (size_t i = 0; i + 1 < PERIODS; i++) {
            correlation += (period[i] / mean - 1) * (period[i + 1] / mean - 1) / PERIODS;
        }
        assert_true(fabs(correlation) < SUPPORT_SCORE_LIMIT / sqrt(PERIODS));
        assert_true(support_ks(PERIODS, period, exponential_cdf, &mean) < SUPPORT_KS_LIMIT);
        assert_true(support_ks(PERIODS, period, exponential_cdf, &off) > SUPPORT_KS_LIMIT);
    }
    scene_clear(&s);
}

/* At any time the share of available clients is on / (on + off), and what is left of a period is exponential. */
static void on_off_is_in_equilibrium_from_the_start(void **state) {
    (void)state;
    enum { CLIENTS = 8000 };
    struct scene s;
    scene_new(&s, "{'availability': {'kind': 'on_off', 'on_s': 100, 'off_s': 300}}", CLIENTS);
    const uint64_t times[] = {0, 1, 50 * MU_SECOND, 1000000 * MU_SECOND};
    static double left[CLIENTS];
    for (size_t k = 0; k < sizeof times / sizeof *times; k++) {
        size_t n = 0;
        for (uint32_t c = 0; c < CLIENTS; c++) {
            uint64_t until = 0;
            if (at(&s, c, times[k], &until)) {
                left[n++] = (double)(until - times[k]) * 1e-9;
            }
        }
        const double error = sqrt(CLIENTS * 0.25 * 0.75);
        assert_true(fabs((double)n - 0.25 * CLIENTS) < SUPPORT_SCORE_LIMIT * error);
        assert_true(fabs((double)n - 0.30 * CLIENTS) > SUPPORT_SCORE_LIMIT * error);
        const double mean = 100;
        const double off = 120;
        assert_true(support_ks(n, left, exponential_cdf, &mean) < SUPPORT_KS_LIMIT);
        assert_true(support_ks(n, left, exponential_cdf, &off) > SUPPORT_KS_LIMIT);
    }
    scene_clear(&s);
}

/* Availability at t and t + 50 s: P(on, on) = a (a + (1 - a) exp(-rate 50 s)), a = 1/4, rate = 1/100 + 1/300 per s. */
static void on_off_has_the_right_memory(void **state) {
    (void)state;
    enum { CLIENTS = 20000 };
    struct scene s;
    scene_new(&s, "{'availability': {'kind': 'on_off', 'on_s': 100, 'off_s': 300}}", CLIENTS);
    double both = 0;
    for (uint32_t c = 0; c < CLIENTS; c++) {
        uint64_t until = 0;
        both += at(&s, c, 777 * MU_SECOND, &until) && at(&s, c, 827 * MU_SECOND, &until);
    }
    const double p = 0.25 * (0.25 + 0.75 * exp(-50.0 * (1.0 / 100 + 1.0 / 300)));
    assert_true(fabs(both - p * CLIENTS) < SUPPORT_SCORE_LIMIT * sqrt(CLIENTS * p * (1 - p)));
    assert_true(fabs(both - 0.0625 * CLIENTS) > SUPPORT_SCORE_LIMIT * sqrt(CLIENTS * p * (1 - p))); /* no memory */
    scene_clear(&s);
}

static void means_may_differ_between_clients(void **state) {
    (void)state;
    struct scene s;
    scene_new(&s, "{'availability': {'kind': 'on_off', 'on_s': {'kind': 'list', 'values': [10, 1000]}, 'off_s': 10}}",
              2);
    double period[500];
    double mean[2] = {0, 0};
    for (uint32_t c = 0; c < 2; c++) {
        const size_t n = collect_periods(&s, c, true, period, 500);
        assert_int_equal(n, 500);
        for (size_t i = 0; i < n; i++) {
            mean[c] += period[i] / 500;
        }
    }
    assert_true(fabs(mean[0] / 10 - 1) < SUPPORT_SCORE_LIMIT / sqrt(500));
    assert_true(fabs(mean[1] / 1000 - 1) < SUPPORT_SCORE_LIMIT / sqrt(500));
    scene_clear(&s);
}

static void diurnal_clients_sleep_every_day(void **state) {
    (void)state;
    struct scene s;
    scene_new(&s,
              "{'availability': {'kind': 'diurnal', 'period_s': 100, 'duty': 0.25,"
              " 'phase_s': {'kind': 'list', 'values': [0, 10, 90, 225]}}}",
              4);
    static const struct {
        uint32_t client;
        uint64_t t;
        bool available;
        uint64_t until;
    } cases[] = {
        {0, 0, true, 25},    {0, 24, true, 25}, {0, 25, false, 100}, {0, 99, false, 100},
        {0, 100, true, 125}, {1, 0, true, 15},  {1, 15, false, 90},  {1, 95, true, 115},
        {2, 0, false, 10},   {2, 10, true, 35}, {3, 0, false, 75},   {3, 1075, true, 1100},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t until = 0;
        assert_true(at(&s, cases[i].client, cases[i].t * MU_SECOND, &until) == cases[i].available);
        assert_int_equal(until, cases[i].until * MU_SECOND);
    }
    scene_clear(&s);
    scene_new(&s, "{'availability': {'kind': 'diurnal', 'duty': 1}}", 1);
    uint64_t until = 0;
    assert_true(at(&s, 0, 5, &until) && until == MU_NEVER);
    scene_clear(&s);
}

static double uniform_cdf(double x, const double *length) {
    return x / *length;
}

static void diurnal_phases_are_uniform_by_default(void **state) {
    (void)state;
    enum { CLIENTS = 20000 };
    struct scene s;
    scene_new(&s, "{'availability': {'kind': 'diurnal', 'duty': 0.3}}", CLIENTS);
    static double left[CLIENTS];
    size_t n = 0;
    for (uint32_t c = 0; c < CLIENTS; c++) {
        uint64_t until = 0;
        if (at(&s, c, 12345 * MU_SECOND, &until)) {
            left[n++] = (double)until * 1e-9 - 12345;
        }
    }
    const double error = sqrt(CLIENTS * 0.3 * 0.7);
    assert_true(fabs((double)n - 0.3 * CLIENTS) < SUPPORT_SCORE_LIMIT * error);
    assert_true(fabs((double)n - 0.32 * CLIENTS) > SUPPORT_SCORE_LIMIT * error);
    const double length = 0.3 * 86400;
    const double off = 1.05 * length;
    assert_true(support_ks(n, left, uniform_cdf, &length) < SUPPORT_KS_LIMIT);
    assert_true(support_ks(n, left, uniform_cdf, &off) > SUPPORT_KS_LIMIT);
    scene_clear(&s);
}

/* A scene whose availability trace is `text`. */
static int scene_trace(struct scene *s, const char *options, const char *text, uint32_t clients, struct mu_err *err) {
    support_write(path, text, strlen(text));
    char json[1000];
    snprintf(json, sizeof json, "{'availability': {'kind': 'trace', 'file': '%s'%s}}", path, options);
    return scene_try(s, json, clients, 7, err);
}

static void a_trace_is_followed_and_repeated(void **state) {
    (void)state;
    /* Client 0: 2-5 and 8-10 of 10. Client 2: 0-3 and 7-10, which join across the end. Client 3: always, in two parts.
     * Client 1 is never active. Client 4 follows record 0 again. */
    static const char text[] = "client,start_s,end_s\n0,2,5\n0,8,10\n2,0,1\n2,1,3 # touches\n2,7,10\n3,0,4\n3,4,10\n";
    static const struct {
        uint32_t client;
        uint64_t t;
        bool available;
        uint64_t until; /* 0: never */
    } cases[] = {
        {0, 0, false, 2},   {0, 2, true, 5},    {0, 4, true, 5},       {0, 5, false, 8},
        {0, 9, true, 10},   {0, 10, false, 12}, {0, 1012, true, 1015}, {1, 3, false, 0},
        {2, 0, true, 3},    {2, 3, false, 7},   {2, 8, true, 13},      {2, 11, true, 13},
        {2, 13, false, 17}, {3, 9, true, 0},    {4, 3, true, 5},       {5, 3, false, 0},
    };
    struct scene s;
    struct mu_err err = {0};
    scene_trace(&s, "", text, 6, &err);
    support_expect_ok(&err);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t until = 0;
        assert_true(at(&s, cases[i].client, cases[i].t * MU_SECOND, &until) == cases[i].available);
        assert_true(until == (cases[i].until == 0 ? MU_NEVER : cases[i].until * MU_SECOND));
    }
    scene_clear(&s);
    scene_trace(&s, ", 'period_s': 20", text, 6, &err); /* now client 3 is away for the second half */
    support_expect_ok(&err);
    uint64_t until = 0;
    assert_true(at(&s, 3, 9 * MU_SECOND, &until) && until == 10 * MU_SECOND);
    assert_true(!at(&s, 3, 10 * MU_SECOND, &until) && until == 20 * MU_SECOND);
    scene_clear(&s);
}

static void bad_traces_are_named_by_line(void **state) {
    (void)state;
    static const struct {
        const char *options, *text, *place, *words;
    } cases[] = {
        {"", "1,0,5\n0,0,5\n", "active.csv:2", "not sorted by client"},
        {"", "0,5,6\n\n0,0,1\n", "active.csv:3", "not sorted by time"},
        {"", "0,0,5\n0,4,6\n", "active.csv:2", "overlaps the one before"},
        {"", "0,5,5\n", "active.csv:1", "end after its start"},
        {"", "0,-1,5\n", "active.csv:1", "must start at 0 or later"},
        {"", "0.5,1,5\n", "active.csv:1", "the client must be an integer"},
        {"", "0,1\n", "active.csv:1", "expected 3 numbers in a row, got 2"},
        {", 'period_s': 4", "0,1,5\n", "active.csv:1", "ends after period_s"},
        {"", "7,1,5\n", "test.json: /world/availability/file", "all 3 clients are offline for ever"},
        {"", "client,start,end\n", "active.csv", "no numbers"},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct scene s;
        struct mu_err err = {0};
        scene_trace(&s, cases[k].options, cases[k].text, 3, &err);
        support_expect_error(&err, MU_BAD_CONFIG, cases[k].place, cases[k].words);
        scene_clear(&s);
    }
}

static void wrong_options_are_named(void **state) {
    (void)state;
    scene_expect_error("{'availability': {'kind': 'on_off', 'on_s': 0, 'off_s': 1}}", 3,
                       "test.json: /world/availability/on_s", "must be positive");
    scene_expect_error("{'availability': {'kind': 'on_off', 'on_s': 1, 'off_s': -1}}", 3,
                       "test.json: /world/availability/off_s", "must be positive");
    scene_expect_error("{'availability': {'kind': 'diurnal', 'duty': 0}}", 3, "test.json: /world/availability/duty",
                       "must be positive, but it can be 0");
    scene_expect_error("{'availability': {'kind': 'diurnal', 'duty': 1.5}}", 3, "test.json: /world/availability/duty",
                       "within 0..1");
    scene_expect_error("{'availability': {'kind': 'diurnal', 'duty': 0.5, 'phase_s': -1}}", 3,
                       "test.json: /world/availability/phase_s", "at least 0");
    scene_expect_error("{'availability': {'kind': 'trace', 'file': '/nonexistent/x'}}", 3,
                       "test.json: /world/availability/file", "cannot read /nonexistent/x");
}

/* The contract of every row: `until` is the next change, whatever was asked before, and until time ends. */
static void every_model_answers_consistently_in_any_order(void **state) {
    (void)state;
    char trace[500];
    support_write(path, "0,2,5\n1,0,4\n1,6,7\n", 18);
    snprintf(trace, sizeof trace, "'trace', 'file': '%s'", path);
    const char *const options[] = {
        "'always'",
        "'on_off', 'on_s': 2, 'off_s': 3",
        "'on_off', 'on_s': 3e-9, 'off_s': 2e-9", /* events share nanoseconds */
        "'diurnal', 'period_s': 7, 'duty': {'kind': 'uniform', 'low': 0.2, 'high': 0.8}",
        trace,
    };
    bool tested[64] = {false};
    for (size_t k = 0; k < sizeof options / sizeof *options; k++) {
        char json[800];
        snprintf(json, sizeof json, "{'availability': {'kind': %s}}", options[k]);
        struct scene s;
        scene_new(&s, json, 2);
        for (size_t r = 0; r < mu_availabilities.n; r++) {
            tested[r] = tested[r] || mu_availabilities.rows[r] == s.config.availability.kind;
        }
        uint64_t change[200];
        uint64_t t = 0;
        size_t n = 0;
        while (n < 200 && t != MU_NEVER) {
            uint64_t until = 0;
            const bool now = at(&s, 1, t, &until);
            assert_true(until > t);
            change[n++] = t;
            if (until != MU_NEVER) {
                uint64_t next = 0;
                uint64_t same = 0;
                assert_true(at(&s, 1, until, &next) != now);
                assert_true(at(&s, 1, until - 1, &same) == now && same == until);
                assert_true(at(&s, 1, t + (until - t) / 2, &same) == now && same == until);
            }
            t = until;
        }
        assert_int_equal(n, k == 0 ? 1 : 200);
        for (size_t i = n; i-- > 1;) { /* backwards */
            uint64_t until = 0;
            at(&s, 1, change[i] - 1, &until);
            assert_true(until == change[i]);
        }
        const uint64_t late[] = {MU_NEVER - 2, MU_NEVER - 1, MU_NEVER};
        for (size_t i = 0; i < 3; i++) {
            uint64_t until = 0;
            at(&s, 0, late[i], &until);
            assert_true(until > late[i] || until == MU_NEVER);
        }
        scene_clear(&s);
    }
    for (size_t r = 0; r < mu_availabilities.n; r++) {
        if (!tested[r]) {
            fail_msg("the availability model %s has no line in this test", mu_availabilities.rows[r]->name);
        }
    }
}

int main(void) {
    support_temp_dir(dir);
    snprintf(path, sizeof path, "%s/active.csv", dir);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_off_periods_are_exponential),
        cmocka_unit_test(on_off_is_in_equilibrium_from_the_start),
        cmocka_unit_test(on_off_has_the_right_memory),
        cmocka_unit_test(means_may_differ_between_clients),
        cmocka_unit_test(diurnal_clients_sleep_every_day),
        cmocka_unit_test(diurnal_phases_are_uniform_by_default),
        cmocka_unit_test(a_trace_is_followed_and_repeated),
        cmocka_unit_test(bad_traces_are_named_by_line),
        cmocka_unit_test(wrong_options_are_named),
        cmocka_unit_test(every_model_answers_consistently_in_any_order),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    support_remove_dir(dir);
    return failed;
}
