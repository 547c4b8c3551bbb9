/* The schema of sweep files and their reader accept and refuse the same, as far as a schema can say it. */
#include "support_study.h"

#include <glob.h>
#include <unistd.h>

#include "muster/run/scenario.h"
#include "muster/study/plan.h"
#include "support_schema.h"

#define BASE                                                                                             \
    "\"base\":{\"data\":{\"source\":\"quadratic\",\"targets\":[1,2,6]},\"model\":{\"kind\":\"vector\"}," \
    "\"client\":{\"optimizer\":{\"kind\":\"sgd\",\"lr\":0.5}},\"stop\":{\"steps\":3}}"

/* S: a base and something else. A: an axis, complete but for something. R: draws, likewise. */
#define S(pairs) "{" BASE "," pairs "}"
#define A(pairs) S("\"axes\":[{\"path\":\"/stop/steps\"," pairs "}]")
#define R(pairs) S("\"random\":{\"count\":2,\"axes\":[{\"path\":\"/client/optimizer/lr\"" pairs "}]}")

static const char *const accepted[] = {
    "{" BASE "}",
    S("\"name\":\"n\",\"seed\":0,\"seeds\":100,\"ranks_per_point\":2"),
    S("\"seed\":9007199254740992,\"seeds\":[0,9007199254740991],\"ranks_per_point\":2147483647"),
    S("\"axes\":[],\"zip\":[]"),
    A("\"values\":[1,2],\"labels\":[\"a\",2],\"when\":{\"/model/kind\":\"vector\"}"),
    A("\"values\":[1],\"when\":{\"model/kind\":\"vector\"}"),
    S("\"axes\":[{\"path\":\"/world/jitter\",\"values\":[1,{\"kind\":\"uniform\",\"low\":0.5,\"high\":1}]},"
      "{\"path\":\"/server/strategy\",\"values\":[{\"kind\":\"fedavg\",\"cohort\":2}]}]"),
    S("\"zip\":[{\"path\":\"/stop/steps\",\"values\":[1,2],\"when\":{}},{\"path\":\"/seed\",\"values\":[1,2]}]"),
    S("\"patches\":[{\"name\":\"\",\"set\":{}},{\"name\":\"a\",\"set\":{\"/server/strategy\":{\"kind\":\"fedavg\"}}}]"),
    R(",\"uniform\":[1,1]"),
    R(",\"log_uniform\":[1e-3,1]"),
    R(",\"choice\":[1,0.5]"),
    S("\"search\":{\"path\":\"/client/optimizer/lr\",\"values\":[1,0.5],\"labels\":[1,2],\"when\":{}}"),
    S("\"early_stopping\":{}"),
    S("\"early_stopping\":{\"diverged\":{\"evaluations\":5},\"rungs\":[1,2],\"by\":\"time_s\",\"eta\":3}"),
    /* what a base lacks, a point may set */
    "{\"base\":{\"data\":{\"source\":\"quadratic\"},\"client\":{\"optimizer\":{\"kind\":\"sgd\"}},\"server\":"
    "{\"strategy\":{}},\"stop\":{\"steps\":3}},\"patches\":[{\"name\":\"a\",\"set\":{\"/data/targets\":[1,2,6],"
    "\"/model\":{\"kind\":\"vector\"},\"/client/optimizer/lr\":1,\"/server/strategy/kind\":\"fedavg\"}}]}",
};

