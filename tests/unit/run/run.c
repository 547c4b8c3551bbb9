#include "support_run.h"

#include <dirent.h>
#include <math.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

static const struct mu_run_options quiet = {.progress = MU_PROGRESS_QUIET};

#define BLOBS                                                                                                     \
    "\"data\": {\"source\": \"blobs\", \"samples\": 300, \"test_samples\": 50, \"features\": 5, \"classes\": 3, " \
    "\"clients\": 8}, \"model\": {\"kind\": \"mlp\", \"hidden\": [6]}"
#define SLOW "\"world\": {\"duration_s\": {\"kind\": \"exponential\", \"mean\": 2}, \"dropout\": 0.1}"
#define SMALL                                                                                             \
    "{\"name\": \"small run\", " BLOBS ", " SLOW ", \"server\": {\"strategy\": {\"kind\": \"fedavg\", "   \
    "\"cohort\": 3}, \"optimizer\": {\"kind\": \"adam\"}}, \"output\": {\"trace\": true}, \"evaluate\": " \
    "{\"every_steps\": 2}, \"stop\": {\"steps\": 12}}"

static size_t count_entries(const char *name) {
    size_t n = 0;
    DIR *const d = opendir(run_path(name));
    assert_non_null(d);
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        n += e->d_name[0] != '.';
    }
    closedir(d);
    return n;
}

static void expect_state(const char *directory, const char *expected) {
    char name[100];
    snprintf(name, sizeof name, "%s/status.json", directory);
    cJSON *const json = run_json(name);
    assert_string_equal(run_string(json, "state"), expected);
    cJSON_Delete(json);
}

static void a_run_leaves_its_files_and_no_others(void **state) {
    (void)state;
    const struct mu_run_result r = run_of(SMALL, "a/b/run"); /* the parents are made, too */
    static const char *const names[] = {"config.json", "manifest.json", "metrics.jsonl", "metrics.csv",
                                        "steps.jsonl", "trace.jsonl",   "status.json",   "summary.json",
                                        "model.npz",   "partition.csv"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char name[100];
        snprintf(name, sizeof name, "a/b/run/%s", names[i]);
        assert_true(run_exists(name));
    }
    assert_int_equal(count_entries("a/b/run"), 10);
    assert_int_equal(r.end, MU_END_STEPS);
    assert_int_equal(r.steps, 12);
    assert_true(r.test_accuracy >= 0 && r.test_accuracy <= 1 && r.test_loss > 0);
    assert_true(r.wall_s > 0 && r.samples_per_s > 0);
    assert_string_equal(r.directory, run_path("a/b/run"));
    expect_state("a/b/run", "done");
    cJSON *const metrics = run_lines("a/b/run/metrics.jsonl"), *const steps = run_lines("a/b/run/steps.jsonl");
    assert_int_equal(cJSON_GetArraySize(metrics), 1 + 6);
    assert_int_equal(cJSON_GetArraySize(steps), 12);
    assert_true(run_number(metrics, "6.step") == 12);
    cJSON_Delete(metrics);
    cJSON_Delete(steps);
}

/* metrics.csv without its third column, the wall seconds. */
static char *metrics_without_wall(const char *name) {
    char *const text = run_text(name);
    char *out = text;
    int column = 0;
    for (const char *at = text; *at != '\0'; at++) {
        column = *at == '\n' ? 0 : *at == ',' ? column + 1 : column;
        if (column != 2) {
            *out++ = *at;
        }
    }
    *out = '\0';
    return text;
}

static void expect_same_results(const char *a, const char *b) {
    static const char *const files[] = {"steps.jsonl", "trace.jsonl"};
    char name[2][100];
    for (size_t i = 0; i < 2; i++) {
        snprintf(name[0], sizeof name[0], "%s/%s", a, files[i]);
        snprintf(name[1], sizeof name[1], "%s/%s", b, files[i]);
        char *const x = run_text(name[0]), *const y = run_text(name[1]);
        assert_string_equal(x, y);
        mu_free(x);
        mu_free(y);
    }
    snprintf(name[0], sizeof name[0], "%s/metrics.csv", a);
    snprintf(name[1], sizeof name[1], "%s/metrics.csv", b);
    char *const x = metrics_without_wall(name[0]), *const y = metrics_without_wall(name[1]);
    assert_string_equal(x, y);
    mu_free(x);
    mu_free(y);
}

