/* What a sweep file says about early stopping and search, and what that means for its points. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <cJSON.h>

#include "muster/config/json.h"
#include "rung_file.h"
#include "stopping.h"
#include "study_impl.h"

static const char *const units[] = {"steps", "updates", "time_s", NULL};
static const char *const classes[] = {"scenario", "strategy", "seed", NULL};

static const struct mu_field fields[] = {
    {"diverged", MU_GROUP, MU_OPTION, offsetof(struct mu_early_stopping, diverged), "", 0, 0, "{}",
     "stop.diverged for every point", &mu_divergence_group},
    {"rungs", MU_REALS, MU_OPTION, offsetof(struct mu_early_stopping, rungs), "see by", 0, 1e15, "null",
     "where points wait for each other, ascending; there those that eta or dominated rules out are stopped",
     .open = true},
    {"by", MU_ENUM, MU_OPTION, offsetof(struct mu_early_stopping, by), "", 0, 0, "\"steps\"",
     "what rungs count: server steps, used updates or simulated seconds", units},
    {"eta", MU_REAL, MU_OPTION, offsetof(struct mu_early_stopping, eta), "", 1, 1e6, "null",
     "successive halving: of n points that are compared the best n / eta go on, at least one; absent: none is stopped "
     "so",
     .open = true},
    {"dominated", MU_BOOL, MU_OPTION, offsetof(struct mu_early_stopping, dominated), "", 0, 0, "false",
     "stop a point if another one is no worse in the metric, simulated time, bytes and epsilon, and better in one"},
    {"metric", MU_ENUM, MU_OPTION, offsetof(struct mu_early_stopping, metric), "", 0, 0, "\"test_accuracy\"",
     "what points are compared by; that it looks at data is not covered by privacy", mu_rung_metrics},
    {"among", MU_ENUM, MU_OPTION, offsetof(struct mu_early_stopping, among), "", 0, 0, "\"scenario\"",
     "who is compared: points of the same seed and scenario; only those of the same kind of strategy among them; or "
     "all "
     "of the same seed",
     classes},
    {0},
};

static int refuse(const char *file, const char *pointer, const char *field, struct mu_err *err, const char *text) {
    char place[512];
    return mu_fail(err, MU_BAD_CONFIG, mu_place(place, file, pointer, field), "%s", text);
}

static int check(const void *values, const char *file, const char *pointer, struct mu_err *err) {
    const struct mu_early_stopping *o = values;
    const bool compares = !isnan(o->eta) || o->dominated;
    if (o->rungs.n > 0 && !compares) {
        return refuse(file, pointer, "rungs", err, "nothing is to be decided there: give eta or dominated");
    }
    if (o->rungs.n == 0 && compares) {
        return refuse(file, pointer, isnan(o->eta) ? "dominated" : "eta", err, "there are no rungs to decide at");
    }
    if (o->rungs.axes > 1) {
        return refuse(file, pointer, "rungs", err, "expected an array that is not nested");
    }
    for (size_t i = 0; i < o->rungs.n; i++) {
        if (i > 0 && o->rungs.v[i] <= o->rungs.v[i - 1]) {
            return refuse(file, pointer, "rungs", err, "expected ascending numbers");
        }
        if (o->by != MU_RUNG_TIME && o->rungs.v[i] != floor(o->rungs.v[i])) {
            return refuse(file, pointer, "rungs", err, "expected whole numbers, unless by is time_s");
        }
    }
    return MU_OK;
}

const struct mu_group mu_early_stopping_group = {fields, sizeof(struct mu_early_stopping), check};

int mu_stopping_read(const cJSON *sweep, const char *file, cJSON **options, struct mu_err *err) {
    const cJSON *given = cJSON_GetObjectItemCaseSensitive(sweep, "early_stopping");
    struct mu_early_stopping values;
    *options = NULL;
    if (given == NULL) {
        return MU_OK;
    }
    MU_TRY(mu_group_parse(&mu_early_stopping_group, given, file, "/early_stopping", &values, err));
    if (values.rungs.n > 0 && cJSON_HasObjectItem(sweep, "search")) {
        mu_group_clear(&mu_early_stopping_group, &values);
        return refuse(
            file, "/search", NULL, err,
            "a search tries its values one after the other, so that they cannot wait for each other at rungs");
    }
    *options = mu_group_json(&mu_early_stopping_group, &values);
    mu_group_clear(&mu_early_stopping_group, &values);
    return *options != NULL ? MU_OK : mu_fail(err, MU_RANK_FAILED, NULL, "out of memory");
}

/* The rule of DIFF2's experiments (specs/privacy.md, section 1.7), for a search that gives none. */
static cJSON *usual_rule(void) {
    cJSON *rule = cJSON_CreateObject();
    cJSON_AddNumberToObject(rule, "evaluations", 5);
    cJSON_AddNumberToObject(rule, "factor", 1.05);
    return rule;
}

