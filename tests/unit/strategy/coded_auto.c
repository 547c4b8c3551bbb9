/* A run that chooses its scheme: what it chooses on a world that it can be told from, what it measures there, and that
 * the run goes on where the probe ends. */
#include "support_engine.h"

#include <math.h>

#include "muster/strategy/strategies.h"

/* 200 rows for 8 workers: shares and their quarters are whole numbers of rows. */
#define BLOBS                                                                                                         \
    "{\"source\": \"blobs\", \"samples\": 1600, \"test_samples\": 20, \"features\": 4, \"classes\": 3, \"clients\": " \
    "8, \"partition\": {\"kind\": \"iid\"}}"
enum { ROWS = 1600, N = 8 };
#define STEADY "{\"compute\": {\"seconds_per_sample\": 0.01}, \"network\": {\"up_mbps\": 0.01}}"
#define BURSTS                                                                                                      \
    "{\"compute\": {\"seconds_per_sample\": 0.001}, \"network\": {\"latency_s\": 0.5}, \"stragglers\": {\"kind\": " \
    "\"bernoulli\", \"p\": 0.15, \"extra_s\": 20}}"

static const struct mu_strategy *strategy_of(const char *name) {
    const struct mu_kind *const kind = mu_registry_find(&mu_strategies, name);
    assert_non_null(kind);
    return (const void *)kind;
}

static struct engine *run(const char *strategy, const char *options, const char *world, const char *stop) {
    return engine_of(&(struct engine_config){.data = BLOBS,
                                             .model = "{\"kind\": \"softmax\", \"precision\": \"float64\"}",
                                             .world = world,
                                             .stop = stop,
                                             .seed = 5,
                                             .strategy = strategy_of(strategy),
                                             .options = options});
}

/* What the notes of the probe's last step say. */
struct told {
    struct engine *engine;
    double scheme, s, alpha, vector_s;
};
static struct told heard;

static int take_notes(void *context, const struct mu_step_record *r, struct mu_err *err) {
    (void)context, (void)err;
    for (size_t i = 0; i < r->notes; i++) {
        const struct mu_note *const note = &r->note[i];
        double *const out = strcmp(note->name, "scheme") == 0     ? &heard.scheme
                            : strcmp(note->name, "s") == 0        ? &heard.s
                            : strcmp(note->name, "alpha_s") == 0  ? &heard.alpha
                            : strcmp(note->name, "vector_s") == 0 ? &heard.vector_s
                                                                  : NULL;
        if (out != NULL) {
            assert_int_equal(r->step, 8);
            *out = note->value;
        }
    }
    return MU_OK;
}

static struct told choice_on(const char *world, const char *options) {
    const struct engine_config c = {.data = BLOBS,
                                    .model = "{\"kind\": \"softmax\", \"precision\": \"float64\"}",
                                    .world = world,
                                    .stop = "{\"steps\": 30}",
                                    .seed = 5,
                                    .strategy = strategy_of("coded_auto"),
                                    .options = options};
    heard = (struct told){engine_new(&c), NAN, NAN, NAN, NAN};
    heard.engine->observer.step = take_notes;
    assert_int_equal(engine_run(heard.engine), MU_OK);
    return heard;
}

/* Where nobody is late a code is a waste; where one in seven takes twenty times as long, and work is cheap, it is not.
 */
static void the_choice_follows_the_world(void **state) {
    (void)state;
    const struct told steady = choice_on(STEADY, "{\"probe\": 8}");
    const struct told bursts = choice_on(BURSTS, "{\"probe\": 8}");
    assert_true(steady.scheme == 0);
    assert_true(bursts.scheme >= 1);
    struct engine *const uncoded = run("uncoded", "{\"models\": 4}", BURSTS, "{\"steps\": 30}");
    assert_true(bursts.engine->result.time_ns < uncoded->result.time_ns);
    engine_free(uncoded);
    engine_free(steady.engine);
    engine_free(bursts.engine);
}

/* 1,600 rows of 10 ms; a vector of 15 numbers in float64 at 10 kbit/s. */
static void costs_are_measured(void **state) {
    (void)state;
    const struct told told = choice_on(STEADY, "{\"probe\": 8}");
    assert_true(fabs(told.alpha - 0.01 * ROWS) < 1e-6);
    assert_true(fabs(told.vector_s - 8 * 8 * 15 / 1e4) < 1e-6);
    engine_free(told.engine);
    const struct told given = choice_on(STEADY, "{\"probe\": 8, \"alpha\": 3, \"vector_s\": 0.5}");
    assert_true(given.alpha == 3 && given.vector_s == 0.5);
    engine_free(given.engine);
}

/* With costs given the probe is plain uncoded rounds; if it then chooses to go on like that, the whole run is one of
 * `uncoded`: same batches, same models in turn, same durations, same bits. */
static void the_run_goes_on_where_the_probe_ends(void **state) {
    (void)state;
    static const char jitter[] = "{\"compute\": {\"seconds_per_sample\": 0.01}, \"jitter\": {\"kind\": \"uniform\", "
                                 "\"low\": 0.9, \"high\": 1.1}}";
    for (size_t k = 0; k < 2; k++) {
        const char *const probe = k == 0
                                      ? "{\"probe\": 7, \"models\": 3, \"alpha\": 16, \"vector_s\": 0, \"batch\": 90}"
                                      : "{\"probe\": 8, \"models\": 3, \"batch\": 90}";
        struct engine *const a = run("coded_auto", probe, jitter, "{\"steps\": 20}");
        struct engine *const b = run("uncoded", "{\"models\": 3, \"batch\": 90}", jitter, "{\"steps\": 20}");
        const size_t bytes = mu_model_dim(a->model) * 3 * sizeof(double);
        const bool same = memcmp(a->result.model, b->result.model, bytes) == 0;
        assert_int_equal(a->steps, 20);
        assert_true(k == 1 || same);
        for (size_t i = 0; i < 20; i++) {
            assert_int_equal(a->step[i].slot, b->step[i].slot);
            assert_true(k == 1 || a->step[i].time_ns == b->step[i].time_ns);
        }
        /* Unequal shares take longer. */
        assert_true(k == 0 || a->step[7].time_ns > b->step[7].time_ns);
        engine_free(a);
        engine_free(b);
    }
}

static void a_probe_needs_a_run_that_outlasts_it(void **state) {
    (void)state;
    const struct mu_strategy *const strategy = strategy_of("coded_auto");
    for (int64_t steps = 39; steps <= 41; steps++) {
        struct mu_err err = {.code = MU_OK};
        void *const values = calloc(1, strategy->kind.group.size);
        engine_parse(&strategy->kind.group, "/server/strategy", "{\"probe\": 40}", values);
        const struct mu_strategy_context context = {
            .file = "c.json", .pointer = "/server/strategy", .clients = N, .steps = steps};
        strategy->check(values, &context, &err);
        if (steps > 40) {
            support_expect_ok(&err);
        } else {
            support_expect_error(&err, MU_BAD_CONFIG, "c.json: /server/strategy/probe", "stops after");
        }
        mu_group_clear(&strategy->kind.group, values);
        free(values);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_choice_follows_the_world),
        cmocka_unit_test(costs_are_measured),
        cmocka_unit_test(the_run_goes_on_where_the_probe_ends),
        cmocka_unit_test(a_probe_needs_a_run_that_outlasts_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
