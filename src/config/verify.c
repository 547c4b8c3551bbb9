/* The tables' own mistakes, found by a test instead of a user. */
#include <stdbool.h>
#include <string.h>

#include "keys.h"
#include "muster/base/mem.h"
#include "muster/config/field.h"
#include "reach.h"
#include "text.h"

static int verify_name(const struct mu_reader *reader, const char *pointer, const struct mu_field *field) {
    if (field->name == NULL || field->name[0] == '\0' || field->doc == NULL || field->doc[0] == '\0') {
        return MU_BAD(reader, pointer, "the row lacks a name or a line of text");
    }
    if (field->name[strspn(field->name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] != '\0') {
        return MU_BAD(reader, pointer, "a name is letters, digits and '_'");
    }
    const bool needs =
        field->type == MU_ENUM || field->type == MU_GROUP || field->type == MU_CHOICE || field->type == MU_TAG;
    return !needs || field->of != NULL ? MU_OK : MU_BAD(reader, pointer, "the row lacks its `of`");
}

/* Parses the default as if the row were alone. A group's rows are verified one by one, and a tag's default brings the
 * rows beside it, which may be required. */
static int verify_default(const struct mu_reader *reader, const char *pointer, const struct mu_field *field) {
    if (field->def == NULL || field->type == MU_TAG || field->type == MU_GROUP) {
        return MU_OK;
    }
    struct mu_field row[2] = {*field, {0}};
    row[0].offset = 0;
    row[0].role = MU_OPTION;
    union {
        struct mu_reals reals;
        struct mu_choice choice;
        double real;
        int64_t integer;
    } member;
    const struct mu_group group = {.fields = row, .size = sizeof member};
    const int rc = mu_group_parse(&group, NULL, reader->file, pointer, &member, reader->err);
    mu_group_clear(&group, &member);
    return rc;
}

/* State is saved by its rows, and its lists grow from nothing (state.h). */
static int verify_state(const struct mu_reader *reader, const char *place, const struct mu_field *field) {
    const bool list = field->type == MU_INTS || field->type == MU_REALS;
    if (field->role != MU_STATE || field->type == MU_BOOL || field->type == MU_INT || field->type == MU_REAL) {
        return MU_OK;
    }
    if (field->type == MU_CHOICE) {
        const bool none = field->def != NULL && strcmp(field->def, "null") == 0;
        return none ? MU_OK : MU_BAD(reader, place, "a choice of the state does not start as none");
    }
    if (!list) {
        return MU_BAD(reader, place, "state of this type cannot be saved");
    }
    const bool empty = field->def != NULL && strcmp(field->def, "[]") == 0;
    return empty ? MU_OK : MU_BAD(reader, place, "a list of the state does not start empty");
}

static int verify_group(const struct mu_reader *reader, const char *pointer, const struct mu_group *group);

static int verify_field(const struct mu_reader *reader, const char *pointer, const struct mu_group *group,
                        const struct mu_field *field) {
    char place[MU_TEXT];
    mu_pointer_join(place, pointer, field->name == NULL ? "" : field->name);
    MU_TRY(verify_name(reader, place, field));
    MU_TRY(verify_default(reader, pointer, field));
    MU_TRY(verify_state(reader, place, field));
    if (field->offset >= group->size) {
        return MU_BAD(reader, place, "the offset is outside the struct");
    }
    for (const struct mu_field *f = group->fields; f != field; f++) {
        if (strcmp(f->name, field->name) == 0 || f->offset == field->offset) {
            return MU_BAD(reader, place, "the name or the offset is that of row \"%s\"", f->name);
        }
    }
    if (field->type == MU_GROUP) {
        return verify_group(reader, place, field->of);
    }
    /* An option beside a tag must not have the name of a row of the tag's own group. */
    const struct mu_registry *tags = field->type == MU_TAG ? field->of : NULL;
    for (size_t i = 0; tags != NULL && i < tags->n; i++) {
        for (const struct mu_field *f = group->fields; f->type != MU_NONE; f++) {
            const struct mu_field *g = tags->rows[i]->group.fields;
            while (g != NULL && g->type != MU_NONE && strcmp(f->name, g->name) != 0) {
                g++;
            }
            if (g != NULL && g->type != MU_NONE) {
                return MU_BAD(reader, place, "%s \"%s\" has an option \"%s\", as the object itself has", tags->what,
                              tags->rows[i]->name, g->name);
            }
        }
    }
    return MU_OK;
}

/* A bit for each row, in a place of its own. */
static int verify_given(const struct mu_reader *reader, const char *pointer, const struct mu_group *group) {
    size_t rows = 0;
    for (const struct mu_field *f = group->fields; f != NULL && f->type != MU_NONE; f++, rows++) {
        if (f->offset == group->given) {
            return MU_BAD(reader, pointer, "the place of `given` is that of row \"%s\"", f->name);
        }
    }
    const bool room = rows > 0 && rows <= 64 && group->given + sizeof(uint64_t) <= group->size;
    return room ? MU_OK : MU_BAD(reader, pointer, "there is no room for `given`");
}

static int verify_group(const struct mu_reader *reader, const char *pointer, const struct mu_group *group) {
    if (group->given != 0) {
        MU_TRY(verify_given(reader, pointer, group));
    }
    for (const struct mu_field *f = group->fields; f != NULL && f->type != MU_NONE; f++) {
        MU_TRY(verify_field(reader, pointer, group, f));
    }
    return MU_OK;
}

/* A kind that bare values stand for has the option that takes them. */
static int verify_bare(const struct mu_reader *reader, const struct mu_registry *registry, const char *name,
                       const char *field_name, bool array) {
    if (name == NULL) {
        return MU_OK;
    }
    const struct mu_kind *kind = mu_registry_find(registry, name);
    const struct mu_field *field = kind == NULL ? NULL : kind->group.fields;
    while (field != NULL && field->type != MU_NONE && strcmp(field->name, field_name) != 0) {
        field++;
    }
    const bool right =
        field != NULL && (array ? field->type == MU_REALS : field->type == MU_REAL || field->type == MU_INT);
    return right ? MU_OK
                 : MU_BAD(reader, registry->plural, "%s name no row that is %s",
                          array ? "array_kind and array_field" : "number_kind and number_field",
                          array ? "an array" : "a number");
}

static int verify_registry(const struct mu_reader *reader, const struct mu_reached *reached) {
    const struct mu_registry *registry = reached->registry;
    for (size_t i = 0; i < registry->n; i++) {
        const struct mu_kind *kind = registry->rows[i];
        char place[MU_TEXT];
        mu_pointer_join(place, registry->plural, kind->name);
        if (kind->summary == NULL || kind->summary[0] == '\0') {
            return MU_BAD(reader, place, "the kind lacks its summary");
        }
        if (mu_registry_find(registry, kind->name) != kind) {
            return MU_BAD(reader, place, "two kinds have this name");
        }
        for (const struct mu_field *f = kind->group.fields; f != NULL && f->type != MU_NONE; f++) {
            if (reached->chosen && strcmp(f->name, "kind") == 0) {
                return MU_BAD(reader, place, "an option cannot be called \"kind\"");
            }
        }
        MU_TRY(verify_group(reader, place, &kind->group));
    }
    MU_TRY(verify_bare(reader, registry, registry->number_kind, registry->number_field, false));
    return verify_bare(reader, registry, registry->array_kind, registry->array_field, true);
}

int mu_group_verify(const struct mu_group *root, struct mu_err *err) {
    const struct mu_reader reader = {.file = "field tables", .err = err};
    struct mu_reach reach = {0};
    int rc = mu_reach(root, &reach, err);
    if (rc == MU_OK) {
        rc = verify_group(&reader, "", root);
    }
    for (size_t i = 0; rc == MU_OK && i < reach.n; i++) {
        rc = verify_registry(&reader, &reach.v[i]);
    }
    mu_reach_clear(&reach);
    return rc;
}
