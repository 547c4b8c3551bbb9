#include "support_run.h"

#include "muster/strategy/strategies.h"

#define SMALL "{\"data\": {\"source\": \"quadratic\", \"targets\": [1, 2]}, \"model\": {\"kind\": \"vector\"}, %s}"

static int read_small(const char *rest, struct mu_scenario *scenario, struct mu_err *err) {
    char text[1000];
    snprintf(text, sizeof text, SMALL, rest);
    return run_read(text, scenario, err);
}

static void the_field_tables_are_sound(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    mu_group_verify(&mu_scenario_group, &err);
    support_expect_ok(&err);
}

static void what_is_not_said_has_its_default(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    struct mu_scenario s;
    read_small("\"stop\": {\"steps\": 1}", &s, &err);
    support_expect_ok(&err);
    assert_string_equal(s.name, "run");
    assert_int_equal(s.seed, 1);
    assert_string_equal(s.server.strategy.kind->name, "fedavg");
    assert_string_equal(s.server.optimizer.kind->name, "sgd");
    assert_int_equal(s.server.importance, MU_IMPORTANCE_SAMPLES);
    assert_string_equal(s.client.optimizer.kind->name, "sgd");
    assert_int_equal(s.evaluate.every_steps, 10);
    assert_true(s.output.steps && !s.output.trace && !s.allow_mixed_kernels);
    assert_int_equal(s.stop.updates, MU_UNSET);
    assert_true(isnan(s.stop.time_s) && isnan(s.stop.target_accuracy));
    mu_scenario_clear(&s);
    mu_scenario_clear(&s); /* twice does nothing */
}

static char *echo(const struct mu_scenario *s, struct mu_err *err) {
    char *text = NULL;
    cJSON *const json = mu_scenario_json(s);
    mu_json_print(json, &text, err);
    cJSON_Delete(json);
    support_expect_ok(err);
    return text;
}

/* The echo of a config parses to the same echo. */
static void the_echo_is_a_fixed_point(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    struct mu_scenario s;
    read_small("\"name\": \"a \\u00e9 \\\"b\\\"\", \"seed\": 9007199254740991, \"client\": {\"optimizer\": {\"kind\": "
               "\"adamw\", \"lr\": 0.30000000000000004}, \"batch_size\": \"full\", \"local_steps\": 3}, \"server\": "
               "{\"strategy\": {\"kind\": \"scaffold\", \"fraction\": 0.1}, \"optimizer\": {\"kind\": \"yogi\"}}, "
               "\"world\": {\"duration_s\": [1, 2.5], \"duration_per\": \"client\", \"dropout\": 0.1}, "
               "\"stop\": {\"time_s\": 1e-3}, \"output\": {\"trace\": true}",
               &s, &err);
    support_expect_ok(&err);
    char *const text = echo(&s, &err);
    mu_scenario_clear(&s);
    run_read(text, &s, &err);
    support_expect_ok(&err);
    const struct mu_optimizer_options *const optimizer = s.client.optimizer.options;
    assert_true(optimizer->lr == 0.30000000000000004);
    assert_int_equal(s.seed, 9007199254740991);
    char *const again = echo(&s, &err);
    assert_string_equal(text, again);
    assert_non_null(strstr(text, "0.30000000000000004"));
    mu_scenario_clear(&s);
    mu_free(text);
    mu_free(again);
}

/* The text that goes to other ranks has every number to the bit. */
static void numbers_keep_their_bits(void **state) {
    (void)state;
    static const char *const lr[] = {"0.30000000000000004", "0.1", "1.0000000000000002", "0.12345678901234566"};
    for (size_t i = 0; i < 4; i++) {
        struct mu_err err = {.code = MU_OK};
        struct mu_scenario s;
        char rest[200];
        snprintf(rest, sizeof rest,
                 "\"stop\": {\"steps\": 1}, \"client\": {\"optimizer\": {\"kind\": \"sgd\", \"lr\": %s}}", lr[i]);
        read_small(rest, &s, &err);
        support_expect_ok(&err);
        assert_true(((const struct mu_optimizer_options *)s.client.optimizer.options)->lr == strtod(lr[i], NULL));
        mu_scenario_clear(&s);
    }
}

