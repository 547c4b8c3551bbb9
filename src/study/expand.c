/* From a base config and dimensions to points, each of which is checked. */
#include <ctype.h>
#include <math.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cJSON.h>

#include "muster/base/mem.h"
#include "muster/config/json.h"
#include "muster/run/scenario.h"
#include "plan_impl.h"
#include "stopping.h"
#include "study_impl.h"

enum { MAX_NAME = 160 };

/* An expansion under way. */
struct expansion {
    const struct mu_plan_base *plan;
    const char *file;    /* of the base: data files are named relative to what muster run would say */
    const char *pointer; /* to the base in its file: "", or "/base" in that of the sweep */
    const cJSON *base;
    cJSON *points;
    size_t n;
    void *names; /* those in use: a tree of strings */
    struct mu_mistakes *mistakes;
    bool full;
};

/* A point that is being made: the base, changed by the dimensions so far. */
struct draft {
    cJSON *config, *values; /* values: pointer -> value, but for the seed */
    cJSON *from;            /* pointer -> where it is in the sweep's file */
    char name[MAX_NAME], group[MAX_NAME];
};

const cJSON *mu_plan_look_up(const cJSON *json, const char *pointer) {
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

/* Whether it was there. */
static bool remove_member(cJSON *config, const char *pointer) {
    char parent[512];
    const char *last = strrchr(pointer, '/');
    snprintf(parent, sizeof parent, "%.*s", (int)(last - pointer), pointer);
    const cJSON *place = last != pointer ? mu_plan_look_up(config, parent) : config;
    cJSON *member = cJSON_IsObject(place) ? cJSON_GetObjectItemCaseSensitive(place, last + 1) : NULL;
    if (member == NULL) {
        return false;
    }
    cJSON_Delete(cJSON_DetachItemViaPointer((cJSON *)place, member));
    return true;
}

static bool applies(const cJSON *when, const cJSON *config) {
    for (const cJSON *item = when != NULL ? when->child : NULL; item != NULL; item = item->next) {
        const cJSON *found = mu_plan_look_up(config, item->string);
        if (found == NULL || !cJSON_Compare(found, item, true)) {
            return false;
        }
    }
    return true;
}

static int compare_names(const void *a, const void *b) {
    return strcmp(a, b);
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
    for (int twin = 2; tfind(name, &e->names, compare_names) != NULL; twin++) {
        snprintf(name + n, MAX_NAME - n, "~%d", twin);
    }
    char *kept = strdup(name);
    if (kept != NULL && tsearch(kept, &e->names, compare_names) == NULL) {
        free(kept);
    }
}

/* Jobs that the point will take, roughly: the order of points and the time left depend on it, but no result. */
static double estimate(const struct mu_scenario *s) {
    const double per_step = mu_scenario_step_jobs(s);
    const double steps = s->stop.steps == MU_UNSET ? INFINITY : (double)s->stop.steps * per_step;
    const double jobs = fmin(steps, s->stop.updates == MU_UNSET ? INFINITY : (double)s->stop.updates);
    return isfinite(jobs) ? jobs : (isfinite(s->stop.time_s) ? s->stop.time_s : 1000) * per_step;
}

/* Whether `inner` is `outer`, or inside it. */
static bool is_within(const char *inner, const char *outer) {
    const size_t n = strlen(outer);
    return strncmp(inner, outer, n) == 0 && (inner[n] == '\0' || inner[n] == '/');
}

/* The part of a path that the base does not have, and an option makes: "/sever" for "/sever/strategy". The path itself
 * if the base has all of it. */
static void take_made(const struct expansion *e, const char *path, char made[static 512]) {
    snprintf(made, 512, "%s", path);
    for (char *end = strchr(made + 1, '/'); end != NULL; end = strchr(end + 1, '/')) {
        *end = '\0';
        if (mu_plan_look_up(e->base, made) == NULL) {
            return;
        }
        *end = '/';
    }
}

/* Where a value comes from that has a mistake: from an option that has set it, or that has made what it is in, unless a
 * value is lost, which might have made it, too. The last of them is what counts. */
static const cJSON *find_origin(const struct expansion *e, const struct draft *d, const char *pointer) {
    const cJSON *from, *set = NULL, *around = NULL;
    cJSON_ArrayForEach(from, d->from) {
        char made[512];
        take_made(e, from->string, made);
        set = is_within(pointer, from->string) ? from : set;
        around = is_within(pointer, made) && (!e->mistakes->lost || is_within(from->string, pointer)) ? from : around;
    }
    return set != NULL ? set : around;
}

/* The pointer into the config that a mistake is placed at, "" if there is none. */
static const char *pointer_of(const struct expansion *e, const struct mu_err *mistake) {
    const size_t n = strlen(e->file);
    if (strncmp(mistake->place, e->file, n) != 0 || strncmp(mistake->place + n, ": ", 2) != 0) {
        return "";
    }
    const char *pointer = mistake->place + n + 2;
    return is_within(pointer, e->pointer) ? pointer + strlen(e->pointer) : "";
}

/* The mistake of a value that the sweep gives is placed where it is given. */
static void place_mistake(const struct expansion *e, const struct draft *d, const cJSON *origin, const char *pointer,
                          const struct mu_err *problem) {
    struct mu_err placed = {0};
    char place[512];
    snprintf(place, sizeof place, "%.300s: %s", e->mistakes->file, origin->valuestring);
    mu_fail(&placed, MU_BAD_CONFIG, place, "%s: %s", pointer, problem->text);
    if (problem->help[0] != '\0') {
        mu_fail_help(&placed, "%s", problem->help);
    }
    mu_mistake_of_point(e->mistakes, d->name, &placed);
}

/* Notes a mistake of a value that the sweep gives, and puts back what the base has there. False if that is no use. */
static bool mend_value(struct expansion *e, struct draft *d, const cJSON *origin, const char *pointer,
                       const struct mu_err *problem) {
    char mend[512];
    struct mu_err ignored = {0};
    place_mistake(e, d, origin, pointer, problem);
    snprintf(mend, sizeof mend, "%s", origin->string);
    if (!is_within(pointer, mend)) {
        take_made(e, origin->string, mend);
    }
    cJSON_DeleteItemFromObjectCaseSensitive(d->from, origin->string);
    const cJSON *before = mu_plan_look_up(e->base, mend);
    return remove_member(d->config, mend) && (before == NULL || set_member(d->config, mend, before, &ignored) == MU_OK);
}

/* Notes a mistake that the sweep has no part in, and takes the value out. What is missing may have been lost with a
 * mistake that is noted already. False if there was nothing to take out. */
static bool mend_base(struct expansion *e, struct draft *d, const char *pointer, bool mended,
                      const struct mu_err *problem) {
    const cJSON *value = pointer[0] != '\0' ? mu_plan_look_up(e->base, pointer) : NULL;
    const bool own = value != NULL && value->child == NULL;
    if (own || !mended) {
        mu_mistake_of_point(e->mistakes, d->name, problem);
    }
    return own && remove_member(d->config, pointer);
}

/* Notes all that is wrong with a draft: as a parser stops at the first mistake, each is mended in a copy. Returns its
 * jobs. */
static double check_draft(struct expansion *e, const struct draft *draft) {
    enum { TURNS = 100 };
    struct draft d = *draft;
    bool mended = e->mistakes->lost, more = true;
    double jobs = 1;
    d.config = cJSON_Duplicate(draft->config, true);
    d.from = cJSON_Duplicate(draft->from, true);
    for (int turn = 0; more && turn < TURNS; turn++) {
        char pointer[512];
        struct mu_scenario scenario = {0};
        struct mu_err problem = {0};
        if (mu_group_parse(&mu_scenario_group, d.config, e->file, e->pointer, &scenario, &problem) == MU_OK) {
            if (mu_stopping_check(e->plan->early_stopping, &scenario, e->file, &problem) != MU_OK) {
                mu_mistake_of_point(e->mistakes, d.name, &problem);
            }
            jobs = estimate(&scenario);
            mu_group_clear(&mu_scenario_group, &scenario);
            break;
        }
        snprintf(pointer, sizeof pointer, "%s", pointer_of(e, &problem));
        const cJSON *origin = pointer[0] != '\0' ? find_origin(e, &d, pointer) : NULL;
        more =
            origin != NULL ? mend_value(e, &d, origin, pointer, &problem) : mend_base(e, &d, pointer, mended, &problem);
        mended = true;
    }
    cJSON_Delete(d.config);
    cJSON_Delete(d.from);
    return jobs;
}

/* Takes the draft's parts. */
static void add_point(struct expansion *e, struct draft *d) {
    char name[MAX_NAME];
    choose_name(e, d->name, name);
    snprintf(d->name, sizeof d->name, "%s", name);
    cJSON_DeleteItemFromObjectCaseSensitive(d->config, "name");
    cJSON_AddStringToObject(d->config, "name", name);
    const bool searched = e->plan->search != NULL && cJSON_HasObjectItem(d->values, e->plan->search);
    mu_stopping_patch(e->plan->early_stopping, searched, d->config);
    const double jobs = check_draft(e, d);
    cJSON *point = cJSON_CreateObject();
    cJSON_AddStringToObject(point, "name", name);
    cJSON_AddStringToObject(point, "group", d->group);
    cJSON_AddNumberToObject(point, "seed", mu_number_in(d->config, "seed", 1));
    cJSON_AddNumberToObject(point, "estimate", jobs);
    cJSON_AddItemToObject(point, "values", d->values);
    cJSON_AddItemToObject(point, "config", d->config);
    cJSON_AddItemToArray(e->points, point);
    e->n++;
    cJSON_Delete(d->from);
}

static struct draft copy_draft(const struct draft *d) {
    struct draft copy = *d;
    copy.config = cJSON_Duplicate(d->config, true);
    copy.values = cJSON_Duplicate(d->values, true);
    copy.from = cJSON_Duplicate(d->from, true);
    return copy;
}

static void clear_draft(struct draft *d) {
    cJSON_Delete(d->config);
    cJSON_Delete(d->values);
    cJSON_Delete(d->from);
}

/* Applies an option of a dimension. */
static void apply_option(struct expansion *e, const cJSON *option, struct draft *d) {
    const char *label = cJSON_GetObjectItemCaseSensitive(option, "label")->valuestring;
    const cJSON *set = cJSON_GetObjectItemCaseSensitive(option, "set"), *value;
    /* Of points that differ in their seed alone, or in what a search has found, groups are made. */
    const bool alike = (cJSON_GetArraySize(set) == 1 && strcmp(set->child->string, "/seed") == 0) ||
                       cJSON_HasObjectItem(option, "alike");
    char longer[MAX_NAME];
    snprintf(longer, sizeof longer, "%.100s%s%.50s", d->name, d->name[0] != '\0' && label[0] != '\0' ? "-" : "", label);
    snprintf(d->name, sizeof d->name, "%s", longer);
    if (!alike) {
        snprintf(d->group, sizeof d->group, "%s", longer);
    }
    cJSON_ArrayForEach(value, set) {
        const char *path = value->string;
        const cJSON *from = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(option, "from"), path);
        struct mu_err problem = {0};
        if (set_member(d->config, path, value, &problem) != MU_OK) {
            mu_mistake(e->mistakes, from->valuestring, "%s: %s", path, problem.text);
            e->mistakes->lost = true;
            continue;
        }
        cJSON_DeleteItemFromObjectCaseSensitive(d->values, path);
        cJSON_DeleteItemFromObjectCaseSensitive(d->from, path);
        cJSON_AddItemToObject(d->from, path, cJSON_Duplicate(from, true));
        if (strcmp(path, "/seed") != 0) {
            cJSON_AddItemToObject(d->values, path, cJSON_Duplicate(value, true));
        }
    }
}

