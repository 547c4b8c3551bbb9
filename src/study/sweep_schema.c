/* JSON Schema (draft 2020-12) of sweep files, from their keys and, for the base, the config's own schema. */
#include <stdio.h>
#include <string.h>

#include <cJSON.h>

#include "muster/run/scenario.h"
#include "muster/study/plan.h"
#include "plan_impl.h"
#include "sweep_keys.h"

struct schema {
    cJSON *defs;
    cJSON *parted; /* the pointers to groups and choices, which are objects */
    bool failed;   /* out of memory */
};

/* Adds and passes on; what cannot be added is deleted, and the whole schema fails. An array takes no key. */
static cJSON *add(struct schema *s, cJSON *parent, const char *key, cJSON *item) {
    const bool done = key == NULL ? cJSON_AddItemToArray(parent, item) : cJSON_AddItemToObject(parent, key, item);
    if (!done) {
        cJSON_Delete(item);
        s->failed = true;
        return NULL;
    }
    return item;
}

static cJSON *add_object(struct schema *s, cJSON *parent, const char *key) {
    return add(s, parent, key, cJSON_CreateObject());
}

static void add_text(struct schema *s, cJSON *schema, const char *key, const char *text) {
    add(s, schema, key, cJSON_CreateString(text));
}

static void add_number(struct schema *s, cJSON *schema, const char *key, double x) {
    add(s, schema, key, cJSON_CreateNumber(x));
}

static void add_integer(struct schema *s, cJSON *schema, double min, double max) {
    add_text(s, schema, "type", "integer");
    add_number(s, schema, "minimum", min);
    add_number(s, schema, "maximum", max);
}

/* Returns the schema of its elements. */
static cJSON *add_list(struct schema *s, cJSON *schema, double least) {
    add_text(s, schema, "type", "array");
    if (least > 0) {
        add_number(s, schema, "minItems", least);
    }
    return add_object(s, schema, "items");
}

static void add_range(struct schema *s, cJSON *schema, bool positive) {
    cJSON *bound = add_list(s, schema, 2);
    add_number(s, schema, "maxItems", 2);
    add_text(s, bound, "type", "number");
    if (positive) {
        add_number(s, bound, "exclusiveMinimum", 0);
    }
}

static void add_reference(struct schema *s, cJSON *schema, const char *name) {
    char ref[64] = "#/$defs/";
    strncat(ref, name, sizeof ref - strlen(ref) - 1);
    add_text(s, schema, "$ref", ref);
}

/* The reference to what may be set at a pointer, whose slashes are ~1 in another one. */
static void refer_to_setting(char ref[static 512], const char *pointer) {
    size_t n = (size_t)snprintf(ref, 512, "#/$defs/set/properties/");
    for (const char *c = pointer; *c != '\0' && n + 3 < 512; c++) {
        ref[n++] = *c == '/' ? '~' : *c;
        if (*c == '/') {
            ref[n++] = '1';
        }
    }
    ref[n] = '\0';
}

/* What the values may be, if they are objects: what may be set at their path. Other values are left to the reader. */
static void add_settings(struct schema *s, cJSON *schema, const char *key) {
    cJSON *all = add(s, schema, "allOf", cJSON_CreateArray()), *pointer;
    cJSON_ArrayForEach(pointer, s->parted) {
        char ref[512];
        refer_to_setting(ref, pointer->valuestring);
        cJSON *rule = add_object(s, all, NULL), *condition = add_object(s, rule, "if");
        cJSON *path = add_object(s, add_object(s, condition, "properties"), "path");
        add_text(s, path, "const", pointer->valuestring);
        add_text(s, add(s, condition, "required", cJSON_CreateArray()), NULL, "path");
        cJSON *values = add_object(s, add_object(s, add_object(s, rule, "then"), "properties"), key);
        add_text(s, add_object(s, values, "items"), "$ref", ref);
    }
}

static void add_table(struct schema *s, cJSON *schema, const struct mu_sweep_table *table);

/* A reference to the table's definition, which is made at its first use. */
static void add_object_of(struct schema *s, cJSON *schema, const struct mu_sweep_table *table) {
    add_reference(s, schema, table->name);
    if (cJSON_GetObjectItemCaseSensitive(s->defs, table->name) == NULL) {
        add_table(s, add_object(s, s->defs, table->name), table);
    }
}

/* The config's schema is a definition, and its definitions join those of the sweep. */
static void add_config(struct schema *s) {
    cJSON *config = add(s, s->defs, "config", mu_group_part_schema(&mu_scenario_group));
    cJSON *defs = cJSON_DetachItemFromObjectCaseSensitive(config, "$defs");
    cJSON_DeleteItemFromObjectCaseSensitive(config, "$schema");
    while (defs != NULL && defs->child != NULL) {
        cJSON *definition = cJSON_DetachItemViaPointer(defs, defs->child);
        add(s, s->defs, definition->string, definition);
    }
    cJSON_Delete(defs);
}

static bool is_object(const cJSON *schema) {
    return cJSON_HasObjectItem(schema, "$ref") || cJSON_HasObjectItem(schema, "properties");
}

/* Whether a reference into the config leads to a group or a choice, if only beside null. */
static bool has_parts(const struct schema *s, const char *ref) {
    static const char prefix[] = "#/$defs";
    const cJSON *schema = mu_plan_look_up(s->defs, ref + sizeof prefix - 1);
    const cJSON *any = cJSON_GetObjectItemCaseSensitive(schema, "anyOf");
    return is_object(schema) || is_object(cJSON_GetArrayItem(any, 0));
}

/* A pointer into the config, and an object whose keys are such: an editor offers those that there are, and knows what
 * may be set there. Others are not forbidden, as /model/hidden/0 is one, too. */
