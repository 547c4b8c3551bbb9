/* The comparison of strategies in statistics.json. A study's axes are of two sorts: those of the algorithm, which the
 * user chooses, make a strategy; the others, which the world decides, make a scenario. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
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

/* Puts a group into its class, a new one if its values are; the group learns the class's number. */
static void list_group(cJSON *classes, cJSON *group, bool strategy) {
    cJSON *values = take_values(group, strategy);
    cJSON *class = NULL, *item;
    int number = 0;
    cJSON_ArrayForEach(item, classes) {
        if (cJSON_Compare(cJSON_GetObjectItemCaseSensitive(item, "values"), values, true)) {
            class = item;
            break;
        }
        number++;
    }
    cJSON_AddNumberToObject(group, strategy ? "strategy" : "scenario", number);
    if (class == NULL) {
        class = cJSON_CreateObject();
        cJSON_AddItemToArray(classes, class);
        cJSON_AddStringToObject(class, "name", "");
        cJSON_AddItemToObject(class, "values", values);
        cJSON_AddArrayToObject(class, "groups");
    } else {
        cJSON_Delete(values);
    }
    cJSON_AddItemToArray(cJSON_GetObjectItemCaseSensitive(class, "groups"),
                         cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(group, "group"), true));
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
    cJSON_ArrayForEach(group, groups) {
        list_group(c.strategies, group, true);
        list_group(c.scenarios, group, false);
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
