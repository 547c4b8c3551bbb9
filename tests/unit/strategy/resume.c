/* Every strategy goes on from a checkpoint to the bits of a run that was never interrupted. Each run here is cut after
 * every single event, so that it is saved and restored at every boundary there is. */
#include "support_resume.h"

#include "muster/strategy/strategies.h"

#define BLOBS                                                                                                        \
    "{\"source\": \"blobs\", \"samples\": 240, \"test_samples\": 40, \"features\": 4, \"classes\": 3, \"clients\": " \
    "12, \"partition\": {\"kind\": \"dirichlet\", \"alpha\": 0.5}}"

static char dir[256];

static int set_up(void **state) {
    (void)state;
    part_temp_dir(dir);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    support_remove_dir(dir);
    return 0;
}

static struct engine_config config_of(const struct mu_strategy *strategy, const char *options, const char *world) {
    return (struct engine_config){
        .data = BLOBS,
        .model = "{\"kind\": \"mlp\", \"hidden\": [5]}",
        .client = "{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 0.1}}",
        .world = world,
        .stop = "{\"steps\": 7}",
        .evaluate = "{\"every_steps\": 3}",
        .optimizer = "{\"kind\": \"adam\", \"lr\": 0.05}",
        .strategy = strategy,
        .options = options,
    };
}

/* Compares a run cut after every `events` events with one in a single piece. */
static void expect_the_same(const struct engine_config *c, uint64_t events) {
    struct engine *const whole = engine_of(c);
    struct engine *const parts = part_run_all(c, events);
    const char *const difference = part_difference(whole, parts);
    if (difference != NULL) {
        fail_msg("%s %s, world %s, cut after every %llu events: the %s differ", c->strategy->kind.name, c->options,
                 c->world, (unsigned long long)events, difference);
    }
    assert_int_equal(whole->result.steps, 7);
    engine_free(whole);
    engine_free(parts);
    support_remove_dir(part.directory);
}

static const char *const worlds[] = {
    "{}",
    /* Losses, and delays that come in bursts. */
    "{\"duration_s\": {\"kind\": \"exponential\", \"mean\": 1}, \"dropout\": 0.15, \"jitter\": {\"kind\": \"uniform\", "
    "\"low\": 0.5, \"high\": 1.5}, \"stragglers\": {\"kind\": \"gilbert_elliott\", \"p\": 0.2, \"q\": 0.5, "
    "\"slowdown\": 4}}",
    /* Clients that come and go, some of them while they work. */
    "{\"compute\": {\"seconds_per_sample\": 0.02}, \"network\": {\"latency_s\": 0.1}, \"availability\": {\"kind\": "
    "\"on_off\", \"on_s\": 2.5, \"off_s\": 1}}",
};
enum { WORLDS = sizeof worlds / sizeof *worlds };

/* The options that the user must give, each of them 1, or at its minimum if that is more; the others have defaults. */
static void required_options(const struct mu_strategy *strategy, char text[static 512]) {
    strcpy(text, "{");
    for (const struct mu_field *f = strategy->kind.group.fields; f != NULL && f->type != MU_NONE; f++) {
        if (f->role == MU_OPTION && f->def == NULL && (f->type == MU_INT || f->type == MU_REAL)) {
            const size_t n = strlen(text);
            snprintf(text + n, 512 - n, "%s\"%s\": %g", n > 1 ? ", " : "", f->name, fmax(1, f->min));
        }
    }
    strcat(text, "}");
}

static void every_strategy_goes_on_from_every_event(void **state) {
    (void)state;
    for (size_t i = 0; i < mu_strategies.n; i++) {
        const struct mu_strategy *const strategy = (const void *)mu_strategies.rows[i];
        char options[512];
        required_options(strategy, options);
        for (size_t k = 0; k < WORLDS; k++) {
            const struct engine_config c = config_of(strategy, options, worlds[k]);
            expect_the_same(&c, 1);
        }
    }
}

