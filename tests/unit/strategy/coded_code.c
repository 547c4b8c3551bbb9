/* Codes of whole runs at 256 workers: how long events alone take, and that a code has an end whatever its run's is. */
#include "checks.h"

#include "coded_round.h"
#include "muster/base/clock.h"
#include "muster/strategy/strategies.h"

#define BLOBS                                                                                              \
    "{\"source\": \"blobs\", \"samples\": 4096, \"test_samples\": 10, \"features\": 2, \"clients\": 256, " \
    "\"partition\": {\"kind\": \"iid\"}}"
#define BURSTS                                                                                           \
    "{\"duration_s\": {\"kind\": \"lognormal\", \"mu\": 0, \"sigma\": 0.1}, \"stragglers\": {\"kind\": " \
    "\"gilbert_elliott\", \"p\": 0.05, \"q\": 0.9, \"extra_s\": {\"kind\": \"uniform\", \"low\": 1, \"high\": 4}}}"

static const struct {
    const char *strategy, *options;
} schemes[] = {
    {"gc", "{\"code\": {\"kind\": \"frc\", \"s\": 15}}"},
    {"gc", "{\"code\": {\"kind\": \"cyclic\", \"s\": 15}}"},
    {"replication", "{\"s\": 3}"},
    {"sr_sgc", "{\"B\": 2, \"W\": 3, \"lambda\": 23}"},
    {"m_sgc", "{\"B\": 1, \"W\": 2, \"lambda\": 27}"},
};
enum { SCHEMES = sizeof schemes / sizeof *schemes, BOUND_S = 30 }; /* they take less than a second each */

static struct engine_config config_of(size_t k, const char *model, const char *stop) {
    const struct mu_kind *const kind = mu_registry_find(&mu_strategies, schemes[k].strategy);
    assert_non_null(kind);
    return (struct engine_config){.data = BLOBS,
                                  .model = model,
                                  .world = BURSTS,
                                  .stop = stop,
                                  .evaluate = "{\"every_steps\": 0}",
                                  .strategy = (const void *)kind,
                                  .options = schemes[k].options};
}

static void a_thousand_rounds_of_events_take_seconds(void **state) {
    (void)state;
    for (size_t k = 0; k < SCHEMES; k++) {
        const struct engine_config c = config_of(k, "{\"kind\": \"none\"}", "{\"steps\": 1000}");
        const double start = mu_monotonic_s();
        struct engine *const e = engine_of(&c);
        const double took = mu_monotonic_s() - start;
        assert_int_equal(e->result.steps, 1000);
        if (took > BOUND_S) {
            fail_msg("%s took %.1f s", schemes[k].strategy, took);
        }
        engine_free(e);
    }
}

/* Every strategy's state begins with it. */
static const struct mu_coded *coded_of(const struct engine *e) {
    return e->options;
}

static int fail_second_step(void *context, const struct mu_step_record *r, struct mu_err *err) {
    assert_non_null(coded_of(context)->coding);
    return r->step < 2 ? MU_OK : mu_fail(err, MU_IO, "test", "no more");
}

static void a_code_ends_with_its_run(void **state) {
    (void)state;
    for (size_t k = 0; k < SCHEMES; k++) {
        const struct engine_config c = config_of(k, "{\"kind\": \"softmax\"}", "{\"steps\": 2}");
        struct engine *const good = engine_of(&c);
        assert_null(coded_of(good)->coding);
        engine_free(good);
        struct engine *const bad = engine_new(&c);
        bad->observer.step = fail_second_step;
        assert_int_equal(engine_run(bad), MU_IO);
        assert_null(coded_of(bad)->coding);
        engine_free(bad);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thousand_rounds_of_events_take_seconds),
        cmocka_unit_test(a_code_ends_with_its_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
