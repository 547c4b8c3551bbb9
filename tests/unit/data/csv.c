/* CSV: columns by name and number, quotes, classes, standardisation, and errors with their lines. */
#include "unit/data/files.h"

static char dir[256];

static int set_up(void **state) {
    (void)state;
    support_temp_dir(dir);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    support_remove_dir(dir);
    return 0;
}

static const char iris[] = "length,width,kind\n1,10,setosa\n2,20,virginica\n3,30,setosa\n4,60,versicolor\n";

static void raw_values_come_through(void **state) {
    (void)state;
    static const char *const names[] = {"iris.csv", "iris.csv.gz"};
    static const float expected[] = {1, 10, 2, 20, 3, 30, 4, 60};
    static const int32_t labels[] = {0, 2, 0, 1};
    for (size_t k = 0; k < 2; k++) {
        struct opened opened;
        const struct mu_data *const data = open_data(
            &opened, 1, "{'source': 'csv', 'path': '%s', 'standardize': false, 'test_fraction': 0, 'clients': 1}",
            put_text(dir, names[k], iris));
        const struct mu_rows rows = client_rows(data, 0);
        assert_int_equal(rows.n, 4);
        assert_int_equal(mu_data_task(data)->features, 2);
        assert_int_equal(mu_data_task(data)->classes, 3);
        assert_memory_equal(rows.x, expected, sizeof expected);
        assert_memory_equal(rows.label, labels, sizeof labels);
        assert_int_equal(mu_data_test(data)->n, 0);
        close_data(&opened);
    }
}

/* The label may be named, numbered from either end, with or without a header. */
static void the_label_is_found_by_name_or_number(void **state) {
    (void)state;
    static const struct {
        const char *text, *options;
    } cases[] = {
        {"y,a,b\n0,1,2\n1,3,4\n", "'label': 'y'"},
        {"y,a,b\n0,1,2\n1,3,4\n", "'label': '0'"},
        {"a,y,b\n1,0,2\n3,1,4\n", "'label': '-2'"},
        {"1,0,2\n3,1,4\n", "'label': '1', 'header': false"},
        {"1;2;0\r\n3;4;1\r\n", "'header': false, 'delimiter': ';'"},
        {"\xef\xbb\xbf\"y\", \"a\" ,b\n\n \"0\", 1 ,\"2\"\n\n1,3,4", "'label': 'y'"},
        {"7,a,b\n0,1,2\n1,3,4\n", "'label': '7'"}, /* a name first, then a number */
    };
    static const float expected[] = {1, 2, 3, 4};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct opened opened;
        const struct mu_data *const data = open_data(
            &opened, 1, "{'source': 'csv', 'path': '%s', 'standardize': false, 'test_fraction': 0, 'clients': 1, %s}",
            put_text(dir, "label.csv", cases[k].text), cases[k].options);
        const struct mu_rows rows = client_rows(data, 0);
        assert_int_equal(rows.n, 2);
        assert_memory_equal(rows.x, expected, sizeof expected);
        assert_int_equal(rows.label[0], 0);
        assert_int_equal(rows.label[1], 1);
        close_data(&opened);
    }
}

static void a_regression_keeps_its_targets(void **state) {
    (void)state;
    struct opened opened;
    const struct mu_data *const data =
        open_data(&opened, 1, "{'source': 'csv', 'path': '%s', 'task': 'regression', 'test_fraction': 0, 'clients': 1}",
                  put_text(dir, "r.csv", "x,y\n1,0.1\n2,-1e300\n"));
    const struct mu_rows rows = client_rows(data, 0);
    assert_int_equal(mu_data_task(data)->kind, MU_REGRESSION);
    assert_true(rows.target[0] == 0.1 && rows.target[1] == -1e300);
    close_data(&opened);
}

/* Training values of a: 1, 2, 3, 4: mean 2.5, deviation sqrt(1.25). b is constant. c is large with a small spread: a
 * float32 before standardisation would lose it. */
static void standardisation_is_by_the_training_rows_alone(void **state) {
    (void)state;
    struct opened opened;
    const char *const train = put_text(dir, "train.csv",
                                       "a,b,c,y\n1,7,1000000000.25,0\n2,7,1000000000.5,1\n3,7,1000000000.75,0\n"
                                       "4,7,1000000001,1\n");
    const char *const test = put_text(dir, "test.csv", "a,b,c,y\n2.5,8,1000000000.625,1\n");
    const struct mu_data *const data =
        open_data(&opened, 1, "{'source': 'csv', 'path': '%s', 'test_path': '%s', 'clients': 1}", train, test);
    const float *const x = client_rows(data, 0).x, *const t = mu_data_test(data)->x;
    for (size_t i = 0; i < 4; i++) {
        const double expected = ((double)i - 1.5) / sqrt(1.25);
        assert_true(fabs((double)x[3 * i] - expected) < 1e-6);
        assert_true(x[3 * i + 1] == 0);
        assert_true(fabs((double)x[3 * i + 2] - expected) < 1e-6);
    }
    assert_int_equal(mu_data_test(data)->n, 1);
    assert_true(t[0] == 0 && t[1] == 1 && t[2] == 0);
    assert_int_equal(mu_data_test(data)->label[0], 1);
    close_data(&opened);
}