/* Options that bring cancelled jobs, late updates, half-full buffers, cohorts with repetitions. */
static void every_way_of_gathering_goes_on_from_every_event(void **state) {
    (void)state;
    static const struct {
        const char *strategy, *options;
    } ways[] = {
        {"fedavg", "{\"cohort\": 6, \"deadline_s\": 0.8}"},
        {"fedavg", "{\"cohort\": 4, \"over_selection\": 1.8, \"sampling\": \"size\"}"},
        {"fedavg", "{\"cohort\": 5, \"sampling\": \"replacement\", \"weights\": \"uniform\"}"},
        {"fedavg", "{\"fraction\": 0.4, \"sampling\": \"poisson\"}"},
        {"scaffold", "{\"cohort\": 5, \"deadline_s\": 1.2}"},
        {"fedbuff", "{\"buffer_size\": 4, \"concurrency\": 8, \"redispatch\": \"at_update\"}"},
        {"fedbuff", "{\"buffer_size\": 3, \"max_staleness\": 1, \"flush_at_end\": true}"},
        {"ca2fl", "{\"buffer_size\": 5}"},
        {"fedfix", "{\"window_s\": 0.7, \"weights\": \"expected\"}"},
        {"fedfix", "{\"window_s\": 0.7, \"weights\": \"rate\"}"},
        {"ringmaster", "{\"threshold\": 3, \"concurrency\": 9}"},
        {"rennala", "{\"batch\": 4, \"stop\": false}"},
        {"rennala", "{\"batch\": 4}"},
        {"delay_adaptive", "{\"rule\": \"drop\", \"threshold\": 4}"},
        {"gc", "{\"code\": {\"kind\": \"cyclic\", \"s\": 4}, \"wait_out\": \"minimal\"}"},
        {"sr_sgc", "{\"B\": 1, \"W\": 3, \"lambda\": 9, \"mu\": 4}"},
        {"m_sgc", "{\"B\": 2, \"W\": 3, \"lambda\": 8, \"wait_out\": \"minimal\", \"batch\": 50}"},
        {"coded_auto", "{\"probe\": 4, \"models\": 2, \"wait_out\": \"minimal\"}"},
    };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        const struct mu_kind *const kind = mu_registry_find(&mu_strategies, ways[i].strategy);
        assert_non_null(kind);
        for (size_t k = 1; k < WORLDS; k++) {
            struct engine_config c = config_of((const void *)kind, ways[i].options, worlds[k]);
            expect_the_same(&c, 1);
        }
    }
}

/* Every server optimizer keeps its moments. */
static void every_server_optimizer_goes_on_from_every_event(void **state) {
    (void)state;
    const struct mu_kind *const fedbuff = mu_registry_find(&mu_strategies, "fedbuff");
    for (size_t i = 0; i < mu_server_optimizers.n; i++) {
        char optimizer[100];
        snprintf(optimizer, sizeof optimizer, "{\"kind\": \"%s\"}", mu_server_optimizers.rows[i]->name);
        struct engine_config c = config_of((const void *)fedbuff, "{\"buffer_size\": 3}", worlds[1]);
        c.optimizer = optimizer;
        expect_the_same(&c, 2);
    }
}

static void a_run_of_events_alone_goes_on(void **state) {
    (void)state;
    static const char *const strategies[] = {"fedavg", "fedbuff", "scaffold", "ca2fl"};
    for (size_t i = 0; i < sizeof strategies / sizeof *strategies; i++) {
        const struct mu_kind *const kind = mu_registry_find(&mu_strategies, strategies[i]);
        struct engine_config c = config_of((const void *)kind, "{}", worlds[1]);
        c.model = "{\"kind\": \"none\"}";
        c.optimizer = NULL;
        expect_the_same(&c, 1);
    }
}

/* Comparisons that cannot fail show nothing: a run of another seed is told apart. */
static void a_difference_is_seen(void **state) {
    (void)state;
    struct engine_config c = config_of((const void *)mu_registry_find(&mu_strategies, "fedbuff"), "{}", worlds[1]);
    struct engine *const a = engine_of(&c);
    c.seed = 2;
    struct engine *const b = engine_of(&c);
    assert_non_null(part_difference(a, b));
    a->job[0].weight += 1e-9;
    c.seed = 1;
    struct engine *const again = engine_of(&c);
    assert_string_equal(part_difference(a, again), "jobs");
    engine_free(a);
    engine_free(b);
    engine_free(again);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_strategy_goes_on_from_every_event, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_way_of_gathering_goes_on_from_every_event, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_server_optimizer_goes_on_from_every_event, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_run_of_events_alone_goes_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_difference_is_seen, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
