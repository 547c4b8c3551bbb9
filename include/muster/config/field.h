/* Field tables: every option of the program is one row (name, type, unit, range, default, one line of text).
 * The rows drive parsing, range checks, error messages with JSON pointers, the resolved config that a run echoes, JSON
 * Schema, `muster list` and docs/config.md; the STATE rows will drive checkpoints. Nothing is written twice.
 *
 * Three structures: a `mu_group` is a struct with its rows; a `mu_kind` is one registry row (a strategy, a
 * model, a partition, ...), the group of its options with a name; a `mu_registry` is the list of kinds a choice has. */
#ifndef MUSTER_CONFIG_FIELD_H
#define MUSTER_CONFIG_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "muster/base/err.h"

struct cJSON;

enum mu_type {
    MU_NONE = 0, /* ends a table */
    MU_BOOL,     /* bool */
    MU_INT,      /* int64_t; min..max inclusive. `of` may list words accepted in place of the number */
    MU_REAL,     /* double; min..max inclusive, see `open` */
    MU_STRING,   /* char *, owned by the struct */
    MU_ENUM,     /* int, the index into `of`: a NULL-terminated array of const char * */
    MU_INTS,     /* struct mu_ints, each within min..max; a number is an array of one */
    MU_REALS,    /* struct mu_reals, each within min..max; a number is an array of one */
    MU_GROUP,    /* a struct, embedded; `of` is its struct mu_group */
    MU_CHOICE,   /* struct mu_choice: an object whose "kind" names a row of the registry in `of` */
    MU_TAG,      /* struct mu_choice: this field's own value names the row (the registry in `of`), and the row's
                    options stand beside it in the same object, as in "data": {"source": "csv", "path": ...} */
};

enum mu_role { MU_OPTION = 0, MU_STATE = 1 };

/* One row. `def` is the default as JSON text ("10", "\"uniform\"", "[200, 200]"); NULL: the user must give
 * it; "null": it may be absent, which reads MU_UNSET, NAN, NULL, -1 (MU_ENUM) or an empty array or choice, and a null
 * in the config means the same. */
struct mu_field {
    const char *name;
    enum mu_type type;
    enum mu_role role;
    size_t offset;    /* of the member in its struct */
    const char *unit; /* "seconds", "samples"; "" if it has none */
    double min, max;  /* inclusive; both 0: any value; +-INFINITY: no bound on that side */
    const char *def;
    const char *doc; /* one line */
    const void *of;  /* see enum mu_type */
    bool open;       /* MU_REAL, MU_REALS: min itself is not allowed ("greater than min", also if both are 0) */
};

/* A word accepted in place of an integer, such as {"full", 0} for batch_size. The list ends with a NULL word. */
struct mu_word {
    const char *word;
    int64_t value;
};

#define MU_UNSET INT64_MIN

struct mu_ints {
    size_t n;
    int64_t *v;
};

/* Numbers in a rectangular array, possibly nested: [1, 2, 6] has axes 1; [[1, 2], [3, 4]] has axes 2, shape (2, 2). */
struct mu_reals {
    size_t n; /* numbers in all */
    double *v;
    size_t axes, shape[3];
};

struct mu_group {
    const struct mu_field *fields; /* ends with a MU_NONE row; may be NULL for no options */
    size_t size;                   /* of the struct */
    /* OPTIONAL: rules that span fields. `pointer` is the group's JSON pointer; errors name pointer plus "/field". */
    int (*check)(const void *values, const char *file, const char *pointer, struct mu_err *err);
    /* OPTIONAL, 0: none. Where the struct keeps, in a uint64_t, which of its (at most 64) rows the config gave; see
     * mu_group_given. */
    size_t given;
};

/* One row of a registry. Descriptors of strategies, models, ... embed it as their first member, so that a
 * `const struct mu_kind *` can be cast back to them. */
struct mu_kind {
    const char *name;      /* as written in the config */
    const char *summary;   /* one line */
    const char *reference; /* paper or source; "" if none */
    struct mu_group group; /* the options */
};

struct mu_registry {
    const char *what;   /* singular: "strategy" */
    const char *plural; /* "strategies": the word of `muster list` */
    const struct mu_kind *const *rows;
    size_t n;
    /* OPTIONAL: a bare number stands for {"kind": number_kind, number_field: it}; distributions use it. */
    const char *number_kind, *number_field;
    /* OPTIONAL: likewise a bare array stands for {"kind": array_kind, array_field: it}; the field is a MU_REALS. */
    const char *array_kind, *array_field;
};

/* A parsed choice: the row and its options (kind->group.size bytes, owned). kind is NULL if it was absent. */
struct mu_choice {
    const struct mu_kind *kind;
    void *options;
};

/* The row of that name, or NULL. */
const struct mu_kind *mu_registry_find(const struct mu_registry *registry, const char *name);

/* Fills `out` (group->size bytes) from a JSON object, NULL meaning {}: each absent option gets its default, STATE
 * rows get theirs. Unknown and duplicate keys, wrong types, values out of range and missing options are MU_BAD_CONFIG
 * errors placed at "file: /json/pointer", with did-you-mean help. On failure `out` is cleared.
 * Release with mu_group_clear. */
int mu_group_parse(const struct mu_group *group, const struct cJSON *object, const char *file, const char *pointer,
                   void *out, struct mu_err *err);

/* The first option that the parsed object had, not as null; NULL if all are defaults. For a group that keeps `given`:
 * what is not looked at is then refused instead of ignored, without a word about defaults. */
const struct mu_field *mu_group_given(const struct mu_group *group, const void *values);

/* Releases what the fields own and zeroes the struct. */
void mu_group_clear(const struct mu_group *group, void *values);

/* The options as a JSON object with every default filled in: parsing it gives the same values. The caller deletes it
 * with cJSON_Delete. NULL if memory ran out. */
struct cJSON *mu_group_json(const struct mu_group *group, const void *values);

/* JSON Schema (draft 2020-12) of a group, the caller's to delete. */
struct cJSON *mu_group_schema(const struct mu_group *group);

/* Likewise, of an object that others will complete before it is parsed: what is there must be good, nothing must be. */
struct cJSON *mu_group_part_schema(const struct mu_group *group);

/* Checks the tables themselves, of the group and of every registry it reaches: defaults that are not accepted, names
 * that collide, missing texts. For a test: each layer calls it on its root. */
int mu_group_verify(const struct mu_group *root, struct mu_err *err);

/* "file: /pointer" into `place`, the form every config error has; `field` may be NULL. Returns `place`. */
const char *mu_place(char place[static 512], const char *file, const char *pointer, const char *field);

#endif
