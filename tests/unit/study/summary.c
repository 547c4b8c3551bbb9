/* statistics.json from rows of results. The numbers are by hand; 4.302653 and 12.706205 are Student's t at 97.5 % for
 * two and one degrees of freedom. */
#include "support_study.h"

#define PLAN                                                                                                     \
    "{\"points\":[{\"name\":\"a-s1\",\"group\":\"a\",\"values\":{\"/x\":1}},{\"name\":\"a-s2\",\"group\":\"a\"," \
    "\"values\":{\"/x\":1}},{\"name\":\"b-s1\",\"group\":\"b\",\"values\":{\"/x\":2}}]}"

/* The statistics of some rows, the caller's to cJSON_Delete. */
static cJSON *summarize(const char *plan_text, const char *rows_text) {
    struct mu_err err = {0};
    cJSON *rows = study_json(rows_text), *plan = study_json(plan_text);
    assert_int_equal(mu_study_statistics(rows, plan, scratch, &err), MU_OK);
    cJSON_Delete(rows);
    cJSON_Delete(plan);
    return study_json(study_read("statistics.json"));
}

static const cJSON *at(const cJSON *json, int group, const char *a, const char *b) {
    const cJSON *groups = cJSON_GetObjectItemCaseSensitive(json, "groups");
    const cJSON *item =
        cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(cJSON_GetArrayItem(groups, group), a), b);
    assert_non_null(item);
    return item;
}

static void expect(const cJSON *json, int group, const char *a, const char *b, double value) {
    const cJSON *item = at(json, group, a, b);
    assert_true(cJSON_IsNumber(item));
    assert_true(fabs(item->valuedouble - value) < 1e-6);
    assert_false(fabs(item->valuedouble - value * 1.001 - 0.001) < 1e-6);
}

static void groups_have_mean_deviation_and_interval(void **state) {
    (void)state;
    cJSON *json =
        summarize(PLAN, "[{\"group\":\"a\",\"status\":\"done\",\"seed\":1,\"test_accuracy\":0.5,\"test_loss\":3},"
                        "{\"group\":\"a\",\"status\":\"done\",\"seed\":2,\"test_accuracy\":0.7,\"test_loss\":1},"
                        "{\"group\":\"a\",\"status\":\"done\",\"seed\":3,\"test_accuracy\":0.9,\"test_loss\":null},"
                        "{\"group\":\"b\",\"status\":\"done\",\"seed\":1,\"test_accuracy\":0.25}]");
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(json, "groups")), 2);
    expect(json, 0, "test_accuracy", "n", 3);
    expect(json, 0, "test_accuracy", "mean", 0.7);
    expect(json, 0, "test_accuracy", "sd", 0.2);
    expect(json, 0, "test_accuracy", "half_width_95", 4.302653 * 0.2 / sqrt(3));
    expect(json, 0, "test_loss", "n", 2); /* a number that is not there is no zero */
    expect(json, 0, "test_loss", "mean", 2);
    expect(json, 0, "test_loss", "sd", sqrt(2));
    expect(json, 0, "test_loss", "half_width_95", 12.706205 * sqrt(2) / sqrt(2));
    expect(json, 0, "values", "/x", 1);
    expect(json, 1, "test_accuracy", "mean", 0.25);
    assert_true(cJSON_IsNull(at(json, 1, "test_accuracy", "sd"))); /* of one run there is no spread */
    assert_true(cJSON_IsNull(at(json, 1, "test_accuracy", "half_width_95")));
    assert_true(cJSON_IsNull(at(json, 1, "test_loss", "mean")));
    assert_int_equal(at(json, 1, "test_loss", "n")->valueint, 0);
    cJSON_Delete(json);
}

/* Whatever their names, and however their points are mixed. */
static void groups_are_listed_where_their_first_points_are(void **state) {
    (void)state;
    static const char *const names[] = {"b", "a", "b", "c", "a", "ab"}, *const expected[] = {"b", "a", "c", "ab"};
    char plan[1000] = "{\"points\":[";
    for (int i = 0; i < 6; i++) {
        snprintf(plan + strlen(plan), sizeof plan - strlen(plan),
                 "%s{\"name\":\"p%d\",\"group\":\"%s\",\"values\":{\"/x\":%d}}", i > 0 ? "," : "", i, names[i], i);
    }
    strcat(plan, "]}");
    cJSON *json = summarize(plan, "[]");
    const cJSON *groups = cJSON_GetObjectItemCaseSensitive(json, "groups");
    static const double first[] = {0, 1, 3, 5};
    assert_int_equal(cJSON_GetArraySize(groups), 4);
    for (int i = 0; i < 4; i++) {
        const cJSON *group = cJSON_GetArrayItem(groups, i);
        assert_string_equal(cJSON_GetObjectItemCaseSensitive(group, "group")->valuestring, expected[i]);
        expect(json, i, "values", "/x", first[i]);
    }
    cJSON_Delete(json);
}

