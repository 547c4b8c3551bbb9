/* In what runs differ: the few options of their configs that tell them apart, seeds aside. */
#ifndef MUSTER_REPORT_AXES_H
#define MUSTER_REPORT_AXES_H

#include <stddef.h>

#include "muster/base/err.h"

struct cJSON;

enum { MU_AXES = 8 };

struct mu_axes {
    size_t n;
    char path[MU_AXES][160]; /* JSON pointers */
    size_t *group;           /* an entry per run: runs that differ in their seed alone have the same number, from 0 */
    size_t groups;
    size_t *family; /* likewise: runs whose kinds (strategy, model, ...) are the same, whatever their numbers */
    size_t families;
};

/* Finds axes of n resolved configs: a pointer is one if it separates runs that those before it do not, kinds first.
 * Values that are arrays are compared as a whole. Names, seeds and output options do not count. */
int mu_axes_find(struct mu_axes *axes, size_t n, struct cJSON *const *config, struct mu_err *err);
void mu_axes_clear(struct mu_axes *axes);

/* The value at a JSON pointer (without escapes, as configs have none), or NULL. */
const struct cJSON *mu_axes_value(const struct cJSON *config, const char *path);

#endif
