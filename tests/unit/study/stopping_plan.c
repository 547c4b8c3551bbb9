/* Early stopping and search as a sweep file says them, and the classes of points that follow. */
#include "support.h"

#include <cJSON.h>

#include "muster/base/mem.h"
#include "muster/study/plan.h"
#include "stopping.h"

#define BASE                                                                                                        \
    "\"base\": {\"data\": {\"source\": \"quadratic\", \"targets\": [1, 2, 6]}, \"model\": {\"kind\": \"vector\"}, " \
    "\"client\": {\"optimizer\": {\"kind\": \"sgd\"}}, \"stop\": {\"steps\": 9}}"
#define LR "{\"path\": \"/client/optimizer/lr\", \"values\": [0.1, 1]}"
#define STRATEGY                                                                                                    \
    "{\"path\": \"/server/strategy\", \"values\": [{\"kind\": \"fedavg\"}, {\"kind\": \"fedavg\", \"cohort\": 2}, " \
    "{\"kind\": \"fedbuff\"}], \"labels\": [\"all\", \"two\", \"buffer\"]}"
#define SPEED "{\"path\": \"/world/compute/seconds_per_sample\", \"values\": [0, 1]}"

static char scratch[256];

static cJSON *plan_of(const char *rest, struct mu_err *err) {
    char path[300], text[4096], *problems = NULL;
    cJSON *plan = NULL;
    snprintf(path, sizeof path, "%s/sweep.json", scratch);
    snprintf(text, sizeof text, "{" BASE ", %s}", rest);
    support_write(path, text, strlen(text));
    mu_plan_read(path, &plan, &problems, err);
    mu_free(problems);
    return plan;
}

/* "0 1 0 1": the class of each point in turn. */
static void expect_classes(const char *rest, const char *expected) {
    struct mu_err err = {.code = MU_OK};
    char found[512] = "";
    cJSON *plan = plan_of(rest, &err);
    support_expect_ok(&err);
    const cJSON *point;
    cJSON_ArrayForEach(point, cJSON_GetObjectItemCaseSensitive(plan, "points")) {
        const cJSON *class = cJSON_GetObjectItemCaseSensitive(point, "class");
        const size_t n = strlen(found);
        if (class == NULL) {
            snprintf(found + n, sizeof found - n, "%s-", n > 0 ? " " : "");
        } else {
            snprintf(found + n, sizeof found - n, "%s%d", n > 0 ? " " : "", class->valueint);
        }
    }
    cJSON_Delete(plan);
    assert_string_equal(found, expected);
}

static const cJSON *rule_of(const cJSON *plan, int point) {
    const cJSON *config = cJSON_GetObjectItemCaseSensitive(
        cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(plan, "points"), point), "config");
    return cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(config, "stop"), "diverged");
}

static double number(const cJSON *object, const char *key) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    assert_true(cJSON_IsNumber(item));
    return item->valuedouble;
}

static void the_table_of_options_is_sound(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    mu_group_verify(&mu_early_stopping_group, &err);
    support_expect_ok(&err);
}

static void points_are_compared_within_scenario_strategy_or_seed(void **state) {
    (void)state;
    /* Points: strategy, then speed, then learning rate, then seed. */
    const char *const sweep = "\"axes\": [" STRATEGY ", " SPEED ", " LR "], \"seeds\": 2, \"early_stopping\": "
                              "{\"rungs\": [3], \"eta\": 2, \"among\": \"%s\"}";
    char text[1024];
    snprintf(text, sizeof text, sweep, "scenario");
    expect_classes(text, "0 1 0 1 2 3 2 3 0 1 0 1 2 3 2 3 0 1 0 1 2 3 2 3");
    snprintf(text, sizeof text, sweep, "strategy"); /* fedavg with and without a cohort is one kind */
    expect_classes(text, "0 1 0 1 2 3 2 3 0 1 0 1 2 3 2 3 4 5 4 5 6 7 6 7");
    snprintf(text, sizeof text, sweep, "seed");
    expect_classes(text, "0 1 0 1 0 1 0 1 0 1 0 1 0 1 0 1 0 1 0 1 0 1 0 1");
    /* Without rungs nothing is compared. */
    expect_classes("\"axes\": [" LR "], \"early_stopping\": {\"diverged\": {\"evaluations\": 3}}", "- -");
}