static const char *const refused[] = {
    "[]",
    "{}",
    "{\"base\":1}",
    "{\"base\":null}",
    S("\"$schema\":\"sweep.schema.json\""), /* as in configs */
    S("\"Seeds\":1"),
    S("\"name\":1"),
    S("\"seed\":-1"),
    S("\"seed\":0.5"),
    S("\"seed\":9007199254740994"),
    S("\"seed\":null"),
    S("\"seeds\":0"),
    S("\"seeds\":100001"),
    S("\"seeds\":1.5"),
    S("\"seeds\":[]"),
    S("\"seeds\":[-1]"),
    S("\"seeds\":[\"1\"]"),
    S("\"seeds\":null"),
    S("\"ranks_per_point\":0"),
    S("\"ranks_per_point\":2147483648"),
    S("\"ranks_per_point\":1.5"),
    S("\"axes\":{}"),
    S("\"axes\":null"),
    S("\"axes\":[1]"),
    S("\"axes\":[{\"values\":[1]}]"),
    S("\"axes\":[{\"path\":\"stop/steps\",\"values\":[1]}]"),
    S("\"axes\":[{\"path\":1,\"values\":[1]}]"),
    A("\"value\":[1]"),
    A("\"values\":[]"),
    A("\"values\":3"),
    A("\"values\":[1],\"labels\":\"a\""),
    A("\"values\":[1],\"when\":[]"),
    A("\"values\":[1],\"set\":{}"),
    S("\"axes\":[{\"path\":\"/server/strategy\",\"values\":[{\"kind\":\"fedavg\"},{\"kind\":\"fedbuf\"}]}]"),
    S("\"axes\":[{\"path\":\"/server/strategy\",\"values\":[{\"kind\":\"fedbuff\",\"cohort\":3}]}]"),
    S("\"axes\":[{\"path\":\"/world/compute/speed\",\"values\":[\"fast\"]}]"),
    S("\"axes\":[{\"path\":\"/model\",\"values\":[{\"kind\":\"vektor\"}]}]"),
    S("\"axes\":[{\"path\":\"/stop\",\"values\":[{\"stepz\":3}]}]"),
    S("\"random\":{\"count\":1,\"axes\":[{\"path\":\"/server/strategy\",\"choice\":[{\"kind\":\"fedbuf\"}]}]}"),
    S("\"zip\":{}"),
    S("\"zip\":[{\"path\":\"/stop/steps\"}]"),
    S("\"patches\":[]"),
    S("\"patches\":{}"),
    S("\"patches\":[1]"),
    S("\"patches\":[{\"set\":{}}]"),
    S("\"patches\":[{\"name\":\"a\"}]"),
    S("\"patches\":[{\"name\":1,\"set\":{}}]"),
    S("\"patches\":[{\"name\":\"a\",\"set\":[]}]"),
    S("\"patches\":[{\"name\":\"a\",\"set\":{\"seed\":1}}]"),
    S("\"patches\":[{\"name\":\"a\",\"set\":{},\"path\":\"/seed\"}]"),
    S("\"random\":[]"),
    S("\"random\":{\"count\":2}"),
    S("\"random\":{\"count\":2,\"axes\":[]}"),
    S("\"random\":{\"axes\":[{\"path\":\"/client/optimizer/lr\",\"choice\":[1]}]}"),
    S("\"random\":{\"count\":0,\"axes\":[{\"path\":\"/client/optimizer/lr\",\"choice\":[1]}]}"),
    S("\"random\":{\"count\":100001,\"axes\":[{\"path\":\"/client/optimizer/lr\",\"choice\":[1]}]}"),
    S("\"random\":{\"count\":1,\"seed\":1,\"axes\":[{\"path\":\"/client/optimizer/lr\",\"choice\":[1]}]}"),
    S("\"random\":{\"count\":1,\"axes\":[{\"path\":\"lr\",\"choice\":[1]}]}"),
    R(""),
    R(",\"values\":[1]"),
    R(",\"choice\":[]"),
    R(",\"choice\":1"),
    R(",\"uniform\":[1]"),
    R(",\"uniform\":[1,2,3]"),
    R(",\"uniform\":[\"a\",\"b\"]"),
    R(",\"uniform\":[1,2],\"choice\":[1]"),
    R(",\"log_uniform\":[0,1]"),
    S("\"search\":[]"),
    S("\"search\":{\"path\":\"/client/optimizer/lr\",\"values\":[]}"),
    S("\"search\":{\"path\":\"/client/optimizer/lr\",\"values\":[1],\"choice\":[1]}"),
    S("\"early_stopping\":null"),
    S("\"early_stopping\":{\"rung\":[1]}"),
    S("\"early_stopping\":{\"rungs\":[0],\"eta\":2}"),
    S("\"early_stopping\":{\"rungs\":[1],\"eta\":1}"),
    S("\"early_stopping\":{\"rungs\":[1],\"eta\":2,\"by\":\"hours\"}"),
    /* the base is looked into, and what is set */
    S("\"patches\":[{\"name\":\"a\",\"set\":{\"/server/strategy\":{\"kind\":\"fedbuf\"}}}]"),
    S("\"patches\":[{\"name\":\"a\",\"set\":{\"/stop/steps\":\"3\"}}]"),
    S("\"patches\":[{\"name\":\"a\",\"set\":{\"/server/strategy\":{\"kind\":\"fedbuff\",\"cohort\":3}}}]"),
    "{\"base\":{\"data\":{\"source\":\"quadratic\",\"targets\":[1]},\"model\":{\"kind\":\"vector\"},\"stop\":{"
    "\"stepz\":3}}}",
    "{\"base\":{\"data\":{\"source\":\"quadratic\",\"targets\":[1]},\"model\":{\"kind\":\"vektor\"},\"stop\":{"
    "\"steps\":3}}}",
};

