/* The dimensions of a sweep file, in one shape. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cJSON.h>

#include "muster/base/rng.h"
#include "plan_impl.h"
#include "sweep_keys.h"

/* What a double holds exactly, and not less than 0. */
static bool is_natural(const cJSON *item) {
    return cJSON_IsNumber(item) && item->valuedouble >= 0 && item->valuedouble <= MU_SWEEP_MAX_SEED &&
           item->valuedouble == floor(item->valuedouble);
}

/* What a value is called in a point's name: itself, or the kind of an object. */
static void take_label(const cJSON *value, char *label, size_t size) {
    const cJSON *kind = cJSON_GetObjectItemCaseSensitive(value, "kind");
    if (cJSON_IsString(kind) || cJSON_IsString(value)) {
        snprintf(label, size, "%s", cJSON_IsString(kind) ? kind->valuestring : value->valuestring);
    } else if (cJSON_IsNumber(value)) {
        snprintf(label, size, "%.9g", value->valuedouble);
    } else {
        snprintf(label, size, "%s", cJSON_IsTrue(value) ? "true" : cJSON_IsFalse(value) ? "false" : "");
    }
}

static cJSON *add_dimension(cJSON *dimensions, const cJSON *when, const char *from) {
    cJSON *dimension = cJSON_CreateObject();
    cJSON_AddItemToArray(dimensions, dimension);
    cJSON_AddStringToObject(dimension, "from", from);
    cJSON_AddArrayToObject(dimension, "options");
    if (when != NULL) {
        cJSON_AddItemToObject(dimension, "when", cJSON_Duplicate(when, true));
    }
    return dimension;
}

static cJSON *add_option(cJSON *dimension, const char *label) {
    cJSON *option = cJSON_CreateObject();
    cJSON_AddStringToObject(option, "label", label);
    cJSON_AddObjectToObject(option, "set");
    cJSON_AddObjectToObject(option, "from");
    cJSON_AddItemToArray(cJSON_GetObjectItemCaseSensitive(dimension, "options"), option);
    return option;
}

/* Takes `value`. */
static void set_value(cJSON *option, const char *path, cJSON *value, const char *from) {
    cJSON_AddItemToObject(cJSON_GetObjectItemCaseSensitive(option, "set"), path, value);
    cJSON_AddStringToObject(cJSON_GetObjectItemCaseSensitive(option, "from"), path, from);
}

static bool has_key(const struct mu_sweep_table *table, const char *name) {
    const struct mu_sweep_key *key = table->keys;
    while (key->name != NULL && strcmp(key->name, name) != 0) {
        key++;
    }
    return key->name != NULL;
}

/* Whether this is an object; keys that its table does not have are mistakes. */
static bool check_keys(const cJSON *object, const struct mu_sweep_table *table, const char *pointer,
                       struct mu_mistakes *m) {
    if (!cJSON_IsObject(object)) {
        mu_mistake(m, pointer, "expected an object");
        return false;
    }
    for (const cJSON *item = object->child; item != NULL; item = item->next) {
        if (!has_key(table, item->string)) {
            char at[300];
            snprintf(at, sizeof at, "%s/%s", pointer, item->string);
            mu_mistake(m, at, "unknown key");
        }
    }
    return true;
}

/* The path of an axis, NULL if it has none. */
static const char *take_path(const cJSON *axis, const char *pointer, struct mu_mistakes *m) {
    const cJSON *path = cJSON_GetObjectItemCaseSensitive(axis, "path");
    if (cJSON_IsString(path) && path->valuestring[0] == '/') {
        return path->valuestring;
    }
    mu_mistake(m, pointer, "expected a path that is a JSON pointer, such as \"/server/strategy\"");
    return NULL;
}

