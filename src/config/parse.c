/* JSON objects into structs, row by row. */
#include <string.h>

#include "keys.h"
#include "muster/base/mem.h"
#include "text.h"

static int fill_group(const struct mu_reader *reader, const char *pointer, const struct mu_group *group,
                      const cJSON *object, void *values);

static int parse_object(const struct mu_reader *reader, const char *pointer, const struct mu_group *group,
                        const cJSON *object, void *values) {
    if (object != NULL && !cJSON_IsObject(object)) {
        char got[MU_TEXT];
        return MU_BAD(reader, pointer, "expected an object, got %s", mu_value_text(got, object));
    }
    MU_TRY(mu_keys_check(reader, pointer, group, object, NULL, NULL));
    return fill_group(reader, pointer, group, object, values);
}

static int take_kind(const struct mu_reader *reader, const struct mu_kind *kind, struct mu_choice *out) {
    if ((out->options = mu_alloc(1, kind->group.size, reader->err)) == NULL) {
        return MU_RANK_FAILED;
    }
    out->kind = kind;
    return MU_OK;
}

/* A bare number or array for {"kind": name, field_name: it}. */
static int parse_bare(const struct mu_reader *reader, const char *pointer, const struct mu_kind *kind,
                      const char *field_name, const cJSON *value, struct mu_choice *out) {
    const struct mu_field *field = kind->group.fields;
    while (strcmp(field->name, field_name) != 0) {
        field++;
    }
    /* First by itself, so that an error is placed where the user wrote the value. */
    union {
        double real;
        int64_t integer;
        struct mu_reals reals;
    } scratch = {.reals = {0}};
    MU_TRY(mu_value_parse(reader, pointer, field, value, &scratch));
    if (field->type == MU_REALS) {
        mu_free(scratch.reals.v);
    }
    MU_TRY(take_kind(reader, kind, out));
    cJSON *object = cJSON_CreateObject();
    /* The value is borrowed: the object does not delete it. */
    if (!cJSON_AddItemReferenceToObject(object, field_name, (cJSON *)value)) {
        cJSON_Delete(object);
        return mu_fail(reader->err, MU_RANK_FAILED, reader->file, "out of memory");
    }
    const int rc = fill_group(reader, pointer, &kind->group, object, out->options);
    cJSON_Delete(object);
    return rc;
}

static int parse_choice(const struct mu_reader *reader, const char *pointer, const struct mu_field *field,
                        const cJSON *value, struct mu_choice *out) {
    const struct mu_registry *registry = field->of;
    if (cJSON_IsNull(value) && mu_value_nullable(field)) {
        return MU_OK;
    }
    if (cJSON_IsNumber(value) && registry->number_kind != NULL) {
        return parse_bare(reader, pointer, mu_registry_find(registry, registry->number_kind), registry->number_field,
                          value, out);
    }
    if (cJSON_IsArray(value) && registry->array_kind != NULL) {
        return parse_bare(reader, pointer, mu_registry_find(registry, registry->array_kind), registry->array_field,
                          value, out);
    }
    if (!cJSON_IsObject(value)) {
        const int rc = mu_value_unexpected(reader, pointer, field, value);
        if (cJSON_IsString(value) && mu_registry_find(registry, value->valuestring) != NULL) {
            mu_fail_help(reader->err, "write {\"kind\": \"%s\"}", value->valuestring);
        }
        return rc;
    }
    char place[MU_TEXT];
    mu_pointer_join(place, pointer, "kind");
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(value, "kind");
    if (name == NULL) {
        return mu_keys_missing_kind(reader, pointer, registry, value);
    }
    if (!cJSON_IsString(name)) {
        char got[MU_TEXT];
        return MU_BAD(reader, place, "expected the name of %s %s, got %s", mu_article(registry->what), registry->what,
                      mu_value_text(got, name));
    }
    const struct mu_kind *kind = mu_registry_find(registry, name->valuestring);
    if (kind == NULL) {
        return mu_keys_no_kind(reader, place, registry, name->valuestring);
    }
    MU_TRY(mu_keys_check(reader, pointer, &kind->group, value, registry, kind));
    MU_TRY(take_kind(reader, kind, out));
    return fill_group(reader, pointer, &kind->group, value, out->options);
}

