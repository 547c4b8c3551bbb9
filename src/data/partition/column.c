/* Natural clients: each value of a table's column is one client, numbered by first appearance among the training rows.
 * The column is no feature. */
#include <string.h>

#include "partition.h"
#include "source.h"

struct options {
    char *column;
};

static const struct mu_field fields[] = {
    {"column", MU_STRING, MU_OPTION, offsetof(struct options, column), "", 0, 0, NULL,
     "name of the column whose values are the clients, or its number from \"0\"", NULL, false},
    {0},
};

static const char *column(const void *options) {
    return ((const struct options *)options)->column;
}

static uint32_t clients(const struct mu_deal *deal) {
    return deal->groups;
}

static int assign(const struct mu_deal *deal, uint32_t *owner, struct mu_err *err) {
    if (deal->clients != deal->groups) {
        return mu_data_fail(deal->file, "clients", err, "the column \"%s\" makes %u clients, not %u",
                            column(deal->options), deal->groups, deal->clients);
    }
    memcpy(owner, deal->group, deal->rows * sizeof *owner);
    return MU_OK;
}

const struct mu_partition mu_partition_column = {
    .kind = {.name = "column",
             .summary = "one client for each value of a table's column",
             .reference = "",
             .group = {fields, sizeof(struct options), NULL}},
    .clients = clients,
    .column = column,
    .assign = assign,
};