/* Run twice, and once more from the config that it echoed. */
static void a_run_can_be_repeated_from_what_it_wrote(void **state) {
    (void)state;
    const struct mu_run_result a = run_of(SMALL, "a"), b = run_of(SMALL, "b");
    char *const echoed = run_text("a/config.json");
    const struct mu_run_result c = run_of(echoed, "c");
    mu_free(echoed);
    assert_string_equal(a.model_sha256, b.model_sha256);
    assert_string_equal(a.model_sha256, c.model_sha256);
    expect_same_results("a", "b");
    expect_same_results("a", "c");
    char *const first = run_text("a/config.json"), *const third = run_text("c/config.json");
    assert_string_equal(first, third);
    mu_free(first);
    mu_free(third);
    struct mu_run_result other = run_of("{\"seed\": 2, " BLOBS ", \"stop\": {\"steps\": 12}}", "d");
    assert_string_not_equal(a.model_sha256, other.model_sha256);
}

static void results_are_not_overwritten_unless_forced(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    struct mu_run_result r;
    assert_int_equal(mkdir(run_path("run"), 0777), 0);
    support_write(run_path("run/notes.txt"), "mine", 4);
    assert_int_equal(run_with(SMALL, "run", &quiet, &r, &err), MU_IO);
    assert_non_null(strstr(err.help, "--force"));
    support_expect_error(&err, MU_IO, "/run", "not empty");
    assert_int_equal(count_entries("run"), 1);
    support_write(run_path("run/participation.csv"), "old", 3);
    const struct mu_run_options force = {.progress = MU_PROGRESS_QUIET, .force = true};
    assert_int_equal(run_with(SMALL, "run", &force, &r, &err), MU_OK);
    support_expect_ok(&err);
    assert_int_equal(count_entries("run"), 10 + 1); /* the note is still there, the old table is not */
    char *const note = run_text("run/notes.txt");
    assert_string_equal(note, "mine");
    mu_free(note);
    /* A run that writes fewer files leaves none of the old ones behind. */
    assert_int_equal(
        run_with("{" BLOBS ", \"output\": {\"steps\": false}, \"stop\": {\"steps\": 2}}", "run", &force, &r, &err),
        MU_OK);
    assert_false(run_exists("run/steps.jsonl") || run_exists("run/trace.jsonl"));
}

static void an_empty_directory_may_be_used(void **state) {
    (void)state;
    assert_int_equal(mkdir(run_path("run"), 0777), 0);
    run_of(SMALL, "run");
    assert_int_equal(count_entries("run"), 10);
}

static void a_file_in_the_way_is_an_error(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    struct mu_run_result r;
    support_write(run_path("run"), "x", 1);
    assert_int_equal(run_with(SMALL, "run", &quiet, &r, &err), MU_IO);
    support_expect_error(&err, MU_IO, "/run", "not a directory");
}

static void without_a_directory_one_is_named_after_the_run(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    struct mu_run_result r[2];
    char before[4096];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(scratch), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(run_with(SMALL, NULL, &quiet, &r[i], &err), MU_OK);
        support_expect_ok(&err);
        assert_int_equal(strncmp(r[i].directory, "runs/small-run-20", 17), 0);
        assert_int_equal(access(r[i].directory, F_OK), 0);
    }
    assert_string_not_equal(r[0].directory, r[1].directory); /* also within one second */
    assert_int_equal(chdir(before), 0);
}

static void a_mistake_leaves_no_directory(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    struct mu_run_result r;
    assert_int_equal(run_with("{" BLOBS ", \"stop\": {\"steps\": 2}, \"server\": {\"strategy\": {\"kind\": \"fedavg\", "
                              "\"cohort\": 9}}}",
                              "run", &quiet, &r, &err),
                     MU_BAD_CONFIG);
    support_expect_error(&err, MU_BAD_CONFIG, "/server/strategy/cohort", "only 8 clients");
    assert_false(run_exists("run"));
}

static void a_run_that_diverges_has_failed(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    struct mu_run_result r;
    assert_int_equal(run_with("{\"data\": {\"source\": \"quadratic\", \"A\": [1e20, 1e20], \"b\": [1, 2]}, \"model\": "
                              "{\"kind\": \"vector\"}, \"client\": {\"optimizer\": {\"kind\": \"sgd\", \"lr\": 1}}, "
                              "\"evaluate\": {\"every_steps\": 1}, \"stop\": {\"steps\": 1000}}",
                              "run", &quiet, &r, &err),
                     MU_DIVERGED);
    support_expect_error(&err, MU_DIVERGED, "config.json", "diverged at step");
    expect_state("run", "failed");
    cJSON *const status = run_json("run/status.json");
    assert_true(run_number(status, "error.code") == MU_DIVERGED);
    assert_non_null(strstr(run_string(status, "error.text"), "diverged"));
    cJSON_Delete(status);
    cJSON *const metrics = run_lines("run/metrics.jsonl"); /* what came before is there */
    assert_true(cJSON_GetArraySize(metrics) > 3);
    cJSON_Delete(metrics);
    assert_false(run_exists("run/summary.json") || run_exists("run/model.npz"));
}

