/* The schema accepts and refuses what the parser does, as far as a schema can. */
#include "support_schema.h"

#include "harness.h"

/* S: the sample with a tool that needs nothing. */
#define S(pairs) "{\"tool\": {\"kind\": \"none\"}, " pairs "}"

static const char *const configs[] = {
    /* accepted by both */
    "{\"tool\": {\"kind\": \"none\"}}",
    "{\"tool\": {\"kind\": \"hammer\", \"mass\": 2, \"grip\": \"steel\"}}",
    "{\"tool\": {\"kind\": \"saw\", \"pace\": {\"kind\": \"mixture\", \"of\": {\"kind\": \"uniform\"}}}}",
    "{\"tool\": {\"kind\": \"saw\", \"pace\": {\"kind\": \"mixture\", \"of\": null}}}",
    S("\"batch_size\": \"full\""),
    S("\"batch_size\": 1000000, \"fraction\": 1, \"hidden\": 5"),
    S("\"limit_s\": null, \"extra_s\": null, \"fallback\": null, \"note\": null"),
    S("\"delay_s\": 3, \"extra_s\": 0.5"),
    S("\"targets\": [[1, 2], [3, 4]], \"weights\": [1, 2]"),
    S("\"targets\": [[[1]]]"),
    S("\"data\": {}"),
    S("\"data\": {\"clients\": 3, \"sigma\": 2, \"band\": {\"high\": 4}}"),
    S("\"data\": {\"source\": \"noise\", \"sigma\": 2}"),
    S("\"data\": {\"source\": \"file\", \"path\": \"x\", \"header\": false, \"clients\": 2}"),
    /* refused by both */
    "{}",
    "[]",
    "{\"tool\": {}}",
    "{\"tool\": null}",
    "{\"tool\": {\"kind\": \"hamer\", \"mass\": 2}}",
    "{\"tool\": {\"kind\": \"hammer\"}}",
    "{\"tool\": {\"kind\": \"hammer\", \"mass\": 0}}",
    "{\"tool\": {\"kind\": \"hammer\", \"mass\": 2, \"teeth\": 3}}",
    "{\"tool\": {\"kind\": \"saw\", \"strokes\": 3}}",
    S("\"tol\": 1"),
    S("\"gathered\": 3"),
    S("\"batch_size\": \"ful\""),
    S("\"batch_size\": 0"),
    S("\"batch_size\": 1000001"),
    S("\"batch_size\": 2.5"),
    S("\"seed\": -1"),
    S("\"seed\": null"),
    S("\"seed\": 9007199254740992"),
    S("\"fraction\": 0"),
    S("\"fraction\": 1.5"),
    S("\"limit_s\": -1"),
    S("\"mode\": \"poisson\""),
    S("\"mode\": null"),
    S("\"trace\": 1"),
    S("\"hidden\": [0]"),
    S("\"hidden\": [[1]]"),
    S("\"hidden\": \"x\""),
    S("\"targets\": [[[[1]]]]"),
    S("\"weights\": [0]"),
    S("\"delay_s\": -1"),
    S("\"delay_s\": \"x\""),
    S("\"delay_s\": {\"kind\": \"constant\"}"),
    S("\"data\": {\"path\": \"x\"}"),
    S("\"data\": {\"source\": \"file\"}"),
    S("\"data\": {\"source\": \"file\", \"path\": \"x\", \"sigma\": 1}"),
    S("\"data\": {\"source\": \"fille\", \"path\": \"x\"}"),
    S("\"data\": {\"sigma\": 11}"),
    S("\"data\": {\"band\": {\"middle\": 1}}"),
    S("\"data\": 3"),
};

static void schema_and_parser_agree(void **state) {
    (void)state;
    cJSON *schema = mu_group_schema(&sample_group);
    assert_non_null(schema);
    size_t accepted = 0;
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
        struct sample s;
        struct mu_err err;
        cJSON *json = json_of(configs[i]);
        const bool parsed = parse_sample(configs[i], &s, &err) == MU_OK;
        if (parsed) {
            mu_group_clear(&sample_group, &s);
        }
        if (schema_accepts(schema, schema, json) != parsed) {
            fail_msg("%s: the parser says %s (%s), the schema does not", configs[i], parsed ? "yes" : "no", err.text);
        }
        accepted += parsed;
        cJSON_Delete(json);
    }
    assert_int_equal(accepted, 14);
    cJSON_Delete(schema);
}

