/* The tables of a study from the directories of its points, in whatever state these are. */
#include "support_study.h"

#include <sqlite3.h>

#define POINT(name, group, seed, lr)                                                                                   \
    "{\"name\":\"" name "\",\"group\":\"" group "\",\"seed\":" seed ",\"values\":{\"/client/lr\":" lr "},\"config\":{" \
    "}}"
#define PLAN                                                                                                        \
    "{\"axes\":[\"/client/lr\"],\"points\":[" POINT("a-s1", "a", "1", "0.5") "," POINT(                             \
        "a-s2", "a", "2", "0.5") "," POINT("hot-s1", "hot", "1",                                                    \
                                           "\"x, y\"") "," POINT("sick-s1", "sick", "1",                            \
                                                                 "1") "," POINT("cut-s1", "cut", "1",               \
                                                                                "1") "," POINT("never-s1", "never", \
                                                                                               "1", "1") "]}"

static void make_points(void) {
    study_put("a-s1", "status.json", "{\"state\":\"done\"}");
    study_put("a-s1", "summary.json",
              "{\"final\":{\"step\":20,\"time_s\":7.5,\"test_accuracy\":0.75},\"best\":{\"test_accuracy\":0.8},"
              "\"total\":{\"updates\":40,\"bytes_up\":100,\"bytes_down\":200},\"to_target\":{\"target_accuracy\":0.7,"
              "\"time_s\":5},\"model_sha256\":\"ab\",\"wall\":{\"run_s\":1.5}}");
    study_put(
        "a-s1", "metrics.jsonl",
        "{\"step\":0,\"time_s\":0,\"test_accuracy\":0.25,\"train_loss\":2,\"bytes_up\":1,\"bytes_down\":2}\n"
        "{\"step\":20,\"time_s\":7.5,\"test_accuracy\":0.75,\"train_loss\":null,\"bytes_up\":100,\"bytes_down\":200,"
        "\"epsilon\":1.25}\n");
    study_put("a-s2", "status.json", "{\"state\":\"done\"}");
    study_put("a-s2", "summary.json", "{\"final\":{\"step\":20,\"time_s\":7.5,\"test_accuracy\":0.65}}");
    study_put("hot-s1", "status.json",
              "{\"state\":\"failed\",\"error\":{\"code\":4,\"text\":\"not finite, at step 3\"}}");
    study_put("sick-s1", "status.json", "{\"state\":\"failed\",\"error\":{\"code\":3,\"text\":\"no \\\"data\\\"\"}}");
    study_put("cut-s1", "status.json", "{\"state\":\"running\""); /* cut off */
    study_put("cut-s1", "metrics.jsonl", "{\"step\":0,\"time_s\":0,\"test_accuracy\":0.5}\n{\"step\":5,\"test_acc");
}

static struct mu_study_result collect(void) {
    struct mu_err err = {0};
    struct mu_study_result result;
    cJSON *plan = study_json(PLAN);
    assert_int_equal(mu_study_collect(plan, scratch, &result, &err), MU_OK);
    cJSON_Delete(plan);
    return result;
}

static void points_are_counted_by_how_they_ended(void **state) {
    (void)state;
    make_points();
    const struct mu_study_result result = collect();
    assert_int_equal(result.points, 6);
    assert_int_equal(result.done, 2);
    assert_int_equal(result.failed, 2);
    assert_int_equal(result.missing, 2);
    assert_int_equal(result.stopped + result.skipped, 0);
    assert_false(result.interrupted);
}

static void every_point_has_a_row_in_the_order_of_the_plan(void **state) {
    (void)state;
    make_points();
    collect();
    static const char *const expected[] = {
        "point,group,seed,/client/lr,status,step,time_s,updates,bytes_up,bytes_down,train_loss,test_loss,test_accuracy,"
        "best_test_loss,best_test_accuracy,target_accuracy,target_step,target_time_s,target_updates,target_bytes,"
        "epsilon,noise_key,"
        "model_sha256,error,wall_s",
        "a-s1,a,1,0.5,done,20,7.5,40,100,200,,,0.75,,0.8,0.7,,5,,,1.25,,ab,,1.5",
        "a-s2,a,2,0.5,done,20,7.5,,,,,,0.65,,,,,,,,,,,,",
        "hot-s1,hot,1,\"x, y\",diverged,,,,,,,,,,,,,,,,,,,\"not finite, at step 3\",",
        "sick-s1,sick,1,1,failed,,,,,,,,,,,,,,,,,,,\"no \"\"data\"\"\",",
        "cut-s1,cut,1,1,missing,,,,,,,,,,,,,,,,,,,,",
        "never-s1,never,1,1,missing,,,,,,,,,,,,,,,,,,,,",
    };
    char text[4000] = "";
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s\n", expected[i]);
    }
    assert_string_equal(study_read("points.csv"), text);
}

