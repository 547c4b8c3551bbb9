#include "support_run.h"

#include "muster/base/npz.h"

#define TARGETS "\"data\": {\"source\": \"quadratic\", \"targets\": [1, 2, 6]}, \"model\": {\"kind\": \"vector\"}"
#define ONE_STEP "\"client\": {\"optimizer\": {\"kind\": \"sgd\", \"lr\": 0.5}, \"local_steps\": 1}"

static void totals_and_final_numbers_are_those_of_the_run(void **state) {
    (void)state;
    const struct mu_run_result r =
        run_of("{\"name\": \"x\", " TARGETS ", " ONE_STEP ", \"world\": {\"duration_s\": 2}, "
               "\"stop\": {\"steps\": 4}, \"evaluate\": {\"every_steps\": 1}}",
               "run");
    cJSON *const json = run_json("run/summary.json");
    assert_string_equal(run_string(json, "name"), "x");
    assert_string_equal(run_string(json, "ended_by"), "steps");
    /* x = 3 (1 - 2^-4); the objective is (x - 3)^2 / 2 + (4 + 1 + 9) / 6. */
    const double x = 3 * (1 - 1.0 / 16), loss = (x - 3) * (x - 3) / 2 + 14.0 / 6;
    assert_true(run_number(json, "final.step") == 4 && run_number(json, "final.time_s") == 8);
    assert_true(fabs(run_number(json, "final.test_loss") - loss) < 1e-14);
    assert_true(run_is_null(json, "final.test_accuracy"));
    assert_true(run_is_null(json, "best.test_accuracy") && run_is_null(json, "best.test_accuracy_step"));
    assert_true(fabs(run_number(json, "best.test_loss") - loss) < 1e-14);
    assert_true(run_number(json, "best.test_loss_step") == 4);
    assert_true(run_number(json, "total.steps") == 4 && run_number(json, "total.updates") == 12);
    assert_true(run_number(json, "total.samples") == 12 && run_number(json, "total.dropped") == 0);
    assert_true(run_number(json, "total.time_s") == 8);
    assert_true(run_number(json, "total.bytes_up") == 12 * 8 && run_number(json, "total.bytes_down") == 12 * 8);
    assert_true(run_is_null(json, "to_target.target_accuracy") && run_is_null(json, "to_target.step"));
    assert_string_equal(run_string(json, "model_sha256"), r.model_sha256);
    double sum = 0;
    static const char *const activity[] = {"plan_s", "train_s", "evaluate_s", "wait_s", "combine_s", "install_s"};
    for (size_t i = 0; i < 6; i++) {
        char path[40];
        snprintf(path, sizeof path, "wall.%s.0", activity[i]);
        sum += run_number(json, path);
    }
    /* The clock starts a little before the recorder's and stops before it. */
    assert_true(sum > 0 && sum < run_number(json, "wall.run_s") + 1);
    cJSON_Delete(json);
}

static void the_model_is_readable_and_its_checksum_right(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    const struct mu_run_result r = run_of(
        "{\"data\": {\"source\": \"blobs\", \"samples\": 60, \"test_samples\": 10, \"features\": 4, \"classes\": "
        "3, \"clients\": 2}, \"model\": {\"kind\": \"mlp\", \"hidden\": [5]}, \"stop\": {\"steps\": 3}}",
        "run");
    char hex[65];
    size_t n = 0;
    struct mu_array *array = NULL;
    mu_file_sha256(run_path("run/model.npz"), hex, &err);
    mu_npz_read(run_path("run/model.npz"), &n, &array, &err);
    support_expect_ok(&err);
    assert_string_equal(hex, r.model_sha256);
    size_t numbers = 0;
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(array[i].elem, MU_F32);
        numbers += mu_array_count(&array[i]);
    }
    assert_int_equal(numbers, 4 * 5 + 5 + 5 * 3 + 3);
    assert_int_equal(n, 4); /* two weights, two biases */
    mu_npz_free(n, array);
    run_of("{" TARGETS ", " ONE_STEP ", \"stop\": {\"steps\": 4}}", "vector");
    mu_npz_read(run_path("vector/model.npz"), &n, &array, &err);
    support_expect_ok(&err);
    assert_int_equal(n, 1);
    assert_int_equal(array[0].elem, MU_F64);
    assert_true(fabs(((const double *)array[0].data)[0] - 3 * (1 - 1.0 / 16)) < 1e-14);
    mu_npz_free(n, array);
}

/* Clients 0 and 1 are used in every step, client 2 is always lost: q = 1, 1, 0; the implied weights are 1/2, 1/2, 0
 * where 1/3 each is wanted: a total variation of 1/3. */