/* Only the reader sees what is wrong here: it is about more than one value, or about what a pointer leads to. */
static const char *const refused_by_the_reader_alone[] = {
    "{\"base\":{}}",
    "{\"base\":\"nowhere.json\"}",
    A("\"values\":[0]"),
    A("\"values\":[1,2],\"labels\":[\"a\"]"),
    A("\"values\":[1],\"when\":{\"/stop/stepz\":1}"),
    S("\"axes\":[{\"path\":\"/stop/stepz\",\"values\":[1]}]"),
    S("\"zip\":[{\"path\":\"/stop/steps\",\"values\":[1,2]},{\"path\":\"/seed\",\"values\":[1]}]"),
    S("\"zip\":[{\"path\":\"/stop/steps\",\"values\":[1]},{\"path\":\"/seed\",\"values\":[1],\"when\":{}}]"),
    R(",\"uniform\":[2,1]"),
    S("\"early_stopping\":{\"eta\":2}"),
    S("\"early_stopping\":{\"rungs\":[[1],[2]],\"eta\":2}"),
};

static bool reader_accepts(const char *text) {
    cJSON *plan = NULL;
    char *problems = NULL;
    struct mu_err err = {0};
    support_write(study_path("sweep.json"), text, strlen(text));
    const int code = mu_plan_read(study_path("sweep.json"), &plan, &problems, &err);
    assert_true(code == MU_OK || code == MU_BAD_CONFIG || code == MU_IO);
    cJSON_Delete(plan);
    mu_free(problems);
    return code == MU_OK;
}

static void expect(const cJSON *schema, const char *text, bool by_reader, bool by_schema) {
    cJSON *json = study_json(text);
    if (reader_accepts(text) != by_reader) {
        fail_msg("%s: the reader says %s", text, by_reader ? "no" : "yes");
    }
    if (schema_accepts(schema, schema, json) != by_schema) {
        fail_msg("%s: the schema says %s", text, by_schema ? "no" : "yes");
    }
    cJSON_Delete(json);
}

static void schema_and_reader_agree(void **state) {
    (void)state;
    cJSON *schema = mu_sweep_schema();
    assert_non_null(schema);
    for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++) {
        expect(schema, accepted[i], true, true);
    }
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        expect(schema, refused[i], false, false);
    }
    cJSON_Delete(schema);
}

static void the_reader_sees_more_than_a_schema_can_say(void **state) {
    (void)state;
    cJSON *schema = mu_sweep_schema();
    for (size_t i = 0; i < sizeof refused_by_the_reader_alone / sizeof *refused_by_the_reader_alone; i++) {
        expect(schema, refused_by_the_reader_alone[i], false, true);
    }
    /* A value that all points replace is the one thing that only the schema refuses. */
    expect(schema, "{" BASE "}", true, true); /* the control */
    expect(schema,
           "{\"base\":{\"data\":{\"source\":\"quadratic\",\"targets\":[1,2,6]},\"model\":{\"kind\":\"vektor\"},"
           "\"stop\":{\"steps\":3}},\"axes\":[{\"path\":\"/model\",\"values\":[{\"kind\":\"vector\"}]}]}",
           true, false);
    expect(schema,
           S("\"patches\":[{\"name\":\"a\",\"set\":{\"/model\":{\"kind\":\"vektor\"}}}],\"axes\":[{\"path\":\"/model\","
             "\"values\":[{\"kind\":\"vector\"}]}]"),
           true, false);
    cJSON_Delete(schema);
}

