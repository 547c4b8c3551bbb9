/* The result files, line by line, from records made by hand. */
#include "support_run.h"

#include <sys/stat.h>

#include "muster/base/clock.h"
#include "recorder.h"

static struct mu_scenario scenario;
static struct mu_recorder recorder;

static int set_up(void **state) {
    struct mu_err err = {.code = MU_OK};
    run_set_up(state);
    run_read(
        "{\"data\": {\"source\": \"quadratic\", \"targets\": [1, 2]}, \"model\": {\"kind\": \"vector\"}, \"stop\": "
        "{\"steps\": 10, \"target_accuracy\": 0.5}, \"output\": {\"trace\": true}}",
        &scenario, &err);
    support_expect_ok(&err);
    return 0;
}

static int tear_down(void **state) {
    mu_scenario_clear(&scenario);
    return run_tear_down(state);
}

static const struct mu_run_options quiet = {.progress = MU_PROGRESS_QUIET};

static struct mu_observer open_recorder(void) {
    struct mu_err err = {.code = MU_OK};
    mu_recorder_open(&recorder, scratch, &scenario, &quiet, false, &err);
    support_expect_ok(&err);
    return mu_recorder_observer(&recorder);
}

static void close_recorder(void) {
    struct mu_err err = {.code = MU_OK};
    mu_recorder_close(&recorder, &err);
    support_expect_ok(&err);
}

static void evaluate(const struct mu_observer *o, const struct mu_evaluation *e) {
    struct mu_err err = {.code = MU_OK};
    assert_int_equal(o->evaluation(o->context, e, &err), MU_OK);
    support_expect_ok(&err);
}

static const double model[2] = {0.1, -2};
static const struct mu_evaluation full = {.step = 3,
                                          .time_ns = 1234567890123,
                                          .updates = 30,
                                          .samples = 600,
                                          .bytes_up = 1000,
                                          .bytes_down = 2000,
                                          .dropped = 4,
                                          .train_loss = 0.25,
                                          .test_loss = 1.0 / 3,
                                          .test_accuracy = 0.75,
                                          .staleness_mean = 1.5,
                                          .staleness_max = 9,
                                          .model = model,
                                          .dim = 2};
static const struct mu_evaluation unknown = {
    .train_loss = NAN, .test_loss = NAN, .test_accuracy = NAN, .staleness_mean = NAN, .model = model, .dim = 17};

static void an_evaluation_is_a_line_and_a_row(void **state) {
    (void)state;
    const struct mu_observer o = open_recorder();
    evaluate(&o, &unknown);
    evaluate(&o, &full);
    cJSON *lines = run_lines("metrics.jsonl"); /* visible at once */
    assert_int_equal(cJSON_GetArraySize(lines), 2);
    assert_true(run_number(lines, "0.step") == 0);
    static const char *const nulls[] = {"0.train_loss", "0.test_loss", "0.test_accuracy", "0.staleness_mean"};
    for (size_t i = 0; i < 4; i++) {
        assert_true(run_is_null(lines, nulls[i]));
    }
    assert_null(cJSON_GetObjectItem(cJSON_GetArrayItem(lines, 0), "model")); /* 17 parameters are too many */
    assert_true(run_number(lines, "1.time_s") == 1234.567890123);
    assert_true(run_number(lines, "1.test_loss") == 1.0 / 3);
    assert_true(run_number(lines, "1.test_accuracy") == 0.75);
    assert_true(run_number(lines, "1.train_loss") == 0.25);
    assert_true(run_number(lines, "1.updates") == 30 && run_number(lines, "1.samples") == 600);
    assert_true(run_number(lines, "1.bytes_up") == 1000 && run_number(lines, "1.bytes_down") == 2000);
    assert_true(run_number(lines, "1.dropped") == 4 && run_number(lines, "1.staleness_max") == 9);
    assert_true(run_number(lines, "1.model.0") == 0.1 && run_number(lines, "1.model.1") == -2);
    assert_true(run_number(lines, "1.wall_s") >= run_number(lines, "0.wall_s"));
    cJSON_Delete(lines);
    char *const table = run_text("metrics.csv");
    /* The wall seconds stand between two commas of their own. */
    unsigned long long wall[4];
    char rest[2][200];
    assert_int_equal(sscanf(table,
                            "step,time_s,wall_s,updates,samples,train_loss,test_loss,test_accuracy,staleness_mean,"
                            "staleness_max,bytes_up,bytes_down,dropped,epsilon,delta,noise_key\n0,0,%llu.%llu,%199s\n3,"
                            "1234.567890123,%llu."
                            "%llu,%199s\n",
                            &wall[0], &wall[1], rest[0], &wall[2], &wall[3], rest[1]),
                     6);
    assert_string_equal(rest[0], "0,0,,,,,0,0,0,0,0,0,");
    assert_string_equal(rest[1], "30,600,0.25,0.3333333333333333,0.75,1.5,9,1000,2000,4,0,0,");
    mu_free(table);
    close_recorder();
}