static void runs_that_did_not_reach_the_target_are_censored(void **state) {
    (void)state;
    cJSON *json = summarize(PLAN, "[{\"group\":\"a\",\"status\":\"done\",\"seed\":1,\"target_time_s\":10},"
                                  "{\"group\":\"a\",\"status\":\"done\",\"seed\":2,\"target_time_s\":null},"
                                  "{\"group\":\"a\",\"status\":\"done\",\"seed\":3,\"target_time_s\":20},"
                                  "{\"group\":\"b\",\"status\":\"done\",\"seed\":1,\"target_time_s\":10},"
                                  "{\"group\":\"b\",\"status\":\"done\",\"seed\":2,\"target_time_s\":null}]");
    expect(json, 0, "target_time_s", "n", 3);
    expect(json, 0, "target_time_s", "reached", 2);
    expect(json, 0, "target_time_s", "median", 20); /* of 10, 20 and more than that */
    expect(json, 1, "target_time_s", "n", 2);
    expect(json, 1, "target_time_s", "reached", 1);
    assert_true(cJSON_IsNull(at(json, 1, "target_time_s", "median"))); /* between 10 and what was not seen */
    cJSON_Delete(json);
}

static void what_diverged_counts_against_its_group_and_what_is_missing_does_not(void **state) {
    (void)state;
    cJSON *json = summarize(
        PLAN, "[{\"group\":\"a\",\"status\":\"done\",\"seed\":1,\"test_accuracy\":0.5,\"target_time_s\":10},"
              "{\"group\":\"a\",\"status\":\"diverged\",\"seed\":2,\"test_accuracy\":0.1,\"target_time_s\":null},"
              "{\"group\":\"a\",\"status\":\"missing\",\"seed\":3,\"test_accuracy\":0.9,\"target_time_s\":30}]");
    expect(json, 0, "test_accuracy", "n", 1); /* the accuracy of a run that diverged is none */
    expect(json, 0, "test_accuracy", "mean", 0.5);
    expect(json, 0, "target_time_s", "n", 2); /* but it had its chance to get to the target */
    expect(json, 0, "target_time_s", "reached", 1);
    assert_int_equal(at(json, 1, "target_time_s", "n")->valueint, 0); /* a group without rows */
    assert_true(cJSON_IsNull(at(json, 1, "target_time_s", "median")));
    cJSON_Delete(json);
}

static void candidates_that_a_search_rejected_are_no_results(void **state) {
    (void)state;
    static const struct {
        const char *row;
        bool counts;
        double accuracy; /* NAN: not known */
    } cases[] = {
        {"{\"status\":\"done\",\"test_accuracy\":0.5}", true, 0.5},
        {"{\"status\":\"done\",\"search\":null,\"test_accuracy\":0.5}", true, 0.5},
        {"{\"status\":\"done\",\"search\":\"kept\",\"test_accuracy\":0.5}", true, 0.5},
        {"{\"status\":\"diverged\",\"search\":\"exhausted\",\"test_accuracy\":0.5}", true, NAN},
        {"{\"status\":\"diverged\",\"search\":\"rejected\",\"test_accuracy\":0.5}", false, NAN},
        {"{\"status\":\"skipped\",\"search\":\"skipped\",\"test_accuracy\":null}", false, NAN},
        {"{\"status\":\"stopped\",\"test_accuracy\":0.5}", true, NAN},
        {"{\"status\":\"failed\",\"test_accuracy\":null}", true, NAN},
        {"{\"status\":\"missing\",\"test_accuracy\":null}", false, NAN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cJSON *row = study_json(cases[i].row);
        const double accuracy = mu_row_number(row, "test_accuracy");
        assert_int_equal(mu_row_counts(row), cases[i].counts);
        assert_true(isnan(cases[i].accuracy) ? isnan(accuracy) : accuracy == cases[i].accuracy);
        cJSON_Delete(row);
    }
}

static void a_directory_that_is_not_there_is_an_error(void **state) {
    (void)state;
    struct mu_err err = {0};
    cJSON *rows = study_json("[]"), *plan = study_json("{\"points\":[]}");
    assert_int_equal(mu_study_statistics(rows, plan, study_path("nowhere"), &err), MU_IO);
    support_expect_error(&err, MU_IO, "statistics.json", "");
    cJSON_Delete(rows);
    cJSON_Delete(plan);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(groups_have_mean_deviation_and_interval, study_set_up, study_tear_down),
        cmocka_unit_test_setup_teardown(groups_are_listed_where_their_first_points_are, study_set_up, study_tear_down),
        cmocka_unit_test_setup_teardown(runs_that_did_not_reach_the_target_are_censored, study_set_up, study_tear_down),
        cmocka_unit_test_setup_teardown(what_diverged_counts_against_its_group_and_what_is_missing_does_not,
                                        study_set_up, study_tear_down),
        cmocka_unit_test(candidates_that_a_search_rejected_are_no_results),
        cmocka_unit_test_setup_teardown(a_directory_that_is_not_there_is_an_error, study_set_up, study_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
