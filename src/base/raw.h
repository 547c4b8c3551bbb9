/* Regular files by descriptor: reading one, and writing one beside its destination, onto which it is renamed when it is
 * complete. What file.c, npy.c and npz.c have in common. */
#ifndef MUSTER_BASE_RAW_H
#define MUSTER_BASE_RAW_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "muster/base/err.h"

/* Opens a regular file for reading and tells its size; -1 with err set. The caller closes. */
int mu_raw_open(const char *path, size_t *size, struct mu_err *err);

/* Up to n bytes, fewer only at the end of the file; -1 with errno set. */
ssize_t mu_raw_read(int fd, void *buf, size_t n);

struct mu_temp {
    char name[PATH_MAX]; /* the temporary file, in the destination's directory; "" when there is none */
    const char *path;    /* the destination, borrowed */
    int fd;              /* open for writing, or -1 */
    bool hasty;          /* rename without waiting for the disk; false after mu_temp_open */
};

/* Creates the temporary file. After success, end with mu_temp_commit or mu_temp_discard. */
int mu_temp_open(struct mu_temp *temp, const char *path, struct mu_err *err);

int mu_temp_write(struct mu_temp *temp, const void *bytes, size_t n, struct mu_err *err);

/* Follows the name: for a library that has put another file there. */
int mu_temp_reopen(struct mu_temp *temp, struct mu_err *err);

/* Flushes to the disk and renames. On failure the temporary file is gone and the destination is as it was. */
int mu_temp_commit(struct mu_temp *temp, struct mu_err *err);

/* Removes the temporary file; does nothing after a commit. */
void mu_temp_discard(struct mu_temp *temp);

#endif
