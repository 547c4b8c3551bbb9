#include "scan.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "text.h"
#include "utf8.h"

enum { END = -1 };

struct scan {
    const char *file, *text; /* the text begins after a byte order mark */
    size_t n, at;
    struct mu_err *err;
};

size_t mu_json_mark(const char *text, size_t n) {
    return n >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

/* "file:line:column" of a byte; the column counts characters. */
static const char *place_of(char place[static 512], const struct scan *s, size_t at) {
    size_t line = 1;
    size_t column = 1;
    for (size_t i = 0; i < at; i++) {
        const unsigned char c = (unsigned char)s->text[i];
        if (c == '\n') {
            line++;
            column = 1;
        } else if ((c & 0xC0) != 0x80) {
            column++;
        }
    }
    place[0] = '\0';
    mu_append(place, MU_TEXT - 48, "%s", s->file); /* 48: the numbers always fit */
    mu_append(place, MU_TEXT, ":%zu:%zu", line, column);
    return place;
}

#define FAIL(s, at, ...) mu_fail((s)->err, MU_BAD_CONFIG, place_of((char[512]){0}, s, at), __VA_ARGS__)

static int peek(const struct scan *s) {
    return s->at < s->n ? (unsigned char)s->text[s->at] : END;
}

static void skip_space(struct scan *s) {
    while (s->at < s->n && memchr(" \t\n\r", s->text[s->at], 4) != NULL) {
        s->at++;
    }
}

static bool is_digit(int c) {
    return c >= '0' && c <= '9';
}

static bool is_word(int c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* Something else stands where `wanted` should: says what, and helps with what other formats allow. */
static int fail_expected(const struct scan *s, const char *wanted) {
    const int c = peek(s);
    if (c == END) {
        return FAIL(s, s->at, "the text ends too early: expected %s", wanted);
    }
    size_t bytes = 1;
    if (is_word(c)) {
        while (bytes < 20 && s->at + bytes < s->n && is_word((unsigned char)s->text[s->at + bytes])) {
            bytes++;
        }
    } else if (c >= 0x80) {
        bytes = c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4; /* the text is known to be UTF-8 */
    }
    const int rc = FAIL(s, s->at, "expected %s, got '%.*s'", wanted, (int)bytes, s->text + s->at);
    if (c == '/' || c == '#') {
        mu_fail_help(s->err, "JSON has no comments");
    } else if (c == '\'') {
        mu_fail_help(s->err, "JSON strings and keys stand in double quotes");
    } else if (c == '}' || c == ']') {
        mu_fail_help(s->err, "is there a comma too many before it, or a bracket that does not match?");
    } else if (c == '+' || c == '.') {
        mu_fail_help(s->err, "a JSON number begins with a digit or '-'");
    }
    return rc;
}

/* Four hexadecimal digits at s->at; END if there are none. */
static int hex4(const struct scan *s) {
    int value = 0;
    for (size_t i = 0; i < 4; i++) {
        const int c = s->at + i < s->n ? s->text[s->at + i] : END;
        const int digit = is_digit(c)            ? c - '0'
                          : c >= 'a' && c <= 'f' ? c - 'a' + 10
                          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                 : END;
        if (digit == END) {
            return END;
        }
        value = value * 16 + digit;
    }
    return value;
}

/* After a backslash. */
static int scan_escape(struct scan *s) {
    const size_t begin = s->at - 1;
    const int c = peek(s);
    if (c == END) {
        return MU_OK; /* scan_string reports the open string */
    }
    s->at++;
    if (c != 'u') {
        return c != 0 && strchr("\"\\/bfnrt", c) != NULL ? MU_OK : FAIL(s, begin, "no such escape in JSON strings");
    }
    const int unit = hex4(s);
    if (unit == END) {
        return FAIL(s, begin, "\\u needs four hexadecimal digits");
    }
    s->at += 4;
    if (unit == 0) {
        return FAIL(s, begin, "a NUL character in a string");
    }
    if (unit < 0xD800 || unit > 0xDFFF) {
        return MU_OK;
    }
    if (unit < 0xDC00 && s->n - s->at >= 6 && s->text[s->at] == '\\' && s->text[s->at + 1] == 'u') {
        s->at += 2;
        const int low = hex4(s);
        if (low >= 0xDC00 && low <= 0xDFFF) {
            s->at += 4;
            return MU_OK;
        }
    }
    return FAIL(s, begin, "half of a surrogate pair");
}

/* At the opening quote. */
static int scan_string(struct scan *s) {
    const size_t begin = s->at++;
    for (;;) {
        const int c = peek(s);
        if (c == END) {
            return FAIL(s, begin, "the text ends inside the string that begins here");
        }
        s->at++;
        if (c == '"') {
            return MU_OK;
        }
        if (c < 0x20) {
            const int rc = FAIL(s, s->at - 1, "a control character (0x%02x) in a string", (unsigned)c);
            mu_fail_help(s->err, "is the closing quote missing? A line break inside a string is written \\n");
            return rc;
        }
        if (c == '\\') {
            MU_TRY(scan_escape(s));
        }
    }
}

static size_t skip_digits(struct scan *s) {
    const size_t begin = s->at;
    while (is_digit(peek(s))) {
        s->at++;
    }
    return s->at - begin;
}

static int scan_number(struct scan *s) {
    enum { LONGEST = 63 }; /* cJSON reads no more of a number */
    const size_t begin = s->at;
    if (peek(s) == '-') {
        s->at++;
    }
    const bool zero = peek(s) == '0';
    const size_t whole = skip_digits(s);
    if (whole == 0) {
        return fail_expected(s, "a digit");
    }
    if (zero && whole > 1) {
        return FAIL(s, begin, "a number with a leading zero");
    }
    if (peek(s) == '.') {
        s->at++;
        if (skip_digits(s) == 0) {
            return fail_expected(s, "a digit after the decimal point");
        }
    }
    if (peek(s) == 'e' || peek(s) == 'E') {
        s->at++;
        if (peek(s) == '+' || peek(s) == '-') {
            s->at++;
        }
        if (skip_digits(s) == 0) {
            return fail_expected(s, "a digit in the exponent");
        }
    }
    const size_t length = s->at - begin;
    if (length > LONGEST) {
        return FAIL(s, begin, "a number of %zu characters; %d are allowed", length, LONGEST);
    }
    char digits[LONGEST + 1] = "";
    memcpy(digits, s->text + begin, length);
    return isfinite(strtod(digits, NULL)) ? MU_OK : FAIL(s, begin, "the number %s is too large", digits);
}

static int scan_scalar(struct scan *s) {
    static const char *const words[] = {"true", "false", "null"};
    const int c = peek(s);
    if (c == '"') {
        return scan_string(s);
    }
    if (c == '-' || is_digit(c)) {
        return scan_number(s);
    }
    for (size_t i = 0; i < 3; i++) {
        const size_t length = strlen(words[i]);
        const size_t end = s->at + length;
        if (s->n - s->at >= length && memcmp(s->text + s->at, words[i], length) == 0 &&
            !(end < s->n && is_word((unsigned char)s->text[end]))) {
            s->at = end;
            return MU_OK;
        }
    }
    return fail_expected(s, "a value");
}

/* "key": with the space around it. */
static int scan_key(struct scan *s) {
    skip_space(s);
    if (peek(s) != '"') {
        return fail_expected(s, "a key in double quotes");
    }
    MU_TRY(scan_string(s));
    skip_space(s);
    if (peek(s) != ':') {
        return fail_expected(s, "':' after the key");
    }
    s->at++;
    return MU_OK;
}

/* After a value: closes the containers that end here. *more says whether another value follows. */
static int scan_end_of_value(struct scan *s, const char *open, size_t *depth, bool *more) {
    for (;;) {
        skip_space(s);
        const int c = peek(s);
        if (*depth == 0) {
            *more = false;
            return c == END ? MU_OK : FAIL(s, s->at, "text after the end of the JSON value");
        }
        const bool object = open[*depth - 1] == '{';
        if (c == ',') {
            s->at++;
            *more = true;
            return object ? scan_key(s) : MU_OK;
        }
        if (c != (object ? '}' : ']')) {
            return fail_expected(s, object ? "',' or '}'" : "',' or ']'");
        }
        s->at++;
        (*depth)--;
    }
}

/* No recursion: the nesting of a hostile file is a counter. */
static int scan_values(struct scan *s) {
    char open[CJSON_NESTING_LIMIT];
    size_t depth = 0;
    bool more = true;
    while (more) {
        skip_space(s);
        const int c = peek(s);
        if (c == '{' || c == '[') {
            if (depth == CJSON_NESTING_LIMIT) {
                return FAIL(s, s->at, "arrays and objects nested deeper than %d levels", CJSON_NESTING_LIMIT);
            }
            open[depth++] = (char)c;
            s->at++;
            skip_space(s);
            if (peek(s) != (c == '{' ? '}' : ']')) {
                if (c == '{') {
                    MU_TRY(scan_key(s));
                }
                continue;
            }
        } else {
            MU_TRY(scan_scalar(s));
        }
        MU_TRY(scan_end_of_value(s, open, &depth, &more));
    }
    return MU_OK;
}

int mu_json_scan(const char *file, const char *text, size_t n, struct mu_err *err) {
    const size_t mark = mu_json_mark(text, n);
    struct scan s = {.file = file, .text = text + mark, .n = n - mark, .err = err};
    const char *nul = memchr(s.text, '\0', s.n);
    const size_t valid = mu_utf8_valid(s.text, nul == NULL ? s.n : (size_t)(nul - s.text));
    if (valid < s.n && s.text[valid] == '\0') {
        return FAIL(&s, valid, "a NUL byte; JSON text has none");
    }
    if (valid < s.n) {
        const int rc = FAIL(&s, valid, "not UTF-8: byte 0x%02x", (unsigned)(unsigned char)s.text[valid]);
        mu_fail_help(err, "save the file in the encoding UTF-8");
        return rc;
    }
    skip_space(&s);
    if (s.at == s.n) {
        return FAIL(&s, s.at, "empty: there is no JSON value in it");
    }
    s.at = 0;
    return scan_values(&s);
}