static void assignments_override_the_file(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    struct mu_scenario s;
    struct mu_comm *const comm = mu_comm_solo();
    char text[1000];
    snprintf(text, sizeof text, SMALL, "\"stop\": {\"steps\": 1}, \"seed\": 4");
    support_write(run_path("config.json"), text, strlen(text));
    static const char *const set[] = {"seed=7", "server.strategy.kind=scaffold", "name=new name", "seed=8"};
    mu_scenario_read(run_path("config.json"), 4, set, comm, &s, &err);
    support_expect_ok(&err);
    assert_int_equal(s.seed, 8); /* the last one counts */
    assert_string_equal(s.name, "new name");
    assert_string_equal(s.server.strategy.kind->name, "scaffold");
    mu_scenario_clear(&s);
    static const char *const wrong[] = {"seed"};
    assert_int_equal(mu_scenario_read(run_path("config.json"), 1, wrong, comm, &s, &err), MU_USAGE);
    support_expect_error(&err, MU_USAGE, "--set", "");
    static const char *const bad[] = {"client.batch_size=ten"};
    assert_int_equal(mu_scenario_read(run_path("config.json"), 1, bad, comm, &s, &err), MU_BAD_CONFIG);
    support_expect_error(&err, MU_BAD_CONFIG, "config.json: /client/batch_size", "\"ten\"");
    mu_comm_stop(comm);
}

