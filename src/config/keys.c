#include "keys.h"

#include <string.h>

#include "text.h"

/* The object's member of that exact name, or NULL. */
static const cJSON *find_member(const cJSON *object, const char *name) {
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

const struct mu_kind *mu_keys_tag(const struct mu_field *field, const cJSON *object) {
    const cJSON *value = find_member(object, field->name);
    if (value != NULL) {
        return cJSON_IsString(value) ? mu_registry_find(field->of, value->valuestring) : NULL;
    }
    cJSON *def = field->def == NULL ? NULL : cJSON_Parse(field->def);
    const struct mu_kind *kind = cJSON_IsString(def) ? mu_registry_find(field->of, def->valuestring) : NULL;
    cJSON_Delete(def);
    return kind;
}

/* Calls visit for each option that may stand in the object: the group's own and, beside a tag, its row's. Stops early
 * and returns true when visit does. */
static bool each_option(const struct mu_group *group, const cJSON *object, bool (*visit)(const char *name, void *state),
                        void *state) {
    for (const struct mu_field *f = group->fields; f != NULL && f->type != MU_NONE; f++) {
        if (f->role != MU_OPTION) {
            continue;
        }
        if (visit(f->name, state)) {
            return true;
        }
        const struct mu_kind *row = f->type == MU_TAG ? mu_keys_tag(f, object) : NULL;
        if (row != NULL && each_option(&row->group, object, visit, state)) {
            return true;
        }
    }
    return false;
}

static bool visit_equal(const char *name, void *state) {
    return strcmp(name, state) == 0;
}

static bool visit_suggest(const char *name, void *state) {
    mu_suggest(state, name);
    return false;
}

static bool visit_list(const char *name, void *state) {
    char *list = state;
    mu_append(list, MU_TEXT, "%s%s", list[0] == '\0' ? "" : ", ", name);
    return false;
}

static bool has_option(const struct mu_group *group, const cJSON *object, const char *key) {
    return each_option(group, object, visit_equal, (char *)key);
}

/* Rows of one registry, other than `own`, which have an option of that name, as text: strategy "a" or "b". */
static bool list_owners(char *out, const struct mu_registry *registry, const struct mu_kind *own, const char *key) {
    size_t n = 0;
    for (size_t i = 0; i < registry->n; i++) {
        if (registry->rows[i] != own && has_option(&registry->rows[i]->group, NULL, key)) {
            mu_append(out, MU_TEXT, "%s\"%s\"", n == 0 ? "" : " or ", registry->rows[i]->name);
            n++;
        }
    }
    return n > 0;
}

/* The same key where another row of the registry (or of a tag's) would accept it: writes the line of help. */
static bool find_owner(char *help, const struct mu_group *group, const cJSON *object,
                       const struct mu_registry *registry, const struct mu_kind *kind, const char *key) {
    char owners[MU_TEXT] = "";
    if (registry != NULL && kind != NULL && list_owners(owners, registry, kind, key)) {
        help[0] = '\0';
        mu_append(help, MU_TEXT, "\"%.60s\" is an option of %s %s, not of \"%s\"", key, registry->what, owners,
                  kind->name);
        return true;
    }
    for (const struct mu_field *f = group->fields; f != NULL && f->type != MU_NONE; f++) {
        if (f->type != MU_TAG) {
            continue;
        }
        const struct mu_kind *row = mu_keys_tag(f, object);
        const struct mu_registry *tags = f->of;
        owners[0] = '\0';
        if (list_owners(owners, tags, row, key)) {
            help[0] = '\0';
            mu_append(help, MU_TEXT, "\"%.60s\" is an option of %s %s", key, tags->what, owners);
            if (row != NULL) {
                mu_append(help, MU_TEXT, ", not of \"%s\"", row->name);
            }
            return true;
        }
        if (row != NULL && find_owner(help, &row->group, object, NULL, NULL, key)) {
            return true;
        }
    }
    return false;
}

static int fail_unknown(const struct mu_reader *reader, const char *pointer, const struct mu_group *group,
                        const cJSON *object, const struct mu_registry *registry, const char *key) {
    char place[MU_TEXT];
    mu_pointer_join(place, pointer, key);
    struct mu_suggestion near = {.typed = key};
    char known[MU_TEXT] = "";
    if (registry != NULL) {
        mu_suggest(&near, "kind");
        visit_list("kind", known);
    }
    each_option(group, object, visit_suggest, &near);
    if (near.best != NULL) {
        return MU_BAD(reader, place, "unknown key; did you mean \"%s\"?", near.best);
    }
    each_option(group, object, visit_list, known);
    const int rc = MU_BAD(reader, place, "unknown key");
    if (known[0] != '\0') {
        mu_fail_help(reader->err, "known here: %s", known);
    }
    return rc;
}

/* Whether every tag of the group names a row; if one does not, its own error says more than its neighbours'. */
static bool tags_resolved(const struct mu_group *group, const cJSON *object) {
    for (const struct mu_field *f = group->fields; f != NULL && f->type != MU_NONE; f++) {
        const struct mu_kind *row = f->type == MU_TAG ? mu_keys_tag(f, object) : NULL;
        if (f->type == MU_TAG && (row == NULL ? !mu_value_nullable(f) : !tags_resolved(&row->group, object))) {
            return false;
        }
    }
    return true;
}

int mu_keys_check(const struct mu_reader *reader, const char *pointer, const struct mu_group *group,
                  const cJSON *object, const struct mu_registry *registry, const struct mu_kind *kind) {
    const cJSON *misplaced = NULL;
    char place[MU_TEXT];
    char help[MU_TEXT];
    const cJSON *const first = object == NULL ? NULL : object->child;
    for (const cJSON *item = first; item != NULL; item = item->next) {
        const bool known =
            (registry != NULL && strcmp(item->string, "kind") == 0) || has_option(group, object, item->string);
        if (known) {
            /* All keys so far are known and different, so there are no more of them than rows. */
            for (const cJSON *before = first; before != item; before = before->next) {
                if (strcmp(before->string, item->string) == 0) {
                    return MU_BAD(reader, mu_pointer_join(place, pointer, item->string), "duplicate key");
                }
            }
        } else if (!find_owner(help, group, object, registry, kind, item->string)) {
            return fail_unknown(reader, pointer, group, object, registry, item->string);
        } else if (misplaced == NULL) {
            misplaced = item;
        }
    }
    /* Reported after mistyped keys, since one of those may be the mistyped kind. */
    if (misplaced == NULL || !tags_resolved(group, object)) {
        return MU_OK;
    }
    find_owner(help, group, object, registry, kind, misplaced->string);
    const int rc = MU_BAD(reader, mu_pointer_join(place, pointer, misplaced->string), "unknown key");
    mu_fail_help(reader->err, "%s", help);
    return rc;
}

static void list_kinds(char *out, const struct mu_registry *registry) {
    out[0] = '\0';
    for (size_t i = 0; i < registry->n; i++) {
        mu_append(out, MU_TEXT, "%s%s", i == 0 ? "" : ", ", registry->rows[i]->name);
    }
}

int mu_keys_no_kind(const struct mu_reader *reader, const char *pointer, const struct mu_registry *registry,
                    const char *name) {
    struct mu_suggestion near = {.typed = name};
    for (size_t i = 0; i < registry->n; i++) {
        mu_suggest(&near, registry->rows[i]->name);
    }
    char got[MU_TEXT] = "";
    if (!mu_append(got, 60, "%s", name)) {
        mu_append(got, MU_TEXT, "...");
    }
    const int rc = near.best != NULL ? MU_BAD(reader, pointer, "unknown %s \"%s\"; did you mean \"%s\"?",
                                              registry->what, got, near.best)
                                     : MU_BAD(reader, pointer, "unknown %s \"%s\"", registry->what, got);
    char list[MU_TEXT];
    list_kinds(list, registry);
    mu_fail_help(reader->err, "known %s: %s", registry->plural, list);
    return rc;
}

int mu_keys_missing_kind(const struct mu_reader *reader, const char *pointer, const struct mu_registry *registry,
                         const cJSON *object) {
    static const struct mu_field none[] = {{0}};
    static const struct mu_group only_kind = {.fields = none};
    for (const cJSON *item = object->child; item != NULL; item = item->next) {
        struct mu_suggestion near = {.typed = item->string};
        mu_suggest(&near, "kind");
        if (near.best != NULL) {
            return fail_unknown(reader, pointer, &only_kind, object, registry, item->string);
        }
    }
    char place[MU_TEXT];
    char list[MU_TEXT];
    const int rc =
        MU_BAD(reader, mu_pointer_join(place, pointer, "kind"), "missing: which %s is meant?", registry->what);
    list_kinds(list, registry);
    mu_fail_help(reader->err, "known %s: %s", registry->plural, list);
    return rc;
}
