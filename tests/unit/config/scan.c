/* mu_json_scan accepts what RFC 8259 allows, refuses the rest, and says where. */
#include "scan.h"
#include "harness.h"

static int scan(const char *text, size_t n, struct mu_err *err) {
    *err = (struct mu_err){0};
    return mu_json_scan("f", text, n, err);
}

static void every_valid_form_is_accepted(void **state) {
    (void)state;
    static const char *const texts[] = {
        "{}",
        "[]",
        " [ ] ",
        "\t{\r\n}\n",
        "null",
        "true",
        "false",
        "0",
        "-0",
        "-0.0",
        "1e5",
        "1E+5",
        "1.5e-3",
        "\"\"",
        "[1, 2 , [3]]",
        "{\"a\" : {\"b\":[null,true,false]}}",
        "\"\\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u00e9\"",
        "\"\\ud83d\\ude00\"",
        "\"\xF0\x9F\x98\x80\"",
        "\"\x7F\"",
        "1e-999",
        "1.7976931348623157e308",
        "123456789012345678901234567890",
        "\xEF\xBB\xBF{}",
        "{\"\": 1}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct mu_err err;
        if (scan(texts[i], strlen(texts[i]), &err) != MU_OK) {
            fail_msg("%s: %s: %s", texts[i], err.place, err.text);
        }
    }
}

static const struct refused {
    const char *text, *place, *message;
} refused[] = {
    {"", "f:1:1", "empty: there is no JSON value in it"},
    {" \n ", "f:2:2", "empty: there is no JSON value in it"},
    {"\xEF\xBB\xBF", "f:1:1", "empty: there is no JSON value in it"},
    {"{\"a\": 1,\n \"b\": ", "f:2:7", "the text ends too early: expected a value"},
    {"[1", "f:1:3", "the text ends too early: expected ',' or ']'"},
    {"{", "f:1:2", "the text ends too early: expected a key in double quotes"},
    {"{\"a\"", "f:1:5", "the text ends too early: expected ':' after the key"},
    {"[\"abc", "f:1:2", "the text ends inside the string that begins here"},
    {"\"abc\\", "f:1:1", "the text ends inside the string that begins here"},
    {"[1,]", "f:1:4", "expected a value, got ']'"},
    {"{\"a\": 1,}", "f:1:9", "expected a key in double quotes, got '}'"},
    {"[1 2]", "f:1:4", "expected ',' or ']', got '2'"},
    {"[1}", "f:1:3", "expected ',' or ']', got '}'"},
    {"{\"a\" 1}", "f:1:6", "expected ':' after the key, got '1'"},
    {"{a: 1}", "f:1:2", "expected a key in double quotes, got 'a'"},
    {"{'a': 1}", "f:1:2", "expected a key in double quotes, got '''"},
    {"{} {}", "f:1:4", "text after the end of the JSON value"},
    {"1 // one", "f:1:3", "text after the end of the JSON value"},
    {"[1, // one\n2]", "f:1:5", "expected a value, got '/'"},
    {"01", "f:1:1", "a number with a leading zero"},
    {"[-012]", "f:1:2", "a number with a leading zero"},
    {"1.", "f:1:3", "the text ends too early: expected a digit after the decimal point"},
    {"[1.]", "f:1:4", "expected a digit after the decimal point, got ']'"},
    {".5", "f:1:1", "expected a value, got '.'"},
    {"+1", "f:1:1", "expected a value, got '+'"},
    {"-", "f:1:2", "the text ends too early: expected a digit"},
    {"-x", "f:1:2", "expected a digit, got 'x'"},
    {"1e", "f:1:3", "the text ends too early: expected a digit in the exponent"},
    {"[1e+]", "f:1:5", "expected a digit in the exponent, got ']'"},
    {"0x10", "f:1:2", "text after the end of the JSON value"},
    {"1e999", "f:1:1", "the number 1e999 is too large"},
    {"-1e309", "f:1:1", "the number -1e309 is too large"},
    {"NaN", "f:1:1", "expected a value, got 'NaN'"},
    {"Infinity", "f:1:1", "expected a value, got 'Infinity'"},
    {"[nul]", "f:1:2", "expected a value, got 'nul'"},
    {"[nulls]", "f:1:2", "expected a value, got 'nulls'"},
    {"True", "f:1:1", "expected a value, got 'True'"},
    {"\"a\nb\"", "f:1:3", "a control character (0x0a) in a string"},
    {"\"a\tb\"", "f:1:3", "a control character (0x09) in a string"},
    {"\"\x01\"", "f:1:2", "a control character (0x01) in a string"},
    {"\"\\x\"", "f:1:2", "no such escape in JSON strings"},
    {"\"\\'\"", "f:1:2", "no such escape in JSON strings"},
    {"\"\\u12g4\"", "f:1:2", "\\u needs four hexadecimal digits"},
    {"\"\\u12\"", "f:1:2", "\\u needs four hexadecimal digits"},
    {"\"\\u0000\"", "f:1:2", "a NUL character in a string"},
    {"\"\\ud800\"", "f:1:2", "half of a surrogate pair"},
    {"\"\\udc00\"", "f:1:2", "half of a surrogate pair"},
    {"\"\\ud800\\u0041\"", "f:1:2", "half of a surrogate pair"},
    {"\"\\ud800\\ud800\"", "f:1:2", "half of a surrogate pair"},
    {"\"\xC3\xA9\xC3\xA9\" x", "f:1:6", "text after the end of the JSON value"}, /* columns count characters */
    {"[\xC3\xA9]", "f:1:2", "expected a value, got '\xC3\xA9'"},
    {"\"\xFF\"", "f:1:2", "not UTF-8: byte 0xff"},
    {"{\n\"a\": \"\xC0\xAF\"}", "f:2:7", "not UTF-8: byte 0xc0"},
    {"\xFF\xFE{\0}", "f:1:1", "not UTF-8: byte 0xff"},
};

