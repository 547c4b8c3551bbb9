/* As much of JSON Schema 2020-12 as muster writes, straight from the specification, so that a schema can be compared
 * with its parser: both must accept and refuse the same texts. Unknown schema keywords fail the test. */
#ifndef MUSTER_TESTS_SUPPORT_SCHEMA_H
#define MUSTER_TESTS_SUPPORT_SCHEMA_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <cjson/cJSON.h>

static bool schema_accepts(const cJSON *root, const cJSON *schema, const cJSON *value);

static inline bool type_is(const char *type, const cJSON *value) {
    if (strcmp(type, "integer") == 0) {
        return cJSON_IsNumber(value) && value->valuedouble == trunc(value->valuedouble);
    }
    return (strcmp(type, "number") == 0 && cJSON_IsNumber(value)) ||
           (strcmp(type, "string") == 0 && cJSON_IsString(value)) ||
           (strcmp(type, "boolean") == 0 && cJSON_IsBool(value)) ||
           (strcmp(type, "null") == 0 && cJSON_IsNull(value)) || (strcmp(type, "array") == 0 && cJSON_IsArray(value)) ||
           (strcmp(type, "object") == 0 && cJSON_IsObject(value));
}

static inline size_t count_accepting(const cJSON *root, const cJSON *schemas, const cJSON *value) {
    size_t n = 0;
    for (const cJSON *s = schemas->child; s != NULL; s = s->next) {
        n += schema_accepts(root, s, value);
    }
    return n;
}

/* Whether "properties" of this schema, or of a subschema that accepts the value in place, has looked at the key. */
static inline bool key_is_evaluated(const cJSON *root, const cJSON *schema, const cJSON *value, const char *key) {
    static const char *const in_place[] = {"allOf", "anyOf", "oneOf"};
    if (cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(schema, "properties"), key) != NULL) {
        return true;
    }
    for (size_t i = 0; i < 3; i++) {
        const cJSON *list = cJSON_GetObjectItemCaseSensitive(schema, in_place[i]);
        for (const cJSON *s = list == NULL ? NULL : list->child; s != NULL; s = s->next) {
            if (schema_accepts(root, s, value) && key_is_evaluated(root, s, value, key)) {
                return true;
            }
        }
    }
    return false;
}

static inline bool object_is_closed_for(const cJSON *root, const cJSON *schema, const cJSON *value, bool in_place) {
    const cJSON *properties = cJSON_GetObjectItemCaseSensitive(schema, "properties");
    for (const cJSON *item = cJSON_IsObject(value) ? value->child : NULL; item != NULL; item = item->next) {
        if (in_place ? !key_is_evaluated(root, schema, value, item->string)
                     : cJSON_GetObjectItemCaseSensitive(properties, item->string) == NULL) {
            return false;
        }
    }
    return true;
}

static inline bool properties_accept(const cJSON *root, const cJSON *properties, const cJSON *value) {
    for (const cJSON *item = cJSON_IsObject(value) ? value->child : NULL; item != NULL; item = item->next) {
        const cJSON *schema = cJSON_GetObjectItemCaseSensitive(properties, item->string);
        if (schema != NULL && !schema_accepts(root, schema, item)) {
            return false;
        }
    }
    return true;
}

static inline bool items_accept(const cJSON *root, const cJSON *items, const cJSON *value) {
    for (const cJSON *item = cJSON_IsArray(value) ? value->child : NULL; item != NULL; item = item->next) {
        if (!schema_accepts(root, items, item)) {
            return false;
        }
    }
    return true;
}

/* The one pattern that is written, "^/", is anchored: the text begins with a slash. */
static inline bool pattern_accepts(const cJSON *pattern, const char *text) {
    assert_string_equal(pattern->valuestring, "^/");
    return text == NULL || text[0] == '/';
}

/* What is written of "propertyNames": a pattern. */
static inline bool names_accept(const cJSON *names, const cJSON *value) {
    assert_int_equal(cJSON_GetArraySize(names), 1);
    for (const cJSON *item = cJSON_IsObject(value) ? value->child : NULL; item != NULL; item = item->next) {
        if (!pattern_accepts(cJSON_GetObjectItemCaseSensitive(names, "pattern"), item->string)) {
            return false;
        }
    }
    return true;
}

static inline bool list_contains(const cJSON *list, const cJSON *value) {
    for (const cJSON *item = list->child; item != NULL; item = item->next) {
        if (cJSON_Compare(item, value, true)) {
            return true;
        }
    }
    return false;
}

