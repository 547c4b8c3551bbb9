/* From a sweep file to its points. */
#include "muster/study/plan.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cJSON.h>

#include "muster/base/mem.h"
#include "muster/config/json.h"
#include "muster/run/scenario.h"
#include "plan_impl.h"

enum { MAX_POINTS = 100000, MAX_NAME = 160 };

/* An expansion under way. */
struct expansion {
    const char *file; /* of the base: data files are named relative to what muster run would say */
    const cJSON *dimensions;
    cJSON *points, *names; /* names: those in use, as keys */
    FILE *problems;
    size_t bad;
};

/* The member that a JSON pointer names, NULL if there is none; keys with ~ are not used in configs. */
static const cJSON *look_up(const cJSON *json, const char *pointer) {
    char copy[512], *rest = copy, *part;
    snprintf(copy, sizeof copy, "%s", pointer[0] == '/' ? pointer + 1 : pointer);
    while (json != NULL && (part = strsep(&rest, "/")) != NULL) {
        json =
            cJSON_IsArray(json) ? cJSON_GetArrayItem(json, atoi(part)) : cJSON_GetObjectItemCaseSensitive(json, part);
    }
    return json;
}

static int set_member(cJSON *config, const char *pointer, const cJSON *value, struct mu_err *err) {
    char *text = NULL, *assignment = NULL;
    MU_TRY(mu_json_print(value, &text, err));
    int code = MU_OK;
    if (asprintf(&assignment, "%s=%s", pointer, text) < 0) {
        code = mu_fail(err, MU_RANK_FAILED, NULL, "out of memory");
    } else {
        code = mu_json_set(config, assignment, err);
        free(assignment);
    }
    mu_free(text);
    return code;
}

static bool applies(const cJSON *when, const cJSON *config) {
    for (const cJSON *item = when != NULL ? when->child : NULL; item != NULL; item = item->next) {
        const cJSON *found = look_up(config, item->string);
        if (found == NULL || !cJSON_Compare(found, item, true)) {
            return false;
        }
    }
    return true;
}

/* A name that any file system takes, and no other point has. */
static void choose_name(struct expansion *e, const char *wanted, char name[static MAX_NAME]) {
    size_t n = 0;
    for (const char *c = wanted; *c != '\0' && n + 12 < MAX_NAME; c++) {
        const bool plain = isalnum((unsigned char)*c) || *c == '.' || *c == '_' || *c == '+' || *c == '-';
        name[n] = plain && !(n == 0 && *c == '.') ? *c : '_';
        n++;
    }
    name[n] = '\0';
    if (n == 0) {
        n = (size_t)snprintf(name, MAX_NAME, "point");
    }
    for (int twin = 2; cJSON_GetObjectItemCaseSensitive(e->names, name) != NULL; twin++) {
        snprintf(name + n, MAX_NAME - n, "~%d", twin);
    }
    cJSON_AddTrueToObject(e->names, name);
}

static double number_at(const cJSON *config, const char *pointer, double otherwise) {
    const cJSON *found = look_up(config, pointer);
    return cJSON_IsNumber(found) ? found->valuedouble : otherwise;
}

/* Jobs that the point will take, roughly: only the order of points depends on it. */
static double estimate(const cJSON *config) {
    const double per_step =
        number_at(config, "/server/strategy/cohort", number_at(config, "/server/strategy/buffer_size", 1));
    const double steps = number_at(config, "/stop/steps", INFINITY) * per_step;
    const double jobs = fmin(steps, number_at(config, "/stop/updates", INFINITY));
    return isfinite(jobs) ? jobs : number_at(config, "/stop/time_s", 1000) * per_step;
}

static void note_problem(struct expansion *e, const char *name, const struct mu_err *problem) {
    e->bad++;
    fprintf(e->problems, "point %s: %s%s%s\n", name, problem->place, problem->place[0] != '\0' ? ": " : "",
            problem->text);
}

/* Takes `config` and `values`. */
static void add_point(struct expansion *e, cJSON *config, cJSON *values, const char *wanted, const char *group) {
    char name[MAX_NAME];
    struct mu_err problem = {0};
    struct mu_scenario scenario = {0};
    choose_name(e, wanted, name);
    cJSON_DeleteItemFromObjectCaseSensitive(config, "name");
    cJSON_AddStringToObject(config, "name", name);
    if (mu_group_parse(&mu_scenario_group, config, e->file, "", &scenario, &problem) != MU_OK) {
        note_problem(e, name, &problem);
    } else {
        mu_group_clear(&mu_scenario_group, &scenario);
    }
    cJSON *point = cJSON_CreateObject();
    cJSON_AddStringToObject(point, "name", name);
    cJSON_AddStringToObject(point, "group", group);
    cJSON_AddNumberToObject(point, "seed", number_at(config, "/seed", 1));
    cJSON_AddNumberToObject(point, "estimate", estimate(config));
    cJSON_AddItemToObject(point, "values", values);
    cJSON_AddItemToObject(point, "config", config);
    cJSON_AddItemToArray(e->points, point);
}

