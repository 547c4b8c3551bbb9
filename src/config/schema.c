/* JSON Schema (draft 2020-12) from the field tables, so that an editor completes and checks a config as muster does.
 * A kind of a choice is a definition, "strategy.fedbuff", and the choice a oneOf of references to them. The options
 * that stand beside a tag are a oneOf inside the tag's object, which is closed by unevaluatedProperties. */
#include <math.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "muster/base/mem.h"
#include "muster/config/build.h"
#include "reach.h"
#include "text.h"

struct schema {
    const struct mu_reach *reach;
    struct mu_build build;
    bool part; /* of a config: what is missing, even which kind it is, may be said elsewhere */
};

static void add_rows(struct schema *s, cJSON *schema, const struct mu_group *group);
static void add_properties(struct schema *s, cJSON *schema, const struct mu_group *group);

/* A value of one of several kinds. Without its name, a part of a config may be of any of them. */
static cJSON *add_kinds(struct schema *s, cJSON *parent) {
    return mu_build_array(&s->build, parent, s->part ? "anyOf" : "oneOf");
}

/* Adds to what an object must have. */
static void require(struct schema *s, cJSON *schema, const char *key) {
    cJSON *required = cJSON_GetObjectItemCaseSensitive(schema, "required");
    if (!s->part) {
        mu_build_text(&s->build, required != NULL ? required : mu_build_array(&s->build, schema, "required"), NULL,
                      key);
    }
}

static bool is_nullable(const struct mu_field *field) {
    return field->def != NULL && strcmp(field->def, "null") == 0;
}

/* The same limits as value.c's in_range. */
static void add_number(struct schema *s, cJSON *schema, const struct mu_field *field) {
    const bool integer = field->type == MU_INT || field->type == MU_INTS;
    const double largest = 9007199254740991.0;
    const bool any = field->min == 0 && field->max == 0;
    double min = any ? -INFINITY : field->min;
    double max = any ? INFINITY : field->max;
    if (integer) {
        min = fmax(min, -largest);
        max = fmin(max, largest);
    }
    mu_build_text(&s->build, schema, "type", integer ? "integer" : "number");
    if (field->open) {
        mu_build_add(&s->build, schema, "exclusiveMinimum", cJSON_CreateNumber(field->min));
    } else if (isfinite(min)) {
        mu_build_add(&s->build, schema, "minimum", cJSON_CreateNumber(min));
    }
    if (isfinite(max)) {
        mu_build_add(&s->build, schema, "maximum", cJSON_CreateNumber(max));
    }
}

/* A number, or arrays of it nested up to `axes` deep. */
static void add_arrays(struct schema *s, cJSON *schema, const struct mu_field *field, size_t axes) {
    cJSON *any = mu_build_array(&s->build, schema, "anyOf");
    for (size_t depth = 0; depth <= axes; depth++) {
        cJSON *inner = mu_build_object(&s->build, any, NULL);
        for (size_t i = 0; i < depth; i++) {
            mu_build_text(&s->build, inner, "type", "array");
            inner = mu_build_object(&s->build, inner, "items");
        }
        add_number(s, inner, field);
    }
}

static void add_choice(struct schema *s, cJSON *schema, const struct mu_registry *registry) {
    char ref[MU_TEXT] = "#/$defs/";
    mu_append(ref, sizeof ref, "%s", mu_reach_name(s->reach, registry));
    mu_build_text(&s->build, schema, "$ref", ref);
}

static void add_words(struct schema *s, cJSON *schema, const struct mu_field *field) {
    cJSON *words = mu_build_array(&s->build, schema, "enum");
    if (field->type == MU_INT) {
        for (const struct mu_word *w = field->of; w->word != NULL; w++) {
            mu_build_text(&s->build, words, NULL, w->word);
        }
        return;
    }
    for (const char *const *w = field->of; *w != NULL; w++) {
        mu_build_text(&s->build, words, NULL, *w);
    }
}

