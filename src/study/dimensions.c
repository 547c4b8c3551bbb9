/* The dimensions of a sweep file, in one shape. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cJSON.h>

#include "muster/base/rng.h"
#include "plan_impl.h"

static int refuse(const char *file, const char *pointer, struct mu_err *err, const char *text) {
    char place[512];
    snprintf(place, sizeof place, "%s: %s", file, pointer);
    return mu_fail(err, MU_BAD_CONFIG, place, "%s", text);
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

static cJSON *add_option(cJSON *dimension, const char *label) {
    cJSON *option = cJSON_CreateObject();
    cJSON_AddStringToObject(option, "label", label);
    cJSON_AddItemToArray(cJSON_GetObjectItemCaseSensitive(dimension, "options"), option);
    return cJSON_AddObjectToObject(option, "set");
}

static cJSON *add_dimension(cJSON *dimensions, const cJSON *when) {
    cJSON *dimension = cJSON_CreateObject();
    cJSON_AddItemToArray(dimensions, dimension);
    cJSON_AddArrayToObject(dimension, "options");
    if (when != NULL) {
        cJSON_AddItemToObject(dimension, "when", cJSON_Duplicate(when, true));
    }
    return dimension;
}

/* Checks the keys of an object against a list that ends with NULL. */
static int check_keys(const cJSON *object, const char *const *known, const char *file, const char *pointer,
                      struct mu_err *err) {
    if (!cJSON_IsObject(object)) {
        return refuse(file, pointer, err, "expected an object");
    }
    for (const cJSON *item = object->child; item != NULL; item = item->next) {
        size_t i = 0;
        while (known[i] != NULL && strcmp(known[i], item->string) != 0) {
            i++;
        }
        if (known[i] == NULL) {
            char at[300];
            snprintf(at, sizeof at, "%s/%s", pointer, item->string);
            return refuse(file, at, err, "unknown key");
        }
    }
    return MU_OK;
}

/* path, values and, if there are some, as many labels. */
static int check_axis(const cJSON *axis, const char *file, const char *pointer, struct mu_err *err) {
    static const char *const keys[] = {"path", "values", "labels", "when", NULL};
    MU_TRY(check_keys(axis, keys, file, pointer, err));
    const cJSON *path = cJSON_GetObjectItemCaseSensitive(axis, "path");
    const cJSON *values = cJSON_GetObjectItemCaseSensitive(axis, "values");
    const cJSON *labels = cJSON_GetObjectItemCaseSensitive(axis, "labels");
    if (!cJSON_IsString(path) || path->valuestring[0] != '/') {
        return refuse(file, pointer, err, "expected a path that is a JSON pointer, such as \"/server/strategy\"");
    }
    if (!cJSON_IsArray(values) || cJSON_GetArraySize(values) == 0) {
        return refuse(file, pointer, err, "expected values, an array that is not empty");
    }
    if (labels != NULL && cJSON_GetArraySize(labels) != cJSON_GetArraySize(values)) {
        return refuse(file, pointer, err, "there are not as many labels as values");
    }
    return MU_OK;
}

static void name_value(const cJSON *axis, int i, char *label, size_t size) {
    const cJSON *named = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(axis, "labels"), i);
    take_label(named != NULL ? named : cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(axis, "values"), i), label,
               size);
}

static void set_value(cJSON *set, const cJSON *axis, int i) {
    const cJSON *values = cJSON_GetObjectItemCaseSensitive(axis, "values");
    cJSON_AddItemToObject(set, cJSON_GetObjectItemCaseSensitive(axis, "path")->valuestring,
                          cJSON_Duplicate(cJSON_GetArrayItem(values, i), true));
}

