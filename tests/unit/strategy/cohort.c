/* Synchronous rounds, through fedavg, which adds nothing to them. */
#include "support_engine.h"

#include "cohort.h"
#include "muster/privacy/privacy.h"
#include "muster/strategy/strategies.h"

extern const struct mu_strategy mu_strategy_fedavg;

#define THREE "{\"source\": \"quadratic\", \"targets\": [1, 2, 6]}"
#define ONE_STEP "{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 0.5}, \"local_steps\": 1}"
#define UNEQUAL(clients)                                                                                \
    "{\"source\": \"blobs\", \"samples\": 2000, \"test_samples\": 0, \"features\": 2, \"classes\": 2, " \
    "\"clients\": " clients ", \"partition\": {\"kind\": \"quantity\", \"sigma\": 1}}"

static struct engine *run(const char *data, const char *options, const char *stop) {
    const bool quadratic = strstr(data, "quadratic") != NULL;
    return engine_of(&(struct engine_config){.data = data,
                                             .model = quadratic ? "{\"kind\": \"vector\"}" : "{\"kind\": \"softmax\"}",
                                             .client = ONE_STEP,
                                             .stop = stop,
                                             .evaluate = "{\"every_steps\": 1}",
                                             .strategy = &mu_strategy_fedavg,
                                             .options = options});
}

static void expect_cohort(const char *data, const char *options, size_t n) {
    struct engine *const e = run(data, options, "{\"steps\": 5}");
    for (size_t t = 0; t < 5; t++) {
        if (e->step[t].n != n) {
            fail_msg("%s: a cohort of %zu, not of %zu", options, e->step[t].n, n);
        }
    }
    engine_free(e);
}

static void a_cohort_has_its_size(void **state) {
    (void)state;
    expect_cohort(UNEQUAL("100"), "{}", 10); /* the default */
    expect_cohort(THREE, "{}", 3);           /* or all of fewer */
    expect_cohort(UNEQUAL("100"), "{\"cohort\": 7}", 7);
    expect_cohort(UNEQUAL("100"), "{\"cohort\": 100}", 100);
    expect_cohort(UNEQUAL("100"), "{\"fraction\": 1}", 100);
    expect_cohort(THREE, "{\"fraction\": 0.4}", 2); /* rounded up */
    expect_cohort(THREE, "{\"fraction\": 0.000001}", 1);
}

/* 0.07 x 100 is 7.000000000000001 in doubles, and 7 clients to anybody who writes 0.07. */
static void a_fraction_in_decimals_is_what_it_looks_like(void **state) {
    (void)state;
    for (int percent = 1; percent <= 100; percent++) {
        char options[64];
        snprintf(options, sizeof options, "{\"fraction\": %g}", percent / 100.0);
        expect_cohort(UNEQUAL("100"), options, (size_t)percent);
    }
    expect_cohort(UNEQUAL("100"), "{\"fraction\": 0.0701}", 8); /* what is really above is rounded up */
}

/* Everybody of a round starts from one model, and the next round begins when the last one is back. */
static void rounds_are_synchronous(void **state) {
    (void)state;
    struct engine *const e =
        engine_of(&(struct engine_config){.data = THREE,
                                          .client = ONE_STEP,
                                          .world = "{\"duration_s\": [1, 5, 2], \"duration_per\": \"client\"}",
                                          .stop = "{\"steps\": 4}",
                                          .evaluate = "{\"every_steps\": 1}",
                                          .strategy = &mu_strategy_fedavg});
    double x = 0;
    for (size_t t = 0; t < 4; t++) {
        assert_int_equal(e->step[t].time_ns, (t + 1) * 5 * MU_SECOND);
        for (size_t k = 0; k < 3; k++) {
            assert_int_equal(e->step[t].staleness[k], 0);
            assert_true(e->step[t].weight[k] == 1.0 / 3);
        }
        x += 0.5 * (3 - x);
        assert_true(fabs(e->evaluation[t + 1].model[0] - x) < 1e-14);
    }
    for (size_t j = 0; j < e->jobs; j++) {
        assert_int_equal(e->job[j].status, MU_JOB_USED);
        assert_int_equal(e->job[j].version, j / 3);
    }
    assert_int_equal(e->jobs, 12);
    engine_free(e);
}

