/* Strategies compared over scenarios and by seed. Numbers are by hand, from the definitions in profiles.h and paired.h.
 */
#include "support_study.h"

#include <time.h>

#define GROUP(name, kind, speed, median)                                                            \
    "{\"group\":\"" name "\",\"values\":{\"/server/strategy\":\"" kind "\",\"/world/speed\":" speed \
    "},\"target_time_s\":{\"median\":" median "}}"
#define ROW(group, seed, accuracy, loss)                                                         \
    "{\"group\":\"" group "\",\"seed\":" seed ",\"status\":\"done\",\"test_accuracy\":" accuracy \
    ",\"test_loss\":" loss "}"

/* What is added to statistics.json, the caller's to cJSON_Delete. */
static cJSON *compare(const char *groups, const char *rows_text) {
    struct mu_err err = {0};
    char text[4000];
    snprintf(text, sizeof text, "{\"groups\":[%s]}", groups);
    cJSON *json = study_json(text), *rows = study_json(rows_text);
    assert_int_equal(mu_study_compare(rows, json, &err), MU_OK);
    cJSON_Delete(rows);
    return json;
}

static const cJSON *member(const cJSON *json, const char *list, int i, const char *key) {
    const cJSON *item =
        cJSON_GetObjectItemCaseSensitive(cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(json, list), i), key);
    assert_non_null(item);
    return item;
}

static void expect_text(const cJSON *json, const char *list, int i, const char *key, const char *text) {
    assert_string_equal(member(json, list, i, key)->valuestring, text);
}

static void expect(const cJSON *json, const char *list, int i, const char *key, double value) {
    const cJSON *item = member(json, list, i, key);
    assert_true(cJSON_IsNumber(item));
    assert_true(fabs(item->valuedouble - value) < 1e-9);
    assert_false(fabs(item->valuedouble - value * 1.001 - 0.001) < 1e-9);
}

static void axes_of_the_user_make_strategies_and_those_of_the_world_scenarios(void **state) {
    (void)state;
    assert_true(mu_axis_is_chosen("/server/strategy"));
    assert_true(mu_axis_is_chosen("/client/optimizer/lr"));
    assert_false(mu_axis_is_chosen("/world/dropout"));
    assert_false(mu_axis_is_chosen("/data/partition"));
    assert_false(mu_axis_is_chosen("/servers"));
    cJSON *json = compare(GROUP("avg-even", "avg", "1", "1") "," GROUP("avg-slow", "avg", "2", "1") "," GROUP(
                              "buff-even", "buff", "1", "1") "," GROUP("buff-slow", "buff", "2", "1"),
                          "[]");
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(json, "strategies")), 2);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(json, "scenarios")), 2);
    expect_text(json, "strategies", 0, "name", "avg"); /* what its groups have in common */
    expect_text(json, "strategies", 1, "name", "buff");
    expect_text(json, "scenarios", 0, "name", "even");
    expect_text(json, "scenarios", 1, "name", "slow");
    assert_int_equal(member(json, "groups", 3, "strategy")->valueint, 1);
    assert_int_equal(member(json, "groups", 3, "scenario")->valueint, 1);
    assert_int_equal(member(json, "groups", 1, "strategy")->valueint, 0);
    cJSON_Delete(json);
}

static void names_that_share_nothing_are_numbered(void **state) {
    (void)state;
    cJSON *json = compare(GROUP("x", "avg", "1", "1") "," GROUP("y", "avg", "2", "1"), "[]");
    expect_text(json, "strategies", 0, "name", "strategy 1");
    expect_text(json, "scenarios", 0, "name", "x");
    cJSON_Delete(json);
}

