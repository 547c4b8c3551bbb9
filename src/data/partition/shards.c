/* McMahan et al. 2017: the rows sorted by label (a regression's by target) are cut into clients x shards_per_client
 * shards of equal size up to one row, and every client gets its number of them at random. */
#include <stdlib.h>

#include "muster/base/mem.h"
#include "partition.h"
#include "source.h"

struct options {
    int64_t shards_per_client;
};

static const struct mu_field fields[] = {
    {"shards_per_client", MU_INT, MU_OPTION, offsetof(struct options, shards_per_client), "shards", 1, 1e6, "2",
     "few shards mean few classes per client", NULL, false},
    {0},
};

struct sorted {
    double value;
    uint32_t row;
};

static int compare_sorted(const void *a, const void *b) {
    const struct sorted *const x = a, *const y = b;
    return x->value != y->value ? (x->value > y->value) - (x->value < y->value) : (x->row > y->row) - (x->row < y->row);
}

static int assign(const struct mu_deal *deal, uint32_t *owner, struct mu_err *err) {
    const struct options *const o = deal->options;
    const size_t per_client = (size_t)o->shards_per_client, shards = deal->clients * per_client;
    if (deal->label == NULL && deal->target == NULL) {
        return mu_data_fail(deal->file, "partition", err, "this partition needs labels; the data has none");
    }
    if (shards > deal->rows) {
        return mu_data_fail(deal->file, "partition/shards_per_client", err,
                            "%u clients with %zu shards each are more than the %zu training rows", deal->clients,
                            per_client, deal->rows);
    }
    struct sorted *const sorted = mu_alloc(deal->rows, sizeof *sorted, err);
    uint32_t *const shard = mu_alloc(shards, sizeof *shard, err);
    int rc = sorted == NULL || shard == NULL ? err->code : MU_OK;
    if (rc == MU_OK) {
        for (size_t i = 0; i < deal->rows; i++) {
            sorted[i].value = deal->label != NULL ? deal->label[i] : deal->target[i];
            sorted[i].row = (uint32_t)i;
        }
        qsort(sorted, deal->rows, sizeof *sorted, compare_sorted);
        for (size_t k = 0; k < shards; k++) {
            shard[k] = (uint32_t)k;
        }
        struct mu_rng rng;
        mu_rng_init(&rng, deal->seed, MU_STREAM_PARTITION, 0, MU_DRAW_ORDER);
        mu_rng_shuffle(&rng, shards, shard);
        for (size_t k = 0; k < shards; k++) {
            const size_t size = deal->rows / shards, larger = deal->rows % shards;
            const size_t from = shard[k] * size + (shard[k] < larger ? shard[k] : larger);
            for (size_t i = from; i < from + size + (shard[k] < larger); i++) {
                owner[sorted[i].row] = (uint32_t)(k / per_client);
            }
        }
    }
    mu_free(sorted);
    mu_free(shard);
    return rc;
}

const struct mu_partition mu_partition_shards = {
    .kind = {.name = "shards",
             .summary = "rows sorted by label and dealt out in a few shards per client",
             .reference = "McMahan et al. 2017",
             .group = {fields, sizeof(struct options), NULL}},
    .assign = assign,
};
