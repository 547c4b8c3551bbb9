#include "support_report.h"

#include <cJSON.h>

static void a_run_is_found(void **state) {
    (void)state;
    struct mu_err err = {0};
    report_put("run", "config.json", "{}");
    struct mu_report *r = report_open("run/", &err);
    support_expect_ok(&err);
    assert_int_equal(mu_report_runs(r), 1);
    assert_string_equal(r->run[0].name, "run");
    assert_string_equal(r->title, "run");
    mu_report_free(r);
}

static void the_points_of_a_study_come_in_the_order_of_their_numbers(void **state) {
    (void)state;
    struct mu_err err = {0};
    report_put("study/points/lr-10", "config.json", "{}");
    report_put("study/points/lr-2", "config.json", "{}");
    report_put("study/points/.hidden", "config.json", "{}");
    report_put("study/points/unborn", "notes.txt", "");
    report_put("study/other", "config.json", "{}"); /* no point */
    struct mu_report *r = report_open("study", &err);
    support_expect_ok(&err);
    assert_int_equal(mu_report_runs(r), 2);
    assert_string_equal(r->run[0].name, "lr-2");
    assert_string_equal(r->run[1].name, "lr-10");
    mu_report_free(r);
}

/* And puts them in its order, those that it does not know behind them. */
static void a_plan_names_the_configurations(void **state) {
    (void)state;
    char label[256];
    struct mu_err err = {0};
    report_put("study/points/x-s1", "config.json", "{\"lr\":1}");
    report_put("study/points/y-s1", "config.json", "{\"lr\":2}");
    report_put("study", "plan.json",
               "{\"points\":[{\"name\":\"y-s1\",\"group\":\"slow\"},{\"name\":\"unborn\",\"group\":\"z\"}]}");
    struct mu_report *r = report_open("study", &err);
    support_expect_ok(&err);
    mu_report_label(r, 0, label);
    assert_string_equal(label, "slow");
    mu_report_label(r, 1, label);
    assert_string_equal(label, "lr 1");
    mu_report_free(r);
    report_put("study", "plan.json", "{");
    assert_null(report_open("study", &err));
    support_expect_error(&err, MU_IO, "plan.json", "");
}

/* The score of the first strategy of a report's statistics, NAN if it has none. */
static double find_score(const struct mu_report *r) {
    const cJSON *strategies = cJSON_GetObjectItemCaseSensitive(r->statistics, "strategies");
    const cJSON *score = cJSON_GetObjectItemCaseSensitive(cJSON_GetArrayItem(strategies, 0), "score");
    return cJSON_IsNumber(score) ? score->valuedouble : NAN;
}

static void the_statistics_of_one_study_are_taken(void **state) {
    (void)state;
    struct mu_err err = {0};
    report_put("study/points/x-s1", "config.json", "{}");
    struct mu_report *r = report_open("study", &err);
    support_expect_ok(&err);
    assert_null(r->statistics); /* there are none yet */
    mu_report_free(r);
    report_put("study", "statistics.json", "{\"strategies\":[{\"score\":0.75}]}");
    r = report_open("study", &err);
    support_expect_ok(&err);
    assert_true(find_score(r) == 0.75);
    mu_report_free(r);
    report_put("study", "statistics.json", "{\"strategies\":[");
    assert_null(report_open("study", &err));
    support_expect_error(&err, MU_IO, "statistics.json", "ends too early");
}

static void the_statistics_of_several_studies_would_be_of_some_runs_alone(void **state) {
    (void)state;
    struct mu_err err = {0};
    static const char *const names[] = {"one", "two", "run"};
    const char *paths[3];
    report_put("one/points/x-s1", "config.json", "{}");
    report_put("two/points/y-s1", "config.json", "{}");
    report_put("run", "config.json", "{}");
    report_put("one", "statistics.json", "{\"strategies\":[{\"score\":0.5}]}");
    report_put("two", "statistics.json", "{\"strategies\":[{\"score\":0.25}]}");
    for (size_t i = 0; i < 3; i++) {
        paths[i] = report_path(names[i]);
    }
    struct mu_report *r = NULL;
    assert_int_equal(mu_report_new(&r, paths, 2, &err), MU_OK);
    assert_int_equal(mu_report_runs(r), 2);
    assert_null(r->statistics);
    mu_report_free(r);
    assert_int_equal(mu_report_new(&r, &paths[1], 2, &err), MU_OK); /* a study, and a run beside it */
    assert_int_equal(mu_report_runs(r), 2);
    assert_null(r->statistics);
    mu_report_free(r);
    assert_int_equal(mu_report_new(&r, &paths[1], 1, &err), MU_OK); /* the control */
    assert_true(find_score(r) == 0.25);
    mu_report_free(r);
}

static void a_directory_of_runs_is_looked_through(void **state) {
    (void)state;
    struct mu_err err = {0};
    report_put("runs/x", "config.json", "{}");
    report_put("runs/y", "config.json", "{}");
    struct mu_report *r = report_open("runs", &err);
    assert_int_equal(mu_report_runs(r), 2);
    mu_report_free(r);
}

static void a_place_without_results_is_refused(void **state) {
    (void)state;
    struct mu_err err = {0};
    report_put("empty", "notes.txt", "");
    assert_null(report_open("empty", &err));
    support_expect_error(&err, MU_IO, "empty", "has no results");
    err = (struct mu_err){0};
    assert_null(report_open("nowhere", &err));
    support_expect_error(&err, MU_IO, "nowhere", "no such directory");
    err = (struct mu_err){0};
    assert_null(report_open("empty/notes.txt", &err));
    support_expect_error(&err, MU_IO, "notes.txt", "no such directory");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_run_is_found, report_set_up, report_tear_down),
        cmocka_unit_test_setup_teardown(the_points_of_a_study_come_in_the_order_of_their_numbers, report_set_up,
                                        report_tear_down),
        cmocka_unit_test_setup_teardown(a_plan_names_the_configurations, report_set_up, report_tear_down),
        cmocka_unit_test_setup_teardown(the_statistics_of_one_study_are_taken, report_set_up, report_tear_down),
        cmocka_unit_test_setup_teardown(the_statistics_of_several_studies_would_be_of_some_runs_alone, report_set_up,
                                        report_tear_down),
        cmocka_unit_test_setup_teardown(a_directory_of_runs_is_looked_through, report_set_up, report_tear_down),
        cmocka_unit_test_setup_teardown(a_place_without_results_is_refused, report_set_up, report_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
