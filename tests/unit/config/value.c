/* Scalars and arrays: types, ranges, and the edges of both. */
#include "harness.h"

/* {"tool": none, KEY: VALUE} is refused at /PLACE with the message. */
static void assert_bad(const char *pair, const char *place, const char *message) {
    char text[1024];
    char full[128];
    snprintf(text, sizeof text, "{\"tool\": {\"kind\": \"none\"}, %s}", pair);
    snprintf(full, sizeof full, "t.json: %s", place);
    assert_refused(text, full, message, NULL);
}

static int parse_pair(const char *pair, struct sample *s) {
    char text[1024];
    struct mu_err err;
    snprintf(text, sizeof text, "{\"tool\": {\"kind\": \"none\"}, %s}", pair);
    return parse_sample(text, s, &err);
}

static void integers_are_whole_and_in_range(void **state) {
    (void)state;
    assert_bad("\"batch_size\": \"ten\"", "/batch_size", "expected an integer in 1..1000000 or \"full\", got \"ten\"");
    assert_bad("\"batch_size\": 0", "/batch_size", "expected an integer in 1..1000000 or \"full\", got 0");
    assert_bad("\"batch_size\": 1000001", "/batch_size", "expected an integer in 1..1000000 or \"full\", got 1000001");
    assert_bad("\"batch_size\": 2.5", "/batch_size", "expected an integer in 1..1000000 or \"full\", got 2.5");
    assert_bad("\"batch_size\": [1]", "/batch_size", "expected an integer in 1..1000000 or \"full\", got an array");
    assert_bad("\"seed\": true", "/seed", "expected an integer of at least 0, got true");
    assert_bad("\"seed\": \"full\"", "/seed", "expected an integer of at least 0, got \"full\"");
    struct sample s;
    assert_int_equal(parse_pair("\"batch_size\": 1e6", &s), MU_OK); /* a whole number, however it is written */
    assert_int_equal(s.batch_size, 1000000);
    mu_group_clear(&sample_group, &s);
}

static void integers_that_a_double_cannot_hold_are_refused(void **state) {
    (void)state;
    const char *message = "expected an integer between -2^53 and 2^53, got 9007199254740992";
    assert_bad("\"seed\": 9007199254740992", "/seed", message);
    assert_bad("\"seed\": 9007199254740993", "/seed", message);
    struct sample s;
    assert_int_equal(parse_pair("\"seed\": 9007199254740991", &s), MU_OK);
    assert_true(s.seed == 9007199254740991);
    mu_group_clear(&sample_group, &s);
}

static void numbers_keep_their_open_ends(void **state) {
    (void)state;
    assert_bad("\"fraction\": 0", "/fraction", "expected a number greater than 0 and at most 1, got 0");
    assert_bad("\"fraction\": 1.0000001", "/fraction", "expected a number greater than 0 and at most 1, got 1.0000001");
    assert_bad("\"limit_s\": -0.1", "/limit_s", "expected a number of at least 0, got -0.1");
    assert_bad("\"offset\": \"1\"", "/offset", "expected a number, got \"1\"");
    struct sample s;
    assert_int_equal(parse_pair("\"fraction\": 1, \"offset\": -1e300", &s), MU_OK);
    assert_true(s.fraction == 1 && s.offset == -1e300);
    mu_group_clear(&sample_group, &s);
    assert_int_equal(parse_pair("\"fraction\": 5e-324", &s), MU_OK);
    mu_group_clear(&sample_group, &s);
}

static void words_are_matched_exactly_with_a_hint(void **state) {
    (void)state;
    assert_bad("\"mode\": \"sise\"", "/mode",
               "expected \"uniform\", \"size\" or \"replacement\", got \"sise\"; did you mean \"size\"?");
    assert_bad("\"mode\": \"Size\"", "/mode",
               "expected \"uniform\", \"size\" or \"replacement\", got \"Size\"; did you mean \"size\"?");
    assert_bad("\"mode\": \"poisson\"", "/mode", "expected \"uniform\", \"size\" or \"replacement\", got \"poisson\"");
    assert_bad("\"mode\": 1", "/mode", "expected \"uniform\", \"size\" or \"replacement\", got 1");
    assert_refused("{\"tool\": {\"kind\": \"none\"}, \"batch_size\": \"ful\"}", "t.json: /batch_size",
                   "expected an integer in 1..1000000 or \"full\", got \"ful\"", "did you mean \"full\"?");
}

