#include "support_report.h"

/* One run keeps 2,000 evaluations at most, the first and the last among them. */
static void long_runs_are_thinned(void **state) {
    (void)state;
    struct mu_err err = {0};
    enum { ROWS = 5000 };
    char *const text = mu_alloc(ROWS, 32, &err);
    size_t n = 0;
    for (int i = 0; i < ROWS; i++) {
        n += (size_t)snprintf(text + n, 32, "{\"step\":%d}\n", i);
    }
    report_put("run", "config.json", "{}");
    report_put("run", "metrics.jsonl", text);
    mu_free(text);
    struct mu_report *r = report_open("run", &err);
    support_expect_ok(&err);
    const struct mu_table *const m = &r->run[0].metrics;
    assert_int_equal(m->rows, 2000);
    assert_true(mu_table_get(m, "step")[0] == 0 && mu_table_get(m, "step")[1999] == ROWS - 1);
    mu_report_free(r);
}

static void several_directories_are_one_report(void **state) {
    (void)state;
    struct mu_err err = {0};
    struct mu_report *r = NULL;
    report_put("a", "config.json", "{\"lr\":1}");
    report_put("b", "config.json", "{\"lr\":2}");
    const char *const both[] = {report_path("a"), report_path("b")};
    assert_int_equal(mu_report_new(&r, both, 2, &err), MU_OK);
    assert_int_equal(mu_report_runs(r), 2);
    assert_int_equal(r->axes.groups, 2);
    assert_string_equal(r->axes.path[0], "/lr");
    mu_report_free(r);
    mu_report_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(long_runs_are_thinned, report_set_up, report_tear_down),
        cmocka_unit_test_setup_teardown(several_directories_are_one_report, report_set_up, report_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
