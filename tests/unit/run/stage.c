#include "support_run.h"

#include <sys/resource.h>

static int stage_of(const char *text, struct mu_scenario *scenario, struct mu_comm **comm, struct mu_stage *stage,
                    struct mu_err *err) {
    run_read(text, scenario, err);
    support_expect_ok(err);
    *comm = mu_comm_solo();
    return mu_stage_new(stage, "c.json", scenario, *comm, err);
}

static void refuse(const char *text, const char *place, const char *what) {
    struct mu_err err = {.code = MU_OK};
    struct mu_scenario scenario = {0};
    struct mu_stage stage;
    struct mu_comm *comm = NULL;
    assert_int_equal(stage_of(text, &scenario, &comm, &stage, &err), MU_BAD_CONFIG);
    support_expect_error(&err, MU_BAD_CONFIG, place, what);
    mu_stage_clear(&stage); /* nothing is left that this could hurt */
    mu_comm_stop(comm);
    mu_scenario_clear(&scenario);
}

#define QUADRATIC "\"data\": {\"source\": \"quadratic\", \"targets\": [1, 2, 6]}, \"model\": {\"kind\": \"vector\"}"
#define STOP "\"stop\": {\"steps\": 1}"

static void parts_that_do_not_fit_are_refused(void **state) {
    (void)state;
    refuse("{" QUADRATIC ", " STOP ", \"server\": {\"strategy\": {\"kind\": \"fedavg\", \"cohort\": 4}}}",
           "c.json: /server/strategy/cohort", "only 3 clients");
    refuse("{" QUADRATIC ", " STOP
           ", \"server\": {\"strategy\": {\"kind\": \"scaffold\"}}, \"client\": {\"optimizer\": "
           "{\"kind\": \"adam\"}}}",
           "c.json: /client/optimizer/kind", "plain sgd");
    refuse("{\"data\": {\"source\": \"quadratic\", \"targets\": [1]}, \"model\": {\"kind\": \"softmax\"}, " STOP "}",
           "c.json: /model/kind", "");
    refuse("{" QUADRATIC ", " STOP ", \"world\": {\"duration_s\": [1, 2], \"duration_per\": \"client\"}}",
           "c.json: /world/duration_s", "");
    refuse("{\"data\": {\"source\": \"csv\", \"path\": \"/none/such.csv\"}, \"model\": {\"kind\": \"softmax\"}, " STOP
           "}",
           "/none/such.csv", "");
    refuse(
        "{\"data\": {\"source\": \"blobs\", \"samples\": 5, \"clients\": 6}, \"model\": {\"kind\": \"softmax\"}, " STOP
        "}",
        "c.json: /data/clients", "");
}

/* A million vectors of four million numbers: no host has 16 TB. */
static void vectors_that_no_memory_holds_are_refused(void **state) {
    (void)state;
    refuse("{\"data\": {\"source\": \"synthetic\", \"clients\": 1000000, \"test_samples\": 0}, \"model\": {\"kind\": "
           "\"mlp\", \"hidden\": [2000, 2000]}, " STOP ", \"server\": {\"strategy\": {\"kind\": \"scaffold\"}}}",
           "c.json: /server/strategy/kind", "\"scaffold\" needs about 16");
}

static double peak(const char *strategy, int clients, int ranks) {
    char text[500];
    snprintf(text, sizeof text,
             "{\"data\": {\"source\": \"synthetic\", \"clients\": %d, \"test_samples\": 0}, \"model\": {\"kind\": "
             "\"softmax\"}, " STOP ", \"server\": {\"strategy\": {\"kind\": \"%s\"}}}",
             clients, strategy);
    struct mu_err err = {.code = MU_OK};
    struct mu_scenario scenario = {0};
    struct mu_stage stage;
    struct mu_comm *comm = NULL;
    stage_of(text, &scenario, &comm, &stage, &err);
    support_expect_ok(&err);
    assert_int_equal(mu_model_dim(stage.model), 610);
    const double bytes = mu_stage_peak_bytes(&stage, ranks);
    mu_stage_clear(&stage);
    mu_comm_stop(comm);
    mu_scenario_clear(&scenario);
    return bytes;
}

/* Without vectors of the clients' own, memory does not grow with their number; with them it does, and is shared out
 * over the ranks. */
static void memory_grows_with_clients_only_if_they_have_vectors(void **state) {
    (void)state;
    assert_true(peak("fedavg", 100, 1) == peak("fedavg", 100000, 1));
    const double few = peak("scaffold", 1000, 1), many = peak("scaffold", 21000, 1);
    assert_true(many - few == 20000.0 * 610 * 4);
    const double shared = peak("scaffold", 21000, 4);
    assert_true(many - shared == 21000.0 * 610 * 4 * 0.75);
}

/* The claim of a million clients: set up in seconds, in little memory (on demand, nothing per client but its size). */
static void a_million_clients_are_set_up(void **state) {
    (void)state;
    struct rusage usage;
    (void)peak("fedavg", 1000000, 1);
    getrusage(RUSAGE_SELF, &usage);
    assert_true(usage.ru_maxrss < 300000); /* KB */
}

static void a_stage_has_all_parts(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    struct mu_scenario scenario = {0};
    struct mu_stage stage;
    struct mu_comm *comm = NULL;
    stage_of("{" QUADRATIC ", " STOP "}", &scenario, &comm, &stage, &err);
    support_expect_ok(&err);
    assert_int_equal(mu_data_clients(stage.data), 3);
    assert_int_equal(mu_model_dim(stage.model), 1);
    assert_non_null(stage.world);
    assert_null(stage.replay);
    assert_ptr_equal(stage.scenario, &scenario);
    assert_string_equal(stage.file, "c.json");
    mu_stage_clear(&stage);
    mu_stage_clear(&stage);
    mu_comm_stop(comm);
    mu_scenario_clear(&scenario);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(parts_that_do_not_fit_are_refused, run_set_up, run_tear_down),
        cmocka_unit_test_setup_teardown(vectors_that_no_memory_holds_are_refused, run_set_up, run_tear_down),
        cmocka_unit_test_setup_teardown(memory_grows_with_clients_only_if_they_have_vectors, run_set_up, run_tear_down),
        cmocka_unit_test_setup_teardown(a_million_clients_are_set_up, run_set_up, run_tear_down),
        cmocka_unit_test_setup_teardown(a_stage_has_all_parts, run_set_up, run_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
