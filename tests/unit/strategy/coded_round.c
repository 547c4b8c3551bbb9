/* Rounds of coded strategies end when coding/closing.h says, which does the same from a table of times. */
#include "checks.h"

#include "muster/coding/closing.h"
#include "muster/strategy/strategies.h"

enum { N = 12, ROUNDS = 60 };
#define BLOBS                                                                                                        \
    "{\"source\": \"blobs\", \"samples\": 240, \"test_samples\": 40, \"features\": 4, \"classes\": 3, \"clients\": " \
    "12}"
#define BURSTS                                                                                           \
    "{\"duration_s\": {\"kind\": \"lognormal\", \"mu\": 0, \"sigma\": 0.3}, \"stragglers\": {\"kind\": " \
    "\"gilbert_elliott\", \"p\": 0.1, \"q\": 0.8, \"extra_s\": {\"kind\": \"uniform\", \"low\": 1, \"high\": 4}}}"

static const struct mu_strategy *strategy_of(const char *name) {
    const struct mu_kind *const kind = mu_registry_find(&mu_strategies, name);
    assert_non_null(kind);
    return (const void *)kind;
}

static struct engine_config config_of(const char *strategy, const char *options) {
    return (struct engine_config){.data = BLOBS,
                                  .model = "{\"kind\": \"none\"}",
                                  .world = BURSTS,
                                  .stop = "{\"steps\": 60}",
                                  .strategy = strategy_of(strategy),
                                  .options = options};
}

static bool accepts_two(void *context, const uint64_t *late) {
    (void)context;
    return mu_bits_count(late, 1) <= 2;
}

static const double *sorted_times;
static int by_time(const void *a, const void *b) {
    const double x = sorted_times[*(const uint32_t *)a], y = sorted_times[*(const uint32_t *)b];
    return (x > y) - (x < y);
}

/* Ends of the rounds, from the world's own durations. */
static uint64_t waited_by_rule;
static void ends_by_rule(const struct mu_world *world, const struct mu_closing_rule *rule, double *end_s) {
    double now = 0;
    waited_by_rule = 0;
    for (uint32_t r = 0; r < ROUNDS; r++) {
        double time[N];
        uint32_t order[N];
        uint64_t late = 0;
        for (uint32_t i = 0; i < N; i++) {
            const struct mu_job_request request = {i, r, 1, 0, 0};
            time[i] = 1e-9 * (double)mu_world_job(world, &request).duration_ns;
            order[i] = i;
        }
        sorted_times = time;
        qsort(order, N, sizeof *order, by_time);
        const struct mu_round_times times = {N, time, order, 0};
        const struct mu_closing closing = mu_round_close(&times, NULL, rule, accepts_two, NULL, &late);
        waited_by_rule += closing.waited;
        now += closing.end_s;
        end_s[r] = now;
    }
}

static double largest_difference(const struct engine *e, const double *end_s) {
    double largest = 0;
    for (size_t r = 0; r < ROUNDS; r++) {
        largest = fmax(largest, fabs(1e-9 * (double)e->step[r].time_ns - end_s[r]));
    }
    return largest;
}

static void rounds_end_by_the_mu_rule(void **state) {
    (void)state;
    static const double mus[] = {0, 0.2, 1, 3};
    for (size_t k = 0; k < 4; k++) {
        for (int w = 0; w < 2; w++) {
            char options[200];
            snprintf(options, sizeof options,
                     "{\"code\": {\"kind\": \"cyclic\", \"s\": 2}, \"mu\": %g, \"wait_out\": \"%s\"}", mus[k],
                     mu_wait_outs[w]);
            const struct engine_config c = config_of("gc", options);
            struct engine *const e = engine_of(&c);
            const struct mu_closing_rule rule = {mus[k], (enum mu_wait_out)w}, other = {mus[k] + 0.1, rule.wait_out};
            double end_s[ROUNDS];
            assert_int_equal(e->steps, ROUNDS);
            ends_by_rule(e->world, &rule, end_s);
            /* Deadlines are rounded to the ns. */
            assert_true(largest_difference(e, end_s) < ROUNDS * 1e-9);
            if (mus[k] == 1) {
                assert_in_range(waited_by_rule, 3, ROUNDS - 3); /* both ways of ending happen */
                ends_by_rule(e->world, &other, end_s);
                assert_true(largest_difference(e, end_s) > 0.01);
            }
            engine_free(e);
        }
    }
}