/* What a value of the row must be. */
static void add_type(struct schema *s, cJSON *schema, const struct mu_field *field) {
    switch (field->type) {
    case MU_BOOL:
        mu_build_text(&s->build, schema, "type", "boolean");
        break;
    case MU_INT:
        if (field->of != NULL) {
            cJSON *any = mu_build_array(&s->build, schema, "anyOf");
            add_number(s, mu_build_object(&s->build, any, NULL), field);
            add_words(s, mu_build_object(&s->build, any, NULL), field);
            break;
        }
        add_number(s, schema, field);
        break;
    case MU_REAL:
        add_number(s, schema, field);
        break;
    case MU_STRING:
        mu_build_text(&s->build, schema, "type", "string");
        break;
    case MU_ENUM:
        add_words(s, schema, field);
        break;
    case MU_INTS:
    case MU_REALS:
        add_arrays(s, schema, field, field->type == MU_INTS ? 1 : 3);
        break;
    case MU_GROUP:
        add_properties(s, schema, field->of);
        break;
    case MU_CHOICE:
        add_choice(s, schema, field->of);
        break;
    case MU_TAG: {
        const struct mu_registry *registry = field->of;
        cJSON *names = mu_build_array(&s->build, schema, "enum");
        for (size_t i = 0; i < registry->n; i++) {
            mu_build_text(&s->build, names, NULL, registry->rows[i]->name);
        }
        break;
    }
    case MU_NONE:
        break;
    }
}

static void add_field(struct schema *s, cJSON *properties, const struct mu_field *field) {
    cJSON *schema = mu_build_object(&s->build, properties, field->name);
    char description[MU_TEXT] = "";
    const bool unit = field->unit != NULL && field->unit[0] != '\0';
    mu_append(description, sizeof description, "%s%s%s%s", field->doc, unit ? " (" : "", unit ? field->unit : "",
              unit ? ")" : "");
    mu_build_text(&s->build, schema, "description", description);
    if (is_nullable(field)) {
        cJSON *any = mu_build_array(&s->build, schema, "anyOf");
        add_type(s, mu_build_object(&s->build, any, NULL), field);
        mu_build_text(&s->build, mu_build_object(&s->build, any, NULL), "type", "null");
    } else {
        add_type(s, schema, field);
    }
    if (field->def != NULL && field->type != MU_GROUP) {
        mu_build_add(&s->build, schema, "default", cJSON_Parse(field->def));
    }
}

/* Whether leaving the option out is an error: it has no default, or its default lacks something. */
static bool is_required(const struct mu_field *field) {
    if (field->def == NULL || field->type != MU_GROUP) {
        return field->def == NULL;
    }
    const struct mu_group *group = field->of;
    void *values = mu_alloc(1, group->size, NULL);
    if (values == NULL) {
        return false;
    }
    cJSON *def = is_nullable(field) ? NULL : cJSON_Parse(field->def);
    const int rc = mu_group_parse(group, def, "", "", values, NULL);
    cJSON_Delete(def);
    mu_group_clear(group, values);
    mu_free(values);
    return rc != MU_OK;
}

/* One branch per row: the tag has its name, and the row's options stand beside it. Without the tag its default counts.
 */
static void add_branches(struct schema *s, cJSON *all, const struct mu_field *tag) {
    const struct mu_registry *registry = tag->of;
    cJSON *one = add_kinds(s, mu_build_object(&s->build, all, NULL));
    cJSON *def = tag->def == NULL ? NULL : cJSON_Parse(tag->def);
    for (size_t i = 0; i < registry->n; i++) {
        const struct mu_kind *kind = registry->rows[i];
        cJSON *branch = mu_build_object(&s->build, one, NULL);
        mu_build_text(&s->build, branch, "title", kind->name);
        mu_build_text(&s->build, branch, "description", kind->summary);
        add_rows(s, branch, &kind->group); /* open: the tag's own object is closed around it */
        cJSON *named = mu_build_object(&s->build, cJSON_GetObjectItemCaseSensitive(branch, "properties"), tag->name);
        mu_build_text(&s->build, named, "const", kind->name);
        if (!cJSON_IsString(def) || strcmp(def->valuestring, kind->name) != 0) {
            require(s, branch, tag->name);
        }
    }
    if (is_nullable(tag)) {
        cJSON *absent = mu_build_object(
            &s->build, mu_build_object(&s->build, mu_build_object(&s->build, one, NULL), "properties"), tag->name);
        mu_build_text(&s->build, absent, "type", "null");
    }
    cJSON_Delete(def);
}

