/* Rows as CSV (RFC 4180) and in SQLite, from which they are asked back. */
#include "support_study.h"

#include <sqlite3.h>

/* The rows as CSV. */
static const char *as_csv(const char *rows_text) {
    struct mu_err err = {0};
    cJSON *rows = study_json(rows_text);
    assert_int_equal(mu_table_csv(rows, rows->child, study_path("t.csv"), &err), MU_OK);
    cJSON_Delete(rows);
    return study_read("t.csv");
}

static void text_is_quoted_only_where_it_must_be(void **state) {
    (void)state;
    assert_string_equal(
        as_csv("[{\"plain\":\"a b\",\"x,y\":\"1,2\",\"q\":\"say \\\"no\\\"\",\"n\":\"a\\nb\",\"r\":\"\\r\"}]"),
        "plain,\"x,y\",q,n,r\na b,\"1,2\",\"say \"\"no\"\"\",\"a\nb\",\"\r\"\n");
}

static void numbers_are_the_shortest_that_read_back(void **state) {
    (void)state;
    assert_string_equal(as_csv("[{\"a\":0.1,\"b\":0.30000000000000004,\"c\":1e300,\"d\":123456789012,\"e\":-0.5}]"),
                        "a,b,c,d,e\n0.1,0.30000000000000004,1e+300,123456789012,-0.5\n");
    double third = 0;
    assert_int_equal(sscanf(as_csv("[{\"a\":0.3333333333333333}]"), "a\n%lf", &third), 1);
    assert_true(third == 0.3333333333333333);
    assert_true(third != 0.333333333333333);
}

static void what_is_not_there_is_empty_and_objects_are_json(void **state) {
    (void)state;
    assert_string_equal(as_csv("[{\"a\":null,\"b\":{\"k\":[1,\"x\"]},\"c\":true},{\"a\":1,\"b\":null,\"c\":false}]"),
                        "a,b,c\n,\"{\"\"k\"\":[1,\"\"x\"\"]}\",true\n1,,false\n");
    struct mu_err err = {0};
    cJSON *rows = study_json("[{\"a\":1,\"b\":2}]");
    cJSON_SetNumberValue(rows->child->child, NAN);
    cJSON_SetNumberValue(rows->child->child->next, INFINITY);
    assert_int_equal(mu_table_csv(rows, rows->child, study_path("t.csv"), &err), MU_OK);
    assert_string_equal(study_read("t.csv"), "a,b\n,\n");
    cJSON_Delete(rows);
}

static void a_table_without_rows_has_its_columns(void **state) {
    (void)state;
    struct mu_err err = {0};
    cJSON *rows = study_json("[]"), *columns = study_json("{\"a\":0,\"b\":0}");
    assert_int_equal(mu_table_csv(rows, columns, study_path("t.csv"), &err), MU_OK);
    assert_string_equal(study_read("t.csv"), "a,b\n");
    cJSON_Delete(rows);
    cJSON_Delete(columns);
}

static void a_file_that_cannot_be_written_is_an_error(void **state) {
    (void)state;
    struct mu_err err = {0};
    cJSON *rows = study_json("[{\"a\":1}]");
    assert_int_equal(mu_table_csv(rows, rows->child, study_path("nowhere/t.csv"), &err), MU_IO);
    support_expect_error(&err, MU_IO, "nowhere/t.csv", "");
    cJSON_Delete(rows);
}

/* The answer to a query of one row and column, as text; "NULL" for null. */
static const char *ask(sqlite3 *db, const char *query) {
    static char text[200];
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_prepare_v2(db, query, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    const char *value = (const char *)sqlite3_column_text(statement, 0);
    snprintf(text, sizeof text, "%s", value != NULL ? value : "NULL");
    sqlite3_finalize(statement);
    return text;
}

static void the_database_answers_with_what_was_put_in(void **state) {
    (void)state;
    sqlite3 *db = NULL;
    struct mu_err err = {0};
    cJSON *rows =
        study_json("[{\"point\":\"it's\",\"/a/b\":1,\"say \\\"x\\\"\":0.1,\"big\":9007199254740991,\"none\":null,"
                   "\"o\":{\"k\":1}},{\"point\":\"b\",\"/a/b\":3,\"say \\\"x\\\"\":1e300,\"big\":-2,"
                   "\"none\":null,\"o\":\"t\"}]");
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    assert_int_equal(mu_table_sqlite(db, "my table", rows, rows->child, &err), MU_OK);
    assert_string_equal(ask(db, "select count(*) from \"my table\""), "2");
    assert_string_equal(ask(db, "select sum(\"/a/b\") from \"my table\""), "4");
    assert_string_equal(ask(db, "select typeof(\"/a/b\") from \"my table\""), "integer");
    assert_string_equal(ask(db, "select typeof(\"say \"\"x\"\"\") from \"my table\""), "real");
    assert_string_equal(ask(db, "select point from \"my table\" where \"say \"\"x\"\"\" = 0.1"), "it's");
    assert_string_equal(ask(db, "select max(\"say \"\"x\"\"\") = 1e300 from \"my table\""), "1");
    assert_string_equal(ask(db, "select max(big) from \"my table\""), "9007199254740991");
    assert_string_equal(ask(db, "select none from \"my table\""), "NULL");
    assert_string_equal(ask(db, "select count(none) from \"my table\""), "0");
    assert_string_equal(ask(db, "select o from \"my table\" where point = 'it''s'"), "{\"k\":1}");
    assert_int_equal(mu_table_sqlite(db, "my table", rows, rows->child, &err), MU_IO); /* it is there already */
    support_expect_error(&err, MU_IO, "study.sqlite", "already exists");
    sqlite3_close(db);
    cJSON_Delete(rows);
}

static void a_number_that_is_not_finite_is_null_and_no_rows_make_an_empty_table(void **state) {
    (void)state;
    sqlite3 *db = NULL;
    struct mu_err err = {0};
    cJSON *rows = study_json("[{\"a\":1,\"b\":2}]"), *none = study_json("[]");
    cJSON_SetNumberValue(rows->child->child, NAN);
    cJSON_SetNumberValue(rows->child->child->next, INFINITY);
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    assert_int_equal(mu_table_sqlite(db, "t", rows, rows->child, &err), MU_OK);
    assert_string_equal(ask(db, "select a from t"), "NULL");
    assert_string_equal(ask(db, "select b from t"), "NULL");
    assert_int_equal(mu_table_sqlite(db, "u", none, rows->child, &err), MU_OK);
    assert_string_equal(ask(db, "select count(b) from u"), "0");
    sqlite3_close(db);
    cJSON_Delete(rows);
    cJSON_Delete(none);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(text_is_quoted_only_where_it_must_be, study_set_up, study_tear_down),
        cmocka_unit_test_setup_teardown(numbers_are_the_shortest_that_read_back, study_set_up, study_tear_down),
        cmocka_unit_test_setup_teardown(what_is_not_there_is_empty_and_objects_are_json, study_set_up, study_tear_down),
        cmocka_unit_test_setup_teardown(a_table_without_rows_has_its_columns, study_set_up, study_tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_cannot_be_written_is_an_error, study_set_up, study_tear_down),
        cmocka_unit_test(the_database_answers_with_what_was_put_in),
        cmocka_unit_test(a_number_that_is_not_finite_is_null_and_no_rows_make_an_empty_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
