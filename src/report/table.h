/* Columns of numbers out of a file with a JSON object per line. */
#ifndef MUSTER_REPORT_TABLE_H
#define MUSTER_REPORT_TABLE_H

#include <stddef.h>

#include "muster/base/err.h"

struct cJSON;

enum { MU_TABLE_COLUMNS = 48 };

struct mu_column {
    char name[64];
    double *value; /* `rows` numbers; NAN: null, or not there */
    size_t capacity;
};

struct mu_table {
    size_t rows, n;
    struct mu_column column[MU_TABLE_COLUMNS];
};

/* Calls `line` with every object of a .jsonl file, in order. A last line that is not complete is left out: the run is
 * still writing, or was killed. Any other line that is no object is MU_IO placed at "file:line"; a file that is not
 * there has no lines. */
int mu_lines_read(const char *path, int (*line)(void *context, const struct cJSON *record, struct mu_err *err),
                  void *context, struct mu_err *err);

/* Adds a row: the record's numbers and nulls; other members are left out, as are those beyond MU_TABLE_COLUMNS. */
int mu_table_add(struct mu_table *table, const struct cJSON *record, struct mu_err *err);

/* A column, or NULL. */
const double *mu_table_get(const struct mu_table *table, const char *name);

/* Keeps at most `most` (2 or more) rows, evenly spaced, the first and the last among them. */
void mu_table_thin(struct mu_table *table, size_t most);

void mu_table_clear(struct mu_table *table);

#endif