static void mistakes_are_placed(void **state) {
    (void)state;
    static const struct {
        const char *rest, *place, *text;
    } cases[] = {
        {"\"stop\": {\"steps\": 0}", "config.json: /stop/steps", "expected an integer"},
        {"\"stop\": {}", "config.json: /stop", "nothing here ends the run"},
        {"\"stop\": {\"steps\": 1}, \"sead\": 1", "config.json: /sead", "unknown key"},
        {"\"stop\": {\"steps\": 1}, \"seed\": -1", "config.json: /seed", ""},
        {"\"stop\": {\"steps\": 1}, \"server\": {\"strategy\": {\"kind\": \"fedawg\"}}",
         "config.json: /server/strategy/kind", "fedawg"},
        {"\"stop\": {\"steps\": 1, \"target_accuracy\": 0.5}, \"evaluate\": {\"every_steps\": 0}",
         "config.json: /stop/target_accuracy", "no evaluations to look at"},
        {"\"stop\": {\"steps\": 1, \"diverged\": {\"evaluations\": 5}}, \"evaluate\": {\"every_steps\": 0}",
         "config.json: /stop/diverged/evaluations", "none to look at"},
        {"\"stop\": {\"steps\": 1, \"diverged\": {\"factor\": 0.5}}", "config.json: /stop/diverged/factor", "0.5"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mu_err err = {.code = MU_OK};
        struct mu_scenario s;
        assert_int_equal(read_small(cases[i].rest, &s, &err), MU_BAD_CONFIG);
        support_expect_error(&err, MU_BAD_CONFIG, cases[i].place, cases[i].text);
    }
}

/* Options that a strategy cannot do without. */
static const char *required_of(const char *strategy) {
    static const char *const required[][2] = {{"ringmaster", ", \"threshold\": 2"},
                                              {"fedfix", ", \"window_s\": 1"},
                                              {"sr_sgc", ", \"B\": 1, \"W\": 2, \"lambda\": 1"},
                                              {"m_sgc", ", \"B\": 1, \"W\": 2, \"lambda\": 1"},
                                              {"coded_auto", ", \"probe\": 4"}};
    for (size_t i = 0; i < sizeof required / sizeof *required; i++) {
        if (strcmp(required[i][0], strategy) == 0) {
            return required[i][1];
        }
    }
    return "";
}

static int read_client(const char *strategy, const char *client, struct mu_scenario *s, struct mu_err *err) {
    char rest[600];
    snprintf(rest, sizeof rest,
             "\"stop\": {\"steps\": 1}, \"client\": {%s}, \"server\": {\"strategy\": {\"kind\": \"%s\"%s}}", client,
             strategy, required_of(strategy));
    return read_small(rest, s, err);
}

static const struct {
    const char *text, *place;
} client_options[] = {
    {"\"batch_size\": 8", "config.json: /client/batch_size"},
    {"\"batch_size\": 32", "config.json: /client/batch_size"}, /* though it is the default */
    {"\"batch_size\": \"full\"", "config.json: /client/batch_size"},
    {"\"optimizer\": {\"kind\": \"sgd\"}", "config.json: /client/optimizer"},
    {"\"schedule\": {\"kind\": \"cosine\"}", "config.json: /client/schedule"},
    {"\"local_steps\": null, \"local_epochs\": 1", "config.json: /client/local_epochs"},
    {"\"local_steps\": 1", "config.json: /client/local_steps"},
    {"\"proximal_mu\": 0", "config.json: /client/proximal_mu"},
};

static void clients_that_sum_gradients_have_no_options(void **state) {
    (void)state;
    size_t refusing = 0;
    for (size_t k = 0; k < mu_strategies.n; k++) {
        const struct mu_strategy *const strategy = (const void *)mu_strategies.rows[k];
        const char *const name = strategy->kind.name;
        struct mu_scenario s;
        for (size_t i = 0; i < sizeof client_options / sizeof *client_options; i++) {
            struct mu_err err = {.code = MU_OK};
            const int code = read_client(name, client_options[i].text, &s, &err);
            if (strategy->gradients) {
                assert_int_equal(code, MU_BAD_CONFIG);
                assert_non_null(strstr(err.text, name));
                assert_non_null(strstr(err.help, "leave it out"));
                support_expect_error(&err, MU_BAD_CONFIG, client_options[i].place, "do not train, they sum gradients");
            } else {
                support_expect_ok(&err);
            }
            mu_scenario_clear(&s);
        }
        struct mu_err err = {.code = MU_OK};
        read_client(name, "\"local_steps\": null", &s, &err);
        support_expect_ok(&err);
        mu_scenario_clear(&s);
        refusing += strategy->gradients;
    }
    assert_true(refusing >= 9 && refusing < mu_strategies.n);
}

static void the_refusal_names_what_to_use_instead(void **state) {
    (void)state;
    static const struct {
        const char *strategy, *client, *help;
    } cases[] = {
        {"gc", "\"batch_size\": 8", "server.strategy.batch"},
        {"gc", "\"optimizer\": {\"kind\": \"sgd\"}", "server.optimizer"},
        {"diff2", "\"batch_size\": 8", "server.strategy.batch_size"},
        {"diff2", "\"local_steps\": 8", "server.strategy.local_steps"},
        {"dp_gd", "\"batch_size\": 8", "server.optimizer"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mu_err err = {.code = MU_OK};
        struct mu_scenario s;
        assert_int_equal(read_client(cases[i].strategy, cases[i].client, &s, &err), MU_BAD_CONFIG);
        if (strstr(err.help, cases[i].help) == NULL) {
            fail_msg("%s: %s", cases[i].strategy, err.help);
        }
    }
}

/* Or a run's own config.json could not be run. */
static void the_echo_gives_no_options_that_are_refused(void **state) {
    (void)state;
    for (size_t k = 0; k < mu_strategies.n; k++) {
        const struct mu_strategy *const strategy = (const void *)mu_strategies.rows[k];
        struct mu_err err = {.code = MU_OK};
        struct mu_scenario s;
        read_client(strategy->kind.name, "", &s, &err);
        support_expect_ok(&err);
        char *const text = echo(&s, &err);
        cJSON *const json = cJSON_Parse(text);
        const cJSON *const client = cJSON_GetObjectItemCaseSensitive(json, "client");
        assert_int_equal(cJSON_GetArraySize(client), strategy->gradients ? 0 : 6);
        mu_scenario_clear(&s);
        run_read(text, &s, &err);
        support_expect_ok(&err);
        char *const again = echo(&s, &err);
        assert_string_equal(text, again);
        mu_scenario_clear(&s);
        cJSON_Delete(json);
        mu_free(text);
        mu_free(again);
    }
}

static void a_step_has_the_jobs_of_its_strategy(void **state) {
    (void)state;
    static const struct {
        const char *data, *strategy;
        double jobs;
    } cases[] = {
        {"\"clients\": 40", "\"kind\": \"fedavg\", \"cohort\": 7", 7},
        {"\"clients\": 40", "\"kind\": \"fedavg\", \"fraction\": 0.5", 20},
        {"\"clients\": 40", "\"kind\": \"fedavg\"", 10},
        {"\"clients\": 4", "\"kind\": \"fedavg\"", 4},
        {"\"clients\": 40", "\"kind\": \"fedbuff\", \"buffer_size\": 3", 3},
        {"\"clients\": 40", "\"kind\": \"fedbuff\"", 10},
        {"\"clients\": 40", "\"kind\": \"fedasync\"", 1},
        {"\"clients\": 40", "\"kind\": \"uncoded\"", 40},
        {"\"samples\": 1000", "\"kind\": \"uncoded\"", 100},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[500];
        struct mu_err err = {.code = MU_OK};
        struct mu_scenario s;
        snprintf(text, sizeof text,
                 "{\"data\": {\"source\": \"blobs\", %s}, \"model\": {\"kind\": \"softmax\"}, \"server\": "
                 "{\"strategy\": {%s}}, \"stop\": {\"steps\": 1}}",
                 cases[i].data, cases[i].strategy);
        run_read(text, &s, &err);
        support_expect_ok(&err);
        assert_true(mu_scenario_step_jobs(&s) == cases[i].jobs);
        mu_scenario_clear(&s);
    }
}

static void a_missing_or_broken_file_is_an_error(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    struct mu_scenario s;
    struct mu_comm *const comm = mu_comm_solo();
    assert_int_equal(mu_scenario_read(run_path("none.json"), 0, NULL, comm, &s, &err), MU_BAD_CONFIG);
    support_expect_error(&err, MU_BAD_CONFIG, "none.json", "No such file");
    assert_int_equal(mu_scenario_read(scratch, 0, NULL, comm, &s, &err), MU_BAD_CONFIG);
    support_expect_error(&err, MU_BAD_CONFIG, scratch, "directory");
    assert_int_equal(run_read("{\"seed\": 1", &s, &err), MU_BAD_CONFIG);
    support_expect_error(&err, MU_BAD_CONFIG, "config.json:1:", "");
    mu_comm_stop(comm);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_field_tables_are_sound),
        cmocka_unit_test_setup_teardown(what_is_not_said_has_its_default, run_set_up, run_tear_down),
        cmocka_unit_test_setup_teardown(the_echo_is_a_fixed_point, run_set_up, run_tear_down),
        cmocka_unit_test_setup_teardown(numbers_keep_their_bits, run_set_up, run_tear_down),
        cmocka_unit_test_setup_teardown(assignments_override_the_file, run_set_up, run_tear_down),
        cmocka_unit_test_setup_teardown(mistakes_are_placed, run_set_up, run_tear_down),
        cmocka_unit_test_setup_teardown(clients_that_sum_gradients_have_no_options, run_set_up, run_tear_down),
        cmocka_unit_test_setup_teardown(the_refusal_names_what_to_use_instead, run_set_up, run_tear_down),
        cmocka_unit_test_setup_teardown(the_echo_gives_no_options_that_are_refused, run_set_up, run_tear_down),
        cmocka_unit_test_setup_teardown(a_step_has_the_jobs_of_its_strategy, run_set_up, run_tear_down),
        cmocka_unit_test_setup_teardown(a_missing_or_broken_file_is_an_error, run_set_up, run_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
