/* JSON Schema (draft 2020-12) of sweep files, from their keys and, for the base, the config's own schema. */
#include <string.h>

#include <cJSON.h>

#include "muster/run/scenario.h"
#include "muster/study/plan.h"
#include "sweep_keys.h"

struct schema {
    cJSON *defs;
    bool failed; /* out of memory */
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

static void add_definition(struct schema *s, const struct mu_sweep_table *table);

/* A reference to the table's definition, which is made at its first use. */
static void add_reference(struct schema *s, cJSON *schema, const struct mu_sweep_table *table) {
    char ref[64] = "#/$defs/";
    strncat(ref, table->name, sizeof ref - strlen(ref) - 1);
    add_text(s, schema, "$ref", ref);
    if (cJSON_GetObjectItemCaseSensitive(s->defs, table->name) == NULL) {
        add_definition(s, table);
    }
}

/* The config's schema, whose definitions join those of the sweep. */
static void add_base(struct schema *s, cJSON *schema) {
    cJSON *any = add(s, schema, "anyOf", cJSON_CreateArray());
    add_text(s, add_object(s, any, NULL), "type", "string");
    cJSON *config = add(s, any, NULL, mu_group_part_schema(&mu_scenario_group));
    cJSON *defs = cJSON_DetachItemFromObjectCaseSensitive(config, "$defs");
    cJSON_DeleteItemFromObjectCaseSensitive(config, "$schema");
    while (defs != NULL && defs->child != NULL) {
        cJSON *definition = cJSON_DetachItemViaPointer(defs, defs->child);
        add(s, s->defs, definition->string, definition);
    }
    cJSON_Delete(defs);
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
        add_text(s, schema, "type", "string");
        add_text(s, schema, "pattern", "^/");
        break;
    case MU_SWEEP_BASE:
        add_base(s, schema);
        break;
    case MU_SWEEP_INTEGER:
        add_integer(s, schema, key->min, key->max);
        break;
    case MU_SWEEP_SEEDS: {
        cJSON *any = add(s, schema, "anyOf", cJSON_CreateArray());
        add_integer(s, add_object(s, any, NULL), key->min, key->max);
        add_integer(s, add_list(s, add_object(s, any, NULL), 1), 0, MU_SWEEP_MAX_SEED);
        break;
    }
    case MU_SWEEP_VALUES:
        add_list(s, schema, key->min);
        break;
    case MU_SWEEP_RANGE:
    case MU_SWEEP_POSITIVE:
        add_range(s, schema, key->value == MU_SWEEP_POSITIVE);
        break;
    case MU_SWEEP_SET:
        add_text(s, add_object(s, schema, "propertyNames"), "pattern", "^/");
        /* fall through */
    case MU_SWEEP_WHEN:
        add_text(s, schema, "type", "object");
        break;
    case MU_SWEEP_OBJECT:
        add_reference(s, schema, key->of);
        break;
    case MU_SWEEP_OBJECTS:
        add_reference(s, add_list(s, schema, key->min), key->of);
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

static void add_definition(struct schema *s, const struct mu_sweep_table *table) {
    add_table(s, add_object(s, s->defs, table->name), table);
}

cJSON *mu_sweep_schema(void) {
    struct schema s = {.defs = cJSON_CreateObject()};
    cJSON *schema = cJSON_CreateObject();
    s.failed = schema == NULL || s.defs == NULL;
    add_text(&s, schema, "$schema", "https://json-schema.org/draft/2020-12/schema");
    add_table(&s, schema, &mu_sweep_table);
    add(&s, schema, "$defs", s.defs);
    if (s.failed) {
        cJSON_Delete(schema);
        return NULL;
    }
    return schema;
}
