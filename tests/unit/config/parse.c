/* mu_group_parse: what is filled in, and what is said about what cannot be. */
#include "harness.h"

static void absent_options_get_their_defaults(void **state) {
    (void)state;
    struct sample s;
    struct mu_err err;
    assert_int_equal(parse_sample("{\"tool\": {\"kind\": \"saw\"}}", &s, &err), MU_OK);
    assert_string_equal(s.name, "unnamed");
    assert_null(s.note);
    assert_int_equal(s.seed, 1);
    assert_int_equal(s.batch_size, 32);
    assert_true(s.patience == MU_UNSET);
    assert_true(s.fraction == 0.1);
    assert_true(isnan(s.limit_s));
    assert_true(s.offset == -1.5);
    assert_int_equal(s.mode, 1);
    assert_int_equal(s.fallback, -1);
    assert_false(s.trace);
    assert_int_equal(s.hidden.n, 2);
    assert_int_equal(s.hidden.v[0], 200);
    assert_int_equal(s.hidden.v[1], 100);
    assert_int_equal(s.chosen.n, 0);
    assert_non_null(s.chosen.v);
    assert_int_equal(s.weights.n, 1);
    assert_true(s.weights.v[0] == 1);
    assert_null(s.targets.v);
    const struct tool_saw *saw = s.tool.options;
    assert_ptr_equal(s.tool.kind, &tool_saw);
    assert_int_equal(saw->teeth, 24);
    assert_true(((const struct law_constant *)saw->pace.options)->value == 0.5);
    assert_ptr_equal(s.delay_s.kind, &law_constant);
    assert_null(s.extra_s.kind);
    assert_ptr_equal(s.data.source.kind, &source_noise);
    assert_int_equal(s.data.clients, 10);
    const struct source_noise *noise = s.data.source.options;
    assert_true(noise->sigma == 1 && noise->band.low == 0 && noise->band.high == 2);
    mu_group_clear(&sample_group, &s);
}

static void state_gets_its_default_and_is_no_option(void **state) {
    (void)state;
    struct sample s;
    struct mu_err err;
    assert_int_equal(parse_sample("{\"tool\": {\"kind\": \"saw\"}}", &s, &err), MU_OK);
    assert_int_equal(s.gathered, 3);
    assert_int_equal(((const struct tool_saw *)s.tool.options)->strokes, 7);
    mu_group_clear(&sample_group, &s);
    assert_refused("{\"tool\": {\"kind\": \"none\"}, \"gathered\": 3}", "t.json: /gathered", "unknown key", NULL);
    assert_refused("{\"tool\": {\"kind\": \"saw\", \"strokes\": 3}}", "t.json: /tool/strokes", "unknown key",
                   "known here: kind, teeth, pace");
}

static void values_replace_defaults(void **state) {
    (void)state;
    struct sample s;
    struct mu_err err;
    const char *text =
        "{\"tool\": {\"kind\": \"hammer\", \"mass\": 2.5, \"grip\": \"rubber\"}, \"name\": \"caf\\u00e9\","
        " \"batch_size\": \"full\", \"seed\": 9007199254740991, \"trace\": true, \"mode\": \"replacement\","
        " \"fallback\": \"uniform\", \"limit_s\": 0, \"delay_s\": 4, \"extra_s\": {\"kind\": \"mixture\","
        " \"of\": {\"kind\": \"uniform\", \"high\": 3}}, \"hidden\": 7, \"data\": {\"path\": \"a/b\","
        " \"clients\": 3, \"source\": \"file\"}}";
    assert_int_equal(parse_sample(text, &s, &err), MU_OK);
    assert_string_equal(s.name, "caf\xC3\xA9");
    assert_int_equal(s.batch_size, 0);
    assert_true(s.seed == 9007199254740991);
    assert_true(s.trace);
    assert_int_equal(s.mode, 2);
    assert_int_equal(s.fallback, 0);
    assert_true(s.limit_s == 0);
    assert_true(((const struct law_constant *)s.delay_s.options)->value == 4);
    const struct law_mixture *mixture = s.extra_s.options;
    assert_true(((const struct law_uniform *)mixture->of.options)->high == 3);
    assert_int_equal(s.hidden.n, 1);
    assert_int_equal(s.hidden.v[0], 7);
    const struct source_file *file = s.data.source.options;
    assert_string_equal(file->path, "a/b");
    assert_true(file->header);
    mu_group_clear(&sample_group, &s);
}