/* A condition over a key that the config does not have would never hold: defaults are not filled in yet. The dimension
 * learns which of its keys some config had. */
static void note_keys(cJSON *dimension, const cJSON *config) {
    const cJSON *key;
    cJSON *seen = cJSON_GetObjectItemCaseSensitive(dimension, "seen");
    seen = seen != NULL ? seen : cJSON_AddObjectToObject(dimension, "seen");
    cJSON_ArrayForEach(key, cJSON_GetObjectItemCaseSensitive(dimension, "when")) {
        if (!cJSON_HasObjectItem(seen, key->string) && mu_plan_look_up(config, key->string) != NULL) {
            cJSON_AddTrueToObject(seen, key->string);
        }
    }
}

/* All points that follow from a draft to which the dimensions before `dimension` were applied. */
static void expand(struct expansion *e, cJSON *dimension, const struct draft *draft) {
    for (; dimension != NULL; dimension = dimension->next) {
        note_keys(dimension, draft->config);
        if (applies(cJSON_GetObjectItemCaseSensitive(dimension, "when"), draft->config)) {
            break;
        }
    }
    if (dimension == NULL) {
        if (e->n == MU_MAX_POINTS) {
            e->full = true;
            return;
        }
        struct draft d = copy_draft(draft);
        add_point(e, &d);
        return;
    }
    const cJSON *option;
    cJSON_ArrayForEach(option, cJSON_GetObjectItemCaseSensitive(dimension, "options")) {
        struct draft d = copy_draft(draft);
        apply_option(e, option, &d);
        expand(e, dimension->next, &d);
        clear_draft(&d);
        if (e->full) {
            return;
        }
    }
}