static void the_echo_is_valid(void **state) {
    (void)state;
    cJSON *schema = mu_group_schema(&sample_group);
    struct sample s;
    struct mu_err err;
    assert_int_equal(parse_sample("{\"tool\": {\"kind\": \"saw\"}}", &s, &err), MU_OK);
    cJSON *echo = mu_group_json(&sample_group, &s);
    assert_true(schema_accepts(schema, schema, echo));
    cJSON_Delete(echo);
    mu_group_clear(&sample_group, &s);
    cJSON_Delete(schema);
}

static const cJSON *at(const cJSON *json, const char *a, const char *b) {
    return cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(json, a), b);
}

static void rows_carry_their_text_unit_and_default(void **state) {
    (void)state;
    cJSON *schema = mu_group_schema(&sample_group);
    assert_string_equal(cJSON_GetObjectItemCaseSensitive(schema, "$schema")->valuestring,
                        "https://json-schema.org/draft/2020-12/schema");
    const cJSON *batch = at(schema, "properties", "batch_size");
    assert_string_equal(cJSON_GetObjectItemCaseSensitive(batch, "description")->valuestring, "a mini-batch (samples)");
    assert_true(cJSON_GetObjectItemCaseSensitive(batch, "default")->valuedouble == 32);
    assert_null(cJSON_GetObjectItemCaseSensitive(at(schema, "properties", "tool"), "default"));
    assert_non_null(at(schema, "$defs", "tool.hammer"));
    assert_non_null(at(schema, "$defs", "law.mixture"));
    assert_null(at(schema, "$defs", "source.file")); /* only a tag: its rows are branches where it stands */
    cJSON_Delete(schema);
}

/* A group whose defaults are not enough is required itself. */
static void a_group_with_a_missing_option_is_required(void **state) {
    (void)state;
    struct outer {
        struct tool_hammer inner;
    };
    const struct mu_group inner = {.fields = tool_hammer_fields, .size = sizeof(struct tool_hammer)};
    const struct mu_field fields[] = {{.name = "inner", .type = MU_GROUP, .def = "{}", .doc = "inner", .of = &inner},
                                      {0}};
    const struct mu_group outer = {.fields = fields, .size = sizeof(struct outer)};
    cJSON *schema = mu_group_schema(&outer);
    cJSON *empty = json_of("{}");
    cJSON *full = json_of("{\"inner\": {\"mass\": 1}}");
    assert_false(schema_accepts(schema, schema, empty));
    assert_true(schema_accepts(schema, schema, full));
    cJSON_Delete(full);
    cJSON_Delete(empty);
    cJSON_Delete(schema);
}

/* Of a part of a config, all that is there must be good, and anything may be missing. */
static void a_part_may_lack_anything(void **state) {
    (void)state;
    static const char *const good[] = {
        "{}",
        "{\"tool\": {}}",
        "{\"tool\": {\"kind\": \"hammer\"}}",
        "{\"tool\": {\"mass\": 2}}",
        "{\"tool\": {\"kind\": \"saw\", \"pace\": {\"of\": {}}}}",
        "{\"tool\": {\"pace\": 3}}",
        "{\"data\": {\"path\": \"x\"}}",
        "{\"data\": {\"source\": \"file\"}}",
    };
    static const char *const bad[] = {
        "[]",
        "{\"tol\": {}}",
        "{\"tool\": null}",
        "{\"tool\": {\"kind\": \"hamer\"}}",
        "{\"tool\": {\"mass\": 0}}",
        "{\"tool\": {\"kind\": \"saw\", \"mass\": 2}}",
        "{\"tool\": {\"kind\": \"saw\", \"pace\": {\"off\": {}}}}",
        "{\"data\": {\"path\": 1}}",
        "{\"data\": {\"source\": \"file\", \"sigma\": 1}}",
    };
    cJSON *schema = mu_group_part_schema(&sample_group);
    for (size_t i = 0; i < sizeof good / sizeof *good + sizeof bad / sizeof *bad; i++) {
        const bool expected = i < sizeof good / sizeof *good;
        const char *const text = expected ? good[i] : bad[i - sizeof good / sizeof *good];
        cJSON *json = json_of(text);
        if (schema_accepts(schema, schema, json) != expected) {
            fail_msg("%s: the schema says %s", text, expected ? "no" : "yes");
        }
        cJSON_Delete(json);
    }
    cJSON_Delete(schema);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schema_and_parser_agree),
        cmocka_unit_test(the_echo_is_valid),
        cmocka_unit_test(rows_carry_their_text_unit_and_default),
        cmocka_unit_test(a_group_with_a_missing_option_is_required),
        cmocka_unit_test(a_part_may_lack_anything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