/* The row's options are the neighbours of the tag, in the same object. */
static int parse_tag(const struct mu_reader *reader, const char *pointer, const struct mu_field *field,
                     const cJSON *value, const char *object_pointer, const cJSON *object, struct mu_choice *out) {
    if (cJSON_IsNull(value) && mu_value_nullable(field)) {
        return MU_OK;
    }
    if (!cJSON_IsString(value)) {
        return mu_value_unexpected(reader, pointer, field, value);
    }
    const struct mu_kind *kind = mu_registry_find(field->of, value->valuestring);
    if (kind == NULL) {
        return mu_keys_no_kind(reader, pointer, field->of, value->valuestring);
    }
    MU_TRY(take_kind(reader, kind, out));
    return fill_group(reader, object_pointer, &kind->group, object, out->options);
}

static int fail_missing(const struct mu_reader *reader, const char *pointer, const struct mu_field *field) {
    char expected[MU_TEXT];
    mu_expected_text(expected, field);
    const bool unit = field->unit != NULL && field->unit[0] != '\0';
    const int rc = MU_BAD(reader, pointer, "missing option \"%s\": expected %s%s%s%s", field->name, expected,
                          unit ? " (" : "", unit ? field->unit : "", unit ? ")" : "");
    mu_fail_help(reader->err, "%s: %s", field->name, field->doc);
    return rc;
}

static int fill_field(const struct mu_reader *reader, const char *pointer, const struct mu_field *field,
                      const cJSON *object, void *member) {
    char place[MU_TEXT];
    mu_pointer_join(place, pointer, field->name);
    const cJSON *value = field->role == MU_OPTION ? cJSON_GetObjectItemCaseSensitive(object, field->name) : NULL;
    cJSON *def = NULL;
    if (value == NULL) {
        if (field->def == NULL) {
            return field->role == MU_STATE ? MU_OK : fail_missing(reader, place, field);
        }
        if ((def = cJSON_Parse(field->def)) == NULL) {
            return MU_BAD(reader, place, "the table's default is not JSON: %s", field->def);
        }
        value = def;
    }
    int rc = MU_OK;
    if (field->type == MU_GROUP) {
        rc = parse_object(reader, place, field->of, cJSON_IsNull(def) ? NULL : value, member);
    } else if (field->type == MU_CHOICE) {
        rc = parse_choice(reader, place, field, value, member);
    } else if (field->type == MU_TAG) {
        rc = parse_tag(reader, place, field, value, pointer, object, member);
    } else {
        rc = mu_value_parse(reader, place, field, value, member);
    }
    cJSON_Delete(def);
    return rc;
}

/* Which rows the object gives, a bit each. */
static void note_given(const struct mu_group *group, const cJSON *object, void *values) {
    uint64_t given = 0;
    for (const struct mu_field *f = group->fields; f->type != MU_NONE; f++) {
        const cJSON *value = f->role == MU_OPTION ? cJSON_GetObjectItemCaseSensitive(object, f->name) : NULL;
        given |= (uint64_t)(value != NULL && !cJSON_IsNull(value)) << (f - group->fields);
    }
    memcpy((char *)values + group->given, &given, sizeof given);
}

static int fill_group(const struct mu_reader *reader, const char *pointer, const struct mu_group *group,
                      const cJSON *object, void *values) {
    for (const struct mu_field *f = group->fields; f != NULL && f->type != MU_NONE; f++) {
        MU_TRY(fill_field(reader, pointer, f, object, (char *)values + f->offset));
    }
    if (group->given != 0) {
        note_given(group, object, values);
    }
    return group->check == NULL ? MU_OK : group->check(values, reader->file, pointer, reader->err);
}

int mu_group_parse(const struct mu_group *group, const struct cJSON *object, const char *file, const char *pointer,
                   void *out, struct mu_err *err) {
    struct mu_err unread = {0};
    const struct mu_reader reader = {.file = file, .err = err == NULL ? &unread : err};
    memset(out, 0, group->size);
    const int rc = parse_object(&reader, pointer, group, object, out);
    if (rc != MU_OK) {
        mu_group_clear(group, out);
    }
    return rc;
}
