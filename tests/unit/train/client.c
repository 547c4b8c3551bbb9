/* The config's client section. */
#include "support.h"

static void epochs_and_steps_exclude_each_other(void **state) {
    (void)state;
    struct mu_client_config config;
    struct mu_err err = {0};
    cJSON *const json = cJSON_Parse("{\"local_epochs\": 2, \"local_steps\": 3}");
    assert_int_equal(mu_group_parse(&mu_client_group, json, "a.json", "/client", &config, &err), MU_BAD_CONFIG);
    assert_string_equal(err.place, "a.json: /client/local_steps");
    cJSON_Delete(json);
}

static void defaults_are_one_epoch_of_sgd(void **state) {
    (void)state;
    struct mu_client_config config;
    parse(&mu_client_group, "{}", &config);
    assert_string_equal(config.optimizer.kind->name, "sgd");
    assert_string_equal(config.schedule.kind->name, "constant");
    assert_int_equal(config.batch_size, 32);
    assert_true(config.local_epochs == MU_UNSET && config.local_steps == MU_UNSET);
    assert_true(config.proximal_mu == 0);
    assert_true(mu_client_lr(&config, 5, 10) == 0.01);
    mu_group_clear(&mu_client_group, &config);
}

static void a_full_batch_has_a_word(void **state) {
    (void)state;
    struct mu_client_config config;
    parse(&mu_client_group, "{\"batch_size\": \"full\", \"local_steps\": 4}", &config);
    assert_int_equal(config.batch_size, 0);
    assert_int_equal(config.local_steps, 4);
    mu_group_clear(&mu_client_group, &config);
}

static void out_of_range_options_are_refused(void **state) {
    (void)state;
    static const char *const texts[] = {
        "{\"batch_size\": 0}",
        "{\"batch_size\": \"all\"}",
        "{\"local_epochs\": 0}",
        "{\"local_steps\": -1}",
        "{\"proximal_mu\": -0.1}",
        "{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 0}}",
        "{\"optimizer\": {\"kind\": \"momentum\", \"momentum\": 1.5}}",
        "{\"optimizer\": {\"kind\": \"adam\", \"beta2\": 1}}",
        "{\"optimizer\": {\"kind\": \"adam\", \"epsilon\": 0}}",
        "{\"optimizer\": {\"kind\": \"sgd\", \"momentum\": 0.9}}",
        "{\"schedule\": {\"kind\": \"step\", \"every\": 0}}",
        "{\"schedule\": {\"kind\": \"step\", \"factor\": 0}}",
        "{\"schedule\": {\"kind\": \"cosine\", \"final\": 1.5}}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct mu_client_config config;
        struct mu_err err = {0};
        cJSON *const json = cJSON_Parse(texts[i]);
        assert_int_equal(mu_group_parse(&mu_client_group, json, "a.json", "/client", &config, &err), MU_BAD_CONFIG);
        cJSON_Delete(json);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(epochs_and_steps_exclude_each_other),
        cmocka_unit_test(defaults_are_one_epoch_of_sgd),
        cmocka_unit_test(a_full_batch_has_a_word),
        cmocka_unit_test(out_of_range_options_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