static void booleans_and_strings_are_not_converted(void **state) {
    (void)state;
    assert_bad("\"trace\": 1", "/trace", "expected true or false, got 1");
    assert_bad("\"trace\": \"true\"", "/trace", "expected true or false, got \"true\"");
    assert_bad("\"name\": 5", "/name", "expected a string, got 5");
    assert_bad("\"data\": 5", "/data", "expected an object, got 5");
}

static void elements_of_integer_arrays_are_named_by_index(void **state) {
    (void)state;
    assert_bad("\"hidden\": [200, 0]", "/hidden/1", "expected an integer in 1..4096, got 0");
    assert_bad("\"hidden\": [200, [1]]", "/hidden/1", "expected an integer in 1..4096, got an array");
    assert_bad("\"hidden\": \"200\"", "/hidden", "expected integers in 1..4096 in an array, got \"200\"");
    assert_bad("\"hidden\": 0", "/hidden", "expected an integer in 1..4096, got 0");
    struct sample s;
    assert_int_equal(parse_pair("\"hidden\": []", &s), MU_OK);
    assert_int_equal(s.hidden.n, 0);
    mu_group_clear(&sample_group, &s);
}

static void number_arrays_have_a_shape(void **state) {
    (void)state;
    static const struct {
        const char *json;
        size_t n, axes, shape[3];
    } cases[] = {
        {"5", 1, 1, {1}},
        {"[1, 2, 6]", 3, 1, {3}},
        {"[[1, 2], [3, 4], [5, 6]]", 6, 2, {3, 2}},
        {"[[[1], [2]], [[3], [4]]]", 4, 3, {2, 2, 1}},
        {"[]", 0, 1, {0}},
        {"[[], []]", 0, 2, {2, 0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char pair[128];
        struct sample s;
        snprintf(pair, sizeof pair, "\"targets\": %s", cases[i].json);
        assert_int_equal(parse_pair(pair, &s), MU_OK);
        assert_int_equal(s.targets.n, cases[i].n);
        assert_int_equal(s.targets.axes, cases[i].axes);
        for (size_t k = 0; k < 3; k++) {
            assert_int_equal(s.targets.shape[k], cases[i].shape[k]);
        }
        for (size_t k = 0; k < s.targets.n && cases[i].n > 1; k++) {
            assert_true(s.targets.v[k] == (k == 2 && cases[i].axes == 1 ? 6 : (double)k + 1));
        }
        mu_group_clear(&sample_group, &s);
    }
}

static void ragged_and_mixed_arrays_are_refused(void **state) {
    (void)state;
    assert_bad("\"targets\": [[1, 2], [3]]", "/targets/1", "expected 2 elements as in the arrays before, got 1");
    assert_bad("\"targets\": [[1, 2], 3]", "/targets/1", "expected an array of 2 elements as before, got 3");
    assert_bad("\"targets\": [1, [2]]", "/targets/1", "expected a number, got an array");
    assert_bad("\"targets\": [[], [1]]", "/targets/1", "expected 0 elements as in the arrays before, got 1");
    assert_bad("\"targets\": [[[[1]]]]", "/targets", "arrays of numbers nest at most 3 deep");
    assert_bad("\"targets\": [[1, \"x\"]]", "/targets/0/1", "expected a number, got \"x\"");
    assert_bad("\"weights\": [1, 0]", "/weights/1", "expected a number greater than 0, got 0");
    assert_bad("\"weights\": 0", "/weights", "expected a number greater than 0, got 0");
    assert_bad("\"weights\": {}", "/weights",
               "expected numbers greater than 0 in an array, which may be nested, got an object");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_whole_and_in_range),
        cmocka_unit_test(integers_that_a_double_cannot_hold_are_refused),
        cmocka_unit_test(numbers_keep_their_open_ends),
        cmocka_unit_test(words_are_matched_exactly_with_a_hint),
        cmocka_unit_test(booleans_and_strings_are_not_converted),
        cmocka_unit_test(elements_of_integer_arrays_are_named_by_index),
        cmocka_unit_test(number_arrays_have_a_shape),
        cmocka_unit_test(ragged_and_mixed_arrays_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
