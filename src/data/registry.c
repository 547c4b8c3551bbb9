/* One row per source and per partition: nothing else in the program lists them. */
#include "muster/data/data.h"
#include "partition.h"
#include "source.h"

#define SOURCES(X) \
    X(fashion_mnist) X(idx) X(cifar10) X(cifar100) X(csv) X(libsvm) X(blobs) X(synthetic) X(linear) X(quadratic)

#define PARTITIONS(X) X(iid) X(dirichlet) X(shards) X(quantity) X(column) X(class)

#define DECLARE_SOURCE(name) extern const struct mu_source mu_source_##name;
#define DECLARE_PARTITION(name) extern const struct mu_partition mu_partition_##name;
#define SOURCE_ROW(name) &mu_source_##name.kind,
#define PARTITION_ROW(name) &mu_partition_##name.kind,

SOURCES(DECLARE_SOURCE)
PARTITIONS(DECLARE_PARTITION)

static const struct mu_kind *const source_rows[] = {SOURCES(SOURCE_ROW)};
static const struct mu_kind *const partition_rows[] = {PARTITIONS(PARTITION_ROW)};

const struct mu_registry mu_sources = {
    .what = "source",
    .plural = "sources",
    .rows = source_rows,
    .n = sizeof source_rows / sizeof *source_rows,
};

const struct mu_registry mu_partitions = {
    .what = "partition",
    .plural = "partitions",
    .rows = partition_rows,
    .n = sizeof partition_rows / sizeof *partition_rows,
};

static const struct mu_field fields[] = {
    {"source", MU_TAG, MU_OPTION, offsetof(struct mu_data_config, source), "", 0, 0, NULL, "where the rows come from",
     &mu_sources, false},
    {"clients", MU_INT, MU_OPTION, offsetof(struct mu_data_config, clients), "clients", 1, 1e6, "null",
     "number of clients; null: what the source or the partition says, else 100", NULL, false},
    {"partition", MU_CHOICE, MU_OPTION, offsetof(struct mu_data_config, partition), "", 0, 0, "{\"kind\": \"iid\"}",
     "who holds which rows", &mu_partitions, false},
    {0},
};

const struct mu_group mu_data_group = {fields, sizeof(struct mu_data_config), NULL};
