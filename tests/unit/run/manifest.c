#include "support_run.h"

#include "recorder.h"

static void it_says_what_made_a_run(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    struct mu_comm *const comm = mu_comm_solo();
    struct mu_manifest manifest;
    const struct mu_scenario scenario = {.seed = 9007199254740991, .allow_mixed_kernels = true};
    char host[65] = "";
    gethostname(host, 64);
    mu_manifest_gather(&manifest, comm);
    assert_int_equal(manifest.ranks, 1);
    assert_int_equal(manifest.n_hosts, 1);
    assert_int_equal(strncmp(manifest.hosts, host, strlen(manifest.hosts)), 0);
    assert_true(manifest.start_time > 1700000000);
    assert_int_equal(manifest.end_time, 0);
    manifest.start_time = 951782400; /* 2000-02-29 00:00:00 UTC, by `date -u -d @951782400` */
    assert_int_equal(mu_manifest_write(&manifest, scratch, &scenario, &err), MU_OK);
    cJSON *json = run_json("manifest.json");
    assert_true(run_number(json, "seed") == 9007199254740991.0);
    assert_true(run_number(json, "ranks") == 1);
    assert_string_equal(run_string(json, "host_names"), manifest.hosts);
    assert_string_equal(run_string(json, "blas_kernel"), mu_blas_kernel());
    assert_string_equal(run_string(json, "start"), "2000-02-29T00:00:00Z");
    assert_true(run_is_null(json, "end")); /* it is still going on */
    assert_true(run_number(json, "resumes") == 0);
    assert_true(run_is_null(json, "resumed"));
    assert_true(cJSON_IsTrue(run_member(json, "mixed_kernels_allowed")));
    assert_true(strlen(run_string(json, "muster")) >= 5);
    assert_true(strlen(run_string(json, "git_commit")) >= 7);
    assert_true(strlen(run_string(json, "mpi")) > 0 && strlen(run_string(json, "blas")) > 0);
    cJSON_Delete(json);
    manifest.end_time = 951782400 + 86399;
    assert_int_equal(mu_manifest_write(&manifest, scratch, &scenario, &err), MU_OK);
    json = run_json("manifest.json");
    assert_string_equal(run_string(json, "end"), "2000-02-29T23:59:59Z");
    cJSON_Delete(json);
    mu_comm_stop(comm);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_says_what_made_a_run, run_set_up, run_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
