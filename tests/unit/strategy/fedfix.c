/* FedFix's weights and windows; its golden vectors and its bias are in tests/golden. */
#include "support_engine.h"

extern const struct mu_strategy mu_strategy_fedfix;

#define THREE "{\"source\": \"quadratic\", \"targets\": [1, 2, 6]}"
#define ONE_STEP "{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 0.1}, \"batch_size\": \"full\", \"local_steps\": 1}"

static struct engine *run(const char *options, const char *world, const char *stop) {
    return engine_of(&(struct engine_config){.data = THREE,
                                             .client = ONE_STEP,
                                             .world = world,
                                             .stop = stop,
                                             .strategy = &mu_strategy_fedfix,
                                             .options = options});
}

/* Sum of the weights that a client's updates were used with, per step. */
static double mean_weight(const struct engine *e, uint32_t client) {
    return e->result.used_weight[client] / (double)e->result.steps;
}

static void each_weighting_has_its_weights(void **state) {
    (void)state;
    static const struct {
        const char *options;
        double weight[3]; /* of clients that take 5, 3 and 2 s, in windows of 2 s, times 3 */
    } rows[] = {
        {"{\"window_s\": 2}", {3, 2, 1}},
        {"{\"window_s\": 2, \"weights\": \"expected\"}", {3, 2, 1}},
        {"{\"window_s\": 2, \"weights\": \"rate\"}", {3, 2, 1}},
        {"{\"window_s\": 2, \"weights\": \"uncorrected\"}", {1, 1, 1}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct engine *const e = run(rows[i].options, "{\"duration_s\": [5, 3, 2]}", "{\"steps\": 24}");
        for (size_t t = 0; t < 24; t++) {
            for (size_t k = 0; k < e->step[t].n; k++) {
                assert_true(fabs(3 * e->step[t].weight[k] - rows[i].weight[e->step[t].client[k]]) < 1e-12);
            }
        }
        engine_free(e);
    }
}

/* Random durations: what the updates of a client weigh per window comes to p_i = 1/3, however long its jobs take. */
static void corrections_hold_for_random_durations(void **state) {
    (void)state;
    static const char *const weightings[] = {"corrected", "expected", "rate"};
    static const char world[] = "{\"duration_s\": [5, 3, 2], \"jitter\": {\"kind\": \"exponential\", \"mean\": 1}}";
    for (size_t i = 0; i < 3; i++) {
        char options[128];
        snprintf(options, sizeof options, "{\"window_s\": 2, \"weights\": \"%s\"}", weightings[i]);
        struct engine *const e = run(options, world, "{\"steps\": 6000}");
        for (uint32_t c = 0; c < 3; c++) {
            /* The standard error of 1,500 and more renewals with a deviation of about their mean is 2.6 %; `rate` has
             * 1.4 times that. */
            assert_true(fabs(mean_weight(e, c) * 3 - 1) < 0.13);
        }
        engine_free(e);
    }
    struct engine *const e = run("{\"window_s\": 2, \"weights\": \"uncorrected\"}", world, "{\"steps\": 6000}");
    assert_true(mean_weight(e, 0) * 3 < 0.6);
    engine_free(e);
}

/* A lost job's client idles until the window's end, like one that has arrived. */
static void clients_start_at_the_ends_of_windows(void **state) {
    (void)state;
    struct engine *const e =
        run("{\"window_s\": 2}", "{\"duration_s\": [5, 3, 2], \"dropout\": 0.3}", "{\"steps\": 60}");
    assert_true(e->result.dropped > 10);
    for (size_t i = 0; i < e->jobs; i++) {
        assert_int_equal(e->job[i].dispatch_ns % (2 * MU_SECOND), 0);
    }
    engine_free(e);
}

static void an_infinite_expectation_is_refused(void **state) {
    (void)state;
    struct engine *const e = engine_new(
        &(struct engine_config){.data = THREE,
                                .client = ONE_STEP,
                                .world = "{\"duration_s\": {\"kind\": \"pareto\", \"scale\": 1, \"shape\": 0.9}}",
                                .stop = "{\"steps\": 3}",
                                .strategy = &mu_strategy_fedfix,
                                .options = "{\"window_s\": 2, \"weights\": \"expected\"}"});
    assert_int_equal(engine_run(e), MU_BAD_CONFIG);
    support_expect_error(&e->err, MU_BAD_CONFIG, "test", "client 0's jobs is infinite");
    engine_free(e);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_weighting_has_its_weights),
        cmocka_unit_test(corrections_hold_for_random_durations),
        cmocka_unit_test(clients_start_at_the_ends_of_windows),
        cmocka_unit_test(an_infinite_expectation_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
