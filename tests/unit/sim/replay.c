/* A trace is followed event by event, in an order that the world alone would not have given. Losses are |x - a_i|^2 /
 * 2, a = 1, 2, 6; a job takes a second. */
#include "support_script.h"

#include "replay_impl.h"

static char scratch[256], path[300];

static int set_up(void **state) {
    (void)state;
    support_temp_dir(scratch);
    snprintf(path, sizeof path, "%s/trace.jsonl", scratch);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    support_remove_dir(scratch);
    return 0;
}

#define ARRIVAL(time, job, client, version, dispatch)                                          \
    "{\"event\": \"arrival\", \"time_ns\": " #time ", \"job\": " #job ", \"client\": " #client \
    ", \"version\": " #version ", \"dispatch_ns\": " #dispatch "}\n"
#define TIMER(time, id) "{\"event\": \"timer\", \"time_ns\": " #time ", \"id\": " #id "}\n"
#define JOB "{\"job\": 1, \"client\": 0, \"status\": \"used\"}\n"

static struct mu_replay *read_trace(const char *text, struct mu_err *err) {
    struct mu_replay *replay = NULL;
    support_write(path, text, strlen(text));
    mu_replay_new(&replay, path, err);
    return replay;
}

static void expect_unreadable(const char *text, unsigned line, const char *why) {
    struct mu_err err = {.code = MU_OK};
    char place[400];
    assert_null(read_trace(text, &err));
    snprintf(place, sizeof place, line > 0 ? "%s:%u" : "%s", path, line);
    support_expect_error(&err, MU_BAD_CONFIG, place, why);
}

static void shape_and_order_are_checked_when_it_is_read(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    /* Beyond the integers that a double holds. */
    struct mu_replay *const good =
        read_trace(JOB ARRIVAL(9007199254740993, 2, 1, 0, 0) TIMER(9007199254740994, 18446744073709551615) JOB, &err);
    support_expect_ok(&err);
    assert_true(mu_replay_arrives(good, 2) && !mu_replay_arrives(good, 1));
    mu_replay_free(good);
    expect_unreadable(JOB, 0, "no events");
    expect_unreadable("", 0, "no events");
    expect_unreadable(TIMER(5, 1) TIMER(5, 2), 2, "not later");
    expect_unreadable(TIMER(0, 1), 1, "not later");
    expect_unreadable(ARRIVAL(5, 1, 0, 0, 0) JOB ARRIVAL(6, 1, 0, 0, 0), 3, "ended before");
    expect_unreadable(TIMER(5, 1) "{\"event\": \"timer\", \"time_ns\": 6}\n", 2, "not an event");
    expect_unreadable("{\"event\": \"timer\", \"time_ns\": -6, \"id\": 1}\n", 1, "not an event");
    expect_unreadable("{\"event\": \"timer\", \"time_ns\": 1.5, \"id\": 1}\n", 1, "not an event");
    expect_unreadable("{\"event\": \"timers\", \"time_ns\": 6, \"id\": 1}\n", 1, "not an event");
    expect_unreadable(TIMER(5, 1) "{\"event\": \"ti", 2, "cut off");
    mu_replay_new(&(struct mu_replay *){NULL}, "/nowhere/trace.jsonl", &err);
    support_expect_error(&err, MU_IO, "/nowhere/trace.jsonl", "cannot read");
}

static int start_all(struct mu_sim *sim) {
    for (uint32_t i = 0; i < 3; i++) {
        (void)dispatch(sim, i);
    }
    return mu_sim_timer(sim, 5 * MU_SECOND, 7);
}

static uint64_t times[8];
static size_t n_times;

static int step_and_note(struct mu_sim *sim, const struct mu_update *update) {
    times[n_times++] = mu_sim_now(sim);
    return step_at_once(sim, update, 0.25);
}

static const struct script stepper = {.start = start_all, .arrival = step_and_note};