static void weights_are_shares_of_the_rounds_rows_or_alike(void **state) {
    (void)state;
    struct engine *const rows = run(UNEQUAL("9"), "{\"cohort\": 4}", "{\"steps\": 20}");
    struct engine *const alike = run(UNEQUAL("9"), "{\"cohort\": 4, \"weights\": \"uniform\"}", "{\"steps\": 20}");
    for (size_t t = 0; t < 20; t++) {
        double total = 0;
        for (size_t k = 0; k < 4; k++) {
            total += (double)mu_data_size(rows->data, rows->step[t].client[k]);
        }
        for (size_t k = 0; k < 4; k++) {
            const double share = (double)mu_data_size(rows->data, rows->step[t].client[k]) / total;
            assert_true(fabs(rows->step[t].weight[k] - share) < 1e-15);
            assert_true(alike->step[t].weight[k] == 0.25);
            assert_int_equal(alike->step[t].client[k], rows->step[t].client[k]); /* the draw is the same */
        }
    }
    engine_free(rows);
    engine_free(alike);
}

/* Drawn twice, trained once, weighed twice. */
static void a_client_drawn_twice_weighs_twice(void **state) {
    (void)state;
    struct engine *const e = run(
        UNEQUAL("5"), "{\"cohort\": 5, \"sampling\": \"replacement\", \"weights\": \"uniform\"}", "{\"steps\": 40}");
    bool repeated = false;
    for (size_t t = 0; t < 40; t++) {
        double total = 0;
        for (size_t k = 0; k < e->step[t].n; k++) {
            const double times = 5 * e->step[t].weight[k];
            assert_true(fabs(times - round(times)) < 1e-12 && times > 0.5);
            repeated = repeated || times > 1.5;
            total += times;
            for (size_t j = 0; j < k; j++) {
                assert_int_not_equal(e->step[t].client[j], e->step[t].client[k]);
            }
        }
        assert_true(fabs(total - 5) < 1e-12);
    }
    assert_true(repeated);
    engine_free(e);
}

static void a_poisson_cohort_varies_and_is_never_empty(void **state) {
    (void)state;
    struct engine *const e = run(THREE, "{\"cohort\": 1, \"sampling\": \"poisson\"}", "{\"steps\": 300}");
    size_t count[4] = {0};
    for (size_t t = 0; t < 300; t++) {
        assert_in_range(e->step[t].n, 1, 3);
        count[e->step[t].n]++;
    }
    /* Given that it is not empty: 12/19, 6/19 and 1/19 of the rounds. */
    assert_true(count[1] > 140 && count[2] > 55 && count[3] > 2);
    engine_free(e);
}

/* Whoever is lost is left out of the round, and the weights of the rest are shares of theirs. */
static void lost_jobs_leave_the_round(void **state) {
    (void)state;
    struct engine *const e = engine_of(&(struct engine_config){.data = THREE,
                                                               .client = ONE_STEP,
                                                               .world = "{\"dropout\": [0, 1, 0]}",
                                                               .stop = "{\"steps\": 5}",
                                                               .strategy = &mu_strategy_fedavg});
    for (size_t t = 0; t < 5; t++) {
        assert_int_equal(e->step[t].n, 2);
        assert_true(e->step[t].weight[0] == 0.5 && e->step[t].weight[1] == 0.5);
        assert_true(e->step[t].client[0] != 1 && e->step[t].client[1] != 1);
    }
    assert_int_equal(e->result.dropped, 5);
    engine_free(e);
}

/* Rounds of one client: those of the client that is always lost take no step, and another is drawn. */
static void a_round_of_which_nothing_is_left_is_drawn_anew(void **state) {
    (void)state;
    struct engine *const e = engine_of(&(struct engine_config){.data = THREE,
                                                               .client = ONE_STEP,
                                                               .world = "{\"dropout\": [0, 1, 0], \"duration_s\": 1}",
                                                               .stop = "{\"time_s\": 30}",
                                                               .strategy = &mu_strategy_fedavg,
                                                               .options = "{\"cohort\": 1}"});
    assert_int_equal(e->result.steps + e->result.dropped, 30);
    assert_true(e->result.dropped > 2 && e->result.steps > 10);
    for (size_t t = 0; t < e->steps; t++) {
        assert_int_equal(e->step[t].n, 1);
        assert_int_not_equal(e->step[t].client[0], 1);
    }
    engine_free(e);
}

/* One client's training overflows: it is left out. When all overflow, the run has diverged. */
static void a_round_that_diverges_altogether_ends_the_run(void **state) {
    (void)state;
    struct engine_config c = {.data = "{\"source\": \"quadratic\", \"A\": [1, 1e200], \"b\": [1, 1]}",
                              .client = "{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 0.5}, \"local_steps\": 3}",
                              .stop = "{\"steps\": 3}",
                              .strategy = &mu_strategy_fedavg};
    struct engine *const e = engine_of(&c);
    assert_int_equal(e->result.steps, 3);
    assert_int_equal(e->result.dropped, 3);
    assert_int_equal(e->step[0].n, 1);
    engine_free(e);
    c.data = "{\"source\": \"quadratic\", \"A\": [1e200, 1e200], \"b\": [1, 1]}";
    struct engine *const f = engine_new(&c);
    assert_int_equal(engine_run(f), MU_DIVERGED);
    support_expect_error(&f->err, MU_DIVERGED, "test", "diverged at step 1: not one client");
    engine_free(f);
}

