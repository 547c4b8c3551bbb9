/* Where rows come from. A source is one file in source/ that ends in a descriptor, plus one row in registry.c.
 *
 * Most sources fill a pool on the one rank of each host that leads it; data.c then deals the pool out by the partition,
 * and place.c sorts it by client, into memory that the host's ranks share, or where it is if there is one rank. A
 * source that generates rows on demand fills only the pool's description and its test rows; its clients are pure
 * functions of (options, seed, client). */
#ifndef MUSTER_DATA_SOURCE_H
#define MUSTER_DATA_SOURCE_H

#include "muster/config/field.h"
#include "muster/data/data.h"
#include "muster/data/rows.h"

/* n rows that a pool owns; label for classification, target for regression, else NULL. */
struct mu_part {
    size_t n;
    void *x;
    int32_t *label;
    double *target;
};

struct mu_pool {
    struct mu_task task; /* its x0 stays NULL: see below */
    double *x0;          /* owned; task.features numbers, or NULL */
    size_t width;
    enum mu_elem elem;
    double scale, shift; /* see struct mu_rows */
    struct mu_part train, test;
    uint32_t *group; /* train.n ids in 0..groups-1 of the column that names clients, if one was asked for */
    uint32_t groups;
    uint32_t *owner;  /* train.n client ids, if the source itself says who holds what */
    uint32_t clients; /* set with owner */
};

/* What a source is asked for. */
struct mu_load {
    const void *options;
    const char *file; /* the config's name, for errors placed at a pointer */
    uint64_t seed;
    uint32_t clients;         /* on demand: how many; pools: 0 */
    const char *group_column; /* name or number of the column whose values are the clients, or NULL */
};

struct mu_source {
    struct mu_kind kind;
    bool columns;       /* understands group_column */
    bool fixes_clients; /* says itself who holds what, or generates on demand: a partition makes no sense */
    /* The pool is zeroed before; on failure the caller clears it. */
    int (*load)(const struct mu_load *load, struct mu_pool *pool, struct mu_err *err);
    /* OPTIONAL, both or neither: rows on demand. O(1), and any client's rows without the others'. `rows` has its
     * description (width, elem, ...) filled in already. */
    size_t (*size)(const void *options, uint64_t seed, uint32_t client);
    int (*client)(const void *options, uint64_t seed, uint32_t client, struct mu_space *space, struct mu_rows *rows,
                  struct mu_err *err);
};

/* Allocates a part's arrays for n rows of the pool's width and elem; label and target by the pool's task. */
int mu_part_new(struct mu_part *part, const struct mu_pool *pool, size_t n, struct mu_err *err);

/* The part as rows, borrowed. */
struct mu_rows mu_part_rows(const struct mu_part *part, const struct mu_pool *pool);

void mu_part_clear(struct mu_part *part);
void mu_pool_clear(struct mu_pool *pool);

/* Refuses n x width numbers that overflow or exceed this host's memory, before anything is allocated. */
int mu_pool_fits(size_t n, size_t width, size_t size, const char *place, struct mu_err *err);

/* Room for n rows of `width` numbers of `size` bytes, and n labels; old content is lost. */
int mu_space_reserve(struct mu_space *space, size_t n, size_t width, size_t size, struct mu_err *err);

/* Records an option's failure, placed at "file: /data/field"; a field may be a path ("partition/alpha"), NULL is /data.
 */
int mu_data_fail(const char *file, const char *field, struct mu_err *err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
