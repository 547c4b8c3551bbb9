#include "muster/base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Formats into buf[size]; what does not fit is cut before a whole UTF-8 character and ends in "...". Control
 * characters, which a file name or a config may contain, become '?': a message is one line. */
static void format_line(char *buf, size_t size, const char *format, va_list args) {
    const int length = vsnprintf(buf, size, format, args);
    if (length < 0) {
        buf[0] = '\0';
    } else if ((size_t)length >= size) {
        size_t end = size - sizeof "...";
        while (end > 0 && ((unsigned char)buf[end] & 0xC0) == 0x80) {
            end--;
        }
        memcpy(buf + end, "...", sizeof "...");
    }
    for (char *c = buf; *c != '\0'; c++) {
        const unsigned char byte = (unsigned char)*c;
        if (byte < 0x20 || byte == 0x7F) {
            *c = '?';
        }
    }
}

static void __attribute__((format(printf, 3, 4))) print_line(char *buf, size_t size, const char *format, ...) {
    va_list args;
    va_start(args, format);
    format_line(buf, size, format, args);
    va_end(args);
}

int mu_fail(struct mu_err *err, int code, const char *place, const char *format, ...) {
    if (err == NULL) {
        return code;
    }
    if (err->code != MU_OK) {
        return err->code;
    }
    err->code = code;
    err->help[0] = '\0';
    print_line(err->place, sizeof err->place, "%s", place == NULL ? "" : place);
    va_list args;
    va_start(args, format);
    format_line(err->text, sizeof err->text, format, args);
    va_end(args);
    return code;
}

int mu_fail_help(struct mu_err *err, const char *format, ...) {
    if (err == NULL) {
        return MU_OK;
    }
    if (err->code != MU_OK && err->help[0] == '\0') {
        va_list args;
        va_start(args, format);
        format_line(err->help, sizeof err->help, format, args);
        va_end(args);
    }
    return err->code;
}