static void a_step_is_a_line(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    const struct mu_observer o = open_recorder();
    const struct mu_step_record used = {.step = 1,
                                        .time_ns = 500000000,
                                        .n = 2,
                                        .job = (const uint64_t[]){7, 3},
                                        .staleness = (const uint64_t[]){0, 2},
                                        .client = (const uint32_t[]){1, 0},
                                        .weight = (const double[]){0.25, 0.75}};
    const struct mu_step_record empty = {.step = 2, .time_ns = 500000001, .slot = 1};
    assert_int_equal(o.step(o.context, &used, &err), MU_OK);
    assert_int_equal(o.step(o.context, &empty, &err), MU_OK);
    close_recorder();
    char *const text = run_text("steps.jsonl");
    assert_string_equal(text, "{\"step\": 1, \"slot\": 0, \"time_s\": 0.5, \"jobs\": [7, 3], \"clients\": [1, 0], "
                              "\"staleness\": [0, 2], \"weights\": [0.25, 0.75]}\n"
                              "{\"step\": 2, \"slot\": 1, \"time_s\": 0.500000001, \"jobs\": [], \"clients\": [], "
                              "\"staleness\": [], \"weights\": []}\n");
    mu_free(text);
}

static void a_job_is_a_line_of_the_trace(void **state) {
    (void)state;
    static const char *const names[] = {"used", "dropped", "late", "failed"};
    struct mu_err err = {.code = MU_OK};
    const struct mu_observer o = open_recorder();
    for (enum mu_job_status status = MU_JOB_USED; status <= MU_JOB_FAILED; status++) {
        const struct mu_job_record r = {.job = status + 1,
                                        .client = 5,
                                        .version = 8,
                                        .dispatch_ns = MU_SECOND,
                                        .arrive_ns = MU_SECOND * 3 / 2,
                                        .status = status,
                                        .step = status == MU_JOB_USED ? 9 : 0,
                                        .weight = status == MU_JOB_USED ? 0.125 : 0};
        assert_int_equal(o.job(o.context, &r, &err), MU_OK);
    }
    close_recorder();
    cJSON *const lines = run_lines("trace.jsonl");
    assert_int_equal(cJSON_GetArraySize(lines), 4);
    for (int i = 0; i < 4; i++) {
        const cJSON *const line = cJSON_GetArrayItem(lines, i);
        assert_true(run_number(line, "job") == i + 1 && run_number(line, "client") == 5);
        assert_true(run_number(line, "version") == 8);
        assert_true(run_number(line, "dispatch_s") == 1 && run_number(line, "arrive_s") == 1.5);
        assert_string_equal(run_string(line, "status"), names[i]);
        assert_true(i == 0 ? run_number(line, "step") == 9 : run_is_null(line, "step"));
        assert_true(i == 0 ? run_number(line, "weight") == 0.125 : run_is_null(line, "weight"));
    }
    cJSON_Delete(lines);
}