static void add_pointers(struct schema *s) {
    cJSON *pointer = add_object(s, s->defs, "pointer"), *set = add_object(s, s->defs, "set"), *refs;
    add_text(s, pointer, "type", "string");
    add_text(s, pointer, "pattern", "^/");
    cJSON *examples = add(s, pointer, "examples", cJSON_CreateArray());
    add_text(s, set, "type", "object");
    add_text(s, add_object(s, set, "propertyNames"), "pattern", "^/");
    cJSON *properties = add_object(s, set, "properties"), *found = cJSON_CreateObject();
    mu_sweep_pointers(s->defs, "config", found);
    s->failed |= found == NULL || found->child == NULL;
    cJSON_ArrayForEach(refs, found) {
        add_text(s, examples, NULL, refs->string);
        cJSON *value = add_object(s, properties, refs->string), *ref;
        cJSON *any = refs->child->next != NULL ? add(s, value, "anyOf", cJSON_CreateArray()) : NULL;
        if (has_parts(s, refs->child->valuestring)) {
            add_text(s, s->parted, NULL, refs->string);
        }
        cJSON_ArrayForEach(ref, refs) {
            add_text(s, any != NULL ? add_object(s, any, NULL) : value, "$ref", ref->valuestring);
        }
    }
    cJSON_Delete(found);
}

static void add_group(struct schema *s, cJSON *schema, const struct mu_group *group) {
    cJSON *own = mu_group_schema(group), *next;
    s->failed |= own == NULL;
    for (cJSON *item = own != NULL ? own->child : NULL; item != NULL; item = next) {
        next = item->next;
        if (item->string[0] != '$') { /* it reaches no registry, and so needs no definitions */
            cJSON_DetachItemViaPointer(own, item);
            add(s, schema, item->string, item);
        }
    }
    cJSON_Delete(own);
}

/* What the value of a key must be. */
static void add_value(struct schema *s, cJSON *schema, const struct mu_sweep_key *key) {
    switch (key->value) {
    case MU_SWEEP_TEXT:
        add_text(s, schema, "type", "string");
        break;
    case MU_SWEEP_POINTER:
        add_reference(s, schema, "pointer");
        break;
    case MU_SWEEP_BASE: {
        cJSON *any = add(s, schema, "anyOf", cJSON_CreateArray());
        add_text(s, add_object(s, any, NULL), "type", "string");
        add_reference(s, add_object(s, any, NULL), "config");
        break;
    }
    case MU_SWEEP_INTEGER:
        add_integer(s, schema, key->min, key->max);
        break;
    case MU_SWEEP_SEEDS: {
        cJSON *any = add(s, schema, "anyOf", cJSON_CreateArray());
        add_integer(s, add_object(s, any, NULL), key->min, key->max);
        add_integer(s, add_list(s, add_object(s, any, NULL), 1), 0, MU_SWEEP_MAX_SEED);
        break;
    }
    case MU_SWEEP_ANY:
    case MU_SWEEP_VALUES:
        add_list(s, schema, key->min);
        break;
    case MU_SWEEP_RANGE:
    case MU_SWEEP_POSITIVE:
        add_range(s, schema, key->value == MU_SWEEP_POSITIVE);
        break;
    case MU_SWEEP_SET:
        add_reference(s, schema, "set");
        break;
    case MU_SWEEP_WHEN:
        add_text(s, schema, "type", "object");
        break;
    case MU_SWEEP_OBJECT:
        add_object_of(s, schema, key->of);
        break;
    case MU_SWEEP_OBJECTS:
        add_object_of(s, add_list(s, schema, key->min), key->of);
        break;
    case MU_SWEEP_GROUP:
        add_group(s, schema, key->of);
        break;
    }
}

/* The object of a table, which has no other keys. */
static void add_table(struct schema *s, cJSON *schema, const struct mu_sweep_table *table) {
    add_text(s, schema, "description", table->doc);
    add_text(s, schema, "type", "object");
    cJSON *properties = add_object(s, schema, "properties");
    for (const struct mu_sweep_key *key = table->keys; key->name != NULL; key++) {
        cJSON *value = add_object(s, properties, key->name);
        add_text(s, value, "description", key->doc);
        add_value(s, value, key);
        if (key->value == MU_SWEEP_VALUES) {
            add_settings(s, schema, key->name);
        }
        cJSON *needed = schema;
        if (key->need == MU_SWEEP_ONE_OF) {
            cJSON *one = cJSON_GetObjectItemCaseSensitive(schema, "oneOf");
            needed = add_object(s, one != NULL ? one : add(s, schema, "oneOf", cJSON_CreateArray()), NULL);
        }
        if (key->need != MU_SWEEP_OPTIONAL) {
            cJSON *required = cJSON_GetObjectItemCaseSensitive(needed, "required");
            add_text(s, required != NULL ? required : add(s, needed, "required", cJSON_CreateArray()), NULL, key->name);
        }
    }
    add(s, schema, "additionalProperties", cJSON_CreateFalse());
}

cJSON *mu_sweep_schema(void) {
    struct schema s = {.defs = cJSON_CreateObject(), .parted = cJSON_CreateArray()};
    cJSON *schema = cJSON_CreateObject();
    s.failed = schema == NULL || s.defs == NULL || s.parted == NULL;
    add_text(&s, schema, "$schema", "https://json-schema.org/draft/2020-12/schema");
    add_config(&s);
    add_pointers(&s);
    add_table(&s, schema, &mu_sweep_table);
    add(&s, schema, "$defs", s.defs);
    cJSON_Delete(s.parted);
    if (s.failed) {
        cJSON_Delete(schema);
        return NULL;
    }
    return schema;
}
