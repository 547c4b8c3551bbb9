#include "support_study.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "muster/study/watch.h"

/* Points of 10, 30 and 60 jobs, all of 100 steps. */
#define CONFIG "\"config\":{\"stop\":{\"steps\":100}}"
#define PLAN                                                                                           \
    "{\"points\":[{\"name\":\"a\",\"estimate\":10," CONFIG "},{\"name\":\"b\",\"estimate\":30," CONFIG \
    "},{\"name\":\"c\",\"estimate\":60," CONFIG "}]}"

static struct mu_watch *open_watch(cJSON **plan) {
    struct mu_watch *watch = NULL;
    struct mu_err err = {0};
    *plan = study_json(PLAN);
    assert_int_equal(mu_watch_new(&watch, *plan, scratch, &err), MU_OK);
    return watch;
}

static void close_watch(struct mu_watch *watch, cJSON *plan) {
    mu_watch_free(watch);
    cJSON_Delete(plan);
}

/* As if it had been written long before the study started. */
static void make_old(const char *name) {
    const struct timespec times[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    assert_int_equal(utimensat(AT_FDCWD, study_path(name), times, 0), 0);
}

static void states_are_counted(void **state) {
    (void)state;
    cJSON *plan;
    struct mu_watch *watch = open_watch(&plan);
    const struct mu_watch_view *view = mu_watch_look(watch);
    assert_int_equal(view->points, 3);
    assert_int_equal(view->done + view->failed + view->running, 0);
    assert_true(isnan(view->eta_s));
    assert_true(isnan(view->best));
    study_put("a", "status.json", "{\"state\":\"running\",\"step\":0,\"time_s\":0}");
    study_put("b", "status.json", "{\"state\":\"failed\",\"error\":{\"code\":5}}");
    view = mu_watch_look(watch);
    assert_int_equal(view->running, 1);
    assert_int_equal(view->failed, 1);
    assert_int_equal(view->done, 0);
    study_put("a", "status.json", "{\"state\":\"done\",\"step\":100,\"time_s\":3}");
    study_put("a", "summary.json", "{\"best\":{\"test_accuracy\":0.75,\"test_loss\":1}}");
    (void)mu_watch_look(watch);
    view = mu_watch_look(watch); /* what has ended is counted once */
    assert_int_equal(view->running, 0);
    assert_int_equal(view->failed, 1);
    assert_int_equal(view->done, 1);
    assert_int_equal(view->n_best, 1);
    assert_true(view->best == 0.75);
    assert_false(view->loss);
    close_watch(watch, plan);
}

static void a_point_that_runs_shows_its_last_scores(void **state) {
    (void)state;
    cJSON *plan;
    struct mu_watch *watch = open_watch(&plan);
    char text[4000] = "";
    for (int i = 0; i < 30; i++) {
        snprintf(text + strlen(text), 100, "{\"step\":%d,\"test_loss\":9,\"test_accuracy\":%d}\n", i, i);
    }
    strcat(text, "{\"step\":30,\"test_acc"); /* being written */
    study_put("b", "metrics.jsonl", text);
    study_put("b", "status.json", "{\"state\":\"running\",\"step\":29,\"time_s\":0}");
    const struct mu_watch_view *view = mu_watch_look(watch);
    assert_int_equal(view->n_shown, 1);
    const struct mu_watch_point *point = &view->shown[0];
    assert_string_equal(point->name, "b");
    assert_true(point->step == 29 && point->steps == 100);
    assert_int_equal(point->n, MU_WATCH_TREND);
    assert_true(point->trend[MU_WATCH_TREND - 1] == 29);
    assert_true(point->trend[0] == 30 - MU_WATCH_TREND);
    /* Its metrics are ahead of its status, which is not written at every evaluation. */
    usleep(20000); /* file times are as coarse as the kernel's ticks */
    study_put("b", "metrics.jsonl", "{\"step\":60,\"time_s\":1,\"test_accuracy\":0.5}\n");
    view = mu_watch_look(watch);
    assert_int_equal(view->n_shown, 1);
    assert_true(view->shown[0].step == 60);
    assert_int_equal(view->shown[0].n, 1);
    assert_true(view->shown[0].trend[0] == 0.5);
    close_watch(watch, plan);
}

static void without_accuracy_the_least_loss_is_the_best(void **state) {
    (void)state;
    cJSON *plan;
    struct mu_watch *watch = open_watch(&plan);
    static const char *const names[] = {"c", "a", "b"};
    static const double losses[] = {0.5, 0.25, 0.75};
    for (size_t i = 0; i < 3; i++) {
        char text[100];
        snprintf(text, sizeof text, "{\"best\":{\"test_accuracy\":null,\"test_loss\":%g}}", losses[i]);
        study_put(names[i], "summary.json", text);
        study_put(names[i], "status.json", "{\"state\":\"done\"}");
        (void)mu_watch_look(watch);
    }
    const struct mu_watch_view *view = mu_watch_look(watch);
    assert_true(view->loss);
    assert_true(view->best == 0.25);
    assert_int_equal(view->n_best, 3);
    for (size_t i = 0; i < 3; i++) { /* in the order in which they were done */
        assert_true(view->bests[i] == losses[i]);
    }
    close_watch(watch, plan);
}

#define KIND(kind) "\"config\":{\"stop\":{\"steps\":100},\"server\":{\"strategy\":{\"kind\":\"" kind "\"}}}"

/* A job of one strategy may take a hundred times as long as one of another. */
static void the_time_of_a_job_is_that_of_its_strategy(void **state) {
    (void)state;
    static const char text[] = "{\"points\":[{\"name\":\"a\",\"estimate\":100," KIND(
        "fedavg") "},"
                  "{\"name\":\"b\",\"estimate\":300," KIND(
                      "fedavg") "},"
                                "{\"name\":\"c\",\"estimate\":10," KIND(
                                    "dp_gd") "},"
                                             "{\"name\":\"d\",\"estimate\":20," KIND(
                                                 "dp_gd") "},"
                                                          "{\"name\":\"e\",\"estimate\":5," KIND("diff2") "}]}";
    struct mu_watch *watch = NULL;
    struct mu_err err = {0};
    cJSON *plan = study_json(text);
    assert_int_equal(mu_watch_new(&watch, plan, scratch, &err), MU_OK);
    /* One fedavg is done, 100 jobs in 2 s; a dp_gd is at a quarter of its 10 jobs after 5 s: 0.02 and 2 s a job. */
    study_put("a", "status.json", "{\"state\":\"done\"}");
    study_put("a", "summary.json", "{\"wall\":{\"run_s\":2}}");
    study_put("c", "status.json", "{\"state\":\"running\",\"step\":0,\"time_s\":0}");
    study_put("c", "metrics.jsonl", "{\"step\":0,\"wall_s\":0.1}\n{\"step\":25,\"time_s\":0,\"wall_s\":5}\n");
    double left = 300 * 0.02 + 7.5 * 2 + 20 * 2 + 5 * (7 / 102.5); /* diff2: what is known of all */
    assert_true(fabs(mu_watch_look(watch)->eta_s - left) < 1e-9);
    /* Two at a time: half of what is left, and once seen it stays so. */
    study_put("b", "status.json", "{\"state\":\"running\",\"step\":0,\"time_s\":0}");
    assert_true(fabs(mu_watch_look(watch)->eta_s - left / 2) < 1e-9);
    study_put("b", "status.json", "{\"state\":\"done\"}");
    study_put("b", "summary.json", "{\"wall\":{\"run_s\":6}}");
    left = 7.5 * 2 + 20 * 2 + 5 * (13 / 402.5);
    assert_true(fabs(mu_watch_look(watch)->eta_s - left / 2) < 1e-9);
    close_watch(watch, plan);
}

static void the_time_left_follows_from_the_jobs_left(void **state) {
    (void)state;
    cJSON *plan;
    struct mu_watch *watch = open_watch(&plan);
    usleep(50000);
    study_put("a", "status.json", "{\"state\":\"done\"}");
    study_put("b", "status.json", "{\"state\":\"running\",\"step\":50,\"time_s\":0}");
    /* b was taken up at step 50, so 10 jobs are behind this study; 15 of b and 60 of c are to come: 7.5 times as much.
     */
    const double eta = mu_watch_look(watch)->eta_s;
    assert_true(eta >= 7.5 * 0.05 && eta < 7.5 * 5);
    study_put("b", "status.json", "{\"state\":\"running\", \"step\":100,\"time_s\":0}");
    const double later = mu_watch_look(watch)->eta_s; /* 25 are behind it, 60 to come */
    assert_true(later >= 60.0 / 25 * 0.05 && later < eta);
    close_watch(watch, plan);
}

static void what_an_earlier_sweep_left_is_told_from_what_runs(void **state) {
    (void)state;
    cJSON *plan;
    study_put("a", "status.json", "{\"state\":\"done\"}");
    study_put("b", "status.json", "{\"state\":\"running\",\"step\":50,\"time_s\":0}"); /* killed */
    study_put("c", "status.json", "{\"state\":\"failed\",\"error\":{\"code\":5}}");    /* will be tried again */
    make_old("points/a/status.json");
    make_old("points/b/status.json");
    make_old("points/c/status.json");
    struct mu_watch *watch = open_watch(&plan);
    const struct mu_watch_view *view = mu_watch_look(watch);
    assert_int_equal(view->done, 1);
    assert_int_equal(view->running, 0);
    assert_int_equal(view->failed, 0);
    assert_true(isnan(view->eta_s)); /* nothing of it is the work of this study */
    study_put("b", "status.json", "{\"state\":\"running\",\"step\":50,\"time_s\":0}");
    assert_int_equal(mu_watch_look(watch)->running, 1);
    close_watch(watch, plan);
    study_put("c", "status.json", "{\"state\":\"failed\",\"error\":{\"code\":4}}"); /* diverges whenever it is run */
    make_old("points/c/status.json");
    watch = open_watch(&plan);
    assert_int_equal(mu_watch_look(watch)->failed, 1);
    close_watch(watch, plan);
}

static void points_that_were_selected_are_neither_done_nor_failed(void **state) {
    (void)state;
    struct mu_watch *watch = NULL;
    struct mu_err err = {0};
    cJSON *plan = study_json("{\"search\":\"/x\",\"points\":[{\"name\":\"a\"},{\"name\":\"b\"},{\"name\":\"c\"}]}");
    assert_int_equal(mu_watch_new(&watch, plan, scratch, &err), MU_OK);
    study_put("a", "status.json", "{\"state\":\"stopped\",\"step\":5,\"time_s\":0}");
    study_put("b", "status.json", "{\"state\":\"failed\",\"error\":{\"code\":4}}");
    const struct mu_watch_view *view = mu_watch_look(watch);
    assert_int_equal(view->failed, 1);
    assert_int_equal(view->stopped + view->skipped, 0);
    assert_int_equal(mu_dir_create(study_path(".claims"), &err), MU_OK);
    support_write(study_path(".claims/stopped-0"), "", 0);
    support_write(study_path(".claims/skipped-1"), "", 0);
    support_write(study_path(".claims/skipped-2"), "", 0);
    view = mu_watch_look(watch);
    assert_int_equal(view->failed + view->done + view->running, 0);
    assert_int_equal(view->stopped, 1);
    assert_int_equal(view->skipped, 2);
    close_watch(watch, plan);
}

struct calls {
    int n, ended;
    size_t done;
};

static void count_call(void *calls_, const struct mu_watch_view *view) {
    struct calls *calls = calls_;
    calls->n++;
    calls->ended += view->ended;
    calls->done = view->done;
}

static void a_thread_looks_and_the_last_look_is_the_end(void **state) {
    (void)state;
    cJSON *plan;
    struct mu_watch *watch = open_watch(&plan);
    struct calls calls = {0};
    struct mu_err err = {0};
    assert_int_equal(mu_watch_start(watch, count_call, &calls, &err), MU_OK);
    usleep(400000);
    study_put("a", "status.json", "{\"state\":\"done\"}");
    mu_watch_stop(watch);
    assert_in_range(calls.n, 2, 4); /* at 0 and 0.25 s, and the last */
    assert_int_equal(calls.ended, 1);
    assert_int_equal(calls.done, 1);
    mu_watch_stop(watch); /* nothing more */
    assert_int_equal(calls.ended, 1);
    close_watch(watch, plan);
    mu_watch_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(states_are_counted, study_set_up, study_tear_down),
        cmocka_unit_test_setup_teardown(a_point_that_runs_shows_its_last_scores, study_set_up, study_tear_down),
        cmocka_unit_test_setup_teardown(without_accuracy_the_least_loss_is_the_best, study_set_up, study_tear_down),
        cmocka_unit_test_setup_teardown(the_time_of_a_job_is_that_of_its_strategy, study_set_up, study_tear_down),
        cmocka_unit_test_setup_teardown(the_time_left_follows_from_the_jobs_left, study_set_up, study_tear_down),
        cmocka_unit_test_setup_teardown(what_an_earlier_sweep_left_is_told_from_what_runs, study_set_up,
                                        study_tear_down),
        cmocka_unit_test_setup_teardown(points_that_were_selected_are_neither_done_nor_failed, study_set_up,
                                        study_tear_down),
        cmocka_unit_test_setup_teardown(a_thread_looks_and_the_last_look_is_the_end, study_set_up, study_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