/* All points that follow from a config to which the dimensions before `dimension` were applied. */
static int expand(struct expansion *e, const cJSON *dimension, const cJSON *config, const cJSON *values,
                  const char *name, const char *group, struct mu_err *err) {
    while (dimension != NULL && !applies(cJSON_GetObjectItemCaseSensitive(dimension, "when"), config)) {
        dimension = dimension->next;
    }
    if (dimension == NULL) {
        if (cJSON_GetArraySize(e->points) == MAX_POINTS) {
            return mu_fail(err, MU_BAD_CONFIG, e->file, "a sweep of more than %d points", MAX_POINTS);
        }
        add_point(e, cJSON_Duplicate(config, true), cJSON_Duplicate(values, true), name, group);
        return MU_OK;
    }
    int code = MU_OK;
    const cJSON *option = cJSON_GetObjectItemCaseSensitive(dimension, "options")->child;
    for (; option != NULL && code == MU_OK; option = option->next) {
        const char *label = cJSON_GetObjectItemCaseSensitive(option, "label")->valuestring;
        const cJSON *set = cJSON_GetObjectItemCaseSensitive(option, "set");
        cJSON *changed = cJSON_Duplicate(config, true), *noted = cJSON_Duplicate(values, true);
        char longer[MAX_NAME], kin[MAX_NAME];
        const bool seed = cJSON_HasObjectItem(set, "/seed");
        snprintf(longer, sizeof longer, "%.100s%s%.50s", name, name[0] != '\0' && label[0] != '\0' ? "-" : "", label);
        snprintf(kin, sizeof kin, "%s", seed ? group : longer);
        struct mu_err problem = {0};
        for (const cJSON *value = set->child; value != NULL && problem.code == MU_OK; value = value->next) {
            cJSON_DeleteItemFromObjectCaseSensitive(noted, value->string);
            if (!seed) {
                cJSON_AddItemToObject(noted, value->string, cJSON_Duplicate(value, true));
            }
            (void)set_member(changed, value->string, value, &problem);
        }
        if (problem.code != MU_OK) {
            note_problem(e, longer, &problem);
        } else {
            code = expand(e, dimension->next, changed, noted, longer, kin, err);
        }
        cJSON_Delete(changed);
        cJSON_Delete(noted);
    }
    return code;
}

/* The base: an object, or a file beside the sweep's. `file` gets its name. */
static int read_base(const cJSON *sweep, const char *path, cJSON **base, char file[static 4096], struct mu_err *err) {
    const cJSON *given = cJSON_GetObjectItemCaseSensitive(sweep, "base");
    snprintf(file, 4096, "%s", path);
    if (cJSON_IsObject(given)) {
        *base = cJSON_Duplicate(given, true);
        return *base != NULL ? MU_OK : mu_fail(err, MU_RANK_FAILED, NULL, "out of memory");
    }
    if (!cJSON_IsString(given)) {
        char place[4200];
        snprintf(place, sizeof place, "%s: /base", path);
        return mu_fail(err, MU_BAD_CONFIG, place, "expected a config: an object, or the path of a file");
    }
    const char *slash = strrchr(path, '/');
    const int folder = slash != NULL && given->valuestring[0] != '/' ? (int)(slash - path + 1) : 0;
    snprintf(file, 4096, "%.*s%s", folder, path, given->valuestring);
    return mu_json_read(file, base, err);
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

static int make_plan(const cJSON *sweep, const char *path, cJSON *dimensions, cJSON *base, const char *file,
                     cJSON **plan, char **problems, struct mu_err *err) {
    size_t bytes = 0;
    char *text = NULL;
    struct expansion e = {.file = file,
                          .dimensions = dimensions,
                          .points = cJSON_CreateArray(),
                          .names = cJSON_CreateObject(),
                          .problems = open_memstream(&text, &bytes)};
    cJSON *none = cJSON_CreateObject();
    int code = expand(&e, dimensions->child, base, none, "", "", err);
    fclose(e.problems);
    cJSON_Delete(none);
    cJSON_Delete(e.names);
    if (e.bad > 0 && code == MU_OK) {
        *problems = mu_strdup(text, err);
        code = mu_fail(err, MU_BAD_CONFIG, path, "%zu point%s of this sweep cannot run; nothing was started", e.bad,
                       e.bad == 1 ? "" : "s");
    }
    free(text);
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(sweep, "name");
    const char *slash = strrchr(path, '/');
    *plan = cJSON_CreateObject();
    cJSON_AddStringToObject(*plan, "name", cJSON_IsString(name) ? name->valuestring : slash != NULL ? slash + 1 : path);
    cJSON_AddStringToObject(*plan, "file", file);
    cJSON_AddNumberToObject(*plan, "ranks_per_point", number_at(sweep, "/ranks_per_point", 1));
    cJSON_AddItemToObject(*plan, "axes", list_axes(e.points));
    cJSON_AddItemToObject(*plan, "points", e.points);
    return code;
}

int mu_plan_read(const char *path, cJSON **plan, char **problems, struct mu_err *err) {
    cJSON *sweep = NULL, *base = NULL, *dimensions = cJSON_CreateArray();
    char file[4096];
    *plan = NULL;
    *problems = NULL;
    int code = mu_json_read(path, &sweep, err);
    if (code == MU_OK) {
        code = mu_plan_dimensions(sweep, path, dimensions, err);
    }
    if (code == MU_OK && !(number_at(sweep, "/ranks_per_point", 1) >= 1)) {
        code = mu_fail(err, MU_BAD_CONFIG, path, "/ranks_per_point: expected a number of at least 1");
    }
    if (code == MU_OK) {
        code = read_base(sweep, path, &base, file, err);
    }
    if (code == MU_OK) {
        code = make_plan(sweep, path, dimensions, base, file, plan, problems, err);
    }
    if (code != MU_OK) {
        cJSON_Delete(*plan);
        *plan = NULL;
    }
    cJSON_Delete(sweep);
    cJSON_Delete(base);
    cJSON_Delete(dimensions);
    return code;
}