#define CLIMBS                                                                                                        \
    "{\"data\": {\"source\": \"quadratic\", \"targets\": [1, 2, 6]}, \"model\": {\"kind\": \"vector\"}, \"client\": " \
    "{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 2.02}, \"local_steps\": 1}, \"server\": {\"strategy\": {\"kind\": "  \
    "\"fedavg\", \"cohort\": 3}}, \"evaluate\": {\"every_steps\": 1, \"train\": \"full\"}, \"output\": {\"trace\": "  \
    "true}, \"stop\": {\"steps\": 20, \"diverged\": {\"evaluations\": 4, \"factor\": 1.1}}}"

/* Each step makes the distance to the mean 1.02 times what it was: after k of them the loss is 14/6 + 4.5
 * * 1.02^2k. It is 1.1 times the first one, 41/6, after step 4, so that step 7 is the fourth of such. */
static void a_run_that_climbs_is_given_up_with_its_results(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    struct mu_run_result r;
    const struct mu_run_options plain = {.progress = MU_PROGRESS_QUIET};
    assert_int_equal(run_with(CLIMBS, "climbs", &plain, &r, &err), MU_DIVERGED);
    support_expect_error(&err, MU_DIVERGED, "", "4 evaluations were above 1.1 times that");
    expect_state("climbs", "failed");
    cJSON *const summary = run_json("climbs/summary.json"), *const metrics = run_lines("climbs/metrics.jsonl");
    assert_string_equal(run_string(summary, "ended_by"), "diverged");
    assert_int_equal(r.steps, 7);
    double best = INFINITY;
    int above = 0;
    const cJSON *record;
    cJSON_ArrayForEach(record, metrics) {
        const double loss = run_number(record, "train_loss");
        above = loss < best ? 0 : above + (loss > 1.1 * best);
        best = fmin(best, loss);
        assert_true(above < 4 || record->next == NULL);
    }
    assert_int_equal(above, 4);
    cJSON_Delete(summary);
    cJSON_Delete(metrics);
    assert_true(run_exists("climbs/model.npz"));
}

/* What the rule has seen is part of the checkpoint; a pause is always at the same event. */
static void a_run_in_parts_is_given_up_at_the_same_step(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    struct mu_run_result r;
    const struct mu_run_options plain = {.progress = MU_PROGRESS_QUIET};
    assert_int_equal(run_with(CLIMBS, "whole", &plain, &r, &err), MU_DIVERGED);
    err = (struct mu_err){0};
    struct mu_run_options part = {.progress = MU_PROGRESS_QUIET, .pause = {.steps = 3}};
    assert_int_equal(run_with(CLIMBS, "parts", &part, &r, &err), MU_OK);
    assert_int_equal(r.end, MU_END_PAUSED);
    assert_int_equal(r.steps, 3);
    expect_state("parts", "stopped");
    part.resume = true; /* to where it is */
    assert_int_equal(run_with(CLIMBS, "parts", &part, &r, &err), MU_OK);
    assert_int_equal(r.steps, 3);
    part.pause = (struct mu_pause){.updates = 13}; /* of three clients a step */
    assert_int_equal(run_with(CLIMBS, "parts", &part, &r, &err), MU_OK);
    assert_int_equal(r.steps, 5);
    part.pause = (struct mu_pause){0};
    assert_int_equal(run_with(CLIMBS, "parts", &part, &r, &err), MU_DIVERGED);
    expect_same_results("parts", "whole");
}

static int looks;
static bool interrupt_midway(void *context) {
    (void)context;
    return ++looks == 20; /* after so many events */
}