static void everything_else_is_refused_with_its_place(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct mu_err err;
        if (scan(refused[i].text, strlen(refused[i].text), &err) != MU_BAD_CONFIG) {
            fail_msg("accepted: %s", refused[i].text);
        }
        assert_string_equal(err.text, refused[i].message);
        assert_string_equal(err.place, refused[i].place);
    }
}

static void a_nul_byte_is_refused_even_inside_a_string(void **state) {
    (void)state;
    struct mu_err err;
    assert_int_equal(scan("[\"a\0b\"]", 7, &err), MU_BAD_CONFIG);
    assert_string_equal(err.place, "f:1:4");
    assert_string_equal(err.text, "a NUL byte; JSON text has none");
    assert_int_equal(scan("{}\0", 3, &err), MU_BAD_CONFIG);
    assert_string_equal(err.place, "f:1:3");
}

/* The text need not be terminated: nothing beyond n is looked at. */
static void every_prefix_of_a_document_is_refused(void **state) {
    (void)state;
    const char *text = "{\"a\": [1.5e-3, true, null, \"x\\u00e9\\ud83d\\ude00\xC3\xA9\"], \"b\": {\"c\": -0}}";
    const size_t n = strlen(text);
    struct mu_err err;
    assert_int_equal(scan(text, n, &err), MU_OK);
    for (size_t i = 0; i < n; i++) {
        char *copy = malloc(i + 1); /* its exact end is watched by the sanitizer */
        memcpy(copy, text, i);
        assert_int_equal(scan(copy, i, &err), MU_BAD_CONFIG);
        free(copy);
    }
}

static void nesting_is_limited(void **state) {
    (void)state;
    enum { DEEP = 1000000 };
    char *text = malloc(2 * DEEP);
    memset(text, '[', DEEP);
    memset(text + DEEP, ']', DEEP);
    struct mu_err err;
    assert_int_equal(scan(text, 2 * DEEP, &err), MU_BAD_CONFIG);
    assert_string_equal(err.place, "f:1:1001");
    assert_string_equal(err.text, "arrays and objects nested deeper than 1000 levels");
    assert_int_equal(scan(text + DEEP - 1000, 2000, &err), MU_OK);
    assert_int_equal(scan(text + DEEP - 1001, 2002, &err), MU_BAD_CONFIG);
    free(text);
}

static void long_numbers_are_refused(void **state) {
    (void)state;
    char text[65];
    memset(text, '1', 64);
    text[64] = '\0';
    struct mu_err err;
    assert_int_equal(scan(text, 63, &err), MU_OK);
    assert_int_equal(scan(text, 64, &err), MU_BAD_CONFIG);
    assert_string_equal(err.text, "a number of 64 characters; 63 are allowed");
}

static void common_slips_get_help(void **state) {
    (void)state;
    struct mu_err err;
    scan("[1, // one\n2]", 13, &err);
    assert_string_equal(err.help, "JSON has no comments");
    scan("{'a': 1}", 8, &err);
    assert_string_equal(err.help, "JSON strings and keys stand in double quotes");
    scan("[1,]", 4, &err);
    assert_non_null(strstr(err.help, "comma too many"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_valid_form_is_accepted),
        cmocka_unit_test(everything_else_is_refused_with_its_place),
        cmocka_unit_test(a_nul_byte_is_refused_even_inside_a_string),
        cmocka_unit_test(every_prefix_of_a_document_is_refused),
        cmocka_unit_test(nesting_is_limited),
        cmocka_unit_test(long_numbers_are_refused),
        cmocka_unit_test(common_slips_get_help),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
