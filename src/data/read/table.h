/* What table-like text files (CSV, LIBSVM) have in common: labels that are class names or numbers, and test rows from a
 * second file or held out by the seed. */
#ifndef MUSTER_DATA_TABLE_H
#define MUSTER_DATA_TABLE_H

#include "read/intern.h"
#include "read/lines.h"
#include "source.h"

enum mu_table_task { MU_TABLE_CLASSIFICATION, MU_TABLE_REGRESSION };
extern const char *const mu_table_tasks[]; /* the words of a "task" option */

/* One label per row; zero-initialised but for `task`. */
struct mu_labels {
    enum mu_table_task task;
    size_t n;
    struct mu_intern names; /* classification */
    uint32_t *id;
    double *value; /* regression */
    size_t id_capacity, value_capacity;
};

/* Adds the next row's label, text[n] being NUL; errors name the line. */
int mu_labels_add(struct mu_labels *labels, const struct mu_lines *lines, const char *text, size_t n,
                  struct mu_err *err);

/* Numbers the classes in the order of their values (of their bytes, if any is no number), equal numbers being one
 * class: id[] is then the class. */
int mu_labels_finish(struct mu_labels *labels, const char *path, size_t *classes, struct mu_err *err);
void mu_labels_clear(struct mu_labels *labels);

/* Which rows are for training and which for tests. */
struct mu_split {
    size_t train_n, test_n;
    uint32_t *row; /* train_n and then test_n row numbers, each part ascending */
};

/* Rows 0..first-1 of the first file and then `second` of the test file. Without a test file a fraction of the rows,
 * drawn by (seed, MU_STREAM_TEST_DATA), is held out. */
int mu_split_new(struct mu_split *split, size_t first, size_t second, bool has_test_file, double fraction,
                 const struct mu_load *call, const char *path, struct mu_err *err);

/* Allocates the pool's parts, whose task, width and elem are set, and fills their labels or targets. */
int mu_table_parts(struct mu_pool *pool, const struct mu_split *split, const struct mu_labels *labels,
                   struct mu_err *err);

#endif
