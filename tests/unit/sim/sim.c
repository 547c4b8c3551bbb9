/* Life of a run: how it ends, and what is left of it. Losses are |x - a_i|^2 / 2. */
#include "support_script.h"

#define THREE "{\"source\": \"quadratic\", \"targets\": [1, 2, 6]}"

static int start_all(struct mu_sim *sim) {
    for (uint32_t i = 0; i < mu_sim_clients(sim); i++) {
        (void)dispatch(sim, i);
    }
    return MU_OK;
}

static int unit_step(struct mu_sim *sim, const struct mu_update *update) {
    return step_at_once(sim, update, 0.25);
}

static const struct script stepper = {.start = start_all, .arrival = unit_step};

static struct engine *run_until(const char *stop, const char *world) {
    return play(&stepper, (struct engine_config){.data = THREE, .stop = stop, .world = world});
}

static void a_run_ends_after_its_steps(void **state) {
    (void)state;
    struct engine *const e = run_until("{\"steps\": 7}", NULL);
    assert_int_equal(e->result.end, MU_END_STEPS);
    assert_int_equal(e->result.steps, 7);
    assert_int_equal(e->steps, 7);
    assert_int_equal(e->step[6].step, 7);
    engine_free(e);
}

static void a_run_ends_after_its_updates(void **state) {
    (void)state;
    struct engine *const e = run_until("{\"updates\": 5, \"steps\": 100}", NULL);
    assert_int_equal(e->result.end, MU_END_UPDATES);
    assert_int_equal(e->result.updates, 5);
    engine_free(e);
}

/* Arrivals of three clients every second: those at the end's own instant still count. */
static void a_run_ends_at_its_time(void **state) {
    (void)state;
    struct engine *const e = run_until("{\"time_s\": 2}", "{\"duration_s\": 1}");
    assert_int_equal(e->result.end, MU_END_TIME);
    assert_int_equal(e->result.steps, 6);
    assert_int_equal(e->result.time_ns, 2 * MU_SECOND);
    engine_free(e);
    struct engine *const f = run_until("{\"time_s\": 1.999999999}", "{\"duration_s\": 1}");
    assert_int_equal(f->result.steps, 3);
    assert_int_equal(f->result.time_ns, 2 * MU_SECOND - 1);
    engine_free(f);
}

/* Most decimal fractions are not doubles; the end must be rounded to ns as durations are, not cut off, or a job of the
 * very length of the run is missed. 4.35e9, 1.001e9 and 0.0011e9 come out below the integer. */
static void a_time_written_in_decimals_is_the_same_instant_everywhere(void **state) {
    (void)state;
    static const char *const seconds[] = {"0.29", "4.35", "1.001", "0.0011", "8.2",
                                          "0.57", "2.3",  "16.1",  "1.1",    "33.33"};
    for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++) {
        char stop[64], world[64];
        snprintf(stop, sizeof stop, "{\"time_s\": %s}", seconds[i]);
        snprintf(world, sizeof world, "{\"duration_s\": %s}", seconds[i]);
        struct engine *const e = run_until(stop, world);
        if (e->result.steps != 3) {
            fail_msg("a job of %s s does not arrive within %s s", seconds[i], seconds[i]);
        }
        engine_free(e);
    }
}

static void a_run_ends_at_its_target(void **state) {
    (void)state;
    struct engine_config c = {
        .data = "{\"source\": \"blobs\", \"samples\": 300, \"test_samples\": 100, \"features\": 5, \"classes\": 3, "
                "\"separation\": 8, \"clients\": 3}",
        .model = "{\"kind\": \"softmax\"}",
        .client = "{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 0.1}}",
        .stop = "{\"steps\": 400, \"target_accuracy\": 0.9}",
        .evaluate = "{\"every_steps\": 1}",
    };
    struct engine *const e = play(&stepper, c);
    assert_int_equal(e->result.end, MU_END_TARGET);
    const size_t last = e->evaluations - 1;
    assert_true(e->evaluation[last].record.test_accuracy >= 0.9);
    assert_true(last == 0 || e->evaluation[last - 1].record.test_accuracy < 0.9);
    assert_int_equal(e->result.steps, e->evaluation[last].record.step);
    engine_free(e);
    /* A target that the first model meets: nothing is trained at all. */
    c.stop = "{\"steps\": 400, \"target_accuracy\": 0}";
    struct engine *const f = play(&stepper, c);
    assert_int_equal(f->result.end, MU_END_TARGET);
    assert_int_equal(f->result.steps, 0);
    assert_int_equal(f->evaluations, 1);
    engine_free(f);
}

