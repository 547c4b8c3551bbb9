#include "support_report.h"

static void the_page_is_whole_and_says_what_the_data_say(void **state) {
    (void)state;
    struct mu_err err = {0};
    report_put("run", "config.json", "{\"name\":\"</script><b>\"}");
    report_put("run", "metrics.jsonl", "{\"step\":0,\"test_loss\":1}\n{\"step\":1,\"test_loss\":0.5}\n");
    struct mu_report *r = report_open("run", &err);
    assert_int_equal(mu_report_html(r, report_path("page.html"), &err), MU_OK);
    mu_report_free(r);
    char *text = NULL;
    size_t n = 0;
    assert_int_equal(mu_file_read(report_path("page.html"), 1 << 24, &text, &n, &err), MU_OK);
    assert_int_equal(strncmp(text, "<!DOCTYPE html>", 15), 0);
    assert_string_equal(text + n - 8, "</html>\n");
    assert_null(strstr(text, "{{"));
    assert_non_null(strstr(text, "Chart.js v"));
    assert_non_null(strstr(text, "\"step\":\"4AAAAAAAAgD8=\"")); /* 0 and 1 as floats */
    assert_non_null(strstr(text, "\\u003c/script>\\u003cb>"));
    assert_null(strstr(text, "</script><b>"));
    mu_free(text);
}

static void a_page_that_cannot_be_written_is_an_error(void **state) {
    (void)state;
    struct mu_err err = {0};
    report_put("run", "config.json", "{}");
    struct mu_report *r = report_open("run", &err);
    assert_int_equal(mu_report_html(r, report_path("nowhere/page.html"), &err), MU_IO);
    support_expect_error(&err, MU_IO, "nowhere/page.html", "");
    mu_report_free(r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_page_is_whole_and_says_what_the_data_say, report_set_up, report_tear_down),
        cmocka_unit_test_setup_teardown(a_page_that_cannot_be_written_is_an_error, report_set_up, report_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