static void profiles_are_ratios_to_the_best_of_a_scenario(void **state) {
    (void)state;
    cJSON *json = compare(GROUP("avg-even", "avg", "1", "30") "," GROUP("avg-slow", "avg", "2", "10") "," GROUP(
                              "buff-even", "buff", "1", "20") "," GROUP("buff-slow", "buff", "2", "null"),
                          "[]");
    assert_true(cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "profiles")));
    const cJSON *avg = member(json, "strategies", 0, "ratios"), *buff = member(json, "strategies", 1, "ratios");
    assert_true(cJSON_GetArrayItem(avg, 0)->valuedouble == 1.5);
    assert_true(cJSON_GetArrayItem(avg, 1)->valuedouble == 1);
    assert_true(cJSON_GetArrayItem(buff, 0)->valuedouble == 1);
    assert_true(cJSON_IsNull(cJSON_GetArrayItem(buff, 1))); /* not solved */
    expect(json, "strategies", 0, "score", ((4 - 1.5) / 3 + 1) / 2);
    expect(json, "strategies", 1, "score", 0.5);
    cJSON_Delete(json);
}

static void without_a_target_that_was_reached_there_are_no_profiles(void **state) {
    (void)state;
    cJSON *json = compare(GROUP("avg", "avg", "1", "null") "," GROUP("buff", "buff", "1", "null"), "[]");
    assert_true(cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(json, "profiles")));
    assert_true(cJSON_IsNull(member(json, "strategies", 0, "score")));
    cJSON_Delete(json);
}

static void a_strategy_that_lacks_a_scenario_has_not_solved_it(void **state) {
    (void)state;
    cJSON *json = compare(GROUP("avg-even", "avg", "1", "30") "," GROUP("avg-slow", "avg", "2",
                                                                        "10") "," GROUP("buff-even", "buff", "1", "20"),
                          "[" ROW("avg-slow", "1", "0.5", "1") "]");
    assert_true(cJSON_IsNull(cJSON_GetArrayItem(member(json, "strategies", 1, "ratios"), 1)));
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(json, "paired")), 0);
    cJSON_Delete(json);
}

static void pairs_are_those_of_the_same_seed(void **state) {
    (void)state;
    cJSON *json =
        compare(GROUP("avg", "avg", "1", "1") "," GROUP("buff", "buff", "1", "1"),
                "[" ROW("avg", "1", "0.5", "null") "," ROW("avg", "2", "0.6", "null") "," ROW(
                    "avg", "3", "0.7",
                    "null") "," ROW("avg", "4", "0.9",
                                    "null") "," ROW("buff", "3", "0.4",
                                                    "null") "," ROW("buff", "2", "0.5",
                                                                    "null") "," ROW("buff", "1", "0.3", "null") "]");
    /* 0.5 - 0.3, 0.6 - 0.5 and 0.7 - 0.4; seed 4 has no partner; of losses there are none. */
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(json, "paired")), 1);
    expect_text(json, "paired", 0, "a", "avg");
    expect_text(json, "paired", 0, "b", "buff");
    expect_text(json, "paired", 0, "metric", "test_accuracy");
    expect(json, "paired", 0, "n", 3);
    expect(json, "paired", 0, "mean", 0.2);
    assert_true(fabs(member(json, "paired", 0, "half_width_95")->valuedouble - 4.302653 * 0.1 / sqrt(3)) < 1e-6);
    expect(json, "paired", 0, "more", 3);
    assert_int_equal(member(json, "paired", 0, "less")->valueint, 0);
    expect(json, "paired", 0, "sign_p", 0.25); /* 2 / 2^3 */
    cJSON_Delete(json);
}

static void a_run_that_diverged_has_no_difference(void **state) {
    (void)state;
    cJSON *json = compare(GROUP("avg", "avg", "1", "1") "," GROUP("buff", "buff", "1", "1"),
                          "[" ROW("avg", "1", "0.5", "null") "," ROW("avg", "2", "0.6", "null") "," ROW(
                              "buff", "1", "0.3", "null") ",{\"group\":\"buff\",\"seed\":2,\"status\":\"diverged\","
                                                          "\"test_accuracy\":0.1}]");
    expect(json, "paired", 0, "n", 1);
    expect(json, "paired", 0, "mean", 0.2);
    assert_true(cJSON_IsNull(member(json, "paired", 0, "half_width_95")));
    cJSON_Delete(json);
}