/* Conditions that could not hold in any point that was made. */
static void check_conditions(const cJSON *dimensions, struct mu_mistakes *mistakes) {
    const cJSON *dimension, *key;
    cJSON_ArrayForEach(dimension, dimensions) {
        const cJSON *seen = cJSON_GetObjectItemCaseSensitive(dimension, "seen");
        cJSON_ArrayForEach(key, cJSON_GetObjectItemCaseSensitive(dimension, "when")) {
            if (seen != NULL && cJSON_GetObjectItemCaseSensitive(seen, key->string) == NULL) {
                char at[512];
                snprintf(at, sizeof at, "%s/when", cJSON_GetObjectItemCaseSensitive(dimension, "from")->valuestring);
                mu_mistake(mistakes, at,
                           "%s: no point has this key here; the base must have it, even if it is the default",
                           key->string);
            }
        }
    }
}

cJSON *mu_plan_expand(const struct mu_plan_base *base, cJSON *dimensions, struct mu_mistakes *mistakes) {
    struct expansion e = {.plan = base,
                          .file = base->file,
                          .pointer = base->pointer,
                          .base = base->config,
                          .points = cJSON_CreateArray(),
                          .mistakes = mistakes};
    struct draft whole = {
        .config = cJSON_Duplicate(base->config, true), .values = cJSON_CreateObject(), .from = cJSON_CreateObject()};
    expand(&e, dimensions->child, &whole);
    clear_draft(&whole);
    tdestroy(e.names, free);
    if (e.full) {
        mu_mistake(mistakes, "", "a sweep of more than %d points", MU_MAX_POINTS);
    } else if (!mistakes->lost) {
        check_conditions(dimensions, mistakes);
    }
    return e.points;
}
