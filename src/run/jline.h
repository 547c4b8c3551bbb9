/* JSON objects of one line, written straight to a file: the shape of metrics.jsonl, steps.jsonl and trace.jsonl.
 * Numbers are the shortest text that reads back to the same double; what is not finite is null. */
#ifndef MUSTER_RUN_JLINE_H
#define MUSTER_RUN_JLINE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct mu_jline {
    FILE *file;
    const char *separator; /* before the next member */
};

void mu_jline_begin(struct mu_jline *line, FILE *file);
void mu_jline_end(struct mu_jline *line);
void mu_jline_u64(struct mu_jline *line, const char *key, uint64_t value);
void mu_jline_real(struct mu_jline *line, const char *key, double value);
void mu_jline_text(struct mu_jline *line, const char *key, const char *value); /* value needs no escapes */
void mu_jline_u64s(struct mu_jline *line, const char *key, size_t n, const uint64_t *value);
void mu_jline_u32s(struct mu_jline *line, const char *key, size_t n, const uint32_t *value);
void mu_jline_reals(struct mu_jline *line, const char *key, size_t n, const double *value);

/* The shortest text of a finite double, "null" otherwise. Returns `text`. */
const char *mu_real_text(double value, char text[static 32]);

#endif
