/* Buffers, through fedbuff. The clients' losses are (x - a_i)^2 / 2. */
#include "checks.h"

extern const struct mu_strategy mu_strategy_fedbuff;

#define THREE "{\"source\": \"quadratic\", \"targets\": [1, 2, 6]}"
#define ONE_STEP "{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 0.1}, \"batch_size\": \"full\", \"local_steps\": 1}"

static struct engine *run(const char *options, const char *world, const char *stop) {
    return engine_of(&(struct engine_config){.data = THREE,
                                             .client = ONE_STEP,
                                             .world = world,
                                             .stop = stop,
                                             .evaluate = "{\"every_steps\": 1}",
                                             .strategy = &mu_strategy_fedbuff,
                                             .options = options});
}

static void buffers_that_never_fill_are_refused(void **state) {
    (void)state;
    const struct mu_strategy *const s = &mu_strategy_fedbuff;
    const char *const size = "c.json: /server/strategy/buffer_size";
    expect_options(s, "{\"buffer_size\": 5, \"concurrency\": 5, \"redispatch\": \"at_update\"}", 9, NULL, NULL);
    expect_options(s, "{\"buffer_size\": 6, \"concurrency\": 5, \"redispatch\": \"at_update\"}", 9, size,
                   "never fills");
    expect_options(s, "{\"buffer_size\": 10, \"redispatch\": \"at_update\"}", 9, size, "never fills");
    expect_options(s, "{\"buffer_size\": 100, \"concurrency\": 5}", 9, NULL, NULL); /* a client may come twice */
    expect_options(s, "{\"concurrency\": 10}", 9, "c.json: /server/strategy/concurrency", "only 9 clients");
}

/* Of three clients two are busy; the one that waits in the buffer keeps its place until the step. */
static void places_are_filled_after_the_step(void **state) {
    (void)state;
    struct engine *const e = run("{\"buffer_size\": 2, \"concurrency\": 2, \"redispatch\": \"at_update\"}",
                                 "{\"duration_s\": [5, 3, 2]}", "{\"steps\": 30}");
    for (size_t t = 0; t < 30; t++) {
        assert_int_equal(e->step[t].n, 2);
        assert_true(e->step[t].staleness[0] == 0 && e->step[t].staleness[1] == 0);
        assert_true(e->step[t].weight[0] == 0.5);
    }
    engine_free(e);
}

/* A lost job in the same mode is replaced at once, or the buffer would never fill. */
static void lost_jobs_are_replaced(void **state) {
    (void)state;
    static const char *const options[] = {"{\"buffer_size\": 2, \"concurrency\": 2, \"redispatch\": \"at_update\"}",
                                          "{\"buffer_size\": 2, \"concurrency\": 2}"};
    for (size_t i = 0; i < 2; i++) {
        struct engine *const e = run(options[i], "{\"duration_s\": [5, 3, 2], \"dropout\": 0.5}", "{\"steps\": 30}");
        assert_int_equal(e->result.steps, 30);
        assert_true(e->result.dropped > 20);
        engine_free(e);
    }
}

/* Durations 50, 3 and 2: the slow client's update is 20 and more steps old. */
static void stale_updates_are_dropped(void **state) {
    (void)state;
    struct engine *const e =
        run("{\"buffer_size\": 2, \"max_staleness\": 3}", "{\"duration_s\": [50, 3, 2]}", "{\"steps\": 60}");
    for (size_t t = 0; t < e->steps; t++) {
        for (size_t i = 0; i < e->step[t].n; i++) {
            assert_true(e->step[t].staleness[i] <= 3 && e->step[t].client[i] != 0);
        }
    }
    assert_int_equal(e->result.dropped, 2); /* at 50 and 100 s; 60 steps take 144 s */
    engine_free(e);
    struct engine *const f = run("{\"buffer_size\": 2}", "{\"duration_s\": [50, 3, 2]}", "{\"steps\": 60}");
    assert_int_equal(f->result.dropped, 0);
    engine_free(f);
}

/* Arrivals at 2, 3, 4, 5 s, then two at 6 s: a buffer of four is half full at the end. */
static void a_partial_buffer_is_dropped_or_flushed(void **state) {
    (void)state;
    struct engine *const e = run("{\"buffer_size\": 4}", "{\"duration_s\": [5, 3, 2]}", "{\"time_s\": 6}");
    assert_int_equal(e->result.steps, 1);
    assert_int_equal(e->result.dropped, 2);
    engine_free(e);
    struct engine *const f =
        run("{\"buffer_size\": 4, \"flush_at_end\": true}", "{\"duration_s\": [5, 3, 2]}", "{\"time_s\": 6}");
    assert_int_equal(f->result.steps, 2);
    assert_int_equal(f->result.dropped, 0);
    assert_int_equal(f->step[1].n, 2);
    assert_true(fabs(f->step[1].weight[0] - 0.25 / sqrt(2)) < 1e-15); /* staleness 1; the divisor stays 4 */
    engine_free(f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buffers_that_never_fill_are_refused),
        cmocka_unit_test(places_are_filled_after_the_step),
        cmocka_unit_test(lost_jobs_are_replaced),
        cmocka_unit_test(stale_updates_are_dropped),
        cmocka_unit_test(a_partial_buffer_is_dropped_or_flushed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
