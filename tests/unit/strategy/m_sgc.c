/* The golden trace of specs/gradient_coding.md, section 2.3, through the engine; and that what coded strategies step
 * with are the gradients that plain gradient descent has. */
#include "support_engine.h"

#include "muster/coding/bits.h"
#include "muster/strategy/strategies.h"

static const struct mu_strategy *strategy_of(const char *name) {
    const struct mu_kind *const kind = mu_registry_find(&mu_strategies, name);
    assert_non_null(kind);
    return (const void *)kind;
}

#define LATE_OR_NOT "{\"duration_s\": {\"kind\": \"choice\", \"values\": [1, 10], \"weights\": [0.8, 0.2]}}"
enum { N = 4, ROUNDS = 5 };
static const uint32_t late[ROUNDS] = {1, 2, 4, 0, 8}; /* sets of workers: {0}, {1}, {2}, {}, {3} */

static bool is_golden(const struct mu_world *world) {
    for (uint32_t r = 0; r < ROUNDS; r++) {
        for (uint32_t i = 0; i < N; i++) {
            const struct mu_job_request request = {i, r, 1, 0, 0};
            if ((mu_world_job(world, &request).duration_ns > 5 * MU_SECOND) != ((late[r] >> i & 1) != 0)) {
                return false;
            }
        }
    }
    return true;
}

/* One seed in 22,000 draws just these stragglers. */
static uint64_t golden_seed(void) {
    struct mu_world_config config = {0};
    struct mu_err err = {.code = MU_OK};
    bool found = false;
    uint64_t seed = 0;
    engine_parse(&mu_world_group, "/world", LATE_OR_NOT, &config);
    while (!found && ++seed < 1000000) {
        struct mu_world *world = NULL;
        mu_world_new(&world, &config, "test", seed, N, &err);
        support_expect_ok(&err);
        found = is_golden(world);
        mu_world_free(world);
    }
    assert_true(found);
    mu_group_clear(&mu_world_group, &config);
    return seed;
}

/* Job ids count dispatches: 4 r + i + 1 is worker i's message of round r. Private chunks come first, worker by worker,
 * then the coded group. */
static void the_golden_trace(void **state) {
    (void)state;
    static const struct {
        uint64_t second; /* a round with stragglers takes 2 s, one without 1 s */
        size_t n;
        uint64_t job[8];
    } steps[] = {
        {4, 6, {5, 2, 3, 4, 7, 8}}, /* job 0: worker 0 again in round 1; coded from {2, 3} */
        {6, 6, {5, 10, 7, 8, 9, 12}},
        {7, 7, {9, 10, 15, 12, 13, 14, 16}},
        {9, 7, {13, 14, 15, 16, 17, 18, 19}},
    };
    const struct engine_config c = {
        .data = "{\"source\": \"blobs\", \"samples\": 160, \"test_samples\": 10, \"clients\": 4}",
        .model = "{\"kind\": \"softmax\", \"precision\": \"float64\"}",
        .world = LATE_OR_NOT,
        .stop = "{\"steps\": 4}",
        .seed = golden_seed(),
        .strategy = strategy_of("m_sgc"),
        .options = "{\"B\": 1, \"W\": 2, \"lambda\": 2}"};
    struct engine *const e = engine_of(&c);
    assert_int_equal(e->result.models, 2);
    assert_int_equal(e->steps, 4);
    for (size_t t = 0; t < 4; t++) {
        const struct engine_step *const s = &e->step[t];
        assert_int_equal(s->time_ns, steps[t].second * MU_SECOND);
        assert_int_equal(s->slot, t % 2);
        assert_int_equal(s->n, steps[t].n);
        for (size_t i = 0; i < s->n; i++) {
            assert_int_equal(s->job[i], steps[t].job[i]);
            assert_int_equal(s->client[i], (s->job[i] - 1) % 4);
            assert_int_equal(s->staleness[i], 0);
            assert_true(i >= 4 || s->weight[i] == -1.0 / 160);
        }
    }
    size_t lost = 0;
    for (size_t j = 0; j < e->jobs; j++) {
        const uint64_t id = e->job[j].job - 1;
        const bool is_late = id / N < ROUNDS && (late[id / N] >> id % N & 1) != 0;
        assert_true(id / N >= ROUNDS || (e->job[j].status == MU_JOB_LATE) == is_late);
        lost += is_late;
    }
    assert_int_equal(lost, 4);
    engine_free(e);
}

#define BURSTS                                                                                                   \
    "{\"duration_s\": {\"kind\": \"lognormal\", \"mu\": 0, \"sigma\": 0.2}, \"dropout\": 0.02, \"stragglers\": " \
    "{\"kind\": \"gilbert_elliott\", \"p\": 0.08, \"q\": 0.9, \"extra_s\": 5}}"