static void null_means_absent_only_where_absence_is_allowed(void **state) {
    (void)state;
    struct sample s;
    struct mu_err err;
    assert_int_equal(
        parse_sample("{\"tool\": {\"kind\": \"none\"}, \"limit_s\": null, \"extra_s\": null, \"note\": null,"
                     " \"fallback\": null, \"patience\": null, \"targets\": null}",
                     &s, &err),
        MU_OK);
    assert_true(isnan(s.limit_s) && s.extra_s.kind == NULL && s.fallback == -1 && s.patience == MU_UNSET);
    mu_group_clear(&sample_group, &s);
    assert_refused("{\"tool\": null}", "t.json: /tool", "expected a tool: an object with \"kind\", got null", NULL);
    assert_refused("{\"tool\": {\"kind\": \"none\"}, \"seed\": null}", "t.json: /seed",
                   "expected an integer of at least 0, got null", NULL);
    assert_refused("{\"tool\": {\"kind\": \"none\"}, \"data\": null}", "t.json: /data", "expected an object, got null",
                   NULL);
}

static void a_missing_option_is_named(void **state) {
    (void)state;
    assert_refused("{}", "t.json: /tool", "missing option \"tool\": expected a tool: an object with \"kind\"",
                   "tool: what to work with");
    assert_refused("{\"tool\": {\"kind\": \"hammer\"}}", "t.json: /tool/mass",
                   "missing option \"mass\": expected a number greater than 0 (kg)", "mass: how heavy it is");
    assert_refused("{\"tool\": {\"kind\": \"none\"}, \"data\": {\"source\": \"file\"}}", "t.json: /data/path",
                   "missing option \"path\": expected a string", NULL);
}

static void a_kind_must_be_named_and_known(void **state) {
    (void)state;
    const char *all = "known tools: hammer, saw, none";
    assert_refused("{\"tool\": {\"kind\": \"hamer\"}}", "t.json: /tool/kind",
                   "unknown tool \"hamer\"; did you mean \"hammer\"?", all);
    assert_refused("{\"tool\": {\"kind\": \"screwdriver\"}}", "t.json: /tool/kind", "unknown tool \"screwdriver\"",
                   all);
    assert_refused("{\"tool\": {}}", "t.json: /tool/kind", "missing: which tool is meant?", all);
    assert_refused("{\"tool\": {\"kin\": \"saw\"}}", "t.json: /tool/kin", "unknown key; did you mean \"kind\"?", NULL);
    assert_refused("{\"tool\": {\"kind\": 3}}", "t.json: /tool/kind", "expected the name of a tool, got 3", NULL);
    assert_refused("{\"tool\": \"saw\"}", "t.json: /tool", "expected a tool: an object with \"kind\", got \"saw\"",
                   "write {\"kind\": \"saw\"}");
    assert_refused("{\"tool\": 3}", "t.json: /tool", "expected a tool: an object with \"kind\", got 3", NULL);
    assert_refused("{\"tool\": {\"kind\": \"none\"}, \"data\": {\"source\": \"nose\"}}", "t.json: /data/source",
                   "unknown source \"nose\"; did you mean \"noise\"?", "known sources: file, noise");
    assert_refused("{\"tool\": {\"kind\": \"none\"}, \"data\": {\"source\": 1}}", "t.json: /data/source",
                   "expected the name of a source, got 1", NULL);
}

