/* Which jobs straggle, and what that costs them. A model says for each (client, job number) whether the job straggles;
 * every model but `trace` then slows it by `slowdown` and adds `extra_s`. The answer is a pure function of seed, client
 * and the client's own job number (in coding schemes the round), in whatever order it is asked, so two strategies meet
 * the same pattern of stragglers. */
#ifndef MUSTER_WORLD_STRAGGLER_H
#define MUSTER_WORLD_STRAGGLER_H

#include <stdbool.h>

#include "muster/world/distribution.h"

extern const struct mu_registry mu_stragglers;

/* What a straggling job suffers; the first member of the options of every kind but `none`. */
struct mu_straggle_effect {
    struct mu_choice extra_s, slowdown;
};

/* One job. */
struct mu_straggle {
    bool straggles;    /* the options' extra_s and slowdown apply, if there are any */
    double extra_s;    /* of a trace: added */
    double slowdown;   /* of a trace: the duration is multiplied with it */
    double duration_s; /* of a trace: replaces the duration; NAN if not */
};

/* A parsed choice made ready to ask. */
struct mu_straggling {
    const struct mu_straggler *row; /* NULL: nothing straggles */
    const void *options;
    void *table; /* what the row's prepare made of its options, or NULL */
    uint64_t seed;
    uint32_t clients;
    struct mu_law extra_s, slowdown;
};

/* One row of the registry. */
struct mu_straggler {
    struct mu_kind kind;
    bool effect; /* the options begin with a struct mu_straggle_effect */
    /* OPTIONAL. Makes s->table, one block that mu_free releases. */
    int (*prepare)(struct mu_straggling *s, const struct mu_law_scope *scope, struct mu_err *err);
    /* OPTIONAL: without it no job straggles. Writes only what differs from "does not straggle". */
    void (*job)(const struct mu_straggling *s, uint32_t client, uint32_t ordinal, struct mu_straggle *out);
};

/* Prepares a parsed choice; an absent one is `none`. On failure *s is cleared. The choice is borrowed. */
int mu_straggling_init(struct mu_straggling *s, const struct mu_choice *choice, const struct mu_law_scope *scope,
                       struct mu_err *err);
void mu_straggling_clear(struct mu_straggling *s);

/* Whether and how a client's job straggles. */
struct mu_straggle mu_straggling_job(const struct mu_straggling *s, uint32_t client, uint32_t ordinal);

#endif
