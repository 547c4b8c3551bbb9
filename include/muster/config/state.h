/* The STATE rows of a field table as bytes, for checkpoints, and arrays that grow, for state that is gathered. */
#ifndef MUSTER_CONFIG_STATE_H
#define MUSTER_CONFIG_STATE_H

#include "muster/config/field.h"

/* A growing buffer; zero-initialised it is empty. Release `data` with mu_free. */
struct mu_blob {
    unsigned char *data;
    size_t n, capacity;
};

int mu_blob_add(struct mu_blob *blob, const void *data, size_t n, struct mu_err *err);

/* Appends the STATE rows of `values` (MU_BOOL, MU_INT, MU_REAL, MU_INTS, MU_REALS, those of embedded MU_GROUPs, and
 * MU_CHOICE: a choice made during the run, its options and the state of its row). */
int mu_state_save(const struct mu_group *group, const void *values, struct mu_blob *blob, struct mu_err *err);

/* Reads them back into `values`, which has been parsed before. MU_IO if the n bytes are not of this group; what was
 * read until then stays. */
int mu_state_load(const struct mu_group *group, void *values, const unsigned char *data, size_t n, struct mu_err *err);

/* Appends to an array whose storage is a power of two (at least 4), which mu_state_load keeps to. Do not mix with
 * arrays that were allocated otherwise. */
int mu_ints_push(struct mu_ints *ints, int64_t value, struct mu_err *err);
int mu_reals_push(struct mu_reals *reals, double value, struct mu_err *err);

#endif