/* The base as a path: beside the sweep file. */
static void a_base_may_be_the_path_of_a_file(void **state) {
    (void)state;
    cJSON *schema = mu_sweep_schema();
    static const char base[] = "{\"data\":{\"source\":\"quadratic\",\"targets\":[1]},\"model\":{\"kind\":\"vector\"},"
                               "\"stop\":{\"steps\":3}}";
    support_write(study_path("base.json"), base, strlen(base));
    expect(schema, "{\"base\":\"base.json\"}", true, true);
    expect(schema, "{\"base\":[\"base.json\"]}", false, false);
    cJSON_Delete(schema);
}

static void the_files_that_are_shipped_are_told_apart(void **state) {
    (void)state;
    cJSON *of_sweeps = mu_sweep_schema(), *of_configs = mu_group_schema(&mu_scenario_group);
    glob_t found = {0};
    size_t sweeps = 0;
    assert_int_equal(glob(MUSTER_CONFIGS "/*.json", 0, NULL, &found), 0);
    assert_int_equal(glob(MUSTER_CONFIGS "/*/*.json", GLOB_APPEND, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        cJSON *json = NULL;
        struct mu_err err = {0};
        assert_int_equal(mu_json_read(found.gl_pathv[i], &json, &err), MU_OK);
        const bool sweep = cJSON_GetObjectItemCaseSensitive(json, "base") != NULL;
        if (schema_accepts(of_sweeps, of_sweeps, json) != sweep ||
            schema_accepts(of_configs, of_configs, json) == sweep) {
            fail_msg("%s: the schemas do not say what it is", found.gl_pathv[i]);
        }
        sweeps += sweep;
        cJSON_Delete(json);
    }
    assert_true(sweeps >= 6 && found.gl_pathc > sweeps);
    globfree(&found);
    cJSON_Delete(of_configs);
    cJSON_Delete(of_sweeps);
}

/* Those of the config and those of the sweep are in one list. */
static void definitions_have_names_of_their_own(void **state) {
    (void)state;
    cJSON *schema = mu_sweep_schema();
    const cJSON *defs = cJSON_GetObjectItemCaseSensitive(schema, "$defs");
    size_t n = 0;
    for (const cJSON *a = defs->child; a != NULL; a = a->next, n++) {
        for (const cJSON *b = a->next; b != NULL; b = b->next) {
            assert_string_not_equal(a->string, b->string);
        }
    }
    assert_non_null(cJSON_GetObjectItemCaseSensitive(defs, "axis"));
    assert_non_null(cJSON_GetObjectItemCaseSensitive(defs, "strategy.fedbuff"));
    assert_true(n > 50);
    cJSON_Delete(schema);
}

/* What an editor offers, each with a schema of what may be set there. */
static void pointers_are_those_of_the_config(void **state) {
    (void)state;
    cJSON *schema = mu_sweep_schema();
    const cJSON *defs = cJSON_GetObjectItemCaseSensitive(schema, "$defs"), *pointer;
    const cJSON *set = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(defs, "set"), "properties");
    const cJSON *examples =
        cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(defs, "pointer"), "examples");
    assert_int_equal(cJSON_GetArraySize(examples), cJSON_GetArraySize(set));
    assert_true(cJSON_GetArraySize(examples) > 100);
    static const char *const some[] = {"/seed", "/server/strategy/buffer_size", "/world/compute/speed/low",
                                       "/data/partition/alpha", "/privacy/epsilon"};
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        assert_non_null(cJSON_GetObjectItemCaseSensitive(set, some[i]));
    }
    cJSON *nothing = cJSON_CreateNull();
    cJSON_ArrayForEach(pointer, examples) {
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(set, pointer->valuestring);
        assert_non_null(value);
        (void)schema_accepts(schema, value, nothing); /* fails if a reference does not resolve */
    }
    cJSON_Delete(nothing);
    cJSON_Delete(schema);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schema_and_reader_agree),
        cmocka_unit_test(the_reader_sees_more_than_a_schema_can_say),
        cmocka_unit_test(a_base_may_be_the_path_of_a_file),
        cmocka_unit_test(the_files_that_are_shipped_are_told_apart),
        cmocka_unit_test(definitions_have_names_of_their_own),
        cmocka_unit_test(pointers_are_those_of_the_config),
    };
    return cmocka_run_group_tests(tests, study_set_up, study_tear_down);
}
