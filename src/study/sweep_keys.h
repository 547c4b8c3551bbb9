/* The keys of a sweep file, a table for each kind of object in it. The reader refuses what is not in them, and the JSON
 * Schema is made of them. */
#ifndef MUSTER_STUDY_SWEEP_KEYS_H
#define MUSTER_STUDY_SWEEP_KEYS_H

#include <stddef.h>

struct cJSON;

/* What the value of a key is. */
enum mu_sweep_value {
    MU_SWEEP_TEXT,
    MU_SWEEP_POINTER,  /* a JSON pointer into the config */
    MU_SWEEP_BASE,     /* a config, which the points complete, or the path of its file */
    MU_SWEEP_INTEGER,  /* within min..max */
    MU_SWEEP_SEEDS,    /* an INTEGER, or a list of integers of 0 or more */
    MU_SWEEP_ANY,      /* an array of anything */
    MU_SWEEP_VALUES,   /* an array of what may be set at the "path" beside it */
    MU_SWEEP_RANGE,    /* [low, high] */
    MU_SWEEP_POSITIVE, /* [low, high] with low > 0 */
    MU_SWEEP_WHEN,     /* an object of pointers and values */
    MU_SWEEP_SET,      /* likewise; each begins with a slash */
    MU_SWEEP_OBJECT,   /* of the table `of` */
    MU_SWEEP_OBJECTS,  /* an array of them */
    MU_SWEEP_GROUP,    /* the struct mu_group `of` */
};

enum mu_sweep_need {
    MU_SWEEP_OPTIONAL,
    MU_SWEEP_REQUIRED,
    MU_SWEEP_ONE_OF, /* exactly one of the table's keys of this need */
};

struct mu_sweep_key {
    const char *name; /* NULL ends a table */
    enum mu_sweep_value value;
    enum mu_sweep_need need;
    double min, max; /* INTEGER, SEEDS: of the number; arrays: min is the least number of elements */
    const void *of;  /* OBJECT, OBJECTS: a struct mu_sweep_table; GROUP: a struct mu_group */
    const char *doc; /* one line */
};

struct mu_sweep_table {
    const char *name; /* what the schema calls the object */
    const char *doc;
    const struct mu_sweep_key *keys;
};

extern const struct mu_sweep_table mu_sweep_table, mu_sweep_axis_table, mu_sweep_patch_table, mu_sweep_random_table,
    mu_sweep_random_axis_table;

enum { MU_SWEEP_MAX_SEEDS = 100000, MU_SWEEP_MAX_DRAWS = 100000 };

/* Adds to `found` the options that a config may have: pointer -> [reference to its schema, ...], several where several
 * kinds have an option of this name. `root` names the schema of configs among the definitions. A choice inside another
 * of its registry is not entered, and arrays are not. */
void mu_sweep_pointers(const struct cJSON *defs, const char *root, struct cJSON *found);

/* The largest seed: a double holds every integer up to it. */
#define MU_SWEEP_MAX_SEED 0x1p53

#endif
