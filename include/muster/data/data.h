/* A data set split among clients. Two sorts of sources: a pool of rows that a partition deals out (files, blobs, ...),
 * held once per host and reordered so that each client's rows are contiguous; and sources that generate a client's rows
 * on demand, so that a million clients cost no memory. */
#ifndef MUSTER_DATA_DATA_H
#define MUSTER_DATA_DATA_H

#include <stdio.h>

#include "muster/comm/comm.h"
#include "muster/config/field.h"
#include "muster/data/rows.h"

/* The config's "data" section. */
struct mu_data_config {
    struct mu_choice source;    /* tag "source" */
    int64_t clients;            /* MU_UNSET: what the source or the partition says, else 100 */
    struct mu_choice partition; /* pools only */
};

extern const struct mu_group mu_data_group;
extern const struct mu_registry mu_sources, mu_partitions;

struct mu_data;

/* Collective. Loads, partitions and shares. Errors (the same on every rank): MU_BAD_CONFIG with the file and byte
 * offset of what is wrong, or the JSON pointer of an option that does not fit the data (more clients than rows, no such
 * column); `file` is the config's name for the latter. config, file and comm are borrowed until mu_data_free. */
int mu_data_new(struct mu_data **data, const struct mu_data_config *config, const char *file, uint64_t seed,
                struct mu_comm *comm, struct mu_err *err);

/* Collective. NULL is allowed. */
void mu_data_free(struct mu_data *data);

const struct mu_task *mu_data_task(const struct mu_data *data);
uint32_t mu_data_clients(const struct mu_data *data);

/* Training rows of a client, and of all clients. O(1). */
size_t mu_data_size(const struct mu_data *data, uint32_t client);
uint64_t mu_data_total(const struct mu_data *data);

/* A client's training rows: a view of the shared pool, or generated into `space` (valid until its next use). */
int mu_data_client(const struct mu_data *data, uint32_t client, struct mu_space *space, struct mu_rows *rows,
                   struct mu_err *err);

/* Training rows first .. of all clients together, one client's after the other's: at most `most` of them, and none
 * beyond those of one client where rows are generated on demand, so rows->n may be less; it is at least 1 if most is
 * and `first` is a row. Such a source is asked client by client, O(clients). */
int mu_data_rows(const struct mu_data *data, uint64_t first, size_t most, struct mu_space *space, struct mu_rows *rows,
                 struct mu_err *err);

/* The test rows, n = 0 if there are none. For a quadratic: every client's row, so that the mean test loss is the
 * objective. */
const struct mu_rows *mu_data_test(const struct mu_data *data);

/* Statistics of the partition for `muster check`: sizes (min, quartiles, max), and the label histograms of the most
 * skewed clients (largest total variation distance from the global histogram). Not collective. Of rows on demand only
 * the first 200 clients' labels are looked at. */
int mu_data_describe(const struct mu_data *data, FILE *out, struct mu_err *err);

#endif