struct outcome {
    struct engine *engine;
    size_t late;
};

static struct outcome outcome_of(const char *data, const char *model, const char *strategy, const char *options) {
    struct engine_config c = {.data = data,
                              .model = model,
                              .world = BURSTS,
                              .stop = "{\"steps\": 40}",
                              .optimizer = "{\"kind\": \"momentum\", \"lr\": 0.2}",
                              .strategy = strategy_of(strategy),
                              .options = options};
    struct outcome o = {engine_of(&c), 0};
    for (size_t j = 0; j < o.engine->jobs; j++) {
        o.late += o.engine->job[j].status == MU_JOB_LATE;
    }
    return o;
}

static double relative_difference(const struct engine *a, const struct engine *b) {
    const size_t n = mu_model_dim(a->model) * a->result.models;
    double difference = 0, size = 0;
    assert_int_equal(a->result.models, b->result.models);
    for (size_t i = 0; i < n; i++) {
        difference = fmax(difference, fabs(a->result.model[i] - b->result.model[i]));
        size = fmax(size, fabs(a->result.model[i]));
    }
    return difference / size;
}

static const struct {
    const char *data, *model;
} tasks[] = {
    {"{\"source\": \"blobs\", \"samples\": 233, \"test_samples\": 20, \"features\": 4, \"classes\": 3, \"clients\": "
     "12}",
     "{\"kind\": \"softmax\", \"l2\": 0.01, \"precision\": \"float64\"}"},
    {"{\"source\": \"quadratic\", \"targets\": [1, 2, 6, -3, 0.5, 8, 7, 0.1, -1, 4, 3, 2.5]}",
     "{\"kind\": \"vector\"}"},
};

static const struct {
    const char *strategy, *options;
} coded[] = {
    {"replication", "{\"s\": 2, \"models\": 4, \"batch\": BATCH}"},
    {"gc", "{\"code\": {\"kind\": \"frc\", \"s\": 3}, \"models\": 4, \"batch\": BATCH}"},
    {"gc", "{\"code\": {\"kind\": \"cyclic\", \"s\": 4}, \"models\": 4, \"dedup\": true, \"batch\": BATCH}"},
    {"sr_sgc", "{\"B\": 1, \"W\": 3, \"lambda\": 7, \"wait_out\": \"minimal\", \"models\": 4, \"batch\": BATCH}"},
    {"sr_sgc", "{\"B\": 2, \"W\": 3, \"lambda\": 7, \"models\": 4, \"batch\": BATCH}"},
    {"m_sgc", "{\"B\": 1, \"W\": 2, \"lambda\": 5, \"models\": 4, \"batch\": BATCH}"},
    {"m_sgc", "{\"B\": 2, \"W\": 3, \"lambda\": 7, \"wait_out\": \"minimal\", \"models\": 4, \"batch\": BATCH}"},
    {"coded_auto", "{\"probe\": 9, \"models\": 4, \"batch\": BATCH}"},
    {"m_sgc", "{\"B\": 1, \"W\": 3, \"lambda\": 12, \"models\": 4, \"dedup\": true, \"batch\": BATCH}"},
};

static void with_batch(char out[static 300], const char *options, const char *batch) {
    const char *const at = strstr(options, "BATCH");
    assert_non_null(at);
    snprintf(out, 300, "%.*s%s%s", (int)(at - options), options, batch, at + 5);
}

static void coded_steps_are_those_of_gradient_descent(void **state) {
    (void)state;
    static const char *const batches[] = {"\"full\"", "10"};
    for (size_t t = 0; t < 2; t++) {
        for (size_t b = 0; b < 2; b++) {
            char options[300];
            with_batch(options, "{\"models\": 4, \"batch\": BATCH}", batches[b]);
            const struct outcome plain = outcome_of(tasks[t].data, tasks[t].model, "uncoded", options);
            assert_int_equal(plain.late, 0);
            for (size_t k = 0; k < sizeof coded / sizeof *coded; k++) {
                with_batch(options, coded[k].options, batches[b]);
                const struct outcome o = outcome_of(tasks[t].data, tasks[t].model, coded[k].strategy, options);
                assert_true(o.late > 5);
                assert_true(relative_difference(plain.engine, o.engine) < 1e-9);
                engine_free(o.engine);
            }
            with_batch(options, "{\"s\": 1, \"models\": 4, \"batch\": BATCH}", batches[b]);
            const struct outcome wrong = outcome_of(tasks[t].data, tasks[t].model, "ignore", options);
            assert_true(relative_difference(plain.engine, wrong.engine) > 1e-6);
            engine_free(wrong.engine);
            engine_free(plain.engine);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_golden_trace),
        cmocka_unit_test(coded_steps_are_those_of_gradient_descent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
