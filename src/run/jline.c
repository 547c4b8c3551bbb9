#include "jline.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *mu_real_text(double value, char text[static 32]) {
    if (!isfinite(value)) {
        return strcpy(text, "null");
    }
    if (value == floor(value) && fabs(value) < 1e15) {
        snprintf(text, 32, "%.0f", value == 0 ? 0.0 : value);
        return text;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, 32, "%.*g", digits, value);
        if (strtod(text, NULL) == value) {
            break;
        }
    }
    return text;
}

void mu_jline_begin(struct mu_jline *line, FILE *file) {
    *line = (struct mu_jline){file, ""};
    fputc('{', file);
}

void mu_jline_end(struct mu_jline *line) {
    fputs("}\n", line->file);
}

static void write_key(struct mu_jline *line, const char *key) {
    fprintf(line->file, "%s\"%s\": ", line->separator, key);
    line->separator = ", ";
}

void mu_jline_u64(struct mu_jline *line, const char *key, uint64_t value) {
    write_key(line, key);
    fprintf(line->file, "%" PRIu64, value);
}

void mu_jline_real(struct mu_jline *line, const char *key, double value) {
    char text[32];
    write_key(line, key);
    fputs(mu_real_text(value, text), line->file);
}

void mu_jline_text(struct mu_jline *line, const char *key, const char *value) {
    write_key(line, key);
    fprintf(line->file, "\"%s\"", value);
}

/* One element of an array, after its comma if it is not the first. */
#define WRITE_ARRAY(FORMAT, VALUE)                                  \
    write_key(line, key);                                           \
    fputc('[', line->file);                                         \
    for (size_t i = 0; i < n; i++) {                                \
        fprintf(line->file, "%s" FORMAT, i > 0 ? ", " : "", VALUE); \
    }                                                               \
    fputc(']', line->file)

void mu_jline_u64s(struct mu_jline *line, const char *key, size_t n, const uint64_t *value) {
    WRITE_ARRAY("%" PRIu64, value[i]);
}

void mu_jline_u32s(struct mu_jline *line, const char *key, size_t n, const uint32_t *value) {
    WRITE_ARRAY("%" PRIu32, value[i]);
}

void mu_jline_reals(struct mu_jline *line, const char *key, size_t n, const double *value) {
    char text[32];
    WRITE_ARRAY("%s", mu_real_text(value[i], text));
}
