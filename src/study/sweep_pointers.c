/* The pointers that the paths of a sweep file may be, found by walking through the schema of configs. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cJSON.h>

#include "sweep_keys.h"

enum { LONGEST = 512 };

/* The references that a walk has followed, so that a law of laws has an end. */
struct followed {
    const char *ref;
    const struct followed *before;
};

struct walk {
    const cJSON *defs;
    cJSON *found;
};

static void note(cJSON *found, const char *pointer, const char *ref) {
    cJSON *refs = cJSON_GetObjectItemCaseSensitive(found, pointer), *known;
    refs = refs != NULL ? refs : cJSON_AddArrayToObject(found, pointer);
    cJSON_ArrayForEach(known, refs) {
        if (strcmp(known->valuestring, ref) == 0) {
            return;
        }
    }
    cJSON_AddItemToArray(refs, cJSON_CreateString(ref));
}

/* `at` is a reference to the schema; `pointer` is where its values are in a config. */
static void walk(const struct walk *w, const cJSON *schema, const char *at, const char *pointer,
                 const struct followed *before) {
    static const char prefix[] = "#/$defs/";
    static const char *const in_place[] = {"allOf", "anyOf", "oneOf"};
    char deeper[LONGEST], option[LONGEST];
    const struct followed here = {cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(schema, "$ref")), before};
    if (here.ref != NULL) {
        for (const struct followed *f = before; f != NULL; f = f->before) {
            if (strcmp(f->ref, here.ref) == 0) {
                return;
            }
        }
        walk(w, cJSON_GetObjectItemCaseSensitive(w->defs, here.ref + sizeof prefix - 1), here.ref, pointer, &here);
    }
    for (size_t i = 0; i < sizeof in_place / sizeof *in_place; i++) {
        const cJSON *part;
        int n = 0;
        cJSON_ArrayForEach(part, cJSON_GetObjectItemCaseSensitive(schema, in_place[i])) {
            snprintf(deeper, sizeof deeper, "%s/%s/%d", at, in_place[i], n++);
            walk(w, part, deeper, pointer, before);
        }
    }
    const cJSON *property;
    cJSON_ArrayForEach(property, cJSON_GetObjectItemCaseSensitive(schema, "properties")) {
        snprintf(deeper, sizeof deeper, "%s/properties/%s", at, property->string);
        snprintf(option, sizeof option, "%s/%s", pointer, property->string);
        note(w->found, option, deeper);
        walk(w, property, deeper, option, before);
    }
}

void mu_sweep_pointers(const cJSON *defs, const char *root, cJSON *found) {
    const struct walk w = {defs, found};
    char at[LONGEST];
    snprintf(at, sizeof at, "#/$defs/%s", root);
    walk(&w, cJSON_GetObjectItemCaseSensitive(defs, root), at, "", NULL);
}
