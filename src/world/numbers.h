/* Text files of numbers: measured durations, straggler patterns, availability intervals. */
#ifndef MUSTER_SRC_WORLD_NUMBERS_H
#define MUSTER_SRC_WORLD_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>

#include "muster/base/err.h"

/* A rectangular table in row order. */
struct mu_numbers {
    size_t rows, columns;
    double *v;
    size_t *line; /* each row's line in the file, from 1 */
};

/* Reads finite numbers separated by commas, semicolons or blanks, one row a line. Empty lines and what follows a # are
 * skipped, and so is a first row that begins with a letter (a header). Errors are MU_BAD_CONFIG placed at "path:line";
 * a file that cannot be read is one placed at `place`, the option that names it. `columns` is the required number, 0
 * for any. A table has at least one row. The caller clears it. */
int mu_numbers_read(struct mu_numbers *numbers, const char *path, size_t columns, const char *place,
                    struct mu_err *err);
void mu_numbers_clear(struct mu_numbers *numbers);

#endif
