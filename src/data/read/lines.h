/* A text file line by line, plain or gzip, with the line number in every error. */
#ifndef MUSTER_DATA_LINES_H
#define MUSTER_DATA_LINES_H

#include "read/bytes.h"

/* Zero-initialised. */
struct mu_lines {
    struct mu_bytes stream;
    char *buffer;
    size_t capacity, from, upto; /* unread bytes are buffer[from..upto) */
    uint64_t line;               /* number of the last line returned, from 1 */
    bool ended;
};

int mu_lines_open(struct mu_lines *lines, const char *path, struct mu_err *err);
void mu_lines_close(struct mu_lines *lines);

/* The next line without its newline; *line is NULL at the end. It may be changed and is valid until the next call;
 * line[n] is a NUL. A byte order mark at the file's start is skipped. */
int mu_lines_next(struct mu_lines *lines, char **line, size_t *n, struct mu_err *err);

/* Records MU_BAD_CONFIG placed at "path:LINE". */
int mu_lines_fail(const struct mu_lines *lines, struct mu_err *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A finite number that takes all of text[0..n), text[n] being NUL. */
bool mu_is_number(const char *text, size_t n, double *value);

#endif
