/* Which keys an object may have, and what to say about the others. */
#ifndef MUSTER_SRC_CONFIG_KEYS_H
#define MUSTER_SRC_CONFIG_KEYS_H

#include "value.h"

/* The row that a MU_TAG field names in an object, by its value or its default; NULL if it names none. */
const struct mu_kind *mu_keys_tag(const struct mu_field *field, const cJSON *object);

/* Checks every key of the object: unknown ones, other rows' options, duplicates. `registry` and `kind` are those
 * of a MU_CHOICE, whose "kind" is a key too; NULL for a plain group. */
int mu_keys_check(const struct mu_reader *reader, const char *pointer, const struct mu_group *group,
                  const cJSON *object, const struct mu_registry *registry, const struct mu_kind *kind);

/* Fails because `name` is no row of the registry: the nearest one and the list of all. */
int mu_keys_no_kind(const struct mu_reader *reader, const char *pointer, const struct mu_registry *registry,
                    const char *name);

/* Fails because the object of a MU_CHOICE has no "kind"; a key that looks like it is named. */
int mu_keys_missing_kind(const struct mu_reader *reader, const char *pointer, const struct mu_registry *registry,
                         const cJSON *object);

#endif