static int number_of(const cJSON *json, const char *list, int i, const char *key) {
    return member(json, list, i, key)->valueint;
}

/* Classes are told apart by values alone, whatever the order of their names, at any depth. */
static void the_order_of_names_makes_no_class(void **state) {
    (void)state;
    cJSON *json = compare("{\"group\":\"c\",\"values\":{\"/server/b\":[{\"x\":1,\"y\":2}],\"/server/a\":\"u\"}},"
                          "{\"group\":\"a\",\"values\":{\"/server/a\":\"u\",\"/server/b\":[{\"y\":2,\"x\":1.0}]}},"
                          "{\"group\":\"b\",\"values\":{\"/server/a\":\"u\",\"/server/b\":[{\"y\":1,\"x\":2}]}},"
                          "{\"group\":\"d\",\"values\":{\"/server/a\":\"u\"}},"
                          "{\"group\":\"e\",\"values\":{\"/server/a\":\"u\",\"/server/b\":[{\"y\":2,\"x\":\"1\"}]}}",
                          "[]");
    static const int classes[] = {0, 0, 1, 2, 3};
    for (int i = 0; i < 5; i++) {
        assert_int_equal(number_of(json, "groups", i, "strategy"), classes[i]);
        assert_int_equal(number_of(json, "groups", i, "scenario"), 0);
    }
    /* A class's values are as its first group wrote them. */
    char *const values = cJSON_PrintUnformatted(member(json, "strategies", 0, "values"));
    assert_string_equal(values, "{\"/server/b\":[{\"x\":1,\"y\":2}],\"/server/a\":\"u\"}");
    cJSON_free(values);
    cJSON_Delete(json);
}

/* 20,000 classes; looking through all of them for each group took 51 seconds, this takes 0.2. */
static void as_many_strategies_as_points_take_no_time(void **state) {
    (void)state;
    enum { POINTS = 20000 };
    struct mu_err err = {0};
    cJSON *const json = cJSON_CreateObject(), *const groups = cJSON_AddArrayToObject(json, "groups");
    cJSON *const rows = cJSON_CreateArray();
    for (int i = 0; i < POINTS; i++) {
        char text[200];
        /* Even numbers first, then odd ones: not the order of the keys. */
        snprintf(text, sizeof text, "{\"group\":\"g%d\",\"values\":{\"/server/strategy\":{\"kind\":\"k\",\"n\":%d}}}",
                 i, i < POINTS / 2 ? 2 * i : 2 * i - POINTS + 1);
        cJSON_AddItemToArray(groups, cJSON_Parse(text));
    }
    const clock_t before = clock();
    assert_int_equal(mu_study_compare(rows, json, &err), MU_OK);
    assert_true((double)(clock() - before) / CLOCKS_PER_SEC < 10);
    int i = 0;
    const cJSON *group;
    cJSON_ArrayForEach(group, groups) {
        assert_int_equal(cJSON_GetObjectItemCaseSensitive(group, "strategy")->valueint, i++);
    }
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(json, "strategies")), POINTS);
    cJSON_Delete(rows);
    cJSON_Delete(json);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(axes_of_the_user_make_strategies_and_those_of_the_world_scenarios),
        cmocka_unit_test(names_that_share_nothing_are_numbered),
        cmocka_unit_test(profiles_are_ratios_to_the_best_of_a_scenario),
        cmocka_unit_test(without_a_target_that_was_reached_there_are_no_profiles),
        cmocka_unit_test(a_strategy_that_lacks_a_scenario_has_not_solved_it),
        cmocka_unit_test(pairs_are_those_of_the_same_seed),
        cmocka_unit_test(a_run_that_diverged_has_no_difference),
        cmocka_unit_test(the_order_of_names_makes_no_class),
        cmocka_unit_test(as_many_strategies_as_points_take_no_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
