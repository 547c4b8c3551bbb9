/* Reading binary data files, plain or gzip (zlib tells them apart), with the byte offset in every error. Offsets are of
 * the uncompressed content. */
#ifndef MUSTER_DATA_BYTES_H
#define MUSTER_DATA_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "muster/base/err.h"

struct mu_bytes {
    void *gz;    /* gzFile */
    char *whole; /* all of a small packed file, unpacked at once; NULL if it was not, or was given away at its end */
    size_t whole_bytes;
    char path[448];
    uint64_t offset;     /* bytes read so far */
    uint64_t file_bytes; /* on disk */
    bool packed;         /* gzip */
};

/* A missing file, a directory or anything else that is no regular file is MU_BAD_CONFIG. */
int mu_bytes_open(struct mu_bytes *stream, const char *path, struct mu_err *err);

/* Closes; one that is all zeros is allowed. */
void mu_bytes_close(struct mu_bytes *stream);

/* Reads exactly n bytes; `what` is named if the file ends before. */
int mu_bytes_read(struct mu_bytes *stream, void *to, size_t n, const char *what, struct mu_err *err);

/* The same for a block from mu_alloc_uninit, which may be put in the place of another that has the bytes already: fresh
 * memory costs as much time as unpacking. */
int mu_bytes_read_block(struct mu_bytes *stream, void **block, size_t n, const char *what, struct mu_err *err);

/* Reads up to n bytes; *got = 0 at the end. */
int mu_bytes_some(struct mu_bytes *stream, void *to, size_t n, size_t *got, struct mu_err *err);

/* Fails if anything follows; verifies gzip's checksum. */
int mu_bytes_end(struct mu_bytes *stream, struct mu_err *err);

/* Fails if the rest of the file cannot hold `bytes` bytes: to be asked before memory is allocated on a header's word.
 */
int mu_bytes_holds(struct mu_bytes *stream, uint64_t bytes, const char *what, struct mu_err *err);

/* Records MU_BAD_CONFIG placed at "path: byte OFFSET". */
int mu_bytes_fail(const struct mu_bytes *stream, uint64_t offset, struct mu_err *err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* True for an existing regular file, or directory. */
bool mu_is_file(const char *path);
bool mu_is_dir(const char *path);

/* Where a named data set is: `path`, else $MUSTER_DATA, else `fallback` (may be NULL); in each, the subfolder `name`
 * if it is there. Returns false if there is nothing to try. dir has room for 448 bytes. */
bool mu_dataset_dir(const char *path, const char *name, const char *fallback, char *dir);

#endif