/* Durations 5, 3 and 2 s. An update at the very deadline is in time; one that is late is not used, and its client is
 * idle again at once. */
static void a_deadline_ends_a_round(void **state) {
    (void)state;
    struct engine *const e = engine_of(&(struct engine_config){.data = THREE,
                                                               .client = ONE_STEP,
                                                               .world = "{\"duration_s\": [5, 3, 2]}",
                                                               .stop = "{\"steps\": 5}",
                                                               .strategy = &mu_strategy_fedavg,
                                                               .options = "{\"deadline_s\": 3}"});
    for (size_t t = 0; t < 5; t++) {
        assert_int_equal(e->step[t].n, 2);
        assert_int_equal(e->step[t].time_ns, 3 * (t + 1) * MU_SECOND);
        assert_true(e->step[t].client[0] != 0 && e->step[t].client[1] != 0 && e->step[t].weight[0] == 0.5);
    }
    assert_int_equal(e->result.dropped, 5);
    engine_free(e);
}

/* A round that is complete before its deadline ends then, and that deadline does not end a later round. */
static void a_deadline_that_is_kept_changes_nothing(void **state) {
    (void)state;
    struct engine_config c = {.data = THREE,
                              .client = ONE_STEP,
                              .world = "{\"duration_s\": [5, 3, 2]}",
                              .stop = "{\"steps\": 9}",
                              .strategy = &mu_strategy_fedavg,
                              .options = "{\"deadline_s\": 7}"};
    struct engine *const e = engine_of(&c);
    c.options = "{}";
    struct engine *const f = engine_of(&c);
    assert_int_equal(e->result.dropped, 0);
    assert_int_equal(e->result.time_ns, 45 * MU_SECOND);
    assert_int_equal(e->result.time_ns, f->result.time_ns);
    assert_memory_equal(e->result.model, f->result.model, sizeof(double));
    engine_free(e);
    engine_free(f);
}

static void a_deadline_that_nobody_can_make_ends_the_run(void **state) {
    (void)state;
    struct engine *const e = engine_new(&(struct engine_config){.data = THREE,
                                                                .client = ONE_STEP,
                                                                .world = "{\"duration_s\": [5, 3, 2]}",
                                                                .stop = "{\"steps\": 5}",
                                                                .strategy = &mu_strategy_fedavg,
                                                                .options = "{\"deadline_s\": 1}"});
    assert_int_equal(engine_run(e), MU_BAD_CONFIG);
    support_expect_error(&e->err, MU_BAD_CONFIG, "test", "jobs were all lost or late");
    engine_free(e);
}

/* Three are drawn for two: the slowest is late in every round. */
static void the_first_of_more_make_the_round(void **state) {
    (void)state;
    struct engine *const e = engine_of(&(struct engine_config){.data = THREE,
                                                               .client = ONE_STEP,
                                                               .world = "{\"duration_s\": [5, 3, 2]}",
                                                               .stop = "{\"steps\": 5}",
                                                               .strategy = &mu_strategy_fedavg,
                                                               .options = "{\"cohort\": 2, \"over_selection\": 1.5}"});
    for (size_t t = 0; t < 5; t++) {
        assert_int_equal(e->step[t].n, 2);
        assert_int_equal(e->step[t].time_ns, 3 * (t + 1) * MU_SECOND);
        assert_true(e->step[t].client[0] != 0 && e->step[t].client[1] != 0);
    }
    assert_int_equal(e->result.dropped, 5);
    engine_free(e);
}

/* 11 of 10 times 1.1, whose product is a little above. With losses the round makes do with who is left. */
static void over_selection_makes_up_for_losses(void **state) {
    (void)state;
    struct engine *const e = engine_of(&(struct engine_config){
        .data = UNEQUAL("100"),
        .model = "{\"kind\": \"softmax\"}",
        .client = ONE_STEP,
        .world = "{\"duration_s\": {\"kind\": \"uniform\", \"low\": 1, \"high\": 2}, \"dropout\": 0.1}",
        .stop = "{\"steps\": 100}",
        .strategy = &mu_strategy_fedavg,
        .options = "{\"cohort\": 10, \"over_selection\": 1.1}"});
    size_t full = 0;
    for (size_t t = 0; t < 100; t++) {
        assert_true(e->step[t].n <= 10);
        full += e->step[t].n == 10;
    }
    /* At most one of eleven lost: 0.9^11 + 11 0.1 0.9^10 = 0.70 of the rounds. */
    assert_in_range(full, 47, 93);
    assert_int_equal(e->jobs, 1100);
    engine_free(e);
}