static int asked;
static bool interrupt_at_third(void *context) {
    (void)context;
    return ++asked == 3;
}

static void an_interrupted_run_ends_in_good_order(void **state) {
    (void)state;
    script = stepper;
    asked = 0;
    struct engine *const e =
        engine_new(&(struct engine_config){.data = THREE, .stop = "{\"steps\": 50}", .strategy = &scripted});
    e->observer.interrupted = interrupt_at_third;
    assert_int_equal(engine_run(e), MU_OK);
    assert_int_equal(e->result.end, MU_END_INTERRUPTED);
    assert_int_equal(e->result.steps, 3);
    assert_int_equal(e->evaluation[e->evaluations - 1].record.step, 3); /* the last model is evaluated */
    engine_free(e);
}

static int fail_second(void *context, const struct mu_step_record *record, struct mu_err *err) {
    (void)context;
    return record->step == 2 ? mu_fail(err, MU_IO, "steps.jsonl", "cannot write") : MU_OK;
}

static void a_failing_observer_ends_the_run(void **state) {
    (void)state;
    script = stepper;
    struct engine *const e =
        engine_new(&(struct engine_config){.data = THREE, .stop = "{\"steps\": 50}", .strategy = &scripted});
    e->observer.step = fail_second;
    assert_int_equal(engine_run(e), MU_IO);
    support_expect_error(&e->err, MU_IO, "steps.jsonl", "cannot write");
    assert_null(e->result.model);
    engine_free(e);
}

static void nobody_needs_to_watch(void **state) {
    (void)state;
    script = stepper;
    struct engine *const e =
        engine_new(&(struct engine_config){.data = THREE, .stop = "{\"steps\": 5}", .strategy = &scripted});
    e->observer = (struct mu_observer){0};
    assert_int_equal(engine_run(e), MU_OK);
    assert_int_equal(e->result.steps, 5);
    engine_free(e);
}

static void the_result_adds_up(void **state) {
    (void)state;
    struct engine *const e =
        play(&stepper, (struct engine_config){.data = THREE,
                                              .world = "{\"duration_s\": [1, 2, 3], \"duration_per\": \"client\"}",
                                              .stop = "{\"time_s\": 6}"});
    static const uint64_t participations[] = {6, 3, 2};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(e->result.participations[i], participations[i]);
        assert_true(e->result.used_weight[i] == 0.25 * (double)participations[i]);
    }
    assert_int_equal(e->result.updates, 11);
    assert_int_equal(e->result.steps, 11);
    assert_true(e->result.model[0] == e->evaluation[e->evaluations - 1].model[0]);
    /* Eight bytes up for each update, down for each dispatch: 11 used and 3 under way. */
    assert_int_equal(e->result.bytes_up, 11 * 8);
    assert_int_equal(e->result.bytes_down, 14 * 8);
    double wall = 0;
    for (size_t a = 0; a < MU_ACTIVITIES; a++) {
        assert_true(e->result.clock[0].s[a] >= 0);
        wall += e->result.clock[0].s[a];
    }
    assert_true(wall > 0 && wall < 60);
    engine_free(e);
}

static void the_same_run_twice_gives_the_same_bits(void **state) {
    (void)state;
    struct engine_config c = {
        .data = "{\"source\": \"blobs\", \"samples\": 200, \"test_samples\": 50, \"features\": 5, \"classes\": 3, "
                "\"clients\": 4}",
        .model = "{\"kind\": \"mlp\", \"hidden\": [7]}",
        .world = "{\"duration_s\": {\"kind\": \"exponential\", \"mean\": 1}}",
        .stop = "{\"steps\": 30}",
    };
    struct engine *const a = play(&stepper, c), *const b = play(&stepper, c);
    c.seed = 2;
    struct engine *const other = play(&stepper, c);
    const size_t bytes = mu_model_dim(a->model) * sizeof(double);
    assert_memory_equal(a->result.model, b->result.model, bytes);
    assert_int_equal(a->result.time_ns, b->result.time_ns);
    assert_memory_not_equal(a->result.model, other->result.model, bytes);
    engine_free(a);
    engine_free(b);
    engine_free(other);
}

