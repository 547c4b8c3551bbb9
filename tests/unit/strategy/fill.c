/* Jobs kept in flight, through fedasync. */
#include "checks.h"

extern const struct mu_strategy mu_strategy_fedasync;

#define EIGHT "{\"source\": \"quadratic\", \"targets\": [0, 1, 2, 3, 4, 5, 6, 7]}"
#define ONE_STEP "{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 0.1}, \"batch_size\": \"full\", \"local_steps\": 1}"

static struct engine *run(const char *options, const char *world, const char *stop) {
    return engine_of(&(struct engine_config){.data = EIGHT,
                                             .client = ONE_STEP,
                                             .world = world,
                                             .stop = stop,
                                             .strategy = &mu_strategy_fedasync,
                                             .options = options});
}

/* Jobs in flight just after `t`. */
static size_t in_flight(const struct engine *e, uint64_t t) {
    size_t n = 0;
    for (size_t i = 0; i < e->jobs; i++) {
        n += e->job[i].dispatch_ns <= t && e->job[i].arrive_ns > t;
    }
    return n;
}

static void the_concurrency_is_kept(void **state) {
    (void)state;
    static const char *const worlds[] = {
        "{\"duration_s\": {\"kind\": \"exponential\", \"mean\": 1}}",
        "{\"duration_s\": {\"kind\": \"exponential\", \"mean\": 1}, \"dropout\": 0.3}"};
    for (size_t w = 0; w < 2; w++) {
        struct engine *const e = run("{\"concurrency\": 5}", worlds[w], "{\"time_s\": 40}");
        assert_true(e->jobs > 150);
        for (uint64_t t = 0; t < 39 * MU_SECOND; t += MU_SECOND / 3) {
            assert_int_equal(in_flight(e, t), 5);
        }
        engine_free(e);
    }
}

static void all_clients_are_busy_by_default(void **state) {
    (void)state;
    struct engine *const e = run("{}", "{\"duration_s\": 1}", "{\"time_s\": 10}");
    assert_int_equal(in_flight(e, 5 * MU_SECOND + 1), 8);
    assert_int_equal(e->result.steps, 80);
    engine_free(e);
}

static void a_busy_client_has_one_job(void **state) {
    (void)state;
    struct engine *const e =
        run("{\"concurrency\": 6}", "{\"duration_s\": {\"kind\": \"exponential\", \"mean\": 1}}", "{\"steps\": 300}");
    for (size_t i = 0; i < e->jobs; i++) {
        for (size_t j = 0; j < e->jobs; j++) {
            const bool overlap = e->job[j].dispatch_ns >= e->job[i].dispatch_ns && e->job[j].job > e->job[i].job &&
                                 e->job[j].dispatch_ns < e->job[i].arrive_ns;
            assert_false(overlap && e->job[i].client == e->job[j].client);
        }
    }
    engine_free(e);
}

/* Clients come and go; every one that is there gets work, and nothing arrives from one that is not. */
static void clients_that_come_online_get_work(void **state) {
    (void)state;
    char dir[256], path[300], world[500];
    support_temp_dir(dir);
    snprintf(path, sizeof path, "%s/active.csv", dir);
    static const char rows[] = "0, 0, 100\n1, 20, 40\n2, 10, 30\n3, 0, 5\n4, 50, 60\n5, 50, 60\n6, 0, 1\n7, 90, 100\n";
    support_write(path, rows, sizeof rows - 1);
    snprintf(world, sizeof world,
             "{\"duration_s\": 1.5, \"availability\": {\"kind\": \"trace\", \"file\": \"%s\", \"period_s\": 100}}",
             path);
    struct engine *const e = run("{}", world, "{\"time_s\": 99}");
    static const struct {
        double at;
        size_t busy;
    } expected[] = {{0.5, 3}, {4.9, 2}, {7, 1}, {15, 2}, {25, 3}, {35, 2}, {45, 1}, {55, 3}, {70, 1}, {95, 2}};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        assert_int_equal(in_flight(e, (uint64_t)(expected[i].at * 1e9)), expected[i].busy);
    }
    engine_free(e);
    support_remove_dir(dir);
}

static void more_jobs_than_clients_are_refused(void **state) {
    (void)state;
    expect_options(&mu_strategy_fedasync, "{\"concurrency\": 8}", 8, NULL, NULL);
    expect_options(&mu_strategy_fedasync, "{\"concurrency\": 9}", 8, "c.json: /server/strategy/concurrency",
                   "9 jobs in flight, but there are only 8 clients");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_concurrency_is_kept),
        cmocka_unit_test(all_clients_are_busy_by_default),
        cmocka_unit_test(a_busy_client_has_one_job),
        cmocka_unit_test(clients_that_come_online_get_work),
        cmocka_unit_test(more_jobs_than_clients_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