static void candidates_of_a_search_differ_in_its_value_alone(void **state) {
    (void)state;
    expect_classes("\"axes\": [" SPEED "], \"seeds\": 2, \"search\": " LR, "0 1 0 1 2 3 2 3");
    struct mu_err err = {.code = MU_OK};
    cJSON *plan = plan_of("\"axes\": [" SPEED "], \"search\": " LR, &err);
    support_expect_ok(&err);
    const cJSON *points = cJSON_GetObjectItemCaseSensitive(plan, "points");
    const cJSON *second = cJSON_GetArrayItem(points, 1);
    assert_string_equal(cJSON_GetObjectItemCaseSensitive(second, "name")->valuestring, "0-1");
    assert_string_equal(cJSON_GetObjectItemCaseSensitive(second, "group")->valuestring, "0");
    cJSON_Delete(plan);
}

static void the_rule_of_divergence_goes_into_every_point(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    cJSON *plan = plan_of("\"axes\": [" LR "], \"early_stopping\": {\"diverged\": {\"evaluations\": 3}}", &err);
    support_expect_ok(&err);
    for (int i = 0; i < 2; i++) {
        assert_true(number(rule_of(plan, i), "evaluations") == 3);
        assert_true(number(rule_of(plan, i), "factor") == 1.05);
    }
    cJSON_Delete(plan);
    plan = plan_of("\"search\": " LR, &err); /* which has the rule of DIFF2's experiments unless one is given */
    support_expect_ok(&err);
    assert_true(number(rule_of(plan, 0), "evaluations") == 5);
    cJSON_Delete(plan);
    plan = plan_of("\"search\": " LR ", \"axes\": [{\"path\": \"/stop/diverged\", \"values\": [{\"evaluations\": 7}]}]",
                   &err);
    support_expect_ok(&err);
    assert_true(number(rule_of(plan, 0), "evaluations") == 7);
    cJSON_Delete(plan);
    plan = plan_of("\"axes\": [" LR "]", &err);
    support_expect_ok(&err);
    assert_null(rule_of(plan, 0));
    cJSON_Delete(plan);
}

static void mistakes_are_placed(void **state) {
    (void)state;
    static const struct {
        const char *rest, *place, *text;
    } wrong[] = {
        {"\"early_stopping\": {\"rungs\": [1]}", "/early_stopping/rungs", "give eta or dominated"},
        {"\"early_stopping\": {\"eta\": 2}", "/early_stopping/eta", "no rungs"},
        {"\"early_stopping\": {\"dominated\": true}", "/early_stopping/dominated", "no rungs"},
        {"\"early_stopping\": {\"rungs\": [[2], [3]], \"eta\": 2}", "/early_stopping/rungs", "not nested"},
        {"\"early_stopping\": {\"rungs\": [2, 2], \"eta\": 2}", "/early_stopping/rungs", "ascending"},
        {"\"early_stopping\": {\"rungs\": [2.5], \"eta\": 2}", "/early_stopping/rungs", "whole numbers"},
        {"\"early_stopping\": {\"rungs\": [1], \"eta\": 1}", "/early_stopping/eta", "greater than 1"},
        {"\"early_stopping\": {\"rung\": [1]}", "/early_stopping/rung", "unknown key"},
        {"\"early_stopping\": []", "/early_stopping", "object"},
        {"\"search\": {\"path\": \"/seed\", \"values\": []}", "/search", "values"},
        {"\"search\": " LR ", \"early_stopping\": {\"rungs\": [1], \"eta\": 2}", "/search", "one after the other"},
        {"\"early_stopping\": {\"rungs\": [1], \"eta\": 2}, \"axes\": [{\"path\": \"/world/clock\", \"values\": "
         "[\"wall\"]}]",
         "/world/clock", "wall clock cannot be laid aside"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct mu_err err = {.code = MU_OK};
        assert_null(plan_of(wrong[i].rest, &err));
        support_expect_error(&err, MU_BAD_CONFIG, wrong[i].place, wrong[i].text);
    }
    struct mu_err err = {.code = MU_OK}; /* half a simulated second is a good rung */
    cJSON *plan = plan_of("\"early_stopping\": {\"rungs\": [0.5], \"by\": \"time_s\", \"eta\": 2}", &err);
    support_expect_ok(&err);
    cJSON_Delete(plan);
}

static int set_up(void **state) {
    (void)state;
    support_temp_dir(scratch);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    support_remove_dir(scratch);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_of_options_is_sound),
        cmocka_unit_test(points_are_compared_within_scenario_strategy_or_seed),
        cmocka_unit_test(candidates_of_a_search_differ_in_its_value_alone),
        cmocka_unit_test(the_rule_of_divergence_goes_into_every_point),
        cmocka_unit_test(mistakes_are_placed),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