static void a_bare_number_is_checked_where_it_stands(void **state) {
    (void)state;
    assert_refused("{\"tool\": {\"kind\": \"none\"}, \"delay_s\": -1}", "t.json: /delay_s",
                   "expected a number of at least 0, got -1", NULL);
    assert_refused("{\"tool\": {\"kind\": \"none\"}, \"delay_s\": {\"kind\": \"constant\", \"value\": -1}}",
                   "t.json: /delay_s/value", "expected a number of at least 0, got -1", NULL);
    assert_refused("{\"tool\": {\"kind\": \"none\"}, \"delay_s\": true}", "t.json: /delay_s",
                   "expected a number or a law: an object with \"kind\", got true", NULL);
}

static void rules_that_span_fields_are_checked_at_every_level(void **state) {
    (void)state;
    assert_refused("{\"tool\": {\"kind\": \"none\"}, \"patience\": 5}", "t.json: /patience", "needs limit_s", NULL);
    assert_refused("{\"tool\": {\"kind\": \"saw\", \"pace\": {\"kind\": \"uniform\", \"low\": 2}}}",
                   "t.json: /tool/pace/high", "is below low", NULL);
    assert_refused("{\"tool\": {\"kind\": \"none\"}, \"data\": {\"band\": {\"low\": 5}}}", "t.json: /data/band/high",
                   "is below low", NULL);
}

static void the_root_must_be_an_object(void **state) {
    (void)state;
    assert_refused("[1]", "t.json", "expected an object, got an array", NULL);
    assert_refused("3", "t.json", "expected an object, got 3", NULL);
}

static void a_group_below_a_pointer_reports_the_whole_pointer(void **state) {
    (void)state;
    cJSON *json = json_of("{\"clients\": 0}");
    struct sample_data data;
    struct mu_err err = {0};
    assert_int_equal(mu_group_parse(&sample_data, json, "t.json", "/a~1b", &data, &err), MU_BAD_CONFIG);
    assert_string_equal(err.place, "t.json: /a~1b/clients");
    assert_string_equal(err.text, "expected an integer in 1..1000000, got 0");
    assert_int_equal(mu_group_parse(&sample_data, json, "t.json", "/a", &data, NULL), MU_BAD_CONFIG);
    cJSON_Delete(json);
    assert_int_equal(mu_group_parse(&sample_data, NULL, "t.json", "", &data, &(struct mu_err){0}), MU_OK);
    assert_int_equal(data.clients, 10);
    mu_group_clear(&sample_data, &data);
}

/* A default that the row itself refuses is reported, not used. */
static void a_wrong_default_is_reported(void **state) {
    (void)state;
    static const char *const defaults[] = {"11", "ten", "\"ten\"", "1.5"};
    for (size_t i = 0; i < 4; i++) {
        const struct mu_field fields[] = {
            {.name = "n", .type = MU_INT, .min = 1, .max = 10, .def = defaults[i], .doc = "n"}, {0}};
        const struct mu_group group = {.fields = fields, .size = sizeof(int64_t)};
        int64_t n = 0;
        assert_int_equal(mu_group_parse(&group, NULL, "f", "", &n, &(struct mu_err){0}), MU_BAD_CONFIG);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absent_options_get_their_defaults),
        cmocka_unit_test(state_gets_its_default_and_is_no_option),
        cmocka_unit_test(values_replace_defaults),
        cmocka_unit_test(null_means_absent_only_where_absence_is_allowed),
        cmocka_unit_test(a_missing_option_is_named),
        cmocka_unit_test(a_kind_must_be_named_and_known),
        cmocka_unit_test(a_bare_number_is_checked_where_it_stands),
        cmocka_unit_test(rules_that_span_fields_are_checked_at_every_level),
        cmocka_unit_test(the_root_must_be_an_object),
        cmocka_unit_test(a_group_below_a_pointer_reports_the_whole_pointer),
        cmocka_unit_test(a_wrong_default_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
