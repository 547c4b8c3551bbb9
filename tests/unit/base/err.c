#include "support.h"

static void the_first_failure_stays(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    assert_int_equal(mu_fail(&err, MU_IO, "a.json", "cannot open: %d", 7), MU_IO);
    assert_int_equal(mu_fail(&err, MU_USAGE, "b.json", "later"), MU_IO);
    assert_string_equal(err.place, "a.json");
    assert_string_equal(err.text, "cannot open: 7");
    assert_string_equal(err.help, "");
}

static void the_first_help_stays(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    assert_int_equal(mu_fail_help(&err, "nothing has failed"), MU_OK);
    assert_string_equal(err.help, "");
    mu_fail(&err, MU_USAGE, NULL, "no such command");
    assert_int_equal(mu_fail_help(&err, "try %s", "run"), MU_USAGE);
    assert_int_equal(mu_fail_help(&err, "or not"), MU_USAGE);
    assert_string_equal(err.place, "");
    assert_string_equal(err.help, "try run");
}

static void an_absent_err_still_gives_the_code(void **state) {
    (void)state;
    assert_int_equal(mu_fail(NULL, MU_DIVERGED, "x", "y"), MU_DIVERGED);
    assert_int_equal(mu_fail_help(NULL, "z"), MU_OK);
}

static void control_characters_do_not_break_the_line(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    mu_fail(&err, MU_IO, "a\nb", "c\t\x1b[31md\x7f %s", "\xc3\xa9");
    mu_fail_help(&err, "e\r\nf");
    assert_string_equal(err.place, "a?b");
    assert_string_equal(err.text, "c??[31md? \xc3\xa9"); /* UTF-8 passes */
    assert_string_equal(err.help, "e??f");
}

/* A message of two-byte characters, so that one of the two paddings would be cut in the middle of one. */
static void a_long_message_is_cut_between_characters(void **state) {
    (void)state;
    for (size_t pad = 0; pad < 2; pad++) {
        struct mu_err err = {.code = MU_OK};
        char text[2000] = "a";
        for (size_t i = pad; i + 2 < sizeof text; i += 2) {
            memcpy(text + i, "\xc3\xa9", 2);
        }
        mu_fail(&err, MU_IO, text, "%s", text);
        const size_t n = strlen(err.text);
        assert_in_range(n, sizeof err.text - 3, sizeof err.text - 1);
        assert_string_equal(err.text + n - 3, "...");
        assert_int_equal(err.text[n - 4], '\xa9');
        assert_string_equal(err.place, err.text);
    }
}

static int fails_second(struct mu_err *err, int *reached) {
    MU_TRY(MU_OK);
    *reached = 1;
    MU_TRY(mu_fail(err, MU_BAD_CONFIG, NULL, "no"));
    *reached = 2;
    return MU_OK;
}

static void try_returns_the_code_of_the_failed_call(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    int reached = 0;
    assert_int_equal(fails_second(&err, &reached), MU_BAD_CONFIG);
    assert_int_equal(reached, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_failure_stays),
        cmocka_unit_test(the_first_help_stays),
        cmocka_unit_test(an_absent_err_still_gives_the_code),
        cmocka_unit_test(control_characters_do_not_break_the_line),
        cmocka_unit_test(a_long_message_is_cut_between_characters),
        cmocka_unit_test(try_returns_the_code_of_the_failed_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
