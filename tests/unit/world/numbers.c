/* Text files of numbers. */
#include "support.h"

#include "numbers.h"

static char dir[256];
static char path[300];

static int read_text(struct mu_numbers *numbers, const char *text, size_t n, size_t columns, struct mu_err *err) {
    support_write(path, text, n);
    return mu_numbers_read(numbers, path, columns, "config: /option", err);
}

static void separators_comments_and_headers_are_understood(void **state) {
    (void)state;
    static const char *const texts[] = {
        "1,2.5\n-3e2,4\n",
        "1;2.5\r\n-3e2;4\r\n",
        "1 2.5\n-300\t4",
        "\n# about this\nfirst,second\n  1 , 2.5  \n\n-3e2,4 # last\n",
    };
    static const size_t lines[][2] = {{1, 2}, {1, 2}, {1, 2}, {4, 6}};
    for (size_t i = 0; i < 4; i++) {
        struct mu_numbers numbers;
        struct mu_err err = {0};
        read_text(&numbers, texts[i], strlen(texts[i]), 2, &err);
        support_expect_ok(&err);
        assert_true(numbers.rows == 2 && numbers.columns == 2);
        assert_true(numbers.v[0] == 1 && numbers.v[1] == 2.5 && numbers.v[2] == -300 && numbers.v[3] == 4);
        assert_true(numbers.line[0] == lines[i][0] && numbers.line[1] == lines[i][1]);
        mu_numbers_clear(&numbers);
        assert_null(numbers.v);
    }
}

static void mistakes_are_placed_at_their_line(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t columns;
        const char *place, *words;
    } cases[] = {
        {"1,2\n3\n", 0, "t.csv:2", "expected 2 numbers in a row, got 1"},
        {"1,2\n", 3, "t.csv:1", "expected 3 numbers in a row, got 2"},
        {"1,2,\n", 0, "t.csv:1", "after the last separator"},
        {"1,,2\n", 0, "t.csv:1", "expected a finite number, got \"\""},
        {"1\nnan\n", 0, "t.csv:2", "expected a finite number, got \"nan\""},
        {"1\n1e999\n", 0, "t.csv:2", "expected a finite number"},
        {"1\n1.5s\n", 0, "t.csv:2", "expected a finite number, got \"1.5s\""},
        {"head\nhead\n", 0, "t.csv:2", "expected a finite number, got \"head\""},
        {"", 0, "t.csv", "no numbers"},
        {"\n\n#\n", 0, "t.csv", "no numbers"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mu_numbers numbers;
        struct mu_err err = {0};
        read_text(&numbers, cases[i].text, strlen(cases[i].text), cases[i].columns, &err);
        support_expect_error(&err, MU_BAD_CONFIG, cases[i].place, cases[i].words);
        assert_null(numbers.v);
        mu_numbers_clear(&numbers);
    }
}

static void bytes_that_are_no_text_are_refused(void **state) {
    (void)state;
    struct mu_numbers numbers;
    struct mu_err err = {0};
    read_text(&numbers, "1\n\0002\n", 5, 0, &err);
    support_expect_error(&err, MU_BAD_CONFIG, "t.csv", "NUL byte at offset 2");
    mu_numbers_read(&numbers, dir, 0, "config: /option", &err);
    support_expect_error(&err, MU_BAD_CONFIG, "config: /option", "cannot read");
}

int main(void) {
    support_temp_dir(dir);
    snprintf(path, sizeof path, "%s/t.csv", dir);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(separators_comments_and_headers_are_understood),
        cmocka_unit_test(mistakes_are_placed_at_their_line),
        cmocka_unit_test(bytes_that_are_no_text_are_refused),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    support_remove_dir(dir);
    return failed;
}
