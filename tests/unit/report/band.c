#include "support_report.h"

/* Two seeds of one configuration, and another configuration. Accuracies are lines: t / 10 up to t = 4, and t / 20 up to
 * t = 8, so that the mean is 3 t / 40 where both are known. */
static struct mu_report *make_study(struct mu_err *err) {
    report_put("study/points/a1", "config.json", "{\"seed\":1,\"lr\":0.1}");
    report_put("study/points/a1", "metrics.jsonl", "{\"time_s\":0,\"accuracy\":0}\n{\"time_s\":4,\"accuracy\":0.4}\n");
    report_put("study/points/a2", "config.json", "{\"seed\":2,\"lr\":0.1}");
    report_put("study/points/a2", "metrics.jsonl",
               "{\"time_s\":0,\"accuracy\":0}\n{\"time_s\":2,\"accuracy\":0.1}\n{\"time_s\":8,\"accuracy\":0.4}\n");
    report_put("study/points/b", "config.json", "{\"seed\":1,\"lr\":0.5}");
    report_put("study/points/b", "metrics.jsonl",
               "{\"time_s\":0,\"accuracy\":null}\n{\"time_s\":1,\"accuracy\":0.5}\n");
    return report_open("study", err);
}

static void seeds_are_averaged_where_all_have_values(void **state) {
    (void)state;
    static struct mu_band band;
    struct mu_err err = {0};
    struct mu_report *r = make_study(&err);
    support_expect_ok(&err);
    assert_int_equal(r->axes.groups, 2);
    assert_true(mu_report_band(r, 0, "time_s", "accuracy", &band));
    assert_int_equal(band.runs, 2);
    assert_true(band.x[0] == 0 && band.x[band.n - 1] == 4);
    for (size_t p = 0; p < band.n; p++) {
        assert_true(fabs(band.mean[p] - 0.075 * band.x[p]) < 1e-12);
        assert_true(fabs(band.low[p] - 0.05 * band.x[p]) < 1e-12);
        assert_true(fabs(band.high[p] - 0.1 * band.x[p]) < 1e-12);
    }
    assert_false(fabs(band.mean[100] - 0.0751 * band.x[100]) < 1e-12);
    mu_report_free(r);
}

static void one_known_value_is_no_curve(void **state) {
    (void)state;
    static struct mu_band band;
    struct mu_err err = {0};
    struct mu_report *r = make_study(&err);
    assert_false(mu_report_band(r, 1, "time_s", "accuracy", &band));
    assert_false(mu_report_band(r, 0, "time_s", "epsilon", &band));
    mu_report_free(r);
}

static void labels_are_the_values_of_the_axes(void **state) {
    (void)state;
    char label[256];
    struct mu_err err = {0};
    struct mu_report *r = make_study(&err);
    mu_report_label(r, 2, label);
    assert_string_equal(label, "lr 0.5");
    mu_report_free(r);
    report_put("alone", "config.json", "{\"name\":\"by its name\"}");
    r = report_open("alone", &err);
    mu_report_label(r, 0, label);
    assert_string_equal(label, "by its name");
    mu_report_free(r);
}

static void expect_family(const char *const *group, size_t n, const char *want) {
    struct mu_err err = {0};
    char plan[1000], label[256];
    int used = snprintf(plan, sizeof plan, "{\"points\":[");
    for (size_t i = 0; i < n; i++) {
        char where[60], text[100];
        snprintf(where, sizeof where, "%s/points/p%zu", want, i);
        snprintf(text, sizeof text, "{\"seed\":1,\"kind\":\"law\",\"lr\":%zu}", i);
        report_put(where, "config.json", text);
        used += snprintf(plan + used, sizeof plan - (size_t)used, "%s{\"name\":\"p%zu\",\"group\":\"%s\"}",
                         i > 0 ? "," : "", i, group[i]);
    }
    snprintf(plan + used, sizeof plan - (size_t)used, "]}");
    report_put(want, "plan.json", plan);
    struct mu_report *r = report_open(want, &err);
    support_expect_ok(&err);
    mu_report_family_label(r, 0, label);
    assert_string_equal(label, want);
    mu_report_free(r);
}

static void a_family_is_called_by_the_words_its_labels_begin_with(void **state) {
    (void)state;
    expect_family((const char *const[]){"dp_gd-e1", "dp_gd-e10", "dp_gd-e3"}, 3, "dp_gd");
    expect_family((const char *const[]){"fedavg, lr 1", "fedavg, lr 10"}, 2, "fedavg");
    expect_family((const char *const[]){"alone-e1"}, 1, "alone-e1");
    expect_family((const char *const[]){"e1", "e3"}, 2, "all runs");
}

/* "value 0.1" would say nothing. */
static void a_constant_is_called_by_what_has_the_value(void **state) {
    (void)state;
    char label[256];
    struct mu_err err = {0};
    for (int i = 1; i < 3; i++) {
        char where[20], text[100];
        snprintf(where, sizeof where, "s/points/p%d", i);
        snprintf(text, sizeof text, "{\"speed\":{\"kind\":\"constant\",\"value\":%d}}", i);
        report_put(where, "config.json", text);
    }
    struct mu_report *r = report_open("s", &err);
    mu_report_label(r, 1, label);
    assert_string_equal(label, "speed 2");
    mu_report_free(r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(seeds_are_averaged_where_all_have_values, report_set_up, report_tear_down),
        cmocka_unit_test_setup_teardown(one_known_value_is_no_curve, report_set_up, report_tear_down),
        cmocka_unit_test_setup_teardown(labels_are_the_values_of_the_axes, report_set_up, report_tear_down),
        cmocka_unit_test_setup_teardown(a_family_is_called_by_the_words_its_labels_begin_with, report_set_up,
                                        report_tear_down),
        cmocka_unit_test_setup_teardown(a_constant_is_called_by_what_has_the_value, report_set_up, report_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
