/* A file that is written beside its destination and renamed onto it when it is complete. */
#ifndef MUSTER_BASE_FILE_TEMP_H
#define MUSTER_BASE_FILE_TEMP_H

#include <limits.h>
#include <stddef.h>

#include "muster/base/err.h"

struct mu_temp {
    char name[PATH_MAX]; /* the temporary file, in the destination's directory; "" when there is none */
    const char *path;    /* the destination, borrowed */
    int fd;              /* open for writing, or -1 */
};

/* Creates the temporary file. After success, end with mu_temp_commit or mu_temp_discard. */
int mu_temp_open(struct mu_temp *temp, const char *path, struct mu_err *err);

int mu_temp_write(struct mu_temp *temp, const void *bytes, size_t n, struct mu_err *err);

/* Flushes to the disk and renames. On failure the temporary file is gone and the destination is as it was. */
int mu_temp_commit(struct mu_temp *temp, struct mu_err *err);

/* Removes the temporary file; does nothing after a commit. */
void mu_temp_discard(struct mu_temp *temp);

#endif
