#include "support_report.h"

#include <sys/stat.h>

/* A gnuplot of the test's own, which keeps the script that it is given: what it draws is seen in scenario/report. */
static void set_gnuplot(const char *body) {
    char text[600];
    snprintf(text, sizeof text, "#!/bin/sh\n%s\n", body);
    report_put("bin", "gnuplot", text);
    assert_int_equal(chmod(report_path("bin/gnuplot"), 0755), 0);
}

static struct mu_report *make_run(struct mu_err *err) {
    report_put("run", "config.json", "{\"name\":\"it's\"}");
    report_put("run", "metrics.jsonl", "{\"time_s\":0,\"test_loss\":1}\n{\"time_s\":2,\"test_loss\":0.5}\n");
    return report_open("run", err);
}

static int draw(size_t *n, struct mu_err *err) {
    struct mu_report *r = make_run(err);
    char path[1200];
    snprintf(path, sizeof path, "%s:%s", report_path("bin"), "/usr/bin:/bin");
    setenv("PATH", path, 1);
    const int code = mu_report_figures(r, report_path("out"), MU_FIGURE_SVG, n, err);
    mu_report_free(r);
    return code;
}

static void only_what_there_are_data_for_is_drawn(void **state) {
    (void)state;
    struct mu_err err = {0};
    size_t n = 0, length = 0;
    char body[400], *text = NULL;
    snprintf(body, sizeof body, "cp \"$1\" %s", report_path("script"));
    set_gnuplot(body);
    assert_int_equal(draw(&n, &err), MU_OK);
    assert_int_equal(n, 1);
    assert_int_equal(mu_file_read(report_path("script"), 1 << 20, &text, &length, &err), MU_OK);
    assert_non_null(strstr(text, "/out/loss.svg'"));
    assert_null(strstr(text, "accuracy.svg"));
    assert_non_null(strstr(text, "title 'it''s'")); /* a quote cannot end the text */
    assert_non_null(strstr(text, "\n2 0.5 0.5 0.5\n"));
    assert_int_not_equal(access(report_path("out/.figures.gnuplot"), F_OK), 0);
    mu_free(text);
}

static void a_complaint_is_passed_on(void **state) {
    (void)state;
    struct mu_err err = {0};
    size_t n = 0;
    set_gnuplot("echo unknown terminal >&2; exit 1");
    assert_int_equal(draw(&n, &err), MU_IO);
    support_expect_error(&err, MU_IO, "gnuplot", "unknown terminal");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_what_there_are_data_for_is_drawn, report_set_up, report_tear_down),
        cmocka_unit_test_setup_teardown(a_complaint_is_passed_on, report_set_up, report_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
