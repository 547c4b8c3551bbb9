/* One class per client, the extreme of label skew: client i holds rows of the i-th class (modulo the number of classes
 * that have rows), and clients of one class share its rows evenly and at random. */
#include <assert.h>

#include "muster/base/mem.h"
#include "partition.h"
#include "source.h"

static uint32_t count_classes(const struct mu_deal *deal) {
    uint32_t present = 0;
    for (size_t c = 0; deal->label != NULL && c < deal->classes; c++) {
        size_t i = 0;
        while (i < deal->rows && deal->label[i] != (int32_t)c) {
            i++;
        }
        present += i < deal->rows;
    }
    return present;
}

/* Deals the rows of the k-th of `present` classes to clients k, k + present, ... */
static int deal_class(const struct mu_deal *deal, uint32_t k, uint32_t present, size_t class, size_t n, uint32_t *row,
                      struct mu_rng *rng, uint32_t *owner, struct mu_err *err) {
    assert(present > 0); /* the k-th is one of them */
    const size_t sharers = (deal->clients - k + present - 1) / present;
    if (sharers > n) {
        return mu_data_fail(deal->file, "clients", err, "%zu clients for the %zu rows of class %zu: not enough",
                            sharers, n, class);
    }
    mu_rng_shuffle(rng, n, row);
    for (size_t i = 0; i < n; i++) {
        owner[row[i]] = k + (uint32_t)(i % sharers) * present;
    }
    return MU_OK;
}

static int assign(const struct mu_deal *deal, uint32_t *owner, struct mu_err *err) {
    const uint32_t *key = NULL;
    MU_TRY(mu_deal_labels(deal, &key, err));
    uint64_t *const start = mu_alloc(deal->classes + 1, sizeof *start, err);
    uint32_t *const order = mu_alloc(deal->rows, sizeof *order, err);
    int rc = start == NULL || order == NULL ? err->code : MU_OK;
    if (rc == MU_OK) {
        mu_sort_by_key(deal->rows, key, deal->classes, start, order);
        uint32_t present = 0, k = 0;
        for (size_t c = 0; c < deal->classes; c++) {
            present += start[c + 1] > start[c];
        }
        if (deal->clients < present) {
            rc = mu_data_fail(deal->file, "clients", err, "%u clients cannot hold one class each of %u", deal->clients,
                              present);
        }
        struct mu_rng rng;
        mu_rng_init(&rng, deal->seed, MU_STREAM_PARTITION, 0, MU_DRAW_ORDER);
        for (size_t c = 0; c < deal->classes && rc == MU_OK; c++) {
            const size_t n = start[c + 1] - start[c];
            if (n > 0) {
                rc = deal_class(deal, k++, present, c, n, order + start[c], &rng, owner, err);
            }
        }
    }
    mu_free(start);
    mu_free(order);
    return rc;
}

const struct mu_partition mu_partition_class = {
    .kind = {.name = "class", .summary = "every client holds one class", .reference = "", .group = {NULL, 0, NULL}},
    .clients = count_classes,
    .assign = assign,
};
