#include "support.h"

#include "muster/study/watch.h"

static struct mu_watch_view make(void) {
    return (struct mu_watch_view){
        .points = 36,
        .done = 12,
        .failed = 1,
        .running = 1,
        .eta_s = 33.6,
        .best = 0.84215,
        .n_best = 2,
        .bests = {0.5, 0.84215},
        .n_shown = 1,
        .shown = {{.name = "fedbuff-s1", .step = 40, .steps = 200, .n = 3, .trend = {0.1, 0.9, 0.55}}},
    };
}

static void a_terminal_has_a_line_for_the_study_and_one_for_each_point(void **state) {
    (void)state;
    char text[MU_WATCH_LINES];
    struct mu_watch_view view = make();
    assert_int_equal(mu_watch_text(&view, 100, true, text), 2);
    /* (0.55 - 0.1) / 0.8 of eight heights: the fifth */
    assert_string_equal(text, "12 of 36 points done, 1 running, 1 failed, ETA 34 s, best accuracy 0.8421 \u2581\u2588\n"
                              "  fedbuff-s1: step 40/200, accuracy 0.5500 \u2581\u2588\u2585");
    assert_int_equal(mu_watch_text(&view, 100, false, text), 2);
    assert_null(strstr(text, "\xe2\x96"));
}

static void plain_text_is_one_line_of_words(void **state) {
    (void)state;
    char text[MU_WATCH_LINES];
    struct mu_watch_view view = make();
    assert_int_equal(mu_watch_text(&view, 0, true, text), 1);
    assert_string_equal(text, "12 of 36 points done, 1 running, 1 failed, ETA 34 s, best accuracy 0.8421");
    view = (struct mu_watch_view){.points = 3, .eta_s = NAN, .best = NAN};
    assert_int_equal(mu_watch_text(&view, 0, true, text), 1);
    assert_string_equal(text, "0 of 3 points done");
}

static void points_that_are_not_done_are_told_apart(void **state) {
    (void)state;
    char text[MU_WATCH_LINES], others[MU_WATCH_OTHERS];
    struct mu_watch_view view = make();
    view.stopped = 3;
    view.skipped = 20;
    mu_watch_text(&view, 0, true, text);
    assert_string_equal(text,
                        "12 of 36 points done, 1 running, 1 failed, 3 stopped early, 20 passed over by the search, "
                        "ETA 34 s, best accuracy 0.8421");
    assert_string_equal(mu_watch_others(0, 2, 0, others), ", 2 stopped early");
    assert_string_equal(mu_watch_others(0, 0, 0, others), "");
    assert_true(strlen(mu_watch_others(SIZE_MAX, SIZE_MAX, SIZE_MAX, others)) < MU_WATCH_OTHERS - 1); /* all of it */
    assert_non_null(strstr(others, "by the search"));
}

static void losses_have_their_name_and_long_times_their_unit(void **state) {
    (void)state;
    char text[MU_WATCH_LINES];
    struct mu_watch_view view = make();
    view.loss = true;
    view.eta_s = 600;
    view.shown[0].steps = NAN;
    mu_watch_text(&view, 100, false, text);
    assert_string_equal(text, "12 of 36 points done, 1 running, 1 failed, ETA 10 min, best loss 0.84215\n"
                              "  fedbuff-s1: step 40, loss 0.55");
    view.eta_s = 6000;
    mu_watch_text(&view, 100, false, text);
    assert_non_null(strstr(text, "ETA 100 min"));
    view.eta_s = 9000;
    mu_watch_text(&view, 100, false, text);
    assert_non_null(strstr(text, "ETA 2.5 h"));
}

static void at_the_end_nothing_runs(void **state) {
    (void)state;
    char text[MU_WATCH_LINES];
    struct mu_watch_view view = make();
    view.ended = true;
    assert_int_equal(mu_watch_text(&view, 100, false, text), 1);
    assert_string_equal(text, "12 of 36 points done, 1 failed, best accuracy 0.8421");
}

/* Columns of a line: bytes that do not continue a character. */
static size_t count_columns(const char *line) {
    size_t n = 0;
    for (; *line != '\0' && *line != '\n'; line++) {
        n += ((unsigned char)*line & 0xC0) != 0x80;
    }
    return n;
}

static void no_line_reaches_the_last_column(void **state) {
    (void)state;
    char text[MU_WATCH_LINES], name[301];
    memset(name, 'x', 300);
    name[300] = '\0';
    struct mu_watch_view view = make();
    for (size_t i = 0; i < MU_WATCH_TREND; i++) {
        view.bests[i] = (double)i;
    }
    view.n_best = MU_WATCH_TREND;
    for (size_t width = 1; width < 1200; width++) {
        for (size_t i = 0; i < MU_WATCH_SHOWN; i++) {
            view.shown[i] = view.shown[0];
            view.shown[i].name = i % 2 == 0 ? name : "short";
            view.shown[i].n = MU_WATCH_TREND;
        }
        view.n_shown = MU_WATCH_SHOWN;
        assert_int_equal(mu_watch_text(&view, width, true, text), 1 + MU_WATCH_SHOWN);
        size_t lines = 0;
        for (const char *line = text, *end; line != NULL; line = end != NULL ? end + 1 : NULL) {
            assert_true(count_columns(line) < width);
            end = strchr(line, '\n');
            lines++;
        }
        assert_int_equal(lines, 1 + MU_WATCH_SHOWN);
    }
    /* The control: a terminal wide enough has all of the first line. */
    assert_int_equal(count_columns(text), strlen("12 of 36 points done, 1 running, 1 failed, ETA 34 s, "
                                                 "best accuracy 0.8421 ") +
                                              MU_WATCH_TREND);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_terminal_has_a_line_for_the_study_and_one_for_each_point),
        cmocka_unit_test(plain_text_is_one_line_of_words),
        cmocka_unit_test(points_that_are_not_done_are_told_apart),
        cmocka_unit_test(losses_have_their_name_and_long_times_their_unit),
        cmocka_unit_test(at_the_end_nothing_runs),
        cmocka_unit_test(no_line_reaches_the_last_column),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
