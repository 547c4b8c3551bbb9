/* Memory: zeroed, 64-byte aligned blocks whose size is checked for overflow. */
#ifndef MUSTER_BASE_MEM_H
#define MUSTER_BASE_MEM_H

#include <stddef.h>

#include "muster/base/err.h"

/* A zeroed array of `n` elements of `size` bytes, aligned for AVX-512, or NULL with MU_RANK_FAILED in
 * err. n = 0 gives a valid pointer to nothing. Release it with mu_free. */
void *mu_alloc(size_t n, size_t size, struct mu_err *err);

/* The same without zeroing: for large buffers that are written in full before they are read. */
void *mu_alloc_uninit(size_t n, size_t size, struct mu_err *err);

/* Grows *block (from mu_alloc, or NULL) so that it holds at least `need` elements: the capacity at least
 * doubles, old content is kept, new content is zero. On failure everything is left as it was. */
int mu_grow(void **block, size_t *capacity, size_t need, size_t size, struct mu_err *err);

/* A copy of a string, or NULL with err set. */
char *mu_strdup(const char *text, struct mu_err *err);

/* Releases a block; NULL is allowed. */
void mu_free(void *block);

#endif
