#include "block.h"

#include <assert.h>

#include "muster/base/mem.h"

int mu_block_take(struct mu_block_pool *pool, struct mu_block **block, struct mu_err *err) {
    struct mu_block *b = pool->free;
    if (b != NULL) {
        pool->free = b->next_free;
    } else {
        b = mu_alloc(1, sizeof *b, err);
        if (b == NULL) {
            return err->code;
        }
        b->data = mu_alloc_uninit(pool->bytes, 1, err);
        if (b->data == NULL) {
            mu_free(b);
            return err->code;
        }
    }
    b->refs = 1;
    b->next_free = NULL;
    *block = b;
    return MU_OK;
}

struct mu_block *mu_block_hold(struct mu_block *block) {
    block->refs++;
    return block;
}

void mu_block_drop(struct mu_block_pool *pool, struct mu_block *block) {
    if (block == NULL) {
        return;
    }
    assert(block->refs > 0);
    if (--block->refs == 0) {
        block->next_free = pool->free;
        pool->free = block;
    }
}

void mu_block_pool_clear(struct mu_block_pool *pool) {
    while (pool->free != NULL) {
        struct mu_block *b = pool->free;
        pool->free = b->next_free;
        mu_free(b->data);
        mu_free(b);
    }
}