/* The time of the k-th fastest worker, each round. */
static void without_a_deadline_a_round_ends_with_the_answer_it_needs(void **state) {
    (void)state;
    static const struct {
        const char *strategy, *options;
        uint32_t answers;
    } cases[] = {{"uncoded", "{}", N}, {"ignore", "{\"s\": 3}", N - 3}, {"ignore", "{\"s\": 0}", N}};
    for (size_t k = 0; k < 3; k++) {
        const struct engine_config c = config_of(cases[k].strategy, cases[k].options);
        struct engine *const e = engine_of(&c);
        uint64_t begin = 0;
        for (uint32_t r = 0; r < ROUNDS; r++) {
            const uint64_t took = e->step[r].time_ns - begin;
            uint32_t done = 0;
            for (uint32_t i = 0; i < N; i++) {
                const struct mu_job_request request = {i, r, 1, 0, 0};
                done += mu_world_job(e->world, &request).duration_ns <= took;
            }
            assert_int_equal(done, cases[k].answers);
            assert_int_equal(e->step[r].n, cases[k].answers);
            begin = e->step[r].time_ns;
        }
        engine_free(e);
    }
}

/* Lost jobs are given out again, and clients that were offline are waited for: every round's job is stepped with. */
static void losses_and_absences_delay_a_round_only(void **state) {
    (void)state;
    static const char *const worlds[] = {
        "{\"duration_s\": {\"kind\": \"exponential\", \"mean\": 1}, \"dropout\": 0.3}",
        "{\"compute\": {\"seconds_per_sample\": 0.02}, \"availability\": {\"kind\": \"on_off\", \"on_s\": 2.5, "
        "\"off_s\": 1}}"};
    for (size_t k = 0; k < 2; k++) {
        struct engine_config c = config_of("uncoded", "{}");
        c.world = worlds[k];
        struct engine *const e = engine_of(&c);
        size_t lost = 0;
        for (size_t j = 0; j < e->jobs; j++) {
            lost += e->job[j].status != MU_JOB_USED;
        }
        assert_true(lost > 20);
        for (size_t r = 0; r < ROUNDS; r++) {
            assert_int_equal(e->step[r].n, N);
        }
        engine_free(e);
    }
}

static void options_are_checked(void **state) {
    (void)state;
    static const char at[] = "c.json: /server/strategy";
    static const struct {
        const char *strategy, *options, *place, *text;
    } cases[] = {
        {"gc", "{\"code\": {\"kind\": \"frc\", \"s\": 4}}", "c.json: /server/strategy/code", "5"},
        {"gc", "{\"code\": {\"kind\": \"cyclic\", \"s\": 12}}", "c.json: /server/strategy/code", "0..11"},
        {"gc", "{\"code\": {\"kind\": \"cyclic\", \"s\": 11}}", NULL, NULL},
        {"gc", "{\"code\": {\"kind\": \"cyclic\"}}", "c.json: /server/strategy/code", "missing"},
        {"replication", "{\"s\": 4}", "c.json: /server/strategy/s", "5"},
        {"replication", "{\"s\": 3}", NULL, NULL},
        {"ignore", "{\"s\": 12}", "c.json: /server/strategy/s", "0..11"},
        {"m_sgc", "{\"B\": 2, \"W\": 2, \"lambda\": 3}", at, "B"},
        {"m_sgc", "{\"B\": 1, \"W\": 2, \"lambda\": 13}", at, "13 stragglers"},
        {"m_sgc", "{\"B\": 1, \"W\": 2, \"lambda\": 12}", NULL, NULL},
        {"m_sgc", "{\"B\": 2, \"W\": 3, \"lambda\": 3, \"models\": 3}", "c.json: /server/strategy/models",
         "at least 4 models"},
        {"m_sgc", "{\"B\": 2, \"W\": 3, \"lambda\": 3, \"models\": 4}", NULL, NULL},
        {"sr_sgc", "{\"B\": 3, \"W\": 3, \"lambda\": 3}", at, "B"},
        {"sr_sgc", "{\"B\": 2, \"W\": 4, \"lambda\": 3}", at, "divide"},
        {"sr_sgc", "{\"B\": 2, \"W\": 3, \"lambda\": 13}", at, "13 stragglers"},
        {"sr_sgc", "{\"B\": 2, \"W\": 3, \"lambda\": 3, \"models\": 2}", "c.json: /server/strategy/models",
         "at least 3 models"},
        {"sr_sgc", "{\"B\": 2, \"W\": 3, \"lambda\": 4, \"code\": {\"kind\": \"cyclic\", \"s\": 3}}",
         "c.json: /server/strategy/code", "needs s = 2"},
        {"sr_sgc", "{\"B\": 2, \"W\": 3, \"lambda\": 4, \"models\": 7}", NULL, NULL},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        expect_options(strategy_of(cases[k].strategy), cases[k].options, N, cases[k].place, cases[k].text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rounds_end_by_the_mu_rule),
        cmocka_unit_test(without_a_deadline_a_round_ends_with_the_answer_it_needs),
        cmocka_unit_test(losses_and_absences_delay_a_round_only),
        cmocka_unit_test(options_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