/* Axes that each are a dimension, or, zipped, one together. */
static int take_axes(const cJSON *axes, bool zipped, const char *file, cJSON *dimensions, struct mu_err *err) {
    const char *const key = zipped ? "/zip" : "/axes";
    cJSON *dimension = NULL;
    int number = 0, length = 0;
    if (axes != NULL && !cJSON_IsArray(axes)) {
        return refuse(file, key, err, "expected an array");
    }
    for (const cJSON *axis = axes != NULL ? axes->child : NULL; axis != NULL; axis = axis->next, number++) {
        char pointer[64];
        snprintf(pointer, sizeof pointer, "%s/%d", key, number);
        MU_TRY(check_axis(axis, file, pointer, err));
        const int n = cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(axis, "values"));
        const bool first = !zipped || number == 0;
        if (!first && n != length) {
            char text[128];
            snprintf(text, sizeof text, "the axes of a zip must be equally long: %d values here, %d in the first", n,
                     length);
            return refuse(file, pointer, err, text);
        }
        if (first) {
            dimension = add_dimension(dimensions, cJSON_GetObjectItemCaseSensitive(axis, "when"));
            length = n;
        }
        for (int i = 0; i < n; i++) {
            char label[128];
            name_value(axis, i, label, sizeof label);
            cJSON *set =
                first ? add_option(dimension, label)
                      : cJSON_GetObjectItemCaseSensitive(
                            cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(dimension, "options"), i), "set");
            set_value(set, axis, i);
        }
    }
    return MU_OK;
}

static int take_patches(const cJSON *patches, const char *file, cJSON *dimensions, struct mu_err *err) {
    static const char *const keys[] = {"name", "set", NULL};
    if (patches == NULL) {
        return MU_OK;
    }
    if (!cJSON_IsArray(patches) || patches->child == NULL) {
        return refuse(file, "/patches", err, "expected an array that is not empty");
    }
    cJSON *dimension = add_dimension(dimensions, NULL);
    int number = 0;
    for (const cJSON *patch = patches->child; patch != NULL; patch = patch->next, number++) {
        char pointer[64];
        snprintf(pointer, sizeof pointer, "/patches/%d", number);
        MU_TRY(check_keys(patch, keys, file, pointer, err));
        const cJSON *name = cJSON_GetObjectItemCaseSensitive(patch, "name");
        const cJSON *values = cJSON_GetObjectItemCaseSensitive(patch, "set");
        if (!cJSON_IsString(name) || !cJSON_IsObject(values)) {
            return refuse(file, pointer, err, "expected a name, and an object of pointers and values in set");
        }
        cJSON *set = add_option(dimension, name->valuestring);
        for (const cJSON *value = values->child; value != NULL; value = value->next) {
            if (value->string[0] != '/') {
                return refuse(file, pointer, err, "a key of set is not a JSON pointer such as \"/server/strategy\"");
            }
            cJSON_AddItemToObject(set, value->string, cJSON_Duplicate(value, true));
        }
    }
    return MU_OK;
}

/* One number of a random axis, or NULL if the axis says none of the three laws. */
static cJSON *draw_value(const cJSON *axis, struct mu_rng *rng) {
    const double u = mu_rng_uniform(rng);
    const cJSON *choice = cJSON_GetObjectItemCaseSensitive(axis, "choice");
    if (cJSON_IsArray(choice) && choice->child != NULL) {
        return cJSON_Duplicate(cJSON_GetArrayItem(choice, (int)(u * cJSON_GetArraySize(choice))), true);
    }
    const cJSON *log_uniform = cJSON_GetObjectItemCaseSensitive(axis, "log_uniform");
    const cJSON *range = log_uniform != NULL ? log_uniform : cJSON_GetObjectItemCaseSensitive(axis, "uniform");
    const cJSON *low = cJSON_GetArrayItem(range, 0), *high = cJSON_GetArrayItem(range, 1);
    if (!cJSON_IsNumber(low) || !cJSON_IsNumber(high) || cJSON_GetArraySize(range) != 2 ||
        high->valuedouble < low->valuedouble || (log_uniform != NULL && low->valuedouble <= 0)) {
        return NULL;
    }
    const double a = low->valuedouble, b = high->valuedouble;
    return cJSON_CreateNumber(log_uniform != NULL ? a * pow(b / a, u) : a + u * (b - a));
}