/* Whether the axis has a path and values, so that points can be made of it. */
static bool check_axis(const cJSON *axis, bool follows, const char *pointer, struct mu_mistakes *m) {
    if (!check_keys(axis, &mu_sweep_axis_table, pointer, m)) {
        return false;
    }
    const cJSON *values = cJSON_GetObjectItemCaseSensitive(axis, "values");
    const cJSON *labels = cJSON_GetObjectItemCaseSensitive(axis, "labels");
    const cJSON *when = cJSON_GetObjectItemCaseSensitive(axis, "when");
    const bool has_path = take_path(axis, pointer, m) != NULL;
    const bool has_values = cJSON_IsArray(values) && values->child != NULL;
    if (!has_values) {
        mu_mistake(m, pointer, "expected values, an array that is not empty");
    }
    if (labels != NULL && !cJSON_IsArray(labels)) {
        mu_mistake(m, pointer, "expected labels, an array");
    } else if (labels != NULL && has_values && cJSON_GetArraySize(labels) != cJSON_GetArraySize(values)) {
        mu_mistake(m, pointer, "there are not as many labels as values: %d and %d", cJSON_GetArraySize(labels),
                   cJSON_GetArraySize(values));
    }
    if (when != NULL && !cJSON_IsObject(when)) {
        mu_mistake(m, pointer, "expected when to be an object of pointers and values");
    } else if (when != NULL && follows) {
        mu_mistake(m, pointer, "when belongs to the first axis of a zip, which all move together");
    }
    return has_path && has_values;
}

static void name_value(const cJSON *axis, int i, char *label, size_t size) {
    const cJSON *named = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(axis, "labels"), i);
    take_label(named != NULL ? named : cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(axis, "values"), i), label,
               size);
}

/* Adds an axis to the dimension: options of its own, or, if there are some, one value to each of them. */
static void take_axis(cJSON *dimension, const cJSON *axis, const char *pointer) {
    const cJSON *path = cJSON_GetObjectItemCaseSensitive(axis, "path"), *value;
    cJSON *option = cJSON_GetObjectItemCaseSensitive(dimension, "options")->child;
    const bool own = option == NULL;
    int i = 0;
    cJSON_ArrayForEach(value, cJSON_GetObjectItemCaseSensitive(axis, "values")) {
        if (own) {
            char label[128];
            name_value(axis, i++, label, sizeof label);
            option = add_option(dimension, label);
        }
        if (option != NULL) {
            set_value(option, path->valuestring, cJSON_Duplicate(value, true), pointer);
            option = option->next;
        }
    }
}

/* Axes that each are a dimension, or, zipped, one together. */
static void take_axes(const cJSON *axes, bool zipped, cJSON *dimensions, struct mu_mistakes *m) {
    const char *const key = zipped ? "/zip" : "/axes";
    cJSON *dimension = NULL;
    int number = 0, length = 0;
    const cJSON *axis;
    if (axes != NULL && !cJSON_IsArray(axes)) {
        mu_mistake(m, key, "expected an array");
        m->lost = true;
        return;
    }
    for (axis = axes != NULL ? axes->child : NULL; axis != NULL; axis = axis->next, number++) {
        char pointer[64];
        snprintf(pointer, sizeof pointer, "%s/%d", key, number);
        const bool first = !zipped || dimension == NULL;
        if (!check_axis(axis, !first, pointer, m)) {
            m->lost = true;
            continue;
        }
        const int n = cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(axis, "values"));
        if (!first && n != length) {
            mu_mistake(m, pointer, "the axes of a zip must be equally long: %d values here, %d in the first", n,
                       length);
            m->lost = true;
        }
        if (first) {
            const cJSON *when = cJSON_GetObjectItemCaseSensitive(axis, "when");
            dimension = add_dimension(dimensions, cJSON_IsObject(when) ? when : NULL, pointer);
            length = n;
        }
        take_axis(dimension, axis, pointer);
    }
}

static void take_patches(const cJSON *patches, cJSON *dimensions, struct mu_mistakes *m) {
    if (patches == NULL) {
        return;
    }
    if (!cJSON_IsArray(patches) || patches->child == NULL) {
        mu_mistake(m, "/patches", "expected an array that is not empty");
        m->lost = true;
        return;
    }
    cJSON *dimension = add_dimension(dimensions, NULL, "/patches");
    int number = 0;
    for (const cJSON *patch = patches->child; patch != NULL; patch = patch->next, number++) {
        char pointer[64];
        snprintf(pointer, sizeof pointer, "/patches/%d", number);
        if (!check_keys(patch, &mu_sweep_patch_table, pointer, m)) {
            continue;
        }
        const cJSON *name = cJSON_GetObjectItemCaseSensitive(patch, "name");
        const cJSON *values = cJSON_GetObjectItemCaseSensitive(patch, "set"), *value;
        if (!cJSON_IsString(name) || !cJSON_IsObject(values)) {
            mu_mistake(m, pointer, "expected a name, and an object of pointers and values in set");
            continue;
        }
        cJSON *option = add_option(dimension, name->valuestring);
        cJSON_ArrayForEach(value, values) {
            if (value->string[0] == '/') {
                set_value(option, value->string, cJSON_Duplicate(value, true), pointer);
            } else {
                mu_mistake(m, pointer, "\"%.60s\" in set is not a JSON pointer such as \"/server/strategy\"",
                           value->string);
                m->lost = true;
            }
        }
    }
    if (cJSON_GetObjectItemCaseSensitive(dimension, "options")->child == NULL) {
        add_option(dimension, ""); /* the base as it is, so that the rest is looked at, too */
        m->lost = true;
    }
}

