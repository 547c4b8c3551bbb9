/* Jobs that are stopped and started again, through ringmaster and rennala. */
#include "checks.h"

extern const struct mu_strategy mu_strategy_ringmaster, mu_strategy_rennala;

#define EIGHT "{\"source\": \"quadratic\", \"targets\": [0, 1, 2, 3, 4, 5, 6, 7]}"
#define ONE_STEP "{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 0.1}, \"batch_size\": \"full\", \"local_steps\": 1}"
#define RANDOM "{\"duration_s\": {\"kind\": \"exponential\", \"mean\": 1}}"

static struct engine *run(const struct mu_strategy *strategy, const char *options, const char *world) {
    return engine_of(&(struct engine_config){.data = EIGHT,
                                             .client = ONE_STEP,
                                             .world = world,
                                             .stop = "{\"steps\": 200}",
                                             .strategy = strategy,
                                             .options = options});
}

static size_t count(const struct engine *e, enum mu_job_status status) {
    size_t n = 0;
    for (size_t i = 0; i < e->jobs; i++) {
        n += e->job[i].status == status;
    }
    return n;
}

static void ringmaster_uses_nothing_old(void **state) {
    (void)state;
    static const char *const worlds[] = {
        RANDOM, "{\"duration_s\": {\"kind\": \"exponential\", \"mean\": 1}, \"dropout\": 0.2}"};
    for (size_t w = 0; w < 2; w++) {
        for (int stop = 0; stop < 2; stop++) {
            char options[128];
            snprintf(options, sizeof options, "{\"threshold\": 3, \"concurrency\": 6, \"stop\": %s}",
                     stop ? "true" : "false");
            struct engine *const e = run(&mu_strategy_ringmaster, options, worlds[w]);
            for (size_t t = 0; t < e->steps; t++) {
                assert_true(e->step[t].n == 1 && e->step[t].staleness[0] < 3 && e->step[t].weight[0] == 1);
            }
            /* With `stop` nothing arrives too late; jobs are cut short in its place. */
            if (w == 0) {
                assert_true(stop ? count(e, MU_JOB_DROPPED) == 0 : count(e, MU_JOB_DROPPED) > 50);
                assert_true(stop ? count(e, MU_JOB_LATE) > 50 : count(e, MU_JOB_LATE) <= 6);
            }
            engine_free(e);
        }
    }
}

static void rennala_steps_with_fresh_updates_only(void **state) {
    (void)state;
    for (int stop = 0; stop < 2; stop++) {
        char options[128];
        snprintf(options, sizeof options, "{\"batch\": 4, \"concurrency\": 6, \"stop\": %s}", stop ? "true" : "false");
        struct engine *const e = run(&mu_strategy_rennala, options, RANDOM);
        for (size_t t = 0; t < e->steps; t++) {
            assert_int_equal(e->step[t].n, 4);
            for (size_t i = 0; i < 4; i++) {
                assert_true(e->step[t].staleness[i] == 0 && e->step[t].weight[i] == 0.25);
            }
        }
        /* At every step the others start again: five, or fewer if the stop made it the last. */
        assert_true(stop ? count(e, MU_JOB_LATE) >= 199 * 5 : count(e, MU_JOB_DROPPED) > 200);
        engine_free(e);
    }
}

/* A stopped client starts again at the very moment, and so the same number of jobs stays in flight. */
static void stopped_clients_start_again_at_once(void **state) {
    (void)state;
    struct engine *const e = run(&mu_strategy_rennala, "{\"batch\": 4, \"concurrency\": 6}", RANDOM);
    for (size_t t = 0; t + 1 < e->steps; t++) {
        size_t started = 0;
        for (size_t i = 0; i < e->jobs; i++) {
            started += e->job[i].dispatch_ns == e->step[t].time_ns;
        }
        assert_int_equal(started, 6);
    }
    engine_free(e);
}

static void more_jobs_than_clients_are_refused(void **state) {
    (void)state;
    const char *const place = "c.json: /server/strategy/concurrency";
    expect_options(&mu_strategy_ringmaster, "{\"threshold\": 2, \"concurrency\": 4}", 3, place, "only 3 clients");
    expect_options(&mu_strategy_ringmaster, "{\"threshold\": 2, \"concurrency\": 3}", 3, NULL, NULL);
    expect_options(&mu_strategy_rennala, "{\"concurrency\": 4}", 3, place, "only 3 clients");
    expect_options(&mu_strategy_rennala, "{\"concurrency\": 3}", 3, NULL, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ringmaster_uses_nothing_old),
        cmocka_unit_test(rennala_steps_with_fresh_updates_only),
        cmocka_unit_test(stopped_clients_start_again_at_once),
        cmocka_unit_test(more_jobs_than_clients_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
