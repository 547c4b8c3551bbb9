/* The inside of struct mu_data, for data.c and describe.c. */
#ifndef MUSTER_DATA_DATA_IMPL_H
#define MUSTER_DATA_DATA_IMPL_H

#include "muster/data/data.h"
#include "source.h"

struct mu_data {
    const struct mu_data_config *config; /* borrowed */
    const struct mu_source *source;
    const char *file; /* borrowed */
    uint64_t seed;
    struct mu_comm *comm; /* borrowed */
    struct mu_shared shared;
    struct mu_task task;
    uint32_t clients;
    uint64_t total;
    const uint64_t *start; /* clients + 1 offsets into train, in the shared block; NULL: rows on demand */
    struct mu_rows train, test;
};

#endif
