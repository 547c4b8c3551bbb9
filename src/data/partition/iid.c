/* A random permutation of the rows, cut into equal parts: sizes differ by at most one. */
#include "muster/base/mem.h"
#include "partition.h"

static int assign(const struct mu_deal *deal, uint32_t *owner, struct mu_err *err) {
    uint32_t *const order = mu_alloc_uninit(deal->rows, sizeof *order, err);
    if (order == NULL) {
        return err->code;
    }
    for (size_t i = 0; i < deal->rows; i++) {
        order[i] = (uint32_t)i;
    }
    struct mu_rng rng;
    mu_rng_init(&rng, deal->seed, MU_STREAM_PARTITION, 0, MU_DRAW_ORDER);
    mu_rng_shuffle(&rng, deal->rows, order);
    size_t at = 0;
    for (uint32_t client = 0; client < deal->clients; client++) {
        const size_t size = deal->rows / deal->clients + (client < deal->rows % deal->clients);
        for (const size_t end = at + size; at < end; at++) {
            owner[order[at]] = client;
        }
    }
    mu_free(order);
    return MU_OK;
}

const struct mu_partition mu_partition_iid = {
    .kind = {.name = "iid",
             .summary = "rows dealt out at random, equal sizes",
             .reference = "",
             .group = {NULL, 0, NULL}},
    .assign = assign,
};
