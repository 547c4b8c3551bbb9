/* JSON Schema (draft 2020-12) of sweep files, from their keys and, for the base, the config's own schema. */
#include <stdio.h>
#include <string.h>

#include <cJSON.h>

#include "muster/config/build.h"
#include "muster/run/scenario.h"
#include "muster/study/plan.h"
#include "plan_impl.h"
#include "sweep_keys.h"

struct schema {
    struct mu_build build;
    cJSON *defs;
    cJSON *parted; /* the pointers to groups and choices, which are objects */
    bool failed;   /* out of memory */
};

static void add_number(struct schema *s, cJSON *schema, const char *key, double x) {
    mu_build_add(&s->build, schema, key, cJSON_CreateNumber(x));
}

static void add_integer(struct schema *s, cJSON *schema, double min, double max) {
    mu_build_text(&s->build, schema, "type", "integer");
    add_number(s, schema, "minimum", min);
    add_number(s, schema, "maximum", max);
}

/* Returns the schema of its elements. */
static cJSON *add_list(struct schema *s, cJSON *schema, double least) {
    mu_build_text(&s->build, schema, "type", "array");
    if (least > 0) {
        add_number(s, schema, "minItems", least);
    }
    return mu_build_object(&s->build, schema, "items");
}

static void add_range(struct schema *s, cJSON *schema, bool positive) {
    cJSON *bound = add_list(s, schema, 2);
    add_number(s, schema, "maxItems", 2);
    mu_build_text(&s->build, bound, "type", "number");
    if (positive) {
        add_number(s, bound, "exclusiveMinimum", 0);
    }
}

static void add_reference(struct schema *s, cJSON *schema, const char *name) {
    char ref[64] = "#/$defs/";
    strncat(ref, name, sizeof ref - strlen(ref) - 1);
    mu_build_text(&s->build, schema, "$ref", ref);
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
    cJSON *all = mu_build_array(&s->build, schema, "allOf"), *pointer;
    cJSON_ArrayForEach(pointer, s->parted) {
        char ref[512];
        refer_to_setting(ref, pointer->valuestring);
        cJSON *rule = mu_build_object(&s->build, all, NULL), *condition = mu_build_object(&s->build, rule, "if");
        cJSON *path = mu_build_object(&s->build, mu_build_object(&s->build, condition, "properties"), "path");
        mu_build_text(&s->build, path, "const", pointer->valuestring);
        mu_build_text(&s->build, mu_build_array(&s->build, condition, "required"), NULL, "path");
        cJSON *values = mu_build_object(
            &s->build, mu_build_object(&s->build, mu_build_object(&s->build, rule, "then"), "properties"), key);
        mu_build_text(&s->build, mu_build_object(&s->build, values, "items"), "$ref", ref);
    }
}

static void add_table(struct schema *s, cJSON *schema, const struct mu_sweep_table *table);

/* A reference to the table's definition, which is made at its first use. */
static void add_object_of(struct schema *s, cJSON *schema, const struct mu_sweep_table *table) {
    add_reference(s, schema, table->name);
    if (cJSON_GetObjectItemCaseSensitive(s->defs, table->name) == NULL) {
        add_table(s, mu_build_object(&s->build, s->defs, table->name), table);
    }
}

