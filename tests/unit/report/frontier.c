#include "support_report.h"

#include "frontier.h"

static void put_run(const char *name, const char *kind, int epsilon, int seed, double spent, double accuracy) {
    char where[100], text[300];
    snprintf(where, sizeof where, "study/points/%s", name);
    snprintf(text, sizeof text, "{\"seed\":%d,\"strategy\":{\"kind\":\"%s\"},\"epsilon\":%d}", seed, kind, epsilon);
    report_put(where, "config.json", text);
    snprintf(text, sizeof text, "{\"epsilon\":0,\"test_accuracy\":0.1}\n{\"epsilon\":%g,\"test_accuracy\":%g}\n", spent,
             accuracy);
    report_put(where, "metrics.jsonl", text);
}

/* Family a: means (1, 0.5), (2, 0.4), (2.98, 0.6), (3, 0.7), of which the second costs more than the first and reaches
 * less, and the third costs what the fourth does, but for 1 %, and reaches less. */
static struct mu_report *make_study(struct mu_err *err) {
    put_run("a-e1-s1", "a", 1, 1, 0.9, 0.45);
    put_run("a-e1-s2", "a", 1, 2, 1.1, 0.55);
    put_run("a-e2-s1", "a", 2, 1, 2, 0.4);
    put_run("a-e3-s1", "a", 3, 1, 3, 0.7);
    put_run("a-e4-s1", "a", 4, 1, 2.98, 0.6);
    put_run("b-e1-s1", "b", 1, 1, 1, 0.3);
    put_run("c-e1-s1", "c", 1, 1, 0, 0.9); /* not private: on no frontier */
    return report_open("study", err);
}

static void means_that_another_beats_are_left_out(void **state) {
    (void)state;
    struct mu_err err = {0};
    struct mu_frontier_point point[7];
    struct mu_report *r = make_study(&err);
    support_expect_ok(&err);
    assert_int_equal(r->axes.families, 3);
    assert_int_equal(mu_frontier_runs(r, 0, point), 5);
    assert_true(point[1].epsilon == 1.1 && point[1].accuracy == 0.55);
    assert_int_equal(mu_frontier_means(r, 0, point), 2);
    assert_true(fabs(point[0].epsilon - 1) < 1e-12 && fabs(point[0].accuracy - 0.5) < 1e-12);
    assert_false(fabs(point[0].accuracy - 0.45) < 1e-12);
    assert_true(point[1].epsilon == 3 && point[1].accuracy == 0.7);
    assert_int_equal(mu_frontier_means(r, 1, point), 1);
    assert_int_equal(mu_frontier_runs(r, 2, point), 0);
    assert_int_equal(mu_frontier_means(r, 2, point), 0);
    mu_report_free(r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(means_that_another_beats_are_left_out, report_set_up, report_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
