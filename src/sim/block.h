/* Blocks of numbers of one size, counted references, recycled: models and updates on a worker. */
#ifndef MUSTER_SIM_BLOCK_H
#define MUSTER_SIM_BLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "muster/base/err.h"

struct mu_block {
    size_t refs;
    struct mu_block *next_free;
    void *data;
};

/* Zero-initialised but for `bytes`. */
struct mu_block_pool {
    size_t bytes; /* of a block's data */
    struct mu_block *free;
};

/* A block with one reference and unspecified content. */
int mu_block_take(struct mu_block_pool *pool, struct mu_block **block, struct mu_err *err);

struct mu_block *mu_block_hold(struct mu_block *block);

/* Gives a reference back; NULL is allowed. */
void mu_block_drop(struct mu_block_pool *pool, struct mu_block *block);

/* Releases the free blocks; all others must have been dropped. */
void mu_block_pool_clear(struct mu_block_pool *pool);

#endif