/* The range of a law, NULL if it is none. */
static const cJSON *take_range(const cJSON *axis, const char *law, bool positive) {
    const cJSON *range = cJSON_GetObjectItemCaseSensitive(axis, law);
    const cJSON *low = cJSON_GetArrayItem(range, 0), *high = cJSON_GetArrayItem(range, 1);
    const bool good = cJSON_IsArray(range) && cJSON_GetArraySize(range) == 2 && cJSON_IsNumber(low) &&
                      cJSON_IsNumber(high) && high->valuedouble >= low->valuedouble &&
                      (!positive || low->valuedouble > 0);
    return good ? range : NULL;
}

/* One value of a random axis, or NULL if the axis says none of the three laws. */
static cJSON *draw_value(const cJSON *axis, struct mu_rng *rng) {
    const double u = mu_rng_uniform(rng);
    const cJSON *choice = cJSON_GetObjectItemCaseSensitive(axis, "choice");
    if (choice != NULL) {
        return cJSON_Duplicate(cJSON_GetArrayItem(choice, (int)(u * cJSON_GetArraySize(choice))), true);
    }
    const bool log_uniform = cJSON_HasObjectItem(axis, "log_uniform");
    const cJSON *range = take_range(axis, log_uniform ? "log_uniform" : "uniform", log_uniform);
    if (range == NULL) {
        return NULL;
    }
    const double a = range->child->valuedouble, b = range->child->next->valuedouble;
    return cJSON_CreateNumber(log_uniform ? a * pow(b / a, u) : a + u * (b - a));
}

/* Whether the axis can be drawn from. */
static bool check_random_axis(const cJSON *axis, const char *pointer, struct mu_mistakes *m) {
    if (!check_keys(axis, &mu_sweep_random_axis_table, pointer, m)) {
        return false;
    }
    const cJSON *choice = cJSON_GetObjectItemCaseSensitive(axis, "choice");
    const bool has_path = take_path(axis, pointer, m) != NULL;
    int laws = 0;
    for (const struct mu_sweep_key *key = mu_sweep_random_axis_table.keys; key->name != NULL; key++) {
        laws += key->need == MU_SWEEP_ONE_OF && cJSON_HasObjectItem(axis, key->name);
    }
    const bool good =
        laws == 1 && ((cJSON_IsArray(choice) && choice->child != NULL) || take_range(axis, "uniform", false) != NULL ||
                      take_range(axis, "log_uniform", true) != NULL);
    if (!good) {
        mu_mistake(m, pointer,
                   "expected one law: uniform [low, high], log_uniform [low, high] with low > 0, or choice [...]");
    }
    return has_path && good;
}

/* Draw k of axis a comes from (the sweep's seed, sampling, a, k): more draws, or more axes, change none. */
static void take_random(const cJSON *sweep, cJSON *dimensions, struct mu_mistakes *m) {
    const cJSON *random = cJSON_GetObjectItemCaseSensitive(sweep, "random");
    if (random == NULL || !check_keys(random, &mu_sweep_random_table, "/random", m)) {
        return;
    }
    const cJSON *count = cJSON_GetObjectItemCaseSensitive(random, "count");
    const cJSON *axes = cJSON_GetObjectItemCaseSensitive(random, "axes");
    const cJSON *seed = cJSON_GetObjectItemCaseSensitive(sweep, "seed");
    uint32_t n = 1; /* one draw, if their number is not known, shows what else is wrong */
    if (cJSON_IsNumber(count) && count->valuedouble >= 1 && count->valuedouble <= MU_SWEEP_MAX_DRAWS &&
        count->valuedouble == floor(count->valuedouble)) {
        n = (uint32_t)count->valuedouble;
    } else {
        mu_mistake(m, "/random", "expected a count, an integer in 1..%d", MU_SWEEP_MAX_DRAWS);
    }
    if (!cJSON_IsArray(axes) || axes->child == NULL) {
        mu_mistake(m, "/random", "expected axes, an array that is not empty");
        m->lost = true;
        return;
    }
    cJSON *dimension = add_dimension(dimensions, NULL, "/random");
    for (uint32_t k = 0; k < n; k++) {
        char label[32];
        snprintf(label, sizeof label, "r%u", k + 1);
        add_option(dimension, label);
    }
    uint32_t number = 0;
    for (const cJSON *axis = axes->child; axis != NULL; axis = axis->next, number++) {
        char pointer[64];
        snprintf(pointer, sizeof pointer, "/random/axes/%u", number);
        if (!check_random_axis(axis, pointer, m)) {
            m->lost = true;
            continue;
        }
        const char *path = cJSON_GetObjectItemCaseSensitive(axis, "path")->valuestring;
        cJSON *option = cJSON_GetObjectItemCaseSensitive(dimension, "options")->child;
        for (uint32_t k = 0; option != NULL; option = option->next, k++) {
            struct mu_rng rng;
            mu_rng_init(&rng, is_natural(seed) ? (uint64_t)seed->valuedouble : 1, MU_STREAM_SAMPLING, number, k);
            set_value(option, path, draw_value(axis, &rng), pointer);
        }
    }
}