static void curves_have_a_row_for_each_value_that_was_measured(void **state) {
    (void)state;
    make_points();
    collect();
    assert_string_equal(study_read("curves.csv"), "point,step,time_s,bytes,epsilon,metric,value\n"
                                                  "a-s1,0,0,3,,train_loss,2\n"
                                                  "a-s1,0,0,3,,test_accuracy,0.25\n"
                                                  "a-s1,20,7.5,300,1.25,test_accuracy,0.75\n"
                                                  "cut-s1,0,0,0,,test_accuracy,0.5\n"); /* not what was cut off */
}

static double ask(sqlite3 *db, const char *query) {
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_prepare_v2(db, query, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    const double value = sqlite3_column_double(statement, 0);
    sqlite3_finalize(statement);
    return value;
}

static void the_database_holds_the_same(void **state) {
    (void)state;
    make_points();
    collect();
    collect(); /* made again, it is replaced */
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open_v2(study_path("study.sqlite"), &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_true(ask(db, "select count(*) from points") == 6);
    assert_true(ask(db, "select count(*) from curves") == 4);
    assert_true(fabs(ask(db, "select avg(test_accuracy) from points where \"group\" = 'a'") - 0.7) < 1e-12);
    assert_true(ask(db, "select count(test_accuracy) from points") == 2);
    assert_true(ask(db, "select value from curves where step = 20 and metric = 'test_accuracy'") == 0.75);
    assert_true(ask(db, "select count(*) from points where status = 'missing'") == 2);
    assert_true(ask(db, "select \"/client/lr\" from points where point = 'a-s2'") == 0.5);
    sqlite3_close(db);
    assert_int_not_equal(access(study_path("study.sqlite.partial"), F_OK), 0);
}

static void a_study_of_which_nothing_has_run_has_empty_curves(void **state) {
    (void)state;
    const struct mu_study_result result = collect();
    assert_int_equal(result.missing, 6);
    assert_string_equal(study_read("curves.csv"), "point,step,time_s,bytes,epsilon,metric,value\n");
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open_v2(study_path("study.sqlite"), &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_true(ask(db, "select count(value) from curves") == 0);
    sqlite3_close(db);
}

static void the_state_of_a_point_is_what_its_status_says(void **state) {
    (void)state;
    make_points();
    char path[4400], word[16];
    int code = -1;
    static const struct {
        const char *point, *state;
        int code;
    } cases[] = {
        {"a-s1", "done", 0}, {"hot-s1", "failed", 4}, {"sick-s1", "failed", 3}, {"cut-s1", "", 0}, {"never-s1", "", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mu_point_directory(path, scratch, cases[i].point);
        mu_point_state(path, word, &code);
        assert_string_equal(word, cases[i].state);
        assert_int_equal(code, cases[i].code);
    }
}

static void what_cannot_be_written_is_an_error(void **state) {
    (void)state;
    struct mu_err err = {0};
    struct mu_study_result result;
    cJSON *plan = study_json(PLAN);
    assert_int_equal(mu_study_collect(plan, study_path("nowhere"), &result, &err), MU_IO);
    support_expect_error(&err, MU_IO, "nowhere/points.csv", "");
    assert_int_equal(mu_dir_create(study_path("study.sqlite"), &err), MU_OK); /* in the way */
    assert_int_equal(mu_dir_create(study_path("study.sqlite/x"), &err), MU_OK);
    assert_int_equal(mu_study_collect(plan, scratch, &result, &err), MU_IO);
    support_expect_error(&err, MU_IO, "study.sqlite", "");
    cJSON_Delete(plan);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(points_are_counted_by_how_they_ended, study_set_up, study_tear_down),
        cmocka_unit_test_setup_teardown(every_point_has_a_row_in_the_order_of_the_plan, study_set_up, study_tear_down),
        cmocka_unit_test_setup_teardown(curves_have_a_row_for_each_value_that_was_measured, study_set_up,
                                        study_tear_down),
        cmocka_unit_test_setup_teardown(the_database_holds_the_same, study_set_up, study_tear_down),
        cmocka_unit_test_setup_teardown(a_study_of_which_nothing_has_run_has_empty_curves, study_set_up,
                                        study_tear_down),
        cmocka_unit_test_setup_teardown(the_state_of_a_point_is_what_its_status_says, study_set_up, study_tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_written_is_an_error, study_set_up, study_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
