/* The pieces of messages: bounded, whole characters, exact numbers. */
#include "text.h"
#include "harness.h"

static void appending_stops_before_a_split_character(void **state) {
    (void)state;
    char out[8] = "";
    assert_true(mu_append(out, sizeof out, "%s", "abc"));
    assert_true(mu_append(out, sizeof out, "%d", 1234));
    assert_string_equal(out, "abc1234");
    assert_false(mu_append(out, sizeof out, "x"));
    assert_string_equal(out, "abc1234");
    /* 6 bytes and a two-byte character do not fit into 7. */
    out[0] = '\0';
    assert_false(mu_append(out, sizeof out, "abcdef\xC3\xA9"));
    assert_string_equal(out, "abcdef");
    out[0] = '\0';
    assert_false(mu_append(out, sizeof out, "abcd\xF0\x9F\x98\x80"));
    assert_string_equal(out, "abcd");
    out[0] = '\0';
    assert_false(mu_append(out, sizeof out, "abcdefghij"));
    assert_string_equal(out, "abcdefg");
}

static void pointers_are_escaped(void **state) {
    (void)state;
    char out[MU_TEXT];
    assert_string_equal(mu_pointer_join(out, "", "a"), "/a");
    assert_string_equal(mu_pointer_join(out, "/x", "a/b~c"), "/x/a~1b~0c");
    assert_string_equal(mu_pointer_join(out, "/x", "~1"), "/x/~01");
    assert_string_equal(mu_pointer_join(out, "/x", ""), "/x/");
    strcpy(out, "/x");
    assert_string_equal(mu_pointer_join(out, out, "y"), "/x/y");
    char key[2000];
    memset(key, 'k', sizeof key - 1);
    key[sizeof key - 1] = '\0';
    assert_int_equal(strlen(mu_pointer_join(out, "/x", key)), MU_TEXT - 1);
    memset(key, '~', sizeof key - 1);
    assert_true(strlen(mu_pointer_join(out, "/x", key)) < MU_TEXT);
}

static void places_join_what_there_is(void **state) {
    (void)state;
    char place[512];
    assert_string_equal(mu_place(place, "a.json", "/b", "c"), "a.json: /b/c");
    assert_string_equal(mu_place(place, "a.json", "/b", NULL), "a.json: /b");
    assert_string_equal(mu_place(place, "a.json", "", "c/d"), "a.json: /c~1d");
    assert_string_equal(mu_place(place, "a.json", "", NULL), "a.json");
    assert_string_equal(mu_place(place, "", "/b", NULL), "/b");
    assert_string_equal(mu_place(place, NULL, NULL, "b"), "/b");
}

static void numbers_are_short_and_exact(void **state) {
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {{0, "0"},
                 {-0.0, "-0"},
                 {1000000, "1000000"},
                 {0.1, "0.1"},
                 {1e300, "1e+300"},
                 {1e15, "1e+15"},
                 {999999999999999, "999999999999999"},
                 {-2.5, "-2.5"},
                 {0.1 + 0.2, "0.30000000000000004"},
                 {1e-7, "1e-07"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[32];
        assert_string_equal(mu_number_text(out, cases[i].value), cases[i].text);
    }
}

static void values_are_shown_briefly(void **state) {
    (void)state;
    static const char *const cases[][2] = {{"\"ten\"", "\"ten\""}, {"3.5", "3.5"},   {"true", "true"},
                                           {"false", "false"},     {"null", "null"}, {"[1]", "an array"},
                                           {"{}", "an object"}};
    char out[MU_TEXT];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cJSON *json = json_of(cases[i][0]);
        assert_string_equal(mu_value_text(out, json), cases[i][1]);
        cJSON_Delete(json);
    }
    char text[3000] = "";
    for (size_t i = 0; i < 1000; i++) {
        strcat(text, "\xC3\xA9");
    }
    cJSON *json = cJSON_CreateString(text);
    mu_value_text(out, json);
    assert_true(strlen(out) < 70);
    assert_string_equal(out + strlen(out) - 4, "...\"");
    assert_int_equal((unsigned char)out[strlen(out) - 5], 0xA9); /* a whole character before the dots */
    cJSON_Delete(json);
}

static void ranges_are_readable(void **state) {
    (void)state;
    static const struct mu_word words[] = {{"full", 0}, {"half", -1}, {NULL, 0}};
    static const struct {
        struct mu_field field;
        const char *text;
    } cases[] = {
        {{.type = MU_INT, .min = 1, .max = 1000000}, "an integer in 1..1000000"},
        {{.type = MU_INT}, "an integer"},
        {{.type = MU_INT, .min = 1, .max = INFINITY}, "an integer of at least 1"},
        {{.type = MU_INT, .min = 0, .max = 9007199254740992.0}, "an integer of at least 0"},
        {{.type = MU_INT, .min = -INFINITY, .max = -1}, "an integer of at most -1"},
        {{.type = MU_INT, .min = -INFINITY, .max = INFINITY}, "an integer"},
        {{.type = MU_INT, .min = 1, .max = 8, .of = words}, "an integer in 1..8, \"full\" or \"half\""},
        {{.type = MU_REAL, .max = INFINITY, .open = true}, "a number greater than 0"},
        {{.type = MU_REAL, .open = true}, "a number greater than 0"},
        {{.type = MU_REAL, .max = INFINITY}, "a number of at least 0"},
        {{.type = MU_REAL, .max = 1}, "a number in 0..1"},
        {{.type = MU_REAL, .max = 1, .open = true}, "a number greater than 0 and at most 1"},
        {{.type = MU_REAL, .min = -0.5, .max = 2.5}, "a number in -0.5..2.5"},
        {{.type = MU_REAL, .min = -INFINITY, .max = 3}, "a number of at most 3"},
        {{.type = MU_BOOL}, "true or false"},
        {{.type = MU_STRING}, "a string"},
        {{.type = MU_ENUM, .of = sample_modes}, "\"uniform\", \"size\" or \"replacement\""},
        {{.type = MU_INTS, .min = 1, .max = 4096}, "integers in 1..4096 in an array"},
        {{.type = MU_REALS}, "numbers in an array, which may be nested"},
        {{.type = MU_CHOICE, .of = &sample_tools}, "a tool: an object with \"kind\""},
        {{.type = MU_CHOICE, .of = &sample_laws}, "a number or a law: an object with \"kind\""},
        {{.type = MU_TAG, .of = &sample_sources}, "the name of a source"},
        {{.type = MU_GROUP}, "an object"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[MU_TEXT];
        assert_string_equal(mu_expected_text(out, &cases[i].field), cases[i].text);
    }
    assert_string_equal(mu_article("optimizer"), "an");
    assert_string_equal(mu_article("strategy"), "a");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appending_stops_before_a_split_character),
        cmocka_unit_test(pointers_are_escaped),
        cmocka_unit_test(places_join_what_there_is),
        cmocka_unit_test(numbers_are_short_and_exact),
        cmocka_unit_test(values_are_shown_briefly),
        cmocka_unit_test(ranges_are_readable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
