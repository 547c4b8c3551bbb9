/* What the files of the plan share. */
#ifndef MUSTER_STUDY_PLAN_IMPL_H
#define MUSTER_STUDY_PLAN_IMPL_H

#include <stdbool.h>
#include <stddef.h>

#include "muster/base/err.h"

struct cJSON;

/* All that is wrong with a sweep, so that its author hears of it at once. A mistake that several points share is one
 * mistake. */
struct mu_mistakes {
    const char *file;   /* the sweep's; borrowed */
    struct cJSON *list; /* of {"place", "text", "help", "points", "names"}, in the order in which they were found */
    bool lost;          /* a value could not be used: what points lack may be its fault */
    bool overflow;      /* there were more than are kept */
};

int mu_mistakes_init(struct mu_mistakes *m, const char *file, struct mu_err *err);
void mu_mistakes_clear(struct mu_mistakes *m);
size_t mu_mistakes_count(const struct mu_mistakes *m);

/* A mistake of the sweep file itself. */
void mu_mistake(struct mu_mistakes *m, const char *pointer, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A mistake that a point has, or, without one (NULL), another file. */
void mu_mistake_of_point(struct mu_mistakes *m, const char *point, const struct mu_err *mistake);

/* The first mistake goes into err. If there are more, *lines has them all, "file: /pointer: cause" each, the caller's
 * to mu_free. Returns MU_OK if there are none. */
int mu_mistakes_report(const struct mu_mistakes *m, char **lines, struct mu_err *err);

/* Reads the dimensions of a sweep, in the order in which they apply: patches, zip, axes, random, search, seeds. One is
 * {"when": {...} or absent, "from": where it is in the file, "options": [{"label", "set": {pointer: value}, "from":
 * {pointer: where the value is in the file}, "alike": if it makes no group}]}: an axis, a zip, the patches, the random
 * draws, the search or the seeds, all in one shape. What is wrong is noted, and left out. */
void mu_plan_dimensions(const struct cJSON *sweep, struct cJSON *dimensions, struct mu_mistakes *mistakes);

enum { MU_MAX_POINTS = 100000 };

/* A base, which is at `pointer` of `file`, and what holds for all of its points. */
struct mu_plan_base {
    struct cJSON *config;
    char file[4096];
    const char *pointer;
    struct cJSON *early_stopping; /* NULL: none */
    const char *search;           /* the pointer that is searched along, NULL: none */
};

/* The points of a base, as an array that is the caller's. Every point is checked. */
struct cJSON *mu_plan_expand(const struct mu_plan_base *base, struct cJSON *dimensions, struct mu_mistakes *mistakes);

/* The member that a JSON pointer names, NULL if there is none; keys with ~ are not used in configs. */
const struct cJSON *mu_plan_look_up(const struct cJSON *json, const char *pointer);

#endif