/* One client is there from 10 to 20 s, two more from 15 s, of every 100 s: rounds have who is there, and wait for
 * somebody to come back otherwise. */
static void a_round_waits_for_clients(void **state) {
    (void)state;
    char dir[256], path[300], world[500];
    support_temp_dir(dir);
    snprintf(path, sizeof path, "%s/active.csv", dir);
    static const char rows[] = "0, 10, 20\n1, 15, 20\n2, 15, 20\n";
    support_write(path, rows, sizeof rows - 1);
    snprintf(world, sizeof world,
             "{\"duration_s\": 3, \"availability\": {\"kind\": \"trace\", \"file\": \"%s\", \"period_s\": 100}}", path);
    struct engine *const e = engine_of(&(struct engine_config){
        .data = THREE, .client = ONE_STEP, .world = world, .stop = "{\"steps\": 6}", .strategy = &mu_strategy_fedavg});
    static const size_t n[] = {1, 1, 3, 1, 1, 3}; /* 10..13..16..19 s, and then what leaves at 20 s is lost */
    static const uint64_t second[] = {13, 16, 19, 113, 116, 119};
    for (size_t t = 0; t < 6; t++) {
        assert_int_equal(e->step[t].n, n[t]);
        assert_int_equal(e->step[t].time_ns / MU_SECOND, second[t]);
    }
    engine_free(e);
    support_remove_dir(dir);
}

static void check(const char *text, uint32_t clients, struct mu_err *err) {
    void *const options = calloc(1, mu_strategy_fedavg.kind.group.size);
    assert_non_null(options);
    engine_parse(&mu_strategy_fedavg.kind.group, "/server/strategy", text, options);
    const struct mu_strategy_context context = {"c.json", "/server/strategy", clients, NULL};
    const int code = mu_strategy_fedavg.check(options, &context, err);
    assert_int_equal(code, err->code);
    mu_group_clear(&mu_strategy_fedavg.kind.group, options);
    free(options);
}

static void impossible_cohorts_are_refused(void **state) {
    (void)state;
    struct mu_err err = {.code = MU_OK};
    check("{\"cohort\": 11}", 10, &err);
    support_expect_error(&err, MU_BAD_CONFIG, "c.json: /server/strategy/cohort", "only 10 clients");
    check("{\"cohort\": 5, \"fraction\": 0.5}", 10, &err);
    support_expect_error(&err, MU_BAD_CONFIG, "c.json: /server/strategy/cohort", "exclude each other");
    check("{\"cohort\": 5, \"over_selection\": 1.5, \"sampling\": \"poisson\"}", 10, &err);
    support_expect_error(&err, MU_BAD_CONFIG, "c.json: /server/strategy/over_selection", "\"poisson\"");
    static const char *const fine[] = {"{}", "{\"cohort\": 10}", "{\"fraction\": 1}"};
    for (size_t i = 0; i < 3; i++) {
        check(fine[i], 10, &err);
        support_expect_ok(&err);
    }
}

static struct mu_privacy_config config;
static struct mu_privacy privacy;

/* Three clients under client-level privacy, `cohort` of them expected in a round. */
static void protect(double cohort) {
    config = (struct mu_privacy_config){.epsilon = NAN,
                                        .delta = 1e-5,
                                        .noise_multiplier = 20,
                                        .clip = 1,
                                        .participations = MU_UNSET,
                                        .insecure_noise_seed = 5};
    privacy = (struct mu_privacy){.config = &config,
                                  .accountant = mu_accountant_find("zcdp"),
                                  .unit = MU_DP_CLIENT,
                                  .adjacency = MU_DP_ADD_REMOVE,
                                  .sampling = MU_DP_SAMPLING_POISSON,
                                  .sensitivity = 1,
                                  .sigma = 20,
                                  .sigma_sum = 20,
                                  .clip = 1,
                                  .q = cohort / 3,
                                  .steps = 60,
                                  .cohort = cohort};
}

static struct engine *run_privately(const char *options, const char *world) {
    struct engine *const e = engine_new(&(struct engine_config){.data = THREE,
                                                                .client = ONE_STEP,
                                                                .stop = "{\"steps\": 60}",
                                                                .world = world,
                                                                .evaluate = "{\"every_steps\": 1}",
                                                                .strategy = &mu_strategy_fedavg,
                                                                .options = options});
    e->setup.privacy = &privacy;
    engine_run(e);
    support_expect_ok(&e->err);
    return e;
}

