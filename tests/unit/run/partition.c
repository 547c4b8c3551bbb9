#include "support_run.h"

#include "recorder.h"

static const struct mu_run_options quiet = {.progress = MU_PROGRESS_QUIET};

static char *read_partition(const char *data, size_t *n) {
    char config[800];
    struct mu_err err = {0};
    struct mu_run_result result;
    snprintf(config, sizeof config, "{\"data\": %s, \"model\": {\"kind\": \"softmax\"}, \"stop\": {\"steps\": 1}}",
             data);
    run_with(config, "run", &quiet, &result, &err);
    support_expect_ok(&err);
    char *text = NULL;
    mu_file_read(run_path("run/partition.csv"), 1 << 20, &text, n, &err);
    support_expect_ok(&err);
    return text;
}

/* A row per client; the rows of all classes together are the samples. */
static void every_row_is_counted_once(void **state) {
    (void)state;
    size_t n = 0;
    char *const text =
        read_partition("{\"source\": \"blobs\", \"samples\": 600, \"features\": 4, \"classes\": 3, \"clients\": 20, "
                       "\"partition\": {\"kind\": \"dirichlet\", \"alpha\": 0.3}}",
                       &n);
    const char *const head = "client,class_0,class_1,class_2\n";
    assert_int_equal(strncmp(text, head, strlen(head)), 0);
    unsigned client = 0, count[3], sum = 0, lines = 0;
    for (const char *at = text + strlen(head); *at != '\0'; at = strchr(at, '\n') + 1, lines++) {
        assert_int_equal(sscanf(at, "%u,%u,%u,%u", &client, &count[0], &count[1], &count[2]), 4);
        assert_int_equal(client, lines);
        sum += count[0] + count[1] + count[2];
    }
    assert_int_equal(lines, 20);
    assert_int_equal(sum, 600);
    mu_free(text);
}

static void of_many_clients_two_hundred_are_shown(void **state) {
    (void)state;
    size_t n = 0, lines = 0;
    char *const text = read_partition(
        "{\"source\": \"blobs\", \"samples\": 1000, \"features\": 2, \"classes\": 2, \"clients\": 500}", &n);
    for (size_t i = 0; i < n; i++) {
        lines += text[i] == '\n';
    }
    assert_int_equal(lines, 201);
    assert_non_null(strstr(text, "\n497,")); /* 199 * 500 / 200 */
    mu_free(text);
}

static void what_has_no_classes_has_no_such_file(void **state) {
    (void)state;
    struct mu_err err = {0};
    struct mu_run_result result;
    run_with("{\"data\": {\"source\": \"quadratic\", \"targets\": [1, 2]}, \"model\": {\"kind\": \"vector\"}, "
             "\"server\": {\"strategy\": {\"kind\": \"fedavg\", \"cohort\": 1}}, \"stop\": {\"steps\": 1}}",
             "run", &quiet, &result, &err);
    support_expect_ok(&err);
    assert_int_not_equal(access(run_path("run/partition.csv"), F_OK), 0);
    assert_int_equal(access(run_path("run/summary.json"), F_OK), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_row_is_counted_once, run_set_up, run_tear_down),
        cmocka_unit_test_setup_teardown(of_many_clients_two_hundred_are_shown, run_set_up, run_tear_down),
        cmocka_unit_test_setup_teardown(what_has_no_classes_has_no_such_file, run_set_up, run_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
