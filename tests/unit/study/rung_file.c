/* Standings are taken from a summary as muster writes it, and come back as they were. */
#include "support_points.h"

#include <math.h>

#include "rung_file.h"

static const char *place(const char *point) {
    static char path[400];
    snprintf(path, sizeof path, "%s/points/%s", scratch, point);
    return path;
}

static void note(const char *point, size_t rung) {
    struct mu_err err = {.code = MU_OK};
    mu_rung_file_note(place(point), rung, &err);
    support_expect_ok(&err);
}

static void rungs_are_noted_in_turn_and_once(void **state) {
    (void)state;
    struct mu_standing at[3];
    points_summary("p", 0.5, 2);
    assert_int_equal(mu_rung_file_count(place("p")), 0);
    note("p", 1); /* out of turn: nothing is noted */
    assert_int_equal(mu_rung_file_count(place("p")), 0);
    note("p", 0);
    points_summary("p", 0.75, 4);
    note("p", 0);
    note("p", 1);
    assert_int_equal(mu_rung_file_count(place("p")), 2);
    assert_int_equal(mu_rung_file_read(place("p"), MU_RUNG_ACCURACY, 3, at), 2);
    assert_true(at[0].score == 0.5 && at[0].time_s == 2 && at[0].bytes == 7 && isinf(at[0].epsilon));
    assert_true(at[1].score == 0.75 && at[1].time_s == 4);
    assert_false(at[1].diverged || at[1].absent);
    assert_int_equal(mu_rung_file_read(place("p"), MU_RUNG_ACCURACY, 1, at), 1);
    assert_int_equal(mu_rung_file_read(place("nobody"), MU_RUNG_ACCURACY, 3, at), 0);
}

static void less_loss_and_less_epsilon_are_better(void **state) {
    (void)state;
    struct mu_standing at;
    study_put("p", "summary.json",
              "{\"final\": {\"step\": 1, \"time_s\": 1, \"test_loss\": 0.25, \"train_loss\": 2, \"test_accuracy\": "
              "null}, \"total\": {\"bytes_up\": 1, \"bytes_down\": 2}, \"privacy\": {\"epsilon\": 3.5}}");
    note("p", 0);
    mu_rung_file_read(place("p"), MU_RUNG_TEST_LOSS, 1, &at);
    assert_true(at.score == -0.25 && at.epsilon == 3.5);
    mu_rung_file_read(place("p"), MU_RUNG_TRAIN_LOSS, 1, &at);
    assert_true(at.score == -2);
    mu_rung_file_read(place("p"), MU_RUNG_ACCURACY, 1, &at);
    assert_true(isnan(at.score));
}

static void an_end_is_one_of_a_run_that_has_ended(void **state) {
    (void)state;
    struct mu_standing end;
    points_summary("p", 0.5, 2);
    assert_false(mu_rung_file_end(place("p"), MU_RUNG_ACCURACY, &end));
    points_state("p", "stopped", 0);
    assert_false(mu_rung_file_end(place("p"), MU_RUNG_ACCURACY, &end));
    points_state("p", "done", 0);
    assert_true(mu_rung_file_end(place("p"), MU_RUNG_ACCURACY, &end));
    assert_true(end.score == 0.5 && !end.diverged && !end.absent);
    points_state("p", "failed", MU_DIVERGED);
    assert_true(mu_rung_file_end(place("p"), MU_RUNG_ACCURACY, &end) && end.diverged && !end.absent);
    points_state("p", "failed", MU_IO);
    assert_true(mu_rung_file_end(place("p"), MU_RUNG_ACCURACY, &end) && !end.diverged && end.absent);
    points_state("q", "failed", MU_DIVERGED); /* without a summary */
    assert_true(mu_rung_file_end(place("q"), MU_RUNG_ACCURACY, &end) && end.diverged && isnan(end.score));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, study_set_up, study_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(rungs_are_noted_in_turn_and_once),
        TEST(less_loss_and_less_epsilon_are_better),
        TEST(an_end_is_one_of_a_run_that_has_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