static void the_status_is_always_whole(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    const struct mu_observer o = open_recorder();
    cJSON *json = run_json("status.json");
    assert_string_equal(run_string(json, "state"), "running");
    assert_true(run_number(json, "step") == 0);
    assert_true(run_is_null(json, "eta_s"));
    assert_true(run_number(json, "pid") == getpid());
    cJSON_Delete(json);
    evaluate(&o, &full);
    json = run_json("status.json");
    assert_true(run_number(json, "step") == 3);
    assert_true(run_number(json, "time_s") == 1234.567890123);
    assert_true(run_number(json, "eta_s") >= 0); /* 7 steps to go */
    cJSON_Delete(json);
    const struct mu_err failure = {MU_DIVERGED, "a.json", "diverged at step 4", "use a smaller rate"};
    assert_int_equal(mu_recorder_status(&recorder, "failed", &failure, &err), MU_OK);
    json = run_json("status.json");
    assert_string_equal(run_string(json, "state"), "failed");
    assert_true(run_number(json, "error.code") == 4);
    assert_string_equal(run_string(json, "error.place"), "a.json");
    assert_string_equal(run_string(json, "error.text"), "diverged at step 4");
    assert_string_equal(run_string(json, "error.help"), "use a smaller rate");
    cJSON_Delete(json);
    close_recorder();
}

static void the_status_of_a_hasty_run_is_replaced_now_and_then(void **state) {
    (void)state;
    const struct mu_observer o = open_recorder();
    recorder.hasty = true;
    evaluate(&o, &full);
    cJSON *json = run_json("status.json");
    assert_true(run_number(json, "step") == 0); /* half a second lies between two of them */
    cJSON_Delete(json);
    recorder.status_s -= 1;
    assert_false(o.interrupted(o.context)); /* the engine asks after every event */
    json = run_json("status.json");
    assert_true(run_number(json, "step") == 3);
    cJSON_Delete(json);
    close_recorder();
}

static void a_failure_is_noted_from_outside_while_the_run_goes_on(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    const struct mu_err failure = {MU_RANK_FAILED, "", "a rank was killed", ""}, other = {MU_IO, "", "other", ""};
    mu_run_note_failure(scratch, &failure); /* there is no status yet */
    assert_false(run_exists("status.json"));
    open_recorder();
    mu_run_note_failure(scratch, &failure);
    mu_run_note_failure(scratch, &other); /* the first one stays */
    cJSON *json = run_json("status.json");
    assert_string_equal(run_string(json, "state"), "failed");
    assert_string_equal(run_string(json, "error.text"), "a rank was killed");
    cJSON_Delete(json);
    assert_int_equal(mu_recorder_status(&recorder, "done", NULL, &err), MU_OK);
    mu_run_note_failure(scratch, &failure); /* done is done */
    json = run_json("status.json");
    assert_string_equal(run_string(json, "state"), "done");
    cJSON_Delete(json);
    close_recorder();
}

static void the_best_and_the_first_at_the_target_are_kept(void **state) {
    (void)state;
    static const double accuracy[] = {NAN, 0.3, 0.6, 0.6, 0.4, NAN}, loss[] = {NAN, 2, 1.5, 1, 1, NAN};
    const struct mu_observer o = open_recorder();
    for (size_t i = 0; i < 6; i++) {
        struct mu_evaluation e = full;
        e.step = i;
        e.test_accuracy = accuracy[i];
        e.test_loss = loss[i];
        evaluate(&o, &e);
    }
    assert_true(recorder.so_far.best_accuracy == 0.6 && recorder.so_far.best_accuracy_step == 2);
    assert_true(recorder.so_far.best_loss == 1 && recorder.so_far.best_loss_step == 3);
    assert_true(recorder.so_far.reached_target);
    assert_int_equal(recorder.so_far.at_target.step, 2);
    close_recorder();
}

static void files_that_are_not_wanted_are_not_there(void **state) {
    (void)state;
    scenario.output.steps = scenario.output.trace = false;
    const struct mu_observer o = open_recorder();
    assert_null(o.step);
    assert_null(o.job);
    close_recorder();
    assert_false(run_exists("steps.jsonl") || run_exists("trace.jsonl"));
    assert_true(run_exists("metrics.csv") && run_exists("config.json"));
}

