/* The comparison of strategies in statistics.json. A study's axes are of two sorts: those of the algorithm, which the
 * user chooses, make a strategy; the others, which the world decides, make a scenario. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cJSON.h>

#include "muster/base/mem.h"
#include "muster/study/paired.h"
#include "muster/study/profiles.h"
#include "study_impl.h"

enum { ALL_PAIRS = 12 }; /* of more strategies, each is compared with the first alone */

struct comparison {
    struct mu_results rows;
    cJSON *strategies, *scenarios; /* [{name, values, groups}, ...], in the order of the plan */
    size_t n, problems, seeds;     /* seeds: of the rows, an upper bound */
    const cJSON **group;           /* [n x problems], NULL where the study has none */
    double *cost, *ratio, *a, *b, *scratch;
};

bool mu_axis_is_chosen(const char *pointer) {
    static const char *const own[] = {"/server/", "/client/", "/evaluate/", "/output/"};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        if (strncmp(pointer, own[i], strlen(own[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* The values of one sort of axes. */
static cJSON *take_values(const cJSON *group, bool strategy) {
    cJSON *part = cJSON_CreateObject();
    const cJSON *value;
    cJSON_ArrayForEach(value, cJSON_GetObjectItemCaseSensitive(group, "values")) {
        if (mu_axis_is_chosen(value->string) == strategy && strcmp(value->string, "/seed") != 0) {
            cJSON_AddItemToObject(part, value->string, cJSON_Duplicate(value, true));
        }
    }
    return part;
}

/* A group on its way into its class. */
struct listed {
    cJSON *group, *values;
    char *key;     /* the values as text */
    size_t number; /* of the group */
    cJSON *class;  /* once it is known */
    int class_number;
};

static int by_name(const void *a, const void *b) {
    const cJSON *const *x = a, *const *y = b;
    return strcmp((*x)->string, (*y)->string);
}

/* Puts the members of all objects in the order of their names. */
static int sort_members(cJSON *json, struct mu_err *err) {
    cJSON *item;
    cJSON_ArrayForEach(item, json) {
        MU_TRY(sort_members(item, err));
    }
    const size_t n = (size_t)cJSON_GetArraySize(json);
    if (!cJSON_IsObject(json) || n < 2) {
        return MU_OK;
    }
    cJSON **member = mu_alloc(n, sizeof *member, err);
    if (member == NULL) {
        return err->code;
    }
    for (size_t i = 0; i < n; i++) {
        member[i] = cJSON_DetachItemViaPointer(json, json->child);
    }
    qsort(member, n, sizeof *member, by_name);
    for (size_t i = 0; i < n; i++) {
        cJSON_AddItemToArray(json, member[i]); /* an object's own function would copy the name */
    }
    mu_free(member);
    return MU_OK;
}

/* The same text for the same values in any order of their names; the caller's to cJSON_free. */
static int print_key(const cJSON *values, char **key, struct mu_err *err) {
    cJSON *sorted = cJSON_Duplicate(values, true);
    const int code = sorted != NULL ? sort_members(sorted, err) : MU_OK;
    *key = code == MU_OK ? cJSON_PrintUnformatted(sorted) : NULL;
    cJSON_Delete(sorted);
    return code != MU_OK || *key != NULL ? code : mu_fail(err, MU_RANK_FAILED, NULL, "out of memory");
}

static int by_key(const void *a, const void *b) {
    const struct listed *const *x = a, *const *y = b;
    const int order = strcmp((*x)->key, (*y)->key);
    return order != 0 ? order : (*x)->number < (*y)->number ? -1 : 1;
}

/* Puts a group into the class of `first`, the first of its groups: a new class if that is itself. */
static void list_group(cJSON *classes, struct listed *listed, const struct listed *first, int *n, bool strategy) {
    if (listed == first) {
        listed->class = cJSON_CreateObject();
        listed->class_number = (*n)++;
        cJSON_AddItemToArray(classes, listed->class);
        cJSON_AddStringToObject(listed->class, "name", "");
        cJSON_AddItemToObject(listed->class, "values", listed->values);
        cJSON_AddArrayToObject(listed->class, "groups");
        listed->values = NULL;
    }
    cJSON_AddNumberToObject(listed->group, strategy ? "strategy" : "scenario", first->class_number);
    cJSON_AddItemToArray(cJSON_GetObjectItemCaseSensitive(first->class, "groups"),
                         cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(listed->group, "group"), true));
}

/* Puts all groups into classes by their values of one sort of axes, classes in the order of their first groups; each
 * group learns its class's number. There may be as many classes as groups, so they are found by sorting. */
static int list_groups(cJSON *classes, cJSON *groups, bool strategy, struct mu_err *err) {
    const size_t n = (size_t)cJSON_GetArraySize(groups);
    struct listed *listed = mu_alloc(n, sizeof *listed, err), **sorted = mu_alloc(n, sizeof *sorted, err);
    const struct listed **first = mu_alloc(n, sizeof *first, err);
    int code = listed != NULL && sorted != NULL && first != NULL ? MU_OK : err->code;
    int classes_so_far = 0;
    size_t i = 0;
    for (cJSON *group = groups->child; group != NULL && code == MU_OK; group = group->next, i++) {
        listed[i] = (struct listed){.group = group, .values = take_values(group, strategy), .number = i};
        code = print_key(listed[i].values, &listed[i].key, err);
        sorted[i] = &listed[i];
    }
    if (code == MU_OK && n > 0) {
        qsort(sorted, n, sizeof *sorted, by_key);
        for (i = 0; i < n; i++) {
            const bool same = i > 0 && strcmp(sorted[i]->key, sorted[i - 1]->key) == 0;
            first[sorted[i]->number] = same ? first[sorted[i - 1]->number] : sorted[i];
        }
        for (i = 0; i < n; i++) {
            list_group(classes, &listed[i], first[i], &classes_so_far, strategy);
        }
    }
    for (i = 0; listed != NULL && i < n; i++) {
        cJSON_free(listed[i].key);
        cJSON_Delete(listed[i].values);
    }
    mu_free(listed);
    mu_free(sorted);
    mu_free(first);
    return code;
}

/* What the names of a class's groups begin with and end with, whole words between hyphens: "fedavg" of "fedavg-even"
 * and "fedavg-skewed". The number of the class if they share nothing. */
static void name_class(cJSON *class, const char *sort, int number) {
    const cJSON *groups = cJSON_GetObjectItemCaseSensitive(class, "groups"), *group;
    const char *first = groups->child->valuestring;
    const size_t n = strlen(first);
    size_t head = n, tail = n;
    cJSON_ArrayForEach(group, groups) {
        const char *text = group->valuestring;
        const size_t m = strlen(text);
        size_t i = 0, j = 0;
        while (i < n && i < m && first[i] == text[i]) {
            i++;
        }
        while (j < n && j < m && first[n - 1 - j] == text[m - 1 - j]) {
            j++;
        }
        head = i < head ? i : head;
        tail = j < tail ? j : tail;
    }
    while (head > 0 && head < n && first[head] != '-') {
        head--;
    }
    while (tail > 0 && tail < n && first[n - tail] != '-') {
        tail--;
    }
    char name[512];
    if (head == n) {
        snprintf(name, sizeof name, "%s", first);
    } else if (head + tail == 0 || head + tail > n) {
        snprintf(name, sizeof name, "%s %d", sort, number);
    } else {
        snprintf(name, sizeof name, "%.*s%s", (int)head, first, first + n - tail + (head == 0 ? 1 : 0));
    }
    cJSON_ReplaceItemInObjectCaseSensitive(class, "name", cJSON_CreateString(name));
}

static void add_real(cJSON *json, const char *key, double x) {
    cJSON_AddItemToObject(json, key, isfinite(x) ? cJSON_CreateNumber(x) : cJSON_CreateNull());
}

/* Ratios and score of each strategy; false if no run of the study got to a target. */
static bool add_profiles(struct comparison *c) {
    bool any = false;
    for (size_t i = 0; i < c->n * c->problems; i++) {
        const cJSON *target = cJSON_GetObjectItemCaseSensitive(c->group[i], "target_time_s");
        const cJSON *median = cJSON_GetObjectItemCaseSensitive(target, "median");
        c->cost[i] = cJSON_IsNumber(median) ? median->valuedouble : INFINITY;
        any = any || cJSON_IsNumber(median);
    }
    mu_profile_ratios(c->n, c->problems, c->cost, c->ratio);
    const double *ratio = c->ratio;
    cJSON *strategy;
    cJSON_ArrayForEach(strategy, c->strategies) {
        cJSON *ratios = cJSON_AddArrayToObject(strategy, "ratios");
        for (size_t p = 0; p < c->problems; p++) {
            cJSON_AddItemToArray(ratios, isfinite(ratio[p]) ? cJSON_CreateNumber(ratio[p]) : cJSON_CreateNull());
        }
        add_real(strategy, "score", any ? mu_profile_score(c->problems, ratio) : NAN);
        ratio += c->problems;
    }
    return any;
}

static double metric_of(const struct comparison *c, const char *group, const cJSON *seed, const char *metric) {
    size_t n;
    const struct mu_result *row = mu_results_of(&c->rows, group, &n);
    for (size_t i = 0; i < n; i++) {
        if (mu_row_counts(row[i].row) &&
            cJSON_Compare(cJSON_GetObjectItemCaseSensitive(row[i].row, "seed"), seed, true)) {
            return mu_row_number(row[i].row, metric);
        }
    }
    return NAN;
}

static void add_pair(struct comparison *c, cJSON *paired, const char *scenario, const cJSON *x, const cJSON *y,
                     const char *metric) {
    if (x == NULL || y == NULL) {
        return;
    }
    const char *a = cJSON_GetObjectItemCaseSensitive(x, "group")->valuestring;
    const char *b = cJSON_GetObjectItemCaseSensitive(y, "group")->valuestring;
    size_t rows_of_a, n = 0;
    const struct mu_result *row = mu_results_of(&c->rows, a, &rows_of_a);
    for (size_t i = 0; i < rows_of_a; i++) {
        if (mu_row_counts(row[i].row)) {
            c->a[n] = mu_row_number(row[i].row, metric);
            c->b[n++] = metric_of(c, b, cJSON_GetObjectItemCaseSensitive(row[i].row, "seed"), metric);
        }
    }
    const struct mu_paired pair = mu_paired(n, c->a, c->b, c->scratch);
    if (pair.difference.n == 0) {
        return;
    }
    cJSON *entry = cJSON_CreateObject();
    cJSON_AddItemToArray(paired, entry);
    cJSON_AddStringToObject(entry, "scenario", scenario);
    cJSON_AddStringToObject(entry, "a", a);
    cJSON_AddStringToObject(entry, "b", b);
    cJSON_AddStringToObject(entry, "metric", metric);
    cJSON_AddNumberToObject(entry, "n", (double)pair.difference.n);
    add_real(entry, "mean", pair.difference.mean);
    add_real(entry, "half_width_95", pair.difference.half);
    cJSON_AddNumberToObject(entry, "more", (double)pair.more);
    cJSON_AddNumberToObject(entry, "less", (double)pair.less);
    add_real(entry, "sign_p", pair.sign_p);
}

static void add_pairs(struct comparison *c, cJSON *paired) {
    static const char *const metrics[] = {"test_accuracy", "test_loss"};
    const cJSON *scenario;
    size_t p = 0;
    cJSON_ArrayForEach(scenario, c->scenarios) {
        const char *name = cJSON_GetObjectItemCaseSensitive(scenario, "name")->valuestring;
        for (size_t i = 0; i < (c->n > ALL_PAIRS ? 1 : c->n); i++) {
            for (size_t j = i + 1; j < c->n; j++) {
                for (size_t m = 0; m < sizeof metrics / sizeof *metrics; m++) {
                    add_pair(c, paired, name, c->group[i * c->problems + p], c->group[j * c->problems + p], metrics[m]);
                }
            }
        }
        p++;
    }
}

int mu_study_compare(const cJSON *rows, cJSON *json, struct mu_err *err) {
    struct comparison c = {.n = 0};
    MU_TRY(mu_results_sort(rows, &c.rows, err));
    cJSON *const groups = cJSON_GetObjectItemCaseSensitive(json, "groups");
    c.strategies = cJSON_AddArrayToObject(json, "strategies");
    c.scenarios = cJSON_AddArrayToObject(json, "scenarios");
    cJSON *paired = cJSON_AddArrayToObject(json, "paired"), *class;
    cJSON *group;
    int code = list_groups(c.strategies, groups, true, err);
    code = code != MU_OK ? code : list_groups(c.scenarios, groups, false, err);
    if (code != MU_OK) {
        mu_free(c.rows.row);
        return code;
    }
    int number = 0;
    cJSON_ArrayForEach(class, c.strategies) {
        name_class(class, "strategy", ++number);
    }
    number = 0;
    cJSON_ArrayForEach(class, c.scenarios) {
        name_class(class, "scenario", ++number);
    }
    c.n = (size_t)cJSON_GetArraySize(c.strategies);
    c.problems = (size_t)cJSON_GetArraySize(c.scenarios);
    c.seeds = (size_t)cJSON_GetArraySize(rows);
    double *room = mu_alloc(2 * c.n * c.problems + 3 * c.seeds, sizeof *room, err);
    c.group = mu_alloc(c.n * c.problems, sizeof *c.group, err);
    if (room == NULL || c.group == NULL) {
        mu_free(room);
        mu_free(c.group);
        mu_free(c.rows.row);
        return err->code;
    }
    cJSON_ArrayForEach(group, groups) {
        const int strategy = cJSON_GetObjectItemCaseSensitive(group, "strategy")->valueint;
        const int scenario = cJSON_GetObjectItemCaseSensitive(group, "scenario")->valueint;
        c.group[(size_t)strategy * c.problems + (size_t)scenario] = group;
    }
    c.cost = room;
    c.ratio = c.cost + c.n * c.problems;
    c.a = c.ratio + c.n * c.problems;
    c.b = c.a + c.seeds;
    c.scratch = c.b + c.seeds;
    cJSON_AddBoolToObject(json, "profiles", add_profiles(&c));
    add_pairs(&c, paired);
    mu_free(room);
    mu_free(c.group);
    mu_free(c.rows.row);
    return MU_OK;
}
