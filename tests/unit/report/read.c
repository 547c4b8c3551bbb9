#include "support_report.h"

static void participation_comes_from_the_summary(void **state) {
    (void)state;
    struct mu_err err = {0};
    report_put("run", "config.json", "{}");
    report_put(
        "run", "summary.json",
        "{\"participation\":{\"rates\":[0.1,0.2],\"implied_weights\":[0.25,0.75],\"wanted_weights\":[0.5,0.5]}}");
    struct mu_report *r = report_open("run", &err);
    support_expect_ok(&err);
    assert_int_equal(r->run[0].clients.rows, 2);
    assert_true(mu_table_get(&r->run[0].clients, "implied_weight")[1] == 0.75);
    assert_true(mu_table_get(&r->run[0].clients, "rate")[0] == 0.1);
    mu_report_free(r);
}

static void or_from_the_table_of_many_clients(void **state) {
    (void)state;
    struct mu_err err = {0};
    report_put("run", "config.json", "{}");
    report_put("run", "summary.json", "{\"participation\":{\"file\":\"participation.csv\"}}");
    report_put("run", "participation.csv",
               "client,participations,rate,implied_weight,wanted_weight\n0,3,0.5,0.25,0.5\n1,9,1.5,,0.5\n");
    struct mu_report *r = report_open("run", &err);
    support_expect_ok(&err);
    assert_int_equal(r->run[0].clients.rows, 2);
    assert_true(mu_table_get(&r->run[0].clients, "implied_weight")[0] == 0.25);
    assert_true(isnan(mu_table_get(&r->run[0].clients, "implied_weight")[1]));
    assert_true(mu_table_get(&r->run[0].clients, "wanted_weight")[1] == 0.5);
    mu_report_free(r);
}

static void a_run_that_has_just_begun_has_little(void **state) {
    (void)state;
    struct mu_err err = {0};
    report_put("run", "config.json", "{\"name\":\"x\"}");
    struct mu_report *r = report_open("run", &err);
    support_expect_ok(&err);
    assert_null(r->run[0].summary);
    assert_int_equal(r->run[0].metrics.rows + r->run[0].jobs.total + r->run[0].classes.rows, 0);
    mu_report_free(r);
}

static void results_that_cannot_be_read_are_named(void **state) {
    (void)state;
    struct mu_err err = {0};
    report_put("run", "config.json", "{}");
    report_put("run", "summary.json", "{\"final\":");
    assert_null(report_open("run", &err));
    support_expect_error(&err, MU_IO, "summary.json", "");
    err = (struct mu_err){0};
    report_put("run", "config.json", "[]");
    assert_null(report_open("run", &err));
    support_expect_error(&err, MU_IO, "config.json", "expected a JSON object");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(participation_comes_from_the_summary, report_set_up, report_tear_down),
        cmocka_unit_test_setup_teardown(or_from_the_table_of_many_clients, report_set_up, report_tear_down),
        cmocka_unit_test_setup_teardown(a_run_that_has_just_begun_has_little, report_set_up, report_tear_down),
        cmocka_unit_test_setup_teardown(results_that_cannot_be_read_are_named, report_set_up, report_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
