/* The inside of struct mu_data, for data.c, place.c and describe.c. */
#ifndef MUSTER_DATA_DATA_IMPL_H
#define MUSTER_DATA_DATA_IMPL_H

#include "muster/data/data.h"
#include "source.h"

struct mu_data {
    const struct mu_data_config *config; /* borrowed */
    const struct mu_source *source;
    const char *file; /* borrowed */
    uint64_t seed;
    struct mu_comm *comm;    /* borrowed */
    struct mu_shared shared; /* with several ranks, the arrays of a host; else the two below, which one rank owns */
    struct mu_pool own;
    uint64_t *own_start;
    struct mu_task task;
    uint32_t clients;
    uint64_t total;
    const uint64_t *start; /* clients + 1 offsets into train; NULL: rows on demand */
    struct mu_rows train, test;
};

/* What the leader tells its host before there is shared memory: plain bytes, no pointers. */
struct mu_header {
    struct mu_task task;
    bool has_x0, has_label, has_target;
    size_t width;
    enum mu_elem elem;
    double scale, shift;
    size_t n, test_n; /* n = 0: generated on demand */
    uint32_t clients;
    uint64_t total;
};

/* Collective, once all ranks of a host know the header: sorts the training rows by owner, in stable order, and puts
 * them and the rest where every rank of the host sees them. A client's rows are then one range, and no rank keeps an
 * index of rows. `pool` and `owner` are the leader's; what is kept of the pool is taken out of it. */
int mu_data_place(struct mu_data *data, struct mu_pool *pool, const uint32_t *owner, const struct mu_header *header,
                  struct mu_err *err);

/* Puts the rows of a part in order where they are: row i becomes row to[i]. `to` is a permutation, and ends as the
 * identity. */
void mu_part_permute(struct mu_part *part, size_t row_bytes, uint32_t *to);

#endif
