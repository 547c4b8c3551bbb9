/* Lines: cut at newlines wherever the chunks end, numbered from 1. */
#include "unit/data/files.h"

#include "read/lines.h"

static char dir[256];

static int set_up(void **state) {
    (void)state;
    support_temp_dir(dir);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    support_remove_dir(dir);
    return 0;
}

static void lines_end_at_newlines_or_with_the_file(void **state) {
    (void)state;
    static const char *const expected[] = {"one", "", "three\r", "four"};
    static const char *const names[] = {"text", "text.gz"};
    for (size_t f = 0; f < 2; f++) {
        struct mu_lines lines = {0};
        struct mu_err err = {0};
        char *line = NULL;
        size_t n = 0;
        assert_int_equal(mu_lines_open(&lines, put_text(dir, names[f], "\xef\xbb\xbfone\n\nthree\r\nfour"), &err),
                         MU_OK);
        for (size_t i = 0; i < 4; i++) {
            assert_int_equal(mu_lines_next(&lines, &line, &n, &err), MU_OK);
            assert_string_equal(line, expected[i]);
            assert_int_equal(n, strlen(expected[i]));
            assert_int_equal(lines.line, i + 1);
        }
        mu_lines_fail(&lines, &err, "something %d", 5);
        support_expect_error(&err, MU_BAD_CONFIG, f == 0 ? "/text:4" : "/text.gz:4", "something 5");
        assert_int_equal(mu_lines_next(&lines, &line, &n, &err), MU_OK);
        assert_null(line);
        mu_lines_close(&lines);
    }
}

static void an_empty_file_has_no_lines(void **state) {
    (void)state;
    struct mu_lines lines = {0};
    struct mu_err err = {0};
    char *line = NULL;
    size_t n = 0;
    assert_int_equal(mu_lines_open(&lines, put_text(dir, "empty", ""), &err), MU_OK);
    assert_int_equal(mu_lines_next(&lines, &line, &n, &err), MU_OK);
    assert_null(line);
    mu_lines_close(&lines);
}

/* 200 kB lines span several chunks; many short ones share them. */
static void lines_span_chunks(void **state) {
    (void)state;
    enum { LONG = 200000, SHORT = 40000 };
    char *const text = malloc(2 * LONG + 6 * SHORT + 16);
    size_t at = 0;
    for (int i = 0; i < 2; i++) {
        memset(text + at, 'a' + i, LONG);
        at += LONG;
        text[at++] = '\n';
    }
    for (int i = 0; i < SHORT; i++) {
        at += (size_t)sprintf(text + at, "%d\n", i % 1000);
    }
    struct mu_lines lines = {0};
    struct mu_err err = {0};
    char *line = NULL, expected[16];
    size_t n = 0;
    assert_int_equal(mu_lines_open(&lines, put_file(dir, "long", text, at), &err), MU_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(mu_lines_next(&lines, &line, &n, &err), MU_OK);
        assert_int_equal(n, LONG);
        assert_int_equal(strspn(line, i == 0 ? "a" : "b"), LONG);
    }
    for (int i = 0; i < SHORT; i++) {
        assert_int_equal(mu_lines_next(&lines, &line, &n, &err), MU_OK);
        snprintf(expected, sizeof expected, "%d", i % 1000);
        assert_string_equal(line, expected);
    }
    mu_lines_close(&lines);
    free(text);
}

static void numbers_take_the_whole_text(void **state) {
    (void)state;
    double value = 0;
    assert_true(mu_is_number("-1.5e3", 6, &value) && value == -1500);
    assert_true(mu_is_number("+2", 2, &value) && value == 2);
    static const char *const others[] = {"", " 1", "1 ", "1x", "x", "nan", "inf", "1e999", "-"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_false(mu_is_number(others[i], strlen(others[i]), &value));
    }
    assert_false(mu_is_number("1\0", 2, &value));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_end_at_newlines_or_with_the_file),
        cmocka_unit_test(an_empty_file_has_no_lines),
        cmocka_unit_test(lines_span_chunks),
        cmocka_unit_test(numbers_take_the_whole_text),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
