#include "support_report.h"

static void jobs_are_kept_in_order_up_to_a_number(void **state) {
    (void)state;
    struct mu_err err = {0};
    struct mu_jobs jobs = {0};
    report_put("run", "trace.jsonl",
               "{\"event\":\"arrival\",\"time_ns\":5,\"job\":1,\"client\":7,\"version\":0,\"dispatch_ns\":0}\n"
               "{\"job\":1,\"client\":7,\"version\":0,\"dispatch_s\":0,\"arrive_s\":1.5,\"end_s\":2,\"status\":"
               "\"used\",\"step\":1,\"weight\":1}\n"
               "{\"job\":2,\"client\":3,\"version\":0,\"dispatch_s\":0.5,\"arrive_s\":4,\"end_s\":3,\"status\":"
               "\"late\",\"step\":null,\"weight\":null}\n"
               "{\"job\":3,\"client\":4,\"version\":0,\"dispatch_s\":1,\"arrive_s\":4,\"end_s\":4,\"status\":"
               "\"dropped\",\"step\":null,\"weight\":null}\n");
    assert_int_equal(mu_jobs_read(&jobs, report_path("run/trace.jsonl"), 2, &err), MU_OK);
    assert_int_equal(jobs.total, 3); /* the event is no job */
    assert_int_equal(jobs.shown.rows, 2);
    assert_true(mu_table_get(&jobs.shown, "client")[0] == 7 && mu_table_get(&jobs.shown, "client")[1] == 3);
    assert_true(mu_table_get(&jobs.shown, "status")[0] == 0 && mu_table_get(&jobs.shown, "status")[1] == 1);
    assert_true(isnan(mu_table_get(&jobs.shown, "step")[1]));
    mu_table_clear(&jobs.shown);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(jobs_are_kept_in_order_up_to_a_number, report_set_up, report_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
