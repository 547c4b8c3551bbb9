/* When a client can be reached. A model answers for any client at any time, in whatever order it is asked: whether the
 * client is available, and until when that lasts. Nothing is walked through from the start, and nothing is kept. */
#ifndef MUSTER_WORLD_AVAILABILITY_H
#define MUSTER_WORLD_AVAILABILITY_H

#include <stdbool.h>

#include "muster/world/distribution.h"

extern const struct mu_registry mu_availabilities;

/* A parsed choice made ready to ask. */
struct mu_presence {
    const struct mu_availability *row; /* NULL: always available */
    const void *options;
    void *table; /* what the row's prepare made of its options, or NULL */
    uint64_t seed;
    uint32_t clients;
};

/* One row of the registry. */
struct mu_availability {
    struct mu_kind kind;
    /* OPTIONAL. Makes p->table. On failure what was made is released by `release`. */
    int (*prepare)(struct mu_presence *p, const struct mu_law_scope *scope, struct mu_err *err);
    /* OPTIONAL. Releases p->table, which may be NULL or half made. */
    void (*release)(struct mu_presence *p);
    /* OPTIONAL: without it every client is always available. Whether `client` is available at `t`; *until is the first
     * time after t at which that is different, MU_NEVER if it stays so. */
    bool (*at)(const struct mu_presence *p, uint32_t client, uint64_t t, uint64_t *until);
};

/* Prepares a parsed choice; an absent one is `always`. On failure *p is cleared. The choice is borrowed. */
int mu_presence_init(struct mu_presence *p, const struct mu_choice *choice, const struct mu_law_scope *scope,
                     struct mu_err *err);
void mu_presence_clear(struct mu_presence *p);

/* See `at` above. */
bool mu_presence_at(const struct mu_presence *p, uint32_t client, uint64_t t, uint64_t *until);

#endif