static void parse_stop(const char *text, struct mu_err *err) {
    struct mu_stop_config stop;
    cJSON *json = cJSON_Parse(text);
    assert_non_null(json);
    mu_group_parse(&mu_stop_group, json, "c.json", "/stop", &stop, err);
    cJSON_Delete(json);
}

static int fail_at_arrival(struct mu_sim *sim, const struct mu_update *update) {
    (void)update;
    return mu_sim_fail(sim, MU_DIVERGED, "enough");
}

static int fail_at_start(struct mu_sim *sim) {
    return mu_sim_fail(sim, MU_DIVERGED, "enough");
}

static void a_strategy_is_told_the_end_once(void **state) {
    (void)state;
    script_ends = 0;
    engine_free(run_until("{\"steps\": 7}", NULL));
    assert_int_equal(script_ends, 1);
    const struct engine_config c = {.data = THREE, .stop = "{\"steps\": 7}"};
    play_failure(&(struct script){.start = start_all, .arrival = fail_at_arrival}, c, MU_DIVERGED, "enough");
    assert_int_equal(script_ends, 2);
    play_failure(&(struct script){.start = fail_at_start}, c, MU_DIVERGED, "enough");
    assert_int_equal(script_ends, 3);
}

static void a_run_without_an_end_is_refused(void **state) {
    (void)state;
    static const char *const endless[] = {"{}", "{\"target_accuracy\": 0.5}", "{\"steps\": null}"};
    for (size_t i = 0; i < 3; i++) {
        struct mu_err err = {.code = MU_OK};
        parse_stop(endless[i], &err);
        assert_non_null(strstr(err.help, "at least one of"));
        support_expect_error(&err, MU_BAD_CONFIG, "c.json: /stop", "nothing here ends the run");
    }
    static const char *const fine[] = {"{\"steps\": 1}", "{\"updates\": 1}", "{\"time_s\": 0.001}"};
    for (size_t i = 0; i < 3; i++) {
        struct mu_err err = {.code = MU_OK};
        parse_stop(fine[i], &err);
        support_expect_ok(&err);
    }
    struct mu_err err = {.code = MU_OK};
    parse_stop("{\"time_s\": 0}", &err);
    support_expect_error(&err, MU_BAD_CONFIG, "/stop/time_s", "greater than 0");
}

static void every_end_has_its_name(void **state) {
    (void)state;
    static const char *const names[] = {"steps", "updates", "time_s", "target_accuracy", "interrupted"};
    for (enum mu_end end = MU_END_STEPS; end <= MU_END_INTERRUPTED; end++) {
        assert_string_equal(mu_end_name(end), names[end]);
    }
}

static void the_field_tables_are_sound(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    mu_group_verify(&mu_stop_group, &err);
    mu_group_verify(&mu_evaluate_group, &err);
    support_expect_ok(&err);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_ends_after_its_steps),
        cmocka_unit_test(a_run_ends_after_its_updates),
        cmocka_unit_test(a_run_ends_at_its_time),
        cmocka_unit_test(a_time_written_in_decimals_is_the_same_instant_everywhere),
        cmocka_unit_test(a_run_ends_at_its_target),
        cmocka_unit_test(an_interrupted_run_ends_in_good_order),
        cmocka_unit_test(a_failing_observer_ends_the_run),
        cmocka_unit_test(nobody_needs_to_watch),
        cmocka_unit_test(the_result_adds_up),
        cmocka_unit_test(the_same_run_twice_gives_the_same_bits),
        cmocka_unit_test(a_strategy_is_told_the_end_once),
        cmocka_unit_test(a_run_without_an_end_is_refused),
        cmocka_unit_test(every_end_has_its_name),
        cmocka_unit_test(the_field_tables_are_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