static void an_interrupted_run_is_stopped_and_goes_on_to_the_same_end(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    struct mu_run_result r;
    looks = 0;
    const struct mu_run_options interrupted = {.progress = MU_PROGRESS_QUIET, .interrupted = interrupt_midway};
    assert_int_equal(run_with(SMALL, "part", &interrupted, &r, &err), MU_OK);
    support_expect_ok(&err);
    assert_int_equal(r.end, MU_END_INTERRUPTED);
    assert_true(r.saved);
    assert_in_range(r.steps, 1, 11);
    expect_state("part", "stopped");
    const struct mu_run_options resume = {.progress = MU_PROGRESS_QUIET, .resume = true};
    assert_int_equal(run_with(SMALL, "part", &resume, &r, &err), MU_OK);
    support_expect_ok(&err);
    assert_int_equal(r.steps, 12);
    expect_state("part", "done");
    const struct mu_run_result whole = run_of(SMALL, "whole");
    assert_string_equal(r.model_sha256, whole.model_sha256);
    expect_same_results("part", "whole");
    /* There is nothing more to do; and another config is another run. */
    assert_int_equal(run_with(SMALL, "part", &resume, &r, &err), MU_OK);
    assert_true(r.already_done);
    assert_int_equal(run_with("{" BLOBS ", \"stop\": {\"steps\": 13}}", "part", &resume, &r, &err), MU_BAD_CONFIG);
    support_expect_error(&err, MU_BAD_CONFIG, "part/config.json", "another config");
    assert_int_equal(run_with(SMALL, NULL, &resume, &r, &err), MU_USAGE);
    support_expect_error(&err, MU_USAGE, "--resume", "which run");
}

/* No file may grow beyond 8 KB, as on a disk that is full: the steps' file is the first to. */
static void a_full_disk_is_an_io_error_and_a_failed_run(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    struct mu_run_result r;
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_IGN);
    const struct rlimit small = {.rlim_cur = 8192, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    const int code = run_with("{" BLOBS ", \"evaluate\": {\"every_steps\": 20}, \"stop\": {\"steps\": 200}}", "run",
                              &quiet, &r, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(code, MU_IO);
    support_expect_error(&err, MU_IO, "run/steps.jsonl", "cannot write: File too large");
    cJSON *const status = run_json("run/status.json");
    assert_string_equal(run_string(status, "state"), "failed");
    assert_true(run_number(status, "error.code") == MU_IO);
    assert_non_null(strstr(run_string(status, "error.place"), "steps.jsonl"));
    cJSON_Delete(status);
    assert_false(run_exists("run/summary.json"));
}

static char announced[600];
static void announce(const char *directory) {
    snprintf(announced, sizeof announced, "%s", directory);
    assert_int_equal(access(directory, F_OK), 0);
}

static void the_directory_is_announced_when_it_is_there(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    struct mu_run_result r;
    const struct mu_run_options o = {.progress = MU_PROGRESS_QUIET, .started = announce};
    assert_int_equal(run_with(SMALL, "run", &o, &r, &err), MU_OK);
    assert_string_equal(announced, run_path("run"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_run_leaves_its_files_and_no_others, run_set_up, run_tear_down),
        cmocka_unit_test_setup_teardown(a_run_can_be_repeated_from_what_it_wrote, run_set_up, run_tear_down),
        cmocka_unit_test_setup_teardown(results_are_not_overwritten_unless_forced, run_set_up, run_tear_down),
        cmocka_unit_test_setup_teardown(an_empty_directory_may_be_used, run_set_up, run_tear_down),
        cmocka_unit_test_setup_teardown(a_file_in_the_way_is_an_error, run_set_up, run_tear_down),
        cmocka_unit_test_setup_teardown(without_a_directory_one_is_named_after_the_run, run_set_up, run_tear_down),
        cmocka_unit_test_setup_teardown(a_mistake_leaves_no_directory, run_set_up, run_tear_down),
        cmocka_unit_test_setup_teardown(a_run_that_diverges_has_failed, run_set_up, run_tear_down),
        cmocka_unit_test_setup_teardown(a_run_that_climbs_is_given_up_with_its_results, run_set_up, run_tear_down),
        cmocka_unit_test_setup_teardown(a_run_in_parts_is_given_up_at_the_same_step, run_set_up, run_tear_down),
        cmocka_unit_test_setup_teardown(an_interrupted_run_is_stopped_and_goes_on_to_the_same_end, run_set_up,
                                        run_tear_down),
        cmocka_unit_test_setup_teardown(a_full_disk_is_an_io_error_and_a_failed_run, run_set_up, run_tear_down),
        cmocka_unit_test_setup_teardown(the_directory_is_announced_when_it_is_there, run_set_up, run_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
