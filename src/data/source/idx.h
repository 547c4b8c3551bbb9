/* The IDX loader, for the sources that are IDX files under a name of their own. */
#ifndef MUSTER_DATA_IDX_H
#define MUSTER_DATA_IDX_H

#include "source.h"

/* train images, train labels, test images, test labels; the last two may both be NULL. */
enum { MU_IDX_FILES = 4 };
int mu_idx_load(const char *const path[static MU_IDX_FILES], struct mu_pool *pool, struct mu_err *err);

/* Finds the four files in a directory by MNIST's naming, plain or .gz; *path are the caller's to mu_free. A file that
 * is not there stays NULL; two candidates that differ by more than .gz are MU_BAD_CONFIG. */
int mu_idx_find(const char *dir, char *path[static MU_IDX_FILES], struct mu_err *err);

#endif
