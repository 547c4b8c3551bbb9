#include "support_report.h"

static void staleness_is_counted(void **state) {
    (void)state;
    struct mu_err err = {0};
    struct mu_steps steps = {0};
    report_put(
        "run", "steps.jsonl",
        "{\"step\":1,\"staleness\":[0,2,2]}\n{\"step\":2,\"staleness\":[]}\n{\"step\":3,\"staleness\":[1000]}\n");
    assert_int_equal(mu_steps_read(&steps, report_path("run/steps.jsonl"), &err), MU_OK);
    assert_true(steps.staleness[0] == 1 && steps.staleness[1] == 0 && steps.staleness[2] == 2);
    assert_true(steps.staleness[MU_STALENESS_BINS - 1] == 1); /* and above */
    assert_int_equal(steps.bins, MU_STALENESS_BINS);
    assert_int_equal(steps.rounds.rows, 0); /* no strategy with rounds to wait for */
    mu_table_clear(&steps.rounds);
}

static void rounds_with_deadlines_are_kept(void **state) {
    (void)state;
    struct mu_err err = {0};
    struct mu_steps steps = {0};
    report_put("run", "steps.jsonl",
               "{\"step\":1,\"time_s\":2.5,\"staleness\":[0],\"deadline_s\":2,\"round_s\":2.5,\"waited\":true}\n"
               "{\"step\":2,\"time_s\":4,\"staleness\":[0],\"deadline_s\":2,\"round_s\":1.5,\"waited\":[]}\n"
               "{\"step\":3,\"time_s\":6,\"staleness\":[0],\"deadline_s\":2,\"round_s\":2,\"waited\":3}\n");
    assert_int_equal(mu_steps_read(&steps, report_path("run/steps.jsonl"), &err), MU_OK);
    assert_int_equal(steps.rounds.rows, 3);
    assert_true(mu_table_get(&steps.rounds, "round_s")[1] == 1.5);
    const double *waited = mu_table_get(&steps.rounds, "waited");
    assert_true(waited[0] == 1 && waited[1] == 0 && waited[2] == 3);
    mu_table_clear(&steps.rounds);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(staleness_is_counted, report_set_up, report_tear_down),
        cmocka_unit_test_setup_teardown(rounds_with_deadlines_are_kept, report_set_up, report_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
