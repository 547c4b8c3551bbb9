#include "support.h"

#include <fcntl.h>

#include "muster/base/log.h"

/* What a call writes to standard error. */
static void capture(void (*call)(void), char text[4096]) {
    FILE *file = tmpfile();
    assert_non_null(file);
    fflush(stderr);
    const int saved = dup(STDERR_FILENO);
    dup2(fileno(file), STDERR_FILENO);
    call();
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(file);
    const size_t n = fread(text, 1, 4095, file);
    text[n] = '\0';
    fclose(file);
}

static void warn_plainly(void) {
    mu_warn("client %d has %s", 3, "no data");
}

static void warn_with_control_characters(void) {
    mu_warn("a\nb\x1b");
}

static void warn_at_length(void) {
    char text[3000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    mu_warn("%s", text);
}

static void a_warning_is_one_prefixed_line(void **state) {
    (void)state;
    char text[4096];
    capture(warn_plainly, text);
    assert_string_equal(text, "muster: warning: client 3 has no data\n");
    capture(warn_with_control_characters, text);
    assert_string_equal(text, "muster: warning: a?b?\n");
    capture(warn_at_length, text);
    assert_in_range(strlen(text), 1000, 1100);
    assert_int_equal(text[strlen(text) - 1], '\n');
}

static void a_silenced_process_says_nothing(void **state) {
    (void)state;
    char text[4096];
    mu_log_silence(true);
    capture(warn_plainly, text);
    assert_string_equal(text, "");
    mu_log_silence(false);
    capture(warn_plainly, text);
    assert_string_not_equal(text, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_warning_is_one_prefixed_line),
        cmocka_unit_test(a_silenced_process_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