/* The config's schema is a definition, and its definitions join those of the sweep. */
static void add_config(struct schema *s) {
    cJSON *config = mu_build_add(&s->build, s->defs, "config", mu_group_part_schema(&mu_scenario_group));
    cJSON *defs = cJSON_DetachItemFromObjectCaseSensitive(config, "$defs");
    cJSON_DeleteItemFromObjectCaseSensitive(config, "$schema");
    while (defs != NULL && defs->child != NULL) {
        cJSON *definition = cJSON_DetachItemViaPointer(defs, defs->child);
        mu_build_add(&s->build, s->defs, definition->string, definition);
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
    cJSON *pointer = mu_build_object(&s->build, s->defs, "pointer"), *set = mu_build_object(&s->build, s->defs, "set"),
          *refs;
    mu_build_text(&s->build, pointer, "type", "string");
    mu_build_text(&s->build, pointer, "pattern", "^/");
    cJSON *examples = mu_build_array(&s->build, pointer, "examples");
    mu_build_text(&s->build, set, "type", "object");
    mu_build_text(&s->build, mu_build_object(&s->build, set, "propertyNames"), "pattern", "^/");
    cJSON *properties = mu_build_object(&s->build, set, "properties"), *found = cJSON_CreateObject();
    mu_sweep_pointers(s->defs, "config", found);
    s->build.failed |= found == NULL || found->child == NULL;
    cJSON_ArrayForEach(refs, found) {
        mu_build_text(&s->build, examples, NULL, refs->string);
        cJSON *value = mu_build_object(&s->build, properties, refs->string), *ref;
        cJSON *any = refs->child->next != NULL ? mu_build_array(&s->build, value, "anyOf") : NULL;
        if (has_parts(s, refs->child->valuestring)) {
            mu_build_text(&s->build, s->parted, NULL, refs->string);
        }
        cJSON_ArrayForEach(ref, refs) {
            mu_build_text(&s->build, any != NULL ? mu_build_object(&s->build, any, NULL) : value, "$ref",
                          ref->valuestring);
        }
    }
    cJSON_Delete(found);
}

static void add_group(struct schema *s, cJSON *schema, const struct mu_group *group) {
    cJSON *own = mu_group_schema(group), *next;
    s->build.failed |= own == NULL;
    for (cJSON *item = own != NULL ? own->child : NULL; item != NULL; item = next) {
        next = item->next;
        if (item->string[0] != '$') { /* it reaches no registry, and so needs no definitions */
            cJSON_DetachItemViaPointer(own, item);
            mu_build_add(&s->build, schema, item->string, item);
        }
    }
    cJSON_Delete(own);
}

/* What the value of a key must be. */
static void add_value(struct schema *s, cJSON *schema, const struct mu_sweep_key *key) {
    switch (key->value) {
    case MU_SWEEP_TEXT:
        mu_build_text(&s->build, schema, "type", "string");
        break;
    case MU_SWEEP_POINTER:
        add_reference(s, schema, "pointer");
        break;
    case MU_SWEEP_BASE: {
        cJSON *any = mu_build_array(&s->build, schema, "anyOf");
        mu_build_text(&s->build, mu_build_object(&s->build, any, NULL), "type", "string");
        add_reference(s, mu_build_object(&s->build, any, NULL), "config");
        break;
    }
    case MU_SWEEP_INTEGER:
        add_integer(s, schema, key->min, key->max);
        break;
    case MU_SWEEP_SEEDS: {
        cJSON *any = mu_build_array(&s->build, schema, "anyOf");
        add_integer(s, mu_build_object(&s->build, any, NULL), key->min, key->max);
        add_integer(s, add_list(s, mu_build_object(&s->build, any, NULL), 1), 0, MU_SWEEP_MAX_SEED);
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
        mu_build_text(&s->build, schema, "type", "object");
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
    mu_build_text(&s->build, schema, "description", table->doc);
    mu_build_text(&s->build, schema, "type", "object");
    cJSON *properties = mu_build_object(&s->build, schema, "properties");
    for (const struct mu_sweep_key *key = table->keys; key->name != NULL; key++) {
        cJSON *value = mu_build_object(&s->build, properties, key->name);
        mu_build_text(&s->build, value, "description", key->doc);
        add_value(s, value, key);
        if (key->value == MU_SWEEP_VALUES) {
            add_settings(s, schema, key->name);
        }
        cJSON *needed = schema;
        if (key->need == MU_SWEEP_ONE_OF) {
            cJSON *one = cJSON_GetObjectItemCaseSensitive(schema, "oneOf");
            needed = mu_build_object(&s->build, one != NULL ? one : mu_build_array(&s->build, schema, "oneOf"), NULL);
        }
        if (key->need != MU_SWEEP_OPTIONAL) {
            cJSON *required = cJSON_GetObjectItemCaseSensitive(needed, "required");
            mu_build_text(&s->build, required != NULL ? required : mu_build_array(&s->build, needed, "required"), NULL,
                          key->name);
        }
    }
    mu_build_add(&s->build, schema, "additionalProperties", cJSON_CreateFalse());
}

cJSON *mu_sweep_schema(void) {
    struct schema s = {.defs = cJSON_CreateObject(), .parted = cJSON_CreateArray()};
    cJSON *schema = cJSON_CreateObject();
    s.build.failed = schema == NULL || s.defs == NULL || s.parted == NULL;
    mu_build_text(&s.build, schema, "$schema", "https://json-schema.org/draft/2020-12/schema");
    add_config(&s);
    add_pointers(&s);
    add_table(&s, schema, &mu_sweep_table);
    mu_build_add(&s.build, schema, "$defs", s.defs);
    cJSON_Delete(s.parted);
    if (s.build.failed) {
        cJSON_Delete(schema);
        return NULL;
    }
    return schema;
}