/* /dev/full takes no byte; the failure shows when an evaluation flushes, and names the file. */
static void a_full_disk_is_noticed_and_named(void **state) {
    (void)state;
    static const char *const names[] = {"metrics.jsonl", "metrics.csv", "steps.jsonl", "trace.jsonl"};
    if (access("/dev/full", W_OK) != 0) {
        skip();
    }
    for (size_t i = 0; i < 4; i++) {
        struct mu_err err = {.code = MU_OK};
        unlink(run_path(names[i]));
        assert_int_equal(symlink("/dev/full", run_path(names[i])), 0);
        const struct mu_observer o = open_recorder();
        const struct mu_step_record step = {.step = 1};
        const struct mu_job_record job = {.job = 1};
        assert_int_equal(o.step(o.context, &step, &err), MU_OK);
        assert_int_equal(o.job(o.context, &job, &err), MU_OK);
        assert_int_equal(o.evaluation(o.context, &full, &err), MU_IO);
        support_expect_error(&err, MU_IO, names[i], "No space left");
        assert_int_equal(mu_recorder_close(&recorder, &err), MU_IO);
        support_expect_error(&err, MU_IO, names[i], "cannot write");
        unlink(run_path(names[i]));
    }
}

static void a_file_that_cannot_be_opened_is_an_error(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK}, ignored = {.code = MU_OK};
    assert_int_equal(mkdir(run_path("metrics.csv"), 0777), 0);
    assert_int_equal(mu_recorder_open(&recorder, scratch, &scenario, &quiet, false, &err), MU_IO);
    support_expect_error(&err, MU_IO, "metrics.csv", "cannot write: Is a directory");
    (void)mu_recorder_close(&recorder, &ignored);
}

static void record_something(const struct mu_observer *o, uint64_t step) {
    struct mu_err err = {.code = MU_OK};
    struct mu_evaluation e = full;
    e.step = step;
    const struct mu_step_record s = {.step = step};
    const struct mu_job_record j = {.job = step};
    assert_int_equal(o->step(o->context, &s, &err), MU_OK);
    assert_int_equal(o->job(o->context, &j, &err), MU_OK);
    evaluate(o, &e);
}

/* The recorder's state as a checkpoint keeps it. */
static size_t save_state(const struct mu_observer *o, unsigned char copy[4096]) {
    struct mu_err err = {.code = MU_OK};
    const void *state = NULL;
    size_t n = 0;
    assert_int_equal(o->save(o->context, &state, &n, &err), MU_OK);
    assert_in_range(n, 1, 4096);
    memcpy(copy, state, n);
    return n;
}

static const char *const result_names[] = {"metrics.jsonl", "metrics.csv", "steps.jsonl", "trace.jsonl"};

/* Two records, a checkpoint, two more, and no end: then a new process goes on from the checkpoint. */
static void files_are_cut_back_to_the_checkpoint(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    unsigned char saved[4096];
    char *before[4];
    struct mu_observer o = open_recorder();
    record_something(&o, 1);
    record_something(&o, 2);
    const double wall_s = mu_monotonic_s() - recorder.start_s;
    const size_t n = save_state(&o, saved);
    for (size_t i = 0; i < 4; i++) {
        before[i] = run_text(result_names[i]);
    }
    record_something(&o, 3);
    record_something(&o, 4);
    close_recorder();
    support_write(run_path("summary.json"), "{}", 2); /* of an interrupted end */
    support_write(run_path("model.npz"), "x", 1);
    assert_int_equal(mu_recorder_open(&recorder, scratch, &scenario, &quiet, true, &err), MU_OK);
    cJSON *json = run_json("status.json"); /* as it was, until the checkpoint has been found good */
    assert_true(run_number(json, "step") == 4);
    cJSON_Delete(json);
    struct mu_manifest manifest = {.ranks = 3, .start_time = 951782400, .resumes = 2, .resume_time = 951782500};
    recorder.manifest = &manifest;
    o = mu_recorder_observer(&recorder);
    assert_int_equal(o.restore(o.context, saved, n, &err), MU_OK);
    support_expect_ok(&err);
    assert_true(mu_monotonic_s() - recorder.start_s >= wall_s); /* the clock of the results goes on */
    json = run_json("status.json");
    assert_string_equal(run_string(json, "state"), "running");
    assert_true(run_number(json, "step") == 2);
    cJSON_Delete(json);
    json = run_json("manifest.json");
    assert_true(run_number(json, "resumes") == 2);
    assert_string_equal(run_string(json, "resumed"), "2000-02-29T00:01:40Z");
    cJSON_Delete(json);
    assert_false(run_exists("summary.json") || run_exists("model.npz"));
    for (size_t i = 0; i < 4; i++) {
        char *const after = run_text(result_names[i]);
        assert_string_equal(after, before[i]);
        mu_free(after);
    }
    record_something(&o, 3);
    close_recorder();
    for (size_t i = 0; i < 4; i++) {
        char *const after = run_text(result_names[i]);
        assert_int_equal(strncmp(after, before[i], strlen(before[i])), 0);
        assert_true(strlen(after) > strlen(before[i]));
        mu_free(after);
        mu_free(before[i]);
    }
}

