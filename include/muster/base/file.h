/* Small file services: whole files in and out, atomically, and their SHA-256 (libmd). */
#ifndef MUSTER_BASE_FILE_H
#define MUSTER_BASE_FILE_H

#include <stddef.h>

#include "muster/base/err.h"

/* Reads a whole regular file. *text is NUL-terminated beyond its *n bytes and is the caller's to mu_free.
 * A directory, a missing file and one above `limit` bytes are MU_IO errors that say so. */
int mu_file_read(const char *path, size_t limit, char **text, size_t *n, struct mu_err *err);

/* Writes beside, flushes to the disk and renames: a reader, and a machine that lost its power, sees the old content or
 * the new, never a part. On failure the old file is as it was and nothing else is left. */
int mu_file_replace(const char *path, const void *text, size_t n, struct mu_err *err);

/* The same without waiting for the disk: for a status that is replaced many times a minute and worth nothing after a
 * crash. */
int mu_file_publish(const char *path, const void *text, size_t n, struct mu_err *err);

/* Waits until the files that are there of these are on the disk. Together this takes little more than for one. */
int mu_files_settle(size_t n, const char *const *path, struct mu_err *err);

/* Lower-case hexadecimal SHA-256 of a file's bytes. */
int mu_file_sha256(const char *path, char hex[65], struct mu_err *err);

/* Creates a directory and its missing parents; one that exists is no error. */
int mu_dir_create(const char *path, struct mu_err *err);

/* Removes a directory with all that is in it, following no links; one that is not there is no error. */
int mu_dir_remove(const char *path, struct mu_err *err);

#endif
