/* Every registry that a group reaches through its choices, each once, with a name of its own: what the schema calls its
 * definitions and the Markdown its anchors. */
#ifndef MUSTER_SRC_CONFIG_REACH_H
#define MUSTER_SRC_CONFIG_REACH_H

#include "muster/config/field.h"

struct mu_reach {
    size_t n, capacity;
    struct mu_reached {
        const struct mu_registry *registry;
        char name[64]; /* `what` with '_' for spaces; "optimizer_2" for a second registry of that name */
        bool chosen;   /* a MU_CHOICE names it; false if only tags do */
    } * v;
};

/* In the order in which a reader of the tables meets them. Release with mu_reach_clear, after a failure too. */
int mu_reach(const struct mu_group *root, struct mu_reach *reach, struct mu_err *err);
void mu_reach_clear(struct mu_reach *reach);

/* The name of a registry that is in the list. */
const char *mu_reach_name(const struct mu_reach *reach, const struct mu_registry *registry);

#endif