static void a_fraction_is_held_out(void **state) {
    (void)state;
    struct opened opened;
    char text[4096] = "x,y\n";
    for (int i = 0; i < 100; i++) {
        sprintf(text + strlen(text), "%d,%d\n", i, i % 2);
    }
    const struct mu_data *const data =
        open_data(&opened, 1, "{'source': 'csv', 'path': '%s', 'standardize': false, 'clients': 1}",
                  put_text(dir, "hold.csv", text));
    const struct mu_rows rows = client_rows(data, 0);
    assert_int_equal(rows.n, 80);
    assert_int_equal(mu_data_test(data)->n, 20);
    for (size_t i = 0; i < 80; i++) {
        assert_int_equal(rows.label[i], (int)((const float *)rows.x)[i] % 2);
    }
    close_data(&opened);
}

static void expect_bad_text(const char *text, const char *options, const char *place, const char *what) {
    expect_bad_data(place, what, "{'source': 'csv', 'path': '%s', 'clients': 1%s}", put_text(dir, "bad.csv", text),
                    options);
}

static void errors_name_the_line(void **state) {
    (void)state;
    expect_bad_text("a,y\n1,0\nx,1\n", "", "bad.csv:3", "column 0 a: \"x\" is not a number");
    expect_bad_text("a,y\n1,0\n\n\n,1\n", "", "bad.csv:5", "column 0 a is empty");
    expect_bad_text("a,y\n1,0\nnan,1\n", "", "bad.csv:3", "\"nan\" is not a number");
    expect_bad_text("a,y\n1,0\n1,2,3\n", "", "bad.csv:3", "3 fields where 2 are expected");
    expect_bad_text("a,y\n1,0\n1\n", "", "bad.csv:3", "1 fields where 2 are expected");
    expect_bad_text("a,y\n1,\n", "", "bad.csv:2", "the label is missing");
    expect_bad_text("a,y\n1,0\n2,x\n", ", 'task': 'regression'", "bad.csv:3", "\"x\" is not a number");
    expect_bad_text("a,y\n1,0\n1\"2,1\n", "", "bad.csv:3", "a quote is out of place");
    expect_bad_text("a,y\n1,0\n\"1,1\n", "", "bad.csv:3", "ends inside a quoted field");
    expect_bad_text("a,a,y\n1,0,1\n", "", "bad.csv:1", "two columns are called \"a\"");
    expect_bad_text("y\n1\n", "", "bad.csv:1", "1 columns leave no features");
    expect_bad_text("a,y\n1,0\n2,0\n", "", "bad.csv", "all labels are the same");
    expect_bad_text("a,y\n", "", "bad.csv", "no rows");
    expect_bad_text("", "", "bad.csv", "no rows");
    expect_bad_text("a,y\n1,0\n", ", 'label': 'z'", "test.json: /data/label", "has no column \"z\" among its 2");
    expect_bad_text("a,y\n1,0\n", ", 'label': '2'", "test.json: /data/label", "has no column \"2\"");
    expect_bad_text("a,y\n1,0\n", ", 'label': '-3'", "test.json: /data/label", "has no column \"-3\"");
    expect_bad_text("1,0\n", ", 'label': 'y', 'header': false", "/data/label", "without a header, give its number");
    expect_bad_text("a,y\n1,0\n", ", 'delimiter': ';;'", "test.json: /data/delimiter", "one character");
    expect_bad_text("a,y\n1,0\n2,1\n", ", 'test_fraction': 1", "test.json: /data/test_fraction", "no row of 2");
}

static void the_test_file_must_have_the_same_columns(void **state) {
    (void)state;
    char train[512], test[512];
    snprintf(train, sizeof train, "%s", put_text(dir, "columns.csv", "a,b,y\n1,2,0\n1,3,1\n"));
    snprintf(test, sizeof test, "%s", put_text(dir, "other.csv", "b,a,y\n1,2,0\n"));
    expect_bad_data("other.csv:1", "column 0 is \"b\", but \"a\" in the training file",
                    "{'source': 'csv', 'path': '%s', 'test_path': '%s'}", train, test);
    put_text(dir, "other.csv", "a,b,y\n");
    expect_bad_data("other.csv", "no rows", "{'source': 'csv', 'path': '%s', 'test_path': '%s'}", train, test);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(raw_values_come_through),
        cmocka_unit_test(the_label_is_found_by_name_or_number),
        cmocka_unit_test(a_regression_keeps_its_targets),
        cmocka_unit_test(standardisation_is_by_the_training_rows_alone),
        cmocka_unit_test(a_fraction_is_held_out),
        cmocka_unit_test(errors_name_the_line),
        cmocka_unit_test(the_test_file_must_have_the_same_columns),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
