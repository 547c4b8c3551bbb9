/* What the field tables say, for people: text for `muster list` and Markdown for docs/config.md. */
#ifndef MUSTER_CONFIG_DOC_H
#define MUSTER_CONFIG_DOC_H

#include <stdio.h>

#include "muster/config/field.h"

/* One line per row of the registry: name, summary, reference. */
void mu_registry_print(const struct mu_registry *registry, FILE *out);

/* The registries that a root group reaches: all of them, or the one whose plural is `plural`. An unknown plural is a
 * MU_USAGE error whose help lists them. */
int mu_group_list(const struct mu_group *root, const char *plural, FILE *out, struct mu_err *err);

/* The options of a root group, of every group in it and of every row of every registry it reaches,
 * as Markdown tables with links between them; headings begin at level 2. */
void mu_group_markdown(const struct mu_group *root, FILE *out);

/* The options of a group that reaches no registry, under a heading of its own, likewise. */
void mu_group_section(const struct mu_group *group, const char *name, const char *doc, FILE *out);

#endif