static inline bool has_required(const cJSON *list, const cJSON *value) {
    for (const cJSON *item = list->child; item != NULL; item = item->next) {
        if (cJSON_IsObject(value) && cJSON_GetObjectItemCaseSensitive(value, item->valuestring) == NULL) {
            return false;
        }
    }
    return true;
}

/* A reference is "#" and a JSON pointer, in which ~1 is a slash. */
static inline bool reference_accepts(const cJSON *root, const char *ref, const cJSON *value) {
    char copy[512], *rest = copy, *part;
    assert_true(strncmp(ref, "#/", 2) == 0 && strlen(ref) < sizeof copy);
    strcpy(copy, ref + 2);
    const cJSON *target = root;
    while ((part = strsep(&rest, "/")) != NULL) {
        for (char *escape = part; (escape = strstr(escape, "~1")) != NULL;) {
            *escape++ = '/';
            memmove(escape, escape + 1, strlen(escape));
        }
        target = cJSON_IsArray(target) ? cJSON_GetArrayItem(target, atoi(part))
                                       : cJSON_GetObjectItemCaseSensitive(target, part);
        if (target == NULL) {
            fail_msg("%s leads nowhere", ref);
        }
    }
    return schema_accepts(root, target, value);
}

static bool schema_accepts(const cJSON *root, const cJSON *schema, const cJSON *value) {
    bool good = true;
    for (const cJSON *k = schema->child; k != NULL; k = k->next) {
        const char *word = k->string;
        const double x = cJSON_IsNumber(value) ? value->valuedouble : NAN;
        if (strcmp(word, "type") == 0) {
            good &= type_is(k->valuestring, value);
        } else if (strcmp(word, "enum") == 0) {
            good &= list_contains(k, value);
        } else if (strcmp(word, "const") == 0) {
            good &= cJSON_Compare(k, value, true) != 0;
        } else if (strcmp(word, "minimum") == 0) {
            good &= !(x < k->valuedouble);
        } else if (strcmp(word, "maximum") == 0) {
            good &= !(x > k->valuedouble);
        } else if (strcmp(word, "exclusiveMinimum") == 0) {
            good &= !(x <= k->valuedouble);
        } else if (strcmp(word, "minItems") == 0) {
            good &= !cJSON_IsArray(value) || cJSON_GetArraySize(value) >= k->valueint;
        } else if (strcmp(word, "maxItems") == 0) {
            good &= !cJSON_IsArray(value) || cJSON_GetArraySize(value) <= k->valueint;
        } else if (strcmp(word, "pattern") == 0) {
            good &= pattern_accepts(k, cJSON_GetStringValue(value));
        } else if (strcmp(word, "propertyNames") == 0) {
            good &= names_accept(k, value);
        } else if (strcmp(word, "items") == 0) {
            good &= items_accept(root, k, value);
        } else if (strcmp(word, "properties") == 0) {
            good &= properties_accept(root, k, value);
        } else if (strcmp(word, "required") == 0) {
            good &= has_required(k, value);
        } else if (strcmp(word, "allOf") == 0) {
            good &= count_accepting(root, k, value) == (size_t)cJSON_GetArraySize(k);
        } else if (strcmp(word, "anyOf") == 0) {
            good &= count_accepting(root, k, value) >= 1;
        } else if (strcmp(word, "oneOf") == 0) {
            good &= count_accepting(root, k, value) == 1;
        } else if (strcmp(word, "if") == 0) {
            const cJSON *then = cJSON_GetObjectItemCaseSensitive(schema, "then");
            assert_non_null(then);
            good &= !schema_accepts(root, k, value) || schema_accepts(root, then, value);
        } else if (strcmp(word, "then") == 0) {
            assert_true(cJSON_HasObjectItem(schema, "if"));
        } else if (strcmp(word, "$ref") == 0) {
            good &= reference_accepts(root, k->valuestring, value);
        } else if (strcmp(word, "additionalProperties") == 0 || strcmp(word, "unevaluatedProperties") == 0) {
            assert_true(cJSON_IsFalse(k));
            good &= object_is_closed_for(root, schema, value, word[0] == 'u');
        } else {
            static const char *const annotations[] = {"$schema",     "$defs",   "title",
                                                      "description", "default", "examples"};
            size_t i = 0;
            while (i < 6 && strcmp(word, annotations[i]) != 0) {
                i++;
            }
            assert_true(i < 6);
        }
    }
    return good;
}

#endif