static void participation_shows_the_bias(void **state) {
    (void)state;
    run_of("{" TARGETS ", " ONE_STEP ", \"world\": {\"dropout\": [0, 0, 1]}, \"stop\": {\"steps\": 8}}", "run");
    cJSON *const json = run_json("run/summary.json");
    static const double rate[] = {1, 1, 0}, implied[] = {0.5, 0.5, 0};
    for (int i = 0; i < 3; i++) {
        char path[60];
        snprintf(path, sizeof path, "participation.rates.%d", i);
        assert_true(run_number(json, path) == rate[i]);
        snprintf(path, sizeof path, "participation.implied_weights.%d", i);
        assert_true(fabs(run_number(json, path) - implied[i]) < 1e-15);
        snprintf(path, sizeof path, "participation.wanted_weights.%d", i);
        assert_true(fabs(run_number(json, path) - 1.0 / 3) < 1e-15);
    }
    assert_true(fabs(run_number(json, "participation.total_variation") - 1.0 / 3) < 1e-15);
    assert_true(run_number(json, "total.dropped") == 8);
    assert_false(run_exists("run/participation.csv"));
    cJSON_Delete(json);
}

static void the_way_to_the_target_is_measured(void **state) {
    (void)state;
    run_of("{\"data\": {\"source\": \"blobs\", \"samples\": 600, \"test_samples\": 100, \"features\": 6, \"classes\": "
           "3, \"clients\": 6, \"separation\": 8}, \"model\": {\"kind\": \"softmax\"}, \"world\": {\"duration_s\": 2}, "
           "\"server\": {\"strategy\": {\"kind\": \"fedavg\", \"cohort\": 2}}, \"stop\": {\"steps\": 500, "
           "\"target_accuracy\": 0.9}, \"evaluate\": {\"every_steps\": 1}}",
           "run");
    cJSON *const json = run_json("run/summary.json"), *const metrics = run_lines("run/metrics.jsonl");
    const int last = cJSON_GetArraySize(metrics) - 1;
    const cJSON *const line = cJSON_GetArrayItem(metrics, last);
    assert_string_equal(run_string(json, "ended_by"), "target_accuracy");
    assert_true(run_number(line, "test_accuracy") >= 0.9);
    assert_true(run_number(json, "to_target.target_accuracy") == 0.9);
    assert_true(run_number(json, "to_target.step") == run_number(line, "step"));
    assert_true(run_number(json, "to_target.time_s") == run_number(line, "time_s"));
    assert_true(run_number(json, "to_target.updates") == 2 * run_number(line, "step"));
    assert_true(run_number(json, "to_target.bytes") == run_number(line, "bytes_up") + run_number(line, "bytes_down"));
    assert_true(run_number(json, "best.test_accuracy") == run_number(line, "test_accuracy"));
    cJSON_Delete(json);
    cJSON_Delete(metrics);
}

/* Above 10,000 clients the lists go to a table. */
static void many_clients_have_a_file_of_their_own(void **state) {
    (void)state;
    run_of("{\"data\": {\"source\": \"synthetic\", \"clients\": 10001, \"features\": 2, \"classes\": 2, "
           "\"test_samples\": 0, \"size_sigma\": 0}, \"model\": {\"kind\": \"softmax\"}, \"server\": {\"strategy\": "
           "{\"kind\": \"fedavg\", \"cohort\": 50}}, \"stop\": {\"steps\": 4}}",
           "run");
    cJSON *const json = run_json("run/summary.json");
    assert_string_equal(run_string(json, "participation.file"), "participation.csv");
    assert_null(cJSON_GetObjectItem(run_member(json, "participation"), "rates"));
    char *const text = run_text("run/participation.csv");
    char *line = strchr(text, '\n') + 1;
    *strchr(text, '\n') = '\0';
    assert_string_equal(text, "client,participations,rate,implied_weight,wanted_weight");
    double implied = 0, wanted = 0, distance = 0;
    unsigned long used = 0;
    for (unsigned i = 0; i <= 10000; i++) {
        unsigned client = 0, participations = 0;
        double rate = 0, p = 0, w = 0;
        assert_int_equal(sscanf(line, "%u,%u,%lf,%lf,%lf\n", &client, &participations, &rate, &p, &w), 5);
        assert_int_equal(client, i);
        assert_true(rate == participations / 4.0);
        used += participations;
        implied += p;
        wanted += w;
        distance += fabs(p - w) / 2;
        line = strchr(line, '\n') + 1;
    }
    assert_int_equal(*line, '\0');
    assert_int_equal(used, 200);
    assert_true(fabs(implied - 1) < 1e-10 && fabs(wanted - 1) < 1e-10);
    assert_true(fabs(run_number(json, "participation.total_variation") - distance) < 1e-9);
    mu_free(text);
    cJSON_Delete(json);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(totals_and_final_numbers_are_those_of_the_run, run_set_up, run_tear_down),
        cmocka_unit_test_setup_teardown(the_model_is_readable_and_its_checksum_right, run_set_up, run_tear_down),
        cmocka_unit_test_setup_teardown(participation_shows_the_bias, run_set_up, run_tear_down),
        cmocka_unit_test_setup_teardown(the_way_to_the_target_is_measured, run_set_up, run_tear_down),
        cmocka_unit_test_setup_teardown(many_clients_have_a_file_of_their_own, run_set_up, run_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
