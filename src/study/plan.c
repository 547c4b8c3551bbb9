/* From a sweep file to a plan. */
#include "muster/study/plan.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <cJSON.h>

#include "muster/config/field.h"
#include "muster/config/json.h"
#include "plan_impl.h"
#include "stopping.h"

/* The base: an object, or a file beside the sweep's. */
static int read_base(const cJSON *sweep, const char *path, struct mu_plan_base *base, struct mu_err *err) {
    const cJSON *given = cJSON_GetObjectItemCaseSensitive(sweep, "base");
    char place[512];
    snprintf(base->file, sizeof base->file, "%s", path);
    base->pointer = "/base";
    if (cJSON_IsObject(given)) {
        base->config = cJSON_Duplicate(given, true);
        return base->config != NULL ? MU_OK : mu_fail(err, MU_RANK_FAILED, NULL, "out of memory");
    }
    if (!cJSON_IsString(given)) {
        return mu_fail(err, MU_BAD_CONFIG, mu_place(place, path, "/base", NULL),
                       "expected a config: an object, or the path of a file");
    }
    const char *slash = strrchr(path, '/');
    const int folder = slash != NULL && given->valuestring[0] != '/' ? (int)(slash - path + 1) : 0;
    snprintf(base->file, sizeof base->file, "%.*s%s", folder, path, given->valuestring);
    base->pointer = "";
    MU_TRY(mu_json_read(base->file, &base->config, err));
    return cJSON_IsObject(base->config)
               ? MU_OK
               : mu_fail(err, MU_BAD_CONFIG, base->file, "expected a config, which is an object");
}

/* The pointers that any option sets, once each, in the order of dimensions; the seed is apart. */
static cJSON *list_axes(const cJSON *points) {
    cJSON *axes = cJSON_CreateArray(), *seen = cJSON_CreateObject();
    for (const cJSON *point = points->child; point != NULL; point = point->next) {
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(point, "values")->child;
        for (; value != NULL; value = value->next) {
            if (cJSON_GetObjectItemCaseSensitive(seen, value->string) == NULL) {
                cJSON_AddTrueToObject(seen, value->string);
                cJSON_AddItemToArray(axes, cJSON_CreateString(value->string));
            }
        }
    }
    cJSON_Delete(seen);
    return axes;
}

/* Takes `points`, and the base's options of early stopping. */
static cJSON *make_plan(const cJSON *sweep, const char *path, struct mu_plan_base *base, cJSON *points) {
    const cJSON *ranks = cJSON_GetObjectItemCaseSensitive(sweep, "ranks_per_point");
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(sweep, "name");
    const char *slash = strrchr(path, '/');
    cJSON *plan = cJSON_CreateObject();
    cJSON_AddStringToObject(plan, "name", cJSON_IsString(name) ? name->valuestring : slash != NULL ? slash + 1 : path);
    cJSON_AddStringToObject(plan, "file", base->file);
    cJSON_AddNumberToObject(plan, "ranks_per_point", ranks != NULL ? ranks->valuedouble : 1);
    cJSON_AddItemToObject(plan, "axes", list_axes(points));
    cJSON_AddItemToObject(plan, "points", points);
    mu_stopping_annotate(plan, base->early_stopping, base->search);
    base->early_stopping = NULL;
    return plan;
}

static void check_scalars(const cJSON *sweep, struct mu_mistakes *mistakes) {
    const cJSON *ranks = cJSON_GetObjectItemCaseSensitive(sweep, "ranks_per_point");
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(sweep, "name");
    if (ranks != NULL && !(cJSON_IsNumber(ranks) && ranks->valuedouble >= 1 && ranks->valuedouble <= INT_MAX &&
                           ranks->valuedouble == floor(ranks->valuedouble))) {
        mu_mistake(mistakes, "/ranks_per_point", "expected an integer of at least 1");
    }
    if (name != NULL && !cJSON_IsString(name)) {
        mu_mistake(mistakes, "/name", "expected a string");
    }
}

static void read_stopping(const cJSON *sweep, const char *path, struct mu_plan_base *base,
                          struct mu_mistakes *mistakes) {
    struct mu_err mistake = {0};
    if (mu_stopping_read(sweep, path, &base->early_stopping, &mistake) != MU_OK) {
        mu_mistake_of_point(mistakes, NULL, &mistake);
    }
    const cJSON *search = cJSON_GetObjectItemCaseSensitive(sweep, "search");
    base->search = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(search, "path"));
}

int mu_plan_read(const char *path, cJSON **plan, char **problems, struct mu_err *err) {
    cJSON *sweep = NULL, *dimensions = NULL;
    struct mu_plan_base base = {0};
    struct mu_mistakes mistakes = {0};
    *plan = NULL;
    *problems = NULL;
    MU_TRY(mu_json_read(path, &sweep, err));
    int code = mu_mistakes_init(&mistakes, path, err);
    if (code == MU_OK) {
        struct mu_err no_base = {0};
        dimensions = cJSON_CreateArray();
        mu_plan_dimensions(sweep, dimensions, &mistakes);
        if (cJSON_IsObject(sweep)) {
            check_scalars(sweep, &mistakes);
            read_stopping(sweep, path, &base, &mistakes);
            if (read_base(sweep, path, &base, &no_base) != MU_OK) {
                mu_mistake_of_point(&mistakes, NULL, &no_base);
            } else {
                *plan = make_plan(sweep, path, &base, mu_plan_expand(&base, dimensions, &mistakes));
            }
        }
        code = mu_mistakes_report(&mistakes, problems, err);
    }
    if (code != MU_OK) {
        cJSON_Delete(*plan);
        *plan = NULL;
    }
    mu_mistakes_clear(&mistakes);
    cJSON_Delete(sweep);
    cJSON_Delete(base.config);
    cJSON_Delete(base.early_stopping);
    cJSON_Delete(dimensions);
    return code;
}
