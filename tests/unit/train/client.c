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

static void steps_follow_from_epochs_and_batches(void **state) {
    (void)state;
    static const struct {
        const char *client;
        uint64_t rows, steps;
    } cases[] = {
        {"{\"batch_size\": 32}", 600, 19},
        {"{\"batch_size\": 32}", 32, 1},
        {"{\"batch_size\": 32}", 33, 2},
        {"{\"batch_size\": 32}", 5, 1},
        {"{\"batch_size\": 32, \"local_epochs\": 3}", 600, 57},
        {"{\"batch_size\": \"full\", \"local_epochs\": 3}", 600, 3},
        {"{\"batch_size\": 32, \"local_steps\": 7}", 600, 7},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mu_client_config config;
        parse(&mu_client_group, cases[i].client, &config);
        assert_int_equal(mu_client_steps(&config, cases[i].rows), cases[i].steps);
        mu_group_clear(&mu_client_group, &config);
    }
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

/* |a_i|_1 of FedNova (Wang et al. 2020, section 4): t for sgd, (1 - (1 - lr mu)^t) / (lr mu) with a proximal term,
 * (t - r (1 - r^t) / (1 - r)) / (1 - r) with momentum r. */
static void reach_is_the_norm_of_fednovas_coefficients(void **state) {
    (void)state;
    const double t = 7, r = 0.9, m = 0.25 * 0.5;
    const struct {
        const char *client;
        double lr, reach;
    } cases[] = {
        {"{}", 0.25, t},
        {"{\"proximal_mu\": 0.5}", 0.25, (1 - pow(1 - m, t)) / m},
        {"{\"proximal_mu\": 0.5}", 0, t},
        {"{\"optimizer\": {\"kind\": \"momentum\"}}", 0.25, (t - r * (1 - pow(r, t)) / (1 - r)) / (1 - r)},
        /* one step ahead: t gradients, and r times the sum of the buffers after 1..t steps */
        {"{\"optimizer\": {\"kind\": \"nesterov\"}}", 0.25, t + r * (t - r * (1 - pow(r, t)) / (1 - r)) / (1 - r)},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mu_client_config config;
        parse(&mu_client_group, cases[i].client, &config);
        const double reach = mu_client_reach(&config, cases[i].lr, 7);
        assert_true(fabs(reach / cases[i].reach - 1) < 1e-13);
        assert_false(fabs(reach / cases[i].reach - 1.000001) < 1e-13);
        assert_true(mu_client_reach(&config, cases[i].lr, 0) == 0);
        mu_group_clear(&mu_client_group, &config);
    }
    struct mu_client_config adam;
    parse(&mu_client_group, "{\"optimizer\": {\"kind\": \"adam\"}}", &adam);
    assert_true(isnan(mu_client_reach(&adam, 0.1, 7)));
    mu_group_clear(&mu_client_group, &adam);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(epochs_and_steps_exclude_each_other),
        cmocka_unit_test(defaults_are_one_epoch_of_sgd),
        cmocka_unit_test(a_full_batch_has_a_word),
        cmocka_unit_test(steps_follow_from_epochs_and_batches),
        cmocka_unit_test(out_of_range_options_are_refused),
        cmocka_unit_test(reach_is_the_norm_of_fednovas_coefficients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