/* Whoever comes, the denominator is that of the plan, and a round without anybody is a release like any other. */
static void expect_releases(const struct engine *e, double cohort) {
    size_t empty = 0, full = 0;
    assert_int_equal(e->result.steps, 60);
    for (size_t t = 0; t < 60; t++) {
        empty += e->step[t].n == 0;
        full += e->step[t].n > 1;
        for (size_t i = 0; i < e->step[t].n; i++) {
            assert_true(e->step[t].weight[i] == 1 / cohort);
        }
        assert_true(e->evaluation[t + 1].model[0] != e->evaluation[t].model[0]); /* there is noise in it */
        const double spent = mu_zcdp_to_epsilon((double)(t + 1) / (2 * 20.0 * 20.0), 1e-5);
        assert_true(fabs(e->evaluation[t + 1].record.privacy.epsilon - spent) < 1e-9 * spent);
    }
    assert_true(empty > 5 && full > 5);
}

static void a_private_round_without_anybody_is_noise_alone(void **state) {
    (void)state;
    protect(1);
    struct engine *const e =
        run_privately("{\"cohort\": 1, \"sampling\": \"poisson\", \"weights\": \"uniform\"}", NULL);
    expect_releases(e, 1);
    engine_free(e);
}

static void who_is_lost_does_not_change_a_private_rounds_denominator(void **state) {
    (void)state;
    protect(3);
    struct engine *const e = run_privately("{\"cohort\": 3, \"sampling\": \"poisson\", \"weights\": \"uniform\"}",
                                           "{\"duration_s\": 1, \"dropout\": 0.6}");
    expect_releases(e, 3);
    engine_free(e);
}

/* Trees of two leaves: nobody is asked twice before the tree is full, everybody may be afterwards. */
static void a_client_has_one_leaf_of_a_tree(void **state) {
    (void)state;
    protect(1);
    privacy.adjacency = MU_DP_ZERO_OUT;
    privacy.sampling = MU_DP_SAMPLING_NONE;
    config.tree = (struct mu_tree_config){.kind = MU_TREE_BINARY, .restart_steps = 2};
    struct engine *const e = run_privately("{\"cohort\": 1, \"weights\": \"uniform\"}", NULL);
    assert_int_equal(e->result.steps, 60);
    size_t again = 0;
    for (size_t t = 0; t < 60; t += 2) {
        assert_true(e->step[t].n == 1 && e->step[t + 1].n == 1);
        assert_true(e->step[t].client[0] != e->step[t + 1].client[0]);
        again += t > 0 && e->step[t].client[0] == e->step[t - 1].client[0];
    }
    assert_true(again > 0); /* across a restart it does happen: nothing but the tree forbids it */
    const double spent = mu_zcdp_to_epsilon(30 * 2 / (2 * 20.0 * 20.0), 1e-5); /* 30 trees of height 2 */
    assert_true(fabs(e->evaluation[60].record.privacy.epsilon - spent) < 1e-9 * spent);
    engine_free(e);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cohort_has_its_size),
        cmocka_unit_test(a_fraction_in_decimals_is_what_it_looks_like),
        cmocka_unit_test(rounds_are_synchronous),
        cmocka_unit_test(weights_are_shares_of_the_rounds_rows_or_alike),
        cmocka_unit_test(a_client_drawn_twice_weighs_twice),
        cmocka_unit_test(a_poisson_cohort_varies_and_is_never_empty),
        cmocka_unit_test(lost_jobs_leave_the_round),
        cmocka_unit_test(a_round_of_which_nothing_is_left_is_drawn_anew),
        cmocka_unit_test(a_round_that_diverges_altogether_ends_the_run),
        cmocka_unit_test(a_deadline_ends_a_round),
        cmocka_unit_test(a_deadline_that_is_kept_changes_nothing),
        cmocka_unit_test(a_deadline_that_nobody_can_make_ends_the_run),
        cmocka_unit_test(the_first_of_more_make_the_round),
        cmocka_unit_test(over_selection_makes_up_for_losses),
        cmocka_unit_test(a_round_waits_for_clients),
        cmocka_unit_test(impossible_cohorts_are_refused),
        cmocka_unit_test(a_private_round_without_anybody_is_noise_alone),
        cmocka_unit_test(a_client_has_one_leaf_of_a_tree),
        cmocka_unit_test(who_is_lost_does_not_change_a_private_rounds_denominator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
