/* The weights of asynchronous FedAvg; its golden vectors and its bias are in tests/golden. */
#include "support_engine.h"

extern const struct mu_strategy mu_strategy_async;

#define ONE_STEP "{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 0.1}, \"batch_size\": \"full\", \"local_steps\": 1}"

static struct engine *run(const char *options, const char *world, const char *stop) {
    return engine_of(&(struct engine_config){.data = "{\"source\": \"quadratic\", \"targets\": [1, 2, 6]}",
                                             .client = ONE_STEP,
                                             .world = world,
                                             .stop = stop,
                                             .strategy = &mu_strategy_async,
                                             .options = options});
}

/* tau = (5, 3, 2): d_i = 1/3 tau_i (1/5 + 1/3 + 1/2) = tau_i 31/90. */
static void weights_correct_the_share_of_arrivals(void **state) {
    (void)state;
    static const double tau[] = {5, 3, 2};
    struct engine *const e = run("{}", "{\"duration_s\": [5, 3, 2]}", "{\"steps\": 31}");
    double sum[3] = {0};
    for (size_t t = 0; t < 31; t++) {
        const uint32_t c = e->step[t].client[0];
        assert_true(fabs(e->step[t].weight[0] - tau[c] * 31 / 90) < 1e-12);
        sum[c] += e->step[t].weight[0];
    }
    /* 31 arrivals are one cycle of 30 s: every client has weighed the same. */
    assert_true(fabs(sum[0] - sum[1]) < 1e-12 && fabs(sum[0] - sum[2]) < 1e-12);
    engine_free(e);
}

static void identical_weights_are_one(void **state) {
    (void)state;
    struct engine *const e = run("{\"weights\": \"identical\"}", "{\"duration_s\": [5, 3, 2]}", "{\"steps\": 31}");
    for (size_t t = 0; t < 31; t++) {
        assert_true(e->step[t].weight[0] == 1);
    }
    engine_free(e);
}

static void without_durations_all_clients_are_alike(void **state) {
    (void)state;
    struct engine *const e = run("{}", NULL, "{\"steps\": 30}");
    for (size_t t = 0; t < 30; t++) {
        assert_int_equal(e->step[t].client[0], t % 3);
        assert_true(fabs(e->step[t].weight[0] - 1) < 1e-15);
    }
    engine_free(e);
}

/* A lost job's client is busy again at once. */
static void lost_jobs_are_replaced(void **state) {
    (void)state;
    struct engine *const e = run("{}", "{\"duration_s\": 1, \"dropout\": [0, 0.5, 0]}", "{\"time_s\": 100}");
    assert_int_equal(e->result.updates + e->result.dropped, 300);
    assert_int_equal(e->result.participations[0], 100);
    assert_in_range(e->result.participations[1], 25, 75); /* five standard deviations */
    engine_free(e);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_correct_the_share_of_arrivals),
        cmocka_unit_test(identical_weights_are_one),
        cmocka_unit_test(without_durations_all_clients_are_alike),
        cmocka_unit_test(lost_jobs_are_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
