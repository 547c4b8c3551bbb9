#include "numbers.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "muster/base/file.h"
#include "muster/base/mem.h"

/* More than any trace that could be simulated. */
static const size_t largest_file = (size_t)1 << 31;

struct reader {
    const char *path;
    size_t line;
    size_t cells, cell_capacity, line_capacity;
    struct mu_numbers *out;
    struct mu_err *err;
};

static int fail_line(const struct reader *r, const char *what, const char *got) {
    char place[512];
    snprintf(place, sizeof place, "%.480s:%zu", r->path, r->line);
    return mu_fail(r->err, MU_BAD_CONFIG, place, "%s, got \"%.*s\"", what, (int)strcspn(got, ",; \t\r\n"), got);
}

static const char *skip_blanks(const char *c) {
    return c + strspn(c, " \t\r");
}

/* One row of `text`, which ends at a newline or NUL. */
static int read_row(struct reader *r, const char *text) {
    struct mu_numbers *out = r->out;
    size_t n = 0;
    const char *c = text;
    for (;;) {
        char *end = NULL;
        const double x = strtod(c, &end);
        if (end == c || !isfinite(x) || strchr(",; \t\r\n#", *end) == NULL) {
            return fail_line(r, "expected a finite number", c);
        }
        MU_TRY(mu_grow((void **)&out->v, &r->cell_capacity, r->cells + 1, sizeof *out->v, r->err));
        out->v[r->cells++] = x;
        n++;
        c = skip_blanks(end);
        const bool separated = *c == ',' || *c == ';';
        c = separated ? skip_blanks(c + 1) : c;
        if (!separated && (*c == '\n' || *c == '\0' || *c == '#')) {
            break;
        }
        if (*c == '\n' || *c == '\0' || *c == '#') {
            return fail_line(r, "expected a number after the last separator", "");
        }
    }
    if (out->columns != 0 && n != out->columns) {
        char place[512];
        snprintf(place, sizeof place, "%.480s:%zu", r->path, r->line);
        return mu_fail(r->err, MU_BAD_CONFIG, place, "expected %zu numbers in a row, got %zu", out->columns, n);
    }
    out->columns = n;
    MU_TRY(mu_grow((void **)&out->line, &r->line_capacity, out->rows + 1, sizeof *out->line, r->err));
    out->line[out->rows++] = r->line;
    return MU_OK;
}

static int read_rows(struct reader *r, const char *text) {
    bool header_allowed = true;
    for (const char *c = text; *c != '\0';) {
        r->line++;
        const char *first = skip_blanks(c);
        if (*first != '\n' && *first != '\0' && *first != '#') {
            if (!(header_allowed && isalpha((unsigned char)*first))) {
                MU_TRY(read_row(r, first));
            }
            header_allowed = false;
        }
        c += strcspn(c, "\n");
        c += *c == '\n';
    }
    return MU_OK;
}

int mu_numbers_read(struct mu_numbers *numbers, const char *path, size_t columns, const char *place,
                    struct mu_err *err) {
    *numbers = (struct mu_numbers){.columns = columns};
    char *text = NULL;
    size_t n = 0;
    struct mu_err cause = {0};
    if (mu_file_read(path, largest_file, &text, &n, &cause) != MU_OK) {
        return cause.code == MU_RANK_FAILED
                   ? mu_fail(err, cause.code, cause.place, "%s", cause.text)
                   : mu_fail(err, MU_BAD_CONFIG, place, "cannot read %.300s: %s", path, cause.text);
    }
    struct reader reader = {.path = path, .out = numbers, .err = err};
    int rc = MU_OK;
    if (strlen(text) != n) {
        rc = mu_fail(err, MU_BAD_CONFIG, path, "expected text, got a NUL byte at offset %zu", strlen(text));
    } else if ((rc = read_rows(&reader, text)) == MU_OK && numbers->rows == 0) {
        rc = mu_fail(err, MU_BAD_CONFIG, path, "there are no numbers in the file");
    }
    mu_free(text);
    if (rc != MU_OK) {
        mu_numbers_clear(numbers);
    }
    return rc;
}

void mu_numbers_clear(struct mu_numbers *numbers) {
    mu_free(numbers->v);
    mu_free(numbers->line);
    *numbers = (struct mu_numbers){0};
}
