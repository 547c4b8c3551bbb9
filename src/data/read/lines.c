#include "lines.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "muster/base/mem.h"

enum { CHUNK_BYTES = 1 << 16 };

int mu_lines_open(struct mu_lines *lines, const char *path, struct mu_err *err) {
    memset(lines, 0, sizeof *lines);
    return mu_bytes_open(&lines->stream, path, err);
}

void mu_lines_close(struct mu_lines *lines) {
    mu_bytes_close(&lines->stream);
    mu_free(lines->buffer);
    memset(lines, 0, sizeof *lines);
}

/* Reads more behind what is unread, which moves to the front. */
static int read_chunk(struct mu_lines *lines, struct mu_err *err) {
    const size_t unread = lines->upto - lines->from;
    if (unread > 0) {
        memmove(lines->buffer, lines->buffer + lines->from, unread);
    }
    void *grown = lines->buffer;
    const int rc = mu_grow(&grown, &lines->capacity, unread + CHUNK_BYTES + 1, 1, err);
    lines->buffer = grown;
    MU_TRY(rc);
    size_t got = 0;
    MU_TRY(mu_bytes_some(&lines->stream, lines->buffer + unread, lines->capacity - 1 - unread, &got, err));
    lines->from = 0;
    lines->upto = unread + got;
    lines->ended = got == 0;
    return MU_OK;
}

int mu_lines_next(struct mu_lines *lines, char **line, size_t *n, struct mu_err *err) {
    static const char mark[] = "\xef\xbb\xbf";
    size_t searched = 0;
    for (;;) {
        const size_t unread = lines->upto - lines->from;
        const char *const end =
            unread > searched ? memchr(lines->buffer + lines->from + searched, '\n', unread - searched) : NULL;
        if (end != NULL || lines->ended) {
            *line = lines->buffer + lines->from;
            *n = end != NULL ? (size_t)(end - *line) + 1 : unread;
            break;
        }
        searched = unread;
        MU_TRY(read_chunk(lines, err));
    }
    lines->from += *n;
    if (*n > 0 && (*line)[*n - 1] == '\n') {
        (*line)[*n - 1] = '\0';
        (*n)--;
    } else if (*n > 0) {
        (*line)[*n] = '\0';
    } else {
        *line = NULL;
    }
    if (*line != NULL && lines->line++ == 0 && *n >= 3 && memcmp(*line, mark, 3) == 0) {
        *line += 3;
        *n -= 3;
    }
    return MU_OK;
}

int mu_lines_fail(const struct mu_lines *lines, struct mu_err *err, const char *format, ...) {
    char place[512], text[512];
    snprintf(place, sizeof place, "%s:%llu", lines->stream.path, (unsigned long long)lines->line);
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    return mu_fail(err, MU_BAD_CONFIG, place, "%s", text);
}

bool mu_is_number(const char *text, size_t n, double *value) {
    if (n == 0 || isspace((unsigned char)text[0])) {
        return false;
    }
    char *end = NULL;
    *value = strtod(text, &end);
    return end == text + n && isfinite(*value);
}