void mu_stopping_patch(const cJSON *options, bool search, cJSON *config) {
    const cJSON *given = cJSON_GetObjectItemCaseSensitive(options, "diverged");
    cJSON *stop = cJSON_GetObjectItemCaseSensitive(config, "stop");
    const cJSON *own = cJSON_GetObjectItemCaseSensitive(stop, "diverged");
    const bool ruled = cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(given, "evaluations"));
    if (!cJSON_IsObject(stop) || (!ruled && (!search || own != NULL))) {
        return; /* what is no object is found when the point is checked */
    }
    cJSON_DeleteItemFromObjectCaseSensitive(stop, "diverged");
    cJSON_AddItemToObject(stop, "diverged", ruled ? cJSON_Duplicate(given, true) : usual_rule());
}

int mu_stopping_check(const cJSON *options, const struct mu_scenario *scenario, const char *file, struct mu_err *err) {
    if (cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(options, "rungs")) > 0 &&
        mu_world_on_wall(&scenario->world)) {
        return refuse(file, "/world", "clock", err, "a run on the wall clock cannot be laid aside at a rung");
    }
    return MU_OK;
}

static bool is_shared(const char *pointer, const char *search, int among) {
    if (search != NULL) {
        return strcmp(pointer, search) != 0;
    }
    return among != MU_AMONG_SEED && !mu_axis_is_chosen(pointer);
}

/* What the points of a class have in common, as text; cJSON_free it. */
static char *class_of(const cJSON *point, const char *search, int among) {
    cJSON *shared = cJSON_CreateObject();
    const cJSON *value, *config = cJSON_GetObjectItemCaseSensitive(point, "config");
    cJSON_AddItemToObject(shared, "seed", cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(point, "seed"), true));
    cJSON_ArrayForEach(value, cJSON_GetObjectItemCaseSensitive(point, "values")) {
        if (is_shared(value->string, search, among)) {
            cJSON_AddItemToObject(shared, value->string, cJSON_Duplicate(value, true));
        }
    }
    if (search == NULL && among == MU_AMONG_STRATEGY) {
        const cJSON *strategy =
            cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(config, "server"), "strategy");
        const cJSON *kind = cJSON_GetObjectItemCaseSensitive(strategy, "kind");
        cJSON_AddItemToObject(shared, "kind", kind != NULL ? cJSON_Duplicate(kind, true) : cJSON_CreateNull());
    }
    char *text = cJSON_PrintUnformatted(shared);
    cJSON_Delete(shared);
    return text;
}

static int find_among(const cJSON *options) {
    const char *word = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(options, "among"));
    int among = MU_AMONG_SEED;
    while (word != NULL && among > 0 && strcmp(classes[among], word) != 0) {
        among--;
    }
    return among;
}

void mu_stopping_annotate(cJSON *plan, cJSON *options, const char *search) {
    const int among = find_among(options);
    if (options != NULL) {
        cJSON_AddItemToObject(plan, "early_stopping", options);
    }
    if (search != NULL) {
        cJSON_AddStringToObject(plan, "search", search);
    }
    if (search == NULL && cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(options, "rungs")) == 0) {
        return;
    }
    cJSON *seen = cJSON_CreateObject(), *point; /* the number of each class */
    int next = 0;
    cJSON_ArrayForEach(point, cJSON_GetObjectItemCaseSensitive(plan, "points")) {
        char *text = class_of(point, search, among);
        if (cJSON_GetObjectItemCaseSensitive(seen, text) == NULL) {
            cJSON_AddNumberToObject(seen, text, next++);
        }
        cJSON_AddNumberToObject(point, "class", cJSON_GetObjectItemCaseSensitive(seen, text)->valueint);
        cJSON_free(text);
    }
    cJSON_Delete(seen);
}
