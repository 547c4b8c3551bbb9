#include "muster/base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* One cache line, and one AVX-512 register. */
enum { ALIGNMENT = 64 };

/* From this size on a block asks for huge pages: tables of a million clients, fetched in random order, otherwise miss
 * the page tables' cache as well as the data's. */
enum { HUGE_PAGE = 1 << 21, HUGE_BLOCK = 2 * HUGE_PAGE };

/* The bytes of n elements, rounded up to whole lines; 0 if no object can be that large. */
static size_t block_bytes(size_t n, size_t size) {
    size_t bytes = 0;
    if (__builtin_mul_overflow(n, size, &bytes) || bytes > PTRDIFF_MAX - ALIGNMENT) {
        return 0;
    }
    return bytes == 0 ? ALIGNMENT : (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

void *mu_alloc_uninit(size_t n, size_t size, struct mu_err *err) {
    const size_t bytes = block_bytes(n, size);
    const size_t alignment = bytes >= HUGE_BLOCK ? HUGE_PAGE : ALIGNMENT;
    void *block = NULL;
    if (bytes == 0 || posix_memalign(&block, alignment, bytes) != 0) {
        block = NULL;
    }
    if (block != NULL && bytes >= HUGE_BLOCK) {
        (void)madvise(block, bytes / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE); /* advice: it may be declined */
    }
    if (block == NULL) {
        mu_fail(err, MU_RANK_FAILED, NULL, "out of memory: %zu elements of %zu bytes", n, size);
    }
    return block;
}

void *mu_alloc(size_t n, size_t size, struct mu_err *err) {
    void *block = mu_alloc_uninit(n, size, err);
    if (block != NULL) {
        memset(block, 0, block_bytes(n, size));
    }
    return block;
}

int mu_grow(void **block, size_t *capacity, size_t need, size_t size, struct mu_err *err) {
    /* Callers pass the address of a pointer of their own type; memcpy reads it without an aliasing promise. */
    void *old = NULL;
    memcpy(&old, block, sizeof old);
    if (old != NULL && need <= *capacity) {
        return MU_OK;
    }
    size_t wanted = 0;
    if (__builtin_mul_overflow(*capacity, (size_t)2, &wanted) || wanted < need) {
        wanted = need;
    }
    char *larger = mu_alloc_uninit(wanted, size, err);
    if (larger == NULL) {
        return err == NULL ? MU_RANK_FAILED : err->code;
    }
    const size_t kept = old == NULL ? 0 : *capacity * size;
    if (kept > 0) {
        memcpy(larger, old, kept);
    }
    memset(larger + kept, 0, block_bytes(wanted, size) - kept);
    free(old);
    memcpy(block, &larger, sizeof larger);
    *capacity = wanted;
    return MU_OK;
}

char *mu_strdup(const char *text, struct mu_err *err) {
    const size_t n = strlen(text) + 1;
    char *copy = mu_alloc_uninit(n, 1, err);
    if (copy != NULL) {
        memcpy(copy, text, n);
    }
    return copy;
}

void mu_free(void *block) {
    free(block);
}