/* Draw k of axis a comes from (the sweep's seed, sampling, a, k): more draws, or more axes, change none. */
static int take_random(const cJSON *sweep, const char *file, cJSON *dimensions, struct mu_err *err) {
    static const char *const keys[] = {"count", "axes", NULL}, *const axis_keys[] = {"path", "log_uniform", "uniform",
                                                                                     "choice", NULL};
    const cJSON *random = cJSON_GetObjectItemCaseSensitive(sweep, "random");
    if (random == NULL) {
        return MU_OK;
    }
    MU_TRY(check_keys(random, keys, file, "/random", err));
    const cJSON *count = cJSON_GetObjectItemCaseSensitive(random, "count");
    const cJSON *axes = cJSON_GetObjectItemCaseSensitive(random, "axes");
    const cJSON *seed = cJSON_GetObjectItemCaseSensitive(sweep, "seed");
    if (!cJSON_IsNumber(count) || !(count->valuedouble >= 1 && count->valuedouble <= 100000) || !cJSON_IsArray(axes) ||
        axes->child == NULL) {
        return refuse(file, "/random", err, "expected a count in 1..100000 and an array of axes");
    }
    cJSON *dimension = add_dimension(dimensions, NULL);
    for (uint32_t k = 0; k < (uint32_t)count->valuedouble; k++) {
        char label[32];
        uint32_t number = 0;
        snprintf(label, sizeof label, "r%u", k + 1);
        cJSON *set = add_option(dimension, label);
        for (const cJSON *axis = axes->child; axis != NULL; axis = axis->next, number++) {
            char pointer[64];
            struct mu_rng rng;
            snprintf(pointer, sizeof pointer, "/random/axes/%u", number);
            MU_TRY(check_keys(axis, axis_keys, file, pointer, err));
            mu_rng_init(&rng, cJSON_IsNumber(seed) ? (uint64_t)seed->valuedouble : 1, MU_STREAM_SAMPLING, number, k);
            const cJSON *path = cJSON_GetObjectItemCaseSensitive(axis, "path");
            cJSON *value = draw_value(axis, &rng);
            if (value == NULL || !cJSON_IsString(path) || path->valuestring[0] != '/') {
                cJSON_Delete(value);
                return refuse(file, pointer, err,
                              "expected a path and one of uniform [low, high], log_uniform [low, high], choice [...]");
            }
            cJSON_AddItemToObject(set, path->valuestring, value);
        }
    }
    return MU_OK;
}

static int take_seeds(const cJSON *seeds, const char *file, cJSON *dimensions, struct mu_err *err) {
    const bool list = cJSON_IsArray(seeds);
    const int n = list ? cJSON_GetArraySize(seeds) : cJSON_IsNumber(seeds) ? seeds->valueint : 1;
    if (n < 1 || (seeds != NULL && !list && (!cJSON_IsNumber(seeds) || seeds->valuedouble != n))) {
        return refuse(file, "/seeds", err, "expected a number of seeds or a list of seeds");
    }
    if (seeds == NULL) {
        return MU_OK; /* that of the base */
    }
    cJSON *dimension = add_dimension(dimensions, NULL);
    for (int i = 0; i < n; i++) {
        const cJSON *item = list ? cJSON_GetArrayItem(seeds, i) : NULL;
        const double seed = list ? (cJSON_IsNumber(item) ? item->valuedouble : -1) : i + 1;
        char label[40];
        if (!(seed >= 0)) {
            return refuse(file, "/seeds", err, "a seed is not a number of 0 or more");
        }
        snprintf(label, sizeof label, "s%.0f", seed);
        cJSON_AddNumberToObject(add_option(dimension, label), "/seed", seed);
    }
    return MU_OK;
}

int mu_plan_dimensions(const cJSON *sweep, const char *file, cJSON *dimensions, struct mu_err *err) {
    static const char *const keys[] = {
        "name", "base", "axes", "zip", "patches", "random", "seeds", "seed", "ranks_per_point", NULL};
    MU_TRY(check_keys(sweep, keys, file, "", err));
    MU_TRY(take_patches(cJSON_GetObjectItemCaseSensitive(sweep, "patches"), file, dimensions, err));
    MU_TRY(take_axes(cJSON_GetObjectItemCaseSensitive(sweep, "zip"), true, file, dimensions, err));
    MU_TRY(take_axes(cJSON_GetObjectItemCaseSensitive(sweep, "axes"), false, file, dimensions, err));
    MU_TRY(take_random(sweep, file, dimensions, err));
    return take_seeds(cJSON_GetObjectItemCaseSensitive(sweep, "seeds"), file, dimensions, err);
}