/* One axis, whose values are candidates: which of them a point ends up with is a result, so that they are of one group.
 */
static void take_search(const cJSON *search, cJSON *dimensions, struct mu_mistakes *m) {
    if (search == NULL) {
        return;
    }
    if (!check_axis(search, false, "/search", m)) {
        m->lost = true;
        return;
    }
    const cJSON *when = cJSON_GetObjectItemCaseSensitive(search, "when");
    cJSON *dimension = add_dimension(dimensions, cJSON_IsObject(when) ? when : NULL, "/search"), *option;
    take_axis(dimension, search, "/search");
    cJSON_ArrayForEach(option, cJSON_GetObjectItemCaseSensitive(dimension, "options")) {
        cJSON_AddTrueToObject(option, "alike");
    }
}

static void add_seed(cJSON *dimension, double seed, const char *from) {
    char label[40];
    snprintf(label, sizeof label, "s%.0f", seed);
    set_value(add_option(dimension, label), "/seed", cJSON_CreateNumber(seed), from);
}

static void take_seeds(const cJSON *seeds, cJSON *dimensions, struct mu_mistakes *m) {
    if (seeds == NULL) {
        return; /* that of the base */
    }
    const bool list = cJSON_IsArray(seeds);
    if (list ? seeds->child == NULL
             : !is_natural(seeds) || seeds->valuedouble < 1 || seeds->valuedouble > MU_SWEEP_MAX_SEEDS) {
        mu_mistake(m, "/seeds", "expected a number of seeds or a list of seeds");
        return;
    }
    cJSON *dimension = add_dimension(dimensions, NULL, "/seeds");
    for (int i = 0; !list && i < seeds->valueint; i++) {
        add_seed(dimension, i + 1, "/seeds");
    }
    int number = 0;
    for (const cJSON *seed = list ? seeds->child : NULL; seed != NULL; seed = seed->next, number++) {
        char pointer[64];
        snprintf(pointer, sizeof pointer, "/seeds/%d", number);
        if (is_natural(seed)) {
            add_seed(dimension, seed->valuedouble, pointer);
        } else {
            mu_mistake(m, pointer, "a seed is an integer of 0 or more");
        }
    }
    if (cJSON_GetObjectItemCaseSensitive(dimension, "options")->child == NULL) {
        add_seed(dimension, 1, "/seeds");
    }
}

void mu_plan_dimensions(const cJSON *sweep, cJSON *dimensions, struct mu_mistakes *m) {
    if (!check_keys(sweep, &mu_sweep_table, "", m)) {
        return;
    }
    const cJSON *seed = cJSON_GetObjectItemCaseSensitive(sweep, "seed");
    if (seed != NULL && !is_natural(seed)) {
        mu_mistake(m, "/seed", "expected an integer of 0 or more");
    }
    take_patches(cJSON_GetObjectItemCaseSensitive(sweep, "patches"), dimensions, m);
    take_axes(cJSON_GetObjectItemCaseSensitive(sweep, "zip"), true, dimensions, m);
    take_axes(cJSON_GetObjectItemCaseSensitive(sweep, "axes"), false, dimensions, m);
    take_random(sweep, dimensions, m);
    take_search(cJSON_GetObjectItemCaseSensitive(sweep, "search"), dimensions, m);
    take_seeds(cJSON_GetObjectItemCaseSensitive(sweep, "seeds"), dimensions, m);
}
