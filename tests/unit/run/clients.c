#include "support_run.h"

#include "recorder.h"

static const struct mu_run_options quiet = {.progress = MU_PROGRESS_QUIET};

#define DATA                                                                                                   \
    "\"data\": {\"source\": \"blobs\", \"samples\": 600, \"features\": 4, \"classes\": 3, \"separation\": 4, " \
    "\"clients\": 7}"

static char *read_clients(const char *config) {
    struct mu_err err = {0};
    struct mu_run_result result;
    char *text = NULL;
    size_t n = 0;
    run_with(config, "run", &quiet, &result, &err);
    support_expect_ok(&err);
    mu_file_read(run_path("run/clients.csv"), 1 << 20, &text, &n, &err);
    support_expect_ok(&err);
    return text;
}

/* Over all clients together it is the objective, which evaluate.train "full" has computed on its own. */
static void the_clients_losses_add_up_to_the_objective(void **state) {
    (void)state;
    char *const text =
        read_clients("{" DATA ", \"model\": {\"kind\": \"softmax\"}, \"evaluate\": {\"train\": \"full\"}, "
                     "\"output\": {\"clients\": true}, \"stop\": {\"steps\": 5}}");
    const char *const head = "client,rows,loss,accuracy\n";
    assert_int_equal(strncmp(text, head, strlen(head)), 0);
    unsigned client = 0, rows = 0, all = 0, lines = 0;
    double loss = 0, accuracy = 0, sum = 0;
    for (const char *at = text + strlen(head); *at != '\0'; at = strchr(at, '\n') + 1, lines++) {
        assert_int_equal(sscanf(at, "%u,%u,%lf,%lf", &client, &rows, &loss, &accuracy), 4);
        assert_int_equal(client, lines);
        assert_true(accuracy >= 0 && accuracy <= 1);
        sum += loss * rows;
        all += rows;
    }
    assert_int_equal(lines, 7);
    assert_int_equal(all, 600);
    mu_free(text);
    cJSON *summary = NULL;
    struct mu_err err = {0};
    assert_int_equal(mu_json_read(run_path("run/summary.json"), &summary, &err), MU_OK);
    const double objective = cJSON_GetObjectItem(cJSON_GetObjectItem(summary, "final"), "train_loss")->valuedouble;
    assert_true(fabs(sum / all - objective) < 1e-6 * objective);
    assert_false(fabs(1.001 * sum / all - objective) < 1e-6 * objective);
    cJSON_Delete(summary);
}

static void it_is_written_only_if_asked_for(void **state) {
    (void)state;
    struct mu_err err = {0};
    struct mu_run_result result;
    run_with("{" DATA ", \"model\": {\"kind\": \"softmax\"}, \"stop\": {\"steps\": 1}}", "run", &quiet, &result, &err);
    support_expect_ok(&err);
    assert_int_not_equal(access(run_path("run/clients.csv"), F_OK), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_clients_losses_add_up_to_the_objective, run_set_up, run_tear_down),
        cmocka_unit_test_setup_teardown(it_is_written_only_if_asked_for, run_set_up, run_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