/* An object with the group's options; others are not forbidden yet. */
static void add_rows(struct schema *s, cJSON *schema, const struct mu_group *group) {
    mu_build_text(&s->build, schema, "type", "object");
    cJSON *properties = mu_build_object(&s->build, schema, "properties");
    cJSON *all = cJSON_CreateArray();
    s->build.failed |= all == NULL;
    for (const struct mu_field *f = group->fields; f != NULL && f->type != MU_NONE; f++) {
        if (f->role != MU_OPTION) {
            continue;
        }
        add_field(s, properties, f);
        if (is_required(f)) {
            require(s, schema, f->name);
        }
        if (f->type == MU_TAG) {
            add_branches(s, all, f);
        }
    }
    if (all != NULL && all->child != NULL) {
        mu_build_add(&s->build, schema, "allOf", all);
    } else {
        cJSON_Delete(all);
    }
}

static void add_properties(struct schema *s, cJSON *schema, const struct mu_group *group) {
    add_rows(s, schema, group);
    const bool tagged = cJSON_GetObjectItemCaseSensitive(schema, "allOf") != NULL;
    mu_build_add(&s->build, schema, tagged ? "unevaluatedProperties" : "additionalProperties", cJSON_CreateFalse());
}

/* "strategy": any row of it; "strategy.fedbuff": that row. */
static void add_definitions(struct schema *s, cJSON *defs, const struct mu_reached *reached) {
    const struct mu_registry *registry = reached->registry;
    cJSON *one = add_kinds(s, mu_build_object(&s->build, defs, reached->name));
    if (registry->number_kind != NULL) {
        const struct mu_kind *kind = mu_registry_find(registry, registry->number_kind);
        const struct mu_field *field = kind->group.fields;
        while (strcmp(field->name, registry->number_field) != 0) {
            field++;
        }
        add_number(s, mu_build_object(&s->build, one, NULL), field);
    }
    if (registry->array_kind != NULL) {
        const struct mu_kind *kind = mu_registry_find(registry, registry->array_kind);
        const struct mu_field *field = kind->group.fields;
        while (strcmp(field->name, registry->array_field) != 0) {
            field++;
        }
        cJSON *array = mu_build_object(&s->build, one, NULL);
        mu_build_text(&s->build, array, "type", "array");
        add_number(s, mu_build_object(&s->build, array, "items"), field);
    }
    for (size_t i = 0; i < registry->n; i++) {
        const struct mu_kind *kind = registry->rows[i];
        char name[MU_TEXT] = "";
        char ref[MU_TEXT] = "";
        mu_append(name, sizeof name, "%s.%s", reached->name, kind->name);
        mu_append(ref, sizeof ref, "#/$defs/%s", name);
        mu_build_text(&s->build, mu_build_object(&s->build, one, NULL), "$ref", ref);
        cJSON *schema = mu_build_object(&s->build, defs, name);
        mu_build_text(&s->build, schema, "description", kind->summary);
        add_properties(s, schema, &kind->group);
        cJSON *named = mu_build_object(&s->build, cJSON_GetObjectItemCaseSensitive(schema, "properties"), "kind");
        mu_build_text(&s->build, named, "const", kind->name);
        require(s, schema, "kind");
    }
}

static cJSON *make_schema(const struct mu_group *group, bool part) {
    struct mu_reach reach = {0};
    cJSON *schema = cJSON_CreateObject();
    struct schema s = {
        .reach = &reach, .part = part, .build = {mu_reach(group, &reach, NULL) != MU_OK || schema == NULL}};
    mu_build_text(&s.build, schema, "$schema", "https://json-schema.org/draft/2020-12/schema");
    add_properties(&s, schema, group);
    cJSON *defs = mu_build_object(&s.build, schema, "$defs");
    for (size_t i = 0; i < reach.n; i++) {
        if (reach.v[i].chosen) {
            add_definitions(&s, defs, &reach.v[i]);
        }
    }
    mu_reach_clear(&reach);
    if (s.build.failed) {
        cJSON_Delete(schema);
        return NULL;
    }
    return schema;
}

struct cJSON *mu_group_schema(const struct mu_group *group) {
    return make_schema(group, false);
}

struct cJSON *mu_group_part_schema(const struct mu_group *group) {
    return make_schema(group, true);
}