static void what_was_best_is_known_after_a_resume(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    unsigned char saved[4096];
    struct mu_observer o = open_recorder();
    record_something(&o, 1);
    const size_t n = save_state(&o, saved);
    close_recorder();
    assert_int_equal(mu_recorder_open(&recorder, scratch, &scenario, &quiet, true, &err), MU_OK);
    assert_false(recorder.so_far.reached_target);
    o = mu_recorder_observer(&recorder);
    assert_int_equal(o.restore(o.context, saved, n, &err), MU_OK);
    assert_true(recorder.so_far.best_accuracy == 0.75 && recorder.so_far.best_accuracy_step == 1);
    assert_true(recorder.so_far.reached_target && recorder.so_far.at_target.step == 1);
    assert_null(recorder.so_far.last.model); /* an address of another process */
    close_recorder();
}

static void a_file_that_lost_records_is_an_error(void **state) {
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct mu_err err = {.code = MU_OK};
        unsigned char saved[4096];
        struct mu_observer o = open_recorder();
        record_something(&o, 1);
        const size_t n = save_state(&o, saved);
        close_recorder();
        assert_int_equal(truncate(run_path(result_names[i]), 10), 0);
        assert_int_equal(mu_recorder_open(&recorder, scratch, &scenario, &quiet, true, &err), MU_OK);
        o = mu_recorder_observer(&recorder);
        assert_int_equal(o.restore(o.context, saved, n, &err), MU_IO);
        assert_non_null(strstr(err.help, "--force"));
        support_expect_error(&err, MU_IO, result_names[i], "shorter than it was at the checkpoint");
        close_recorder();
        assert_int_equal(unlink(run_path(result_names[i])), 0);
        struct mu_err ignored = {.code = MU_OK};
        assert_int_equal(mu_recorder_open(&recorder, scratch, &scenario, &quiet, true, &err), MU_IO);
        support_expect_error(&err, MU_IO, result_names[i], "No such file");
        (void)mu_recorder_close(&recorder, &ignored);
    }
}

static void a_state_of_another_size_is_refused(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    unsigned char saved[4096];
    const struct mu_observer o = open_recorder();
    const size_t n = save_state(&o, saved);
    assert_int_equal(o.restore(o.context, saved, n - 8, &err), MU_IO);
    support_expect_error(&err, MU_IO, scratch, "not of this version");
    close_recorder();
}

/* What a checkpoint counts on must be written when it is. */
static void a_full_disk_is_noticed_when_a_run_is_saved(void **state) {
    (void)state;
    if (access("/dev/full", W_OK) != 0) {
        skip();
    }
    struct mu_err err = {.code = MU_OK}, ignored = {.code = MU_OK};
    assert_int_equal(symlink("/dev/full", run_path("steps.jsonl")), 0);
    const struct mu_observer o = open_recorder();
    const struct mu_step_record step = {.step = 1};
    const void *saved = NULL;
    size_t n = 0;
    assert_int_equal(o.step(o.context, &step, &err), MU_OK);
    assert_int_equal(o.save(o.context, &saved, &n, &err), MU_IO);
    support_expect_error(&err, MU_IO, "steps.jsonl", "No space left");
    (void)mu_recorder_close(&recorder, &ignored);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_evaluation_is_a_line_and_a_row, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_step_is_a_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_job_is_a_line_of_the_trace, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_status_is_always_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_status_of_a_hasty_run_is_replaced_now_and_then, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_failure_is_noted_from_outside_while_the_run_goes_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_best_and_the_first_at_the_target_are_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(files_that_are_not_wanted_are_not_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_disk_is_noticed_and_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_cannot_be_opened_is_an_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(files_are_cut_back_to_the_checkpoint, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_best_is_known_after_a_resume, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_lost_records_is_an_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_state_of_another_size_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_disk_is_noticed_when_a_run_is_saved, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