/* Replays into the script; the engine is the caller's to free, the replay too. */
static struct engine *follow(const char *text, struct mu_replay **replay) {
    struct mu_err err = {.code = MU_OK};
    script = stepper;
    n_times = 0;
    struct engine *const e =
        engine_new(&(struct engine_config){.data = "{\"source\": \"quadratic\", \"targets\": [1, 2, 6]}",
                                           .world = "{\"duration_s\": 1}",
                                           .stop = "{\"steps\": 3}",
                                           .strategy = &scripted});
    *replay = read_trace(text, &err);
    support_expect_ok(&err);
    e->setup.replay = *replay;
    return e;
}

static void events_happen_in_the_traces_order_and_at_its_times(void **state) {
    (void)state;
    struct mu_replay *replay;
    /* Jobs of a second that take from 10 ns to 50 ns, the third first; a timer of 5 s that goes off at 30 ns. */
    struct engine *const e =
        follow(ARRIVAL(10, 3, 2, 0, 0) ARRIVAL(20, 1, 0, 0, 0) TIMER(30, 7) JOB ARRIVAL(50, 4, 2, 1, 10), &replay);
    assert_int_equal(engine_run(e), MU_OK);
    assert_string_equal(script_log, "a2 a0 t7 a2 ");
    assert_int_equal(n_times, 3);
    assert_true(times[0] == 10 && times[1] == 20 && times[2] == 50);
    assert_int_equal(e->result.time_ns, 50);
    engine_free(e);
    mu_replay_free(replay);
}

static void expect_misfit(const char *text, unsigned line, const char *why) {
    struct mu_replay *replay;
    struct engine *const e = follow(text, &replay);
    char place[400];
    assert_int_equal(engine_run(e), MU_BAD_CONFIG);
    snprintf(place, sizeof place, "%s:%u", path, line);
    support_expect_error(&e->err, MU_BAD_CONFIG, place, why);
    engine_free(e);
    mu_replay_free(replay);
}

static void what_does_not_fit_the_run_is_refused_with_its_line(void **state) {
    (void)state;
    expect_misfit(ARRIVAL(10, 3, 2, 0, 0) ARRIVAL(20, 9, 0, 0, 0), 2, "not in flight");
    expect_misfit(ARRIVAL(10, 3, 1, 0, 0), 1, "of client 2");
    expect_misfit(ARRIVAL(10, 3, 2, 0, 0) JOB ARRIVAL(20, 4, 2, 0, 10), 3, "from version 1");
    expect_misfit(ARRIVAL(10, 3, 2, 0, 0) ARRIVAL(20, 4, 2, 1, 11), 2, "at 10 ns");
    expect_misfit(TIMER(10, 8), 1, "not set");
    expect_misfit(TIMER(10, 7) TIMER(20, 7), 2, "not set");
    expect_misfit("{\"event\": \"loss\", \"time_ns\": 10, \"job\": 3, \"client\": 2, \"version\": 0, "
                  "\"dispatch_ns\": 0}\n",
                  1, "is lost here, but in this run's world it is not");
    expect_misfit("{\"event\": \"availability\", \"time_ns\": 10, \"client\": 2}\n", 1, "does not come and go");
    expect_misfit(ARRIVAL(10, 3, 2, 0, 0) JOB, 2, "the trace ends here");
}

static void the_trace_of_an_interrupted_run_ends_it(void **state) {
    (void)state;
    struct mu_replay *replay;
    struct engine *const e = follow(ARRIVAL(10, 3, 2, 0, 0) "{\"event\": \"interrupt\", \"time_ns\": 15}\n", &replay);
    assert_int_equal(engine_run(e), MU_OK);
    assert_int_equal(e->result.end, MU_END_REPLAY);
    assert_int_equal(e->result.steps, 1);
    assert_int_equal(e->result.time_ns, 15);
    engine_free(e);
    mu_replay_free(replay);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(shape_and_order_are_checked_when_it_is_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(events_happen_in_the_traces_order_and_at_its_times, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_does_not_fit_the_run_is_refused_with_its_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_trace_of_an_interrupted_run_ends_it, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
