/* Who holds which row. A partition is one file in partition/ that ends in a descriptor, plus one row in registry.c.
 * Its one duty is to write an owner for every row; data.c moves the rows. All draws come from MU_STREAM_PARTITION, so
 * that a partition depends on the seed and the labels and on nothing else. */
#ifndef MUSTER_DATA_PARTITION_H
#define MUSTER_DATA_PARTITION_H

#include "muster/base/rng.h"
#include "muster/config/field.h"

/* The rows to deal out: at least as many as clients. */
struct mu_deal {
    const void *options;
    const char *file; /* the config's name, for errors placed at a pointer */
    uint64_t seed;
    size_t rows;
    uint32_t clients;
    size_t classes;
    const int32_t *label;  /* of each row, or NULL */
    const double *target;  /* of each row, or NULL */
    const uint32_t *group; /* of each row, or NULL; ids in 0..groups-1, each id present */
    uint32_t groups;
};

struct mu_partition {
    struct mu_kind kind;
    /* OPTIONAL: the number of clients if the config is silent; deal->clients is 0 then. */
    uint32_t (*clients)(const struct mu_deal *deal);
    /* OPTIONAL: the column of a table whose values are the clients. */
    const char *(*column)(const void *options);
    /* Writes owner[rows], ids in 0..clients-1. */
    int (*assign)(const struct mu_deal *deal, uint32_t *owner, struct mu_err *err);
};

/* Ordinals of MU_STREAM_PARTITION: part of every result, so never renumber. */
enum mu_partition_ordinal {
    MU_DRAW_ORDER = 0,  /* a permutation of rows or shards */
    MU_DRAW_WEIGHT = 1, /* sizes or proportions */
};

/* The rows sorted by key, in stable order: order[start[k]..start[k+1]) has the rows with key k. start has keys + 1
 * elements, order has n; both are the caller's. */
void mu_sort_by_key(size_t n, const uint32_t *key, size_t keys, uint64_t *restrict start, uint32_t *restrict order);

/* The labels as keys, or MU_BAD_CONFIG at /data/partition if the data has no classes. *key is borrowed. */
int mu_deal_labels(const struct mu_deal *deal, const uint32_t **key, struct mu_err *err);

/* Moves rows until each client has at least `least`: each move takes the last row of the largest client (the lowest id
 * among equals) for the lowest client in want. */
int mu_deal_fill(const struct mu_deal *deal, uint64_t least, uint32_t *owner, struct mu_err *err);

/* Splits `total` in proportion to weight[0..n) by rounding running sums: size[i] is within 1 of its share, the sum is
 * exact. */
void mu_deal_sizes(uint64_t total, size_t n, const double *weight, uint64_t *size);

/* A Dirichlet draw with parameters alpha[0] (n of them equal, if `same`) or alpha[0..n), all > 0. Drawn in logarithms,
 * so that it is a distribution even where every gamma variate underflows. */
void mu_deal_dirichlet(struct mu_rng *rng, size_t n, const double *alpha, bool same, double *restrict p);

#endif
