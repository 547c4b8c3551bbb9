#include "support_run.h"

#include "recorder.h"

/* What a function prints to standard output goes into text[400]. */
static void capture(struct mu_recorder *recorder, const struct mu_evaluation *e, bool done, char text[400]) {
    fflush(stdout);
    const int before = dup(STDOUT_FILENO);
    FILE *const file = tmpfile();
    assert_non_null(file);
    assert_true(dup2(fileno(file), STDOUT_FILENO) >= 0);
    if (e != NULL) {
        mu_progress_show(recorder, e);
    }
    if (done) {
        mu_progress_done(recorder);
    }
    fflush(stdout);
    assert_true(dup2(before, STDOUT_FILENO) >= 0);
    close(before);
    rewind(file);
    const size_t n = fread(text, 1, 399, file);
    text[n] = '\0';
    fclose(file);
}

static const struct mu_evaluation at_forty = {.step = 40,
                                              .time_ns = 1500 * (MU_SECOND / 1000),
                                              .updates = 400,
                                              .train_loss = 0.25,
                                              .test_loss = 0.5,
                                              .test_accuracy = 0.84215};

static struct mu_recorder make(enum mu_progress progress, struct mu_scenario *scenario, int64_t steps) {
    *scenario = (struct mu_scenario){.stop = {.steps = steps}};
    return (struct mu_recorder){.scenario = scenario, .progress = progress, .so_far = {.last_wall_s = 2}};
}

static void plain_progress_is_a_line_an_evaluation(void **state) {
    (void)state;
    char text[400];
    struct mu_scenario scenario;
    struct mu_recorder recorder = make(MU_PROGRESS_PLAIN, &scenario, 100);
    capture(&recorder, &at_forty, true, text);
    /* 40 of 100 steps in 2 s: 3 s to go. */
    assert_string_equal(text, "step 40/100, time 1.5 s, accuracy 0.8421, 200 updates/s, ETA 3 s\n");
}

static void without_an_end_in_steps_there_is_no_eta(void **state) {
    (void)state;
    char text[400];
    struct mu_scenario scenario;
    struct mu_recorder recorder = make(MU_PROGRESS_PLAIN, &scenario, MU_UNSET);
    struct mu_evaluation e = at_forty;
    e.test_accuracy = NAN;
    capture(&recorder, &e, false, text);
    assert_string_equal(text, "step 40, time 1.5 s, loss 0.5, 200 updates/s\n");
    e.test_loss = NAN;
    capture(&recorder, &e, false, text);
    assert_string_equal(text, "step 40, time 1.5 s, train loss 0.25, 200 updates/s\n");
}

static void at_the_start_nothing_is_divided_by_zero(void **state) {
    (void)state;
    char text[400];
    struct mu_scenario scenario;
    struct mu_recorder recorder = make(MU_PROGRESS_PLAIN, &scenario, 100);
    recorder.so_far.last_wall_s = 0;
    capture(&recorder, &(struct mu_evaluation){.test_accuracy = 0.1}, false, text);
    assert_string_equal(text, "step 0/100, time 0 s, accuracy 0.1000, 0 updates/s\n");
}

static void on_a_terminal_one_line_is_rewritten(void **state) {
    (void)state;
    char text[400];
    struct mu_scenario scenario;
    struct mu_recorder recorder = make(MU_PROGRESS_LIVE, &scenario, 100);
    capture(&recorder, &at_forty, false, text);
    assert_int_equal(strncmp(text, "\r\033[Kstep 40/100", 15), 0);
    assert_null(strchr(text, '\n'));
    capture(&recorder, NULL, true, text);
    assert_string_equal(text, "\n");
}

/* What follows the figures of one live line. */
static const char *find_blocks(const char *text) {
    const char *const at = strstr(text, "\xe2\x96");
    return at != NULL ? at : "";
}

static void a_terminal_shows_the_last_scores_as_blocks(void **state) {
    (void)state;
    char text[400];
    struct mu_scenario scenario;
    struct mu_recorder recorder = make(MU_PROGRESS_LIVE, &scenario, MU_UNSET);
    setenv("LC_ALL", "C.UTF-8", 1);
    struct mu_evaluation e = at_forty;
    e.test_accuracy = 0.1;
    capture(&recorder, &e, false, text);
    assert_string_equal(find_blocks(text), "\u2581");
    e.test_accuracy = 0.9;
    capture(&recorder, &e, false, text);
    e.test_accuracy = 0.55; /* (0.55 - 0.1) / 0.8 of eight heights: the fifth */
    capture(&recorder, &e, false, text);
    assert_string_equal(find_blocks(text), "\u2581\u2588\u2585");
    for (int i = 0; i < 50; i++) {
        capture(&recorder, &e, false, text);
    }
    /* 80 columns, less the figures, a space and the last column. */
    const char *const blocks = find_blocks(text);
    const size_t figures = (size_t)(blocks - text) - strlen("\r\033[K") - 1;
    assert_int_equal(strlen(blocks) / 3, 80 - figures - 2 < MU_TREND ? 80 - figures - 2 : MU_TREND);
    setenv("LC_ALL", "C", 1);
    capture(&recorder, &e, false, text);
    assert_string_equal(find_blocks(text), "");
    setenv("LC_ALL", "C.UTF-8", 1);
    recorder.progress = MU_PROGRESS_PLAIN;
    capture(&recorder, &e, false, text);
    assert_string_equal(find_blocks(text), "");
    unsetenv("LC_ALL");
}

static void quiet_is_quiet(void **state) {
    (void)state;
    char text[400];
    struct mu_scenario scenario;
    struct mu_recorder recorder = make(MU_PROGRESS_QUIET, &scenario, 100);
    capture(&recorder, &at_forty, true, text);
    assert_string_equal(text, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_progress_is_a_line_an_evaluation),
        cmocka_unit_test(without_an_end_in_steps_there_is_no_eta),
        cmocka_unit_test(at_the_start_nothing_is_divided_by_zero),
        cmocka_unit_test(on_a_terminal_one_line_is_rewritten),
        cmocka_unit_test(a_terminal_shows_the_last_scores_as_blocks),
        cmocka_unit_test(quiet_is_quiet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
