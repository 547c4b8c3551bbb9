/* Keys that do not belong: what is said depends on what they might have been. */
#include "harness.h"

static void a_mistyped_key_is_corrected(void **state) {
    (void)state;
    assert_refused("{\"tol\": {\"kind\": \"saw\"}}", "t.json: /tol", "unknown key; did you mean \"tool\"?", "");
    assert_refused("{\"tool\": {\"kind\": \"saw\", \"teteh\": 3}}", "t.json: /tool/teteh",
                   "unknown key; did you mean \"teeth\"?", NULL);
    assert_refused("{\"tool\": {\"kind\": \"none\"}, \"data\": {\"sorce\": \"file\", \"path\": \"x\"}}",
                   "t.json: /data/sorce", "unknown key; did you mean \"source\"?", NULL);
    assert_refused("{\"Tool\": {\"kind\": \"saw\"}}", "t.json: /Tool", "unknown key; did you mean \"tool\"?", NULL);
}

static void an_alien_key_gets_the_list(void **state) {
    (void)state;
    assert_refused("{\"tool\": {\"kind\": \"hammer\", \"mass\": 1, \"colour\": 3}}", "t.json: /tool/colour",
                   "unknown key", "known here: kind, mass, grip");
    assert_refused("{\"tool\": {\"kind\": \"none\", \"colour\": 3}}", "t.json: /tool/colour", "unknown key",
                   "known here: kind");
    assert_refused("{\"tool\": {\"kind\": \"none\"}, \"data\": {\"colour\": 3}}", "t.json: /data/colour", "unknown key",
                   "known here: source, sigma, band, clients");
    assert_refused("{\"tool\": {\"kind\": \"none\"}, \"a/b~\": 3}", "t.json: /a~1b~0", "unknown key", NULL);
}

static void an_option_of_another_row_is_told_apart(void **state) {
    (void)state;
    assert_refused("{\"tool\": {\"kind\": \"hammer\", \"mass\": 1, \"teeth\": 3}}", "t.json: /tool/teeth",
                   "unknown key", "\"teeth\" is an option of tool \"saw\", not of \"hammer\"");
    assert_refused("{\"tool\": {\"kind\": \"none\"}, \"data\": {\"path\": \"x\"}}", "t.json: /data/path", "unknown key",
                   "\"path\" is an option of source \"file\", not of \"noise\"");
    assert_refused("{\"tool\": {\"kind\": \"none\"}, \"data\": {\"source\": \"file\", \"path\": \"x\", \"sigma\": 1}}",
                   "t.json: /data/sigma", "unknown key", "\"sigma\" is an option of source \"noise\", not of \"file\"");
    /* Of two, the first in the file. */
    assert_refused("{\"tool\": {\"kind\": \"none\", \"teeth\": 3, \"mass\": 1}}", "t.json: /tool/teeth", "unknown key",
                   "\"teeth\" is an option of tool \"saw\", not of \"none\"");
    /* The mistyped key explains the misplaced one, wherever it stands. */
    assert_refused("{\"tool\": {\"kind\": \"none\"}, \"data\": {\"path\": \"x\", \"sorce\": \"file\"}}",
                   "t.json: /data/sorce", "unknown key; did you mean \"source\"?", NULL);
    /* While the tag names nothing, its neighbours cannot be judged. */
    assert_refused("{\"tool\": {\"kind\": \"none\"}, \"data\": {\"path\": \"x\", \"source\": \"fille\"}}",
                   "t.json: /data/source", "unknown source \"fille\"; did you mean \"file\"?", NULL);
}

/* mu_json_parse refuses them in files; a tree made by hand may have them. */
static void duplicates_in_a_tree_are_refused(void **state) {
    (void)state;
    cJSON *json = cJSON_Parse("{\"tool\": {\"kind\": \"saw\", \"kind\": \"none\"}}");
    struct sample s;
    struct mu_err err = {0};
    assert_int_equal(mu_group_parse(&sample_group, json, "t.json", "", &s, &err), MU_BAD_CONFIG);
    assert_string_equal(err.place, "t.json: /tool/kind");
    assert_string_equal(err.text, "duplicate key");
    cJSON_Delete(json);
}

static void long_keys_stay_within_the_message(void **state) {
    (void)state;
    char text[5000] = "{\"";
    memset(text + 2, 'k', 4000);
    strcpy(text + 4002, "\": 1}");
    struct sample s;
    struct mu_err err;
    assert_int_equal(parse_sample(text, &s, &err), MU_BAD_CONFIG);
    assert_true(strlen(err.place) < sizeof err.place);
    assert_string_equal(err.text, "unknown key");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mistyped_key_is_corrected),
        cmocka_unit_test(an_alien_key_gets_the_list),
        cmocka_unit_test(an_option_of_another_row_is_told_apart),
        cmocka_unit_test(duplicates_in_a_tree_are_refused),
        cmocka_unit_test(long_keys_stay_within_the_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
