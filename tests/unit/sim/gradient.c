/* Gradient work through the engine. Losses are |x - a_i|^2 / 2 with a = 1, 2, 6 and x0 = 0, so the gradient of row i is
 * x - a_i; few bits, so that everything is exact. */
#include "support_script.h"

#include "sim_impl.h"

static const struct engine_config base = {.data = "{\"source\": \"quadratic\", \"targets\": [1, 2, 6]}",
                                          .client = "{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 0.5}}",
                                          .world = "{\"duration_s\": [1, 2, 3], \"duration_per\": \"client\"}",
                                          .stop = "{\"steps\": 2}",
                                          .evaluate = "{\"every_steps\": 1}"};

static uint32_t two(const void *options) {
    (void)options;
    return 2;
}
static const struct mu_strategy one_model = {SCRIPTED, .gradients = true};
static const struct mu_strategy two_models = {SCRIPTED, .gradients = true, .models = two};

/* Part 0 on the first model, part 1 on the last one. */
static bool dedup;
static uint32_t last_slot;
static const struct mu_chunk chunks[] = {{0, 2, 0, 2}, {0, 1, 2, 1}, {1, 1, 1, 2}};
static mu_job order(struct mu_sim *sim, uint32_t client, uint32_t round) {
    const struct mu_gradient_work gradient = {
        .parts = 2, .slot = {0, last_slot}, .chunks = 3, .chunk = chunks, .round = round, .dedup = dedup};
    const struct mu_work work = {.slot = 0, .gradient = &gradient, .control = MU_NO_SLOT};
    mu_job job = 0;
    assert_int_equal(mu_sim_dispatch(sim, client, &work, &job), MU_OK);
    return job;
}

static int start_one(struct mu_sim *sim) {
    assert_int_equal(mu_sim_rows(sim), 3);
    (void)order(sim, 0, 0);
    return MU_OK;
}

static int use_both(struct mu_sim *sim, const struct mu_update *u) {
    const mu_job job = u->job;
    const uint32_t client = u->client;
    assert_int_equal(u->processed, 5);
    assert_int_equal(u->staleness, 0);
    const struct mu_term first = {MU_TERM_UPDATE, job, 0, -0.125}, second = {MU_TERM_UPDATE, job, 1, -0.25};
    MU_TRY(mu_sim_combine(sim, 0, 0, 1, &first));
    mu_sim_note(sim, "round", 7);
    MU_TRY(mu_sim_step(sim, 0));
    MU_TRY(mu_sim_combine(sim, last_slot, 0, 1, &second));
    MU_TRY(mu_sim_step(sim, last_slot));
    MU_TRY(mu_sim_release(sim, job, true));
    (void)order(sim, client, 1);
    return MU_OK;
}

/* Part 0: 2 ((x - 1) + (x - 2)) + (x - 6) at 0 is -12; part 1: (x - 2) + (x - 6) is -8. */
static void parts_are_sums_of_scaled_gradients(void **state) {
    (void)state;
    for (int d = 0; d < 2; d++) {
        dedup = d != 0;
        last_slot = 1;
        struct engine_config c = base;
        c.strategy = &two_models;
        struct engine *const e = play(&(struct script){.start = start_one, .arrival = use_both}, c);
        assert_int_equal(e->result.models, 2);
        assert_true(e->result.model[0] == 1.5);
        assert_true(e->result.model[1] == 2);
        assert_int_equal(e->step[0].n, 1);
        assert_true(e->step[0].weight[0] == -0.125);
        /* One model was sent, two float64 vectors came up. */
        assert_int_equal(e->result.bytes_up, 16);
        assert_int_equal(e->result.bytes_down, 8);
        /* The mean over both models: targets 1, 2, 6 at 1.5 and 2. */
        const double at_first = (0.25 + 0.25 + 20.25) / 6, at_second = (1.0 + 0 + 16) / 6;
        assert_true(fabs(e->evaluation[e->evaluations - 1].record.test_loss - (at_first + at_second) / 2) < 1e-15);
        assert_int_equal(e->evaluation[e->evaluations - 1].record.samples, 5);
        engine_free(e);
    }
}

/* With one model both parts are of it, and the second step builds on the first. */
static void parts_of_one_model(void **state) {
    (void)state;
    last_slot = 0;
    dedup = true;
    struct engine_config c = base;
    c.strategy = &one_model;
    struct engine *const e = play(&(struct script){.start = start_one, .arrival = use_both}, c);
    assert_int_equal(e->result.models, 1);
    assert_true(e->result.model[0] == 1.5 + 2);
    assert_int_equal(e->step[1].staleness[0], 1);
    engine_free(e);
}

/* The same chunk of a new model is not what was kept of the old one. */
static int descend(struct mu_sim *sim, const struct mu_update *u) {
    const mu_job job = u->job;
    const uint32_t client = u->client;
    const struct mu_term term = {MU_TERM_UPDATE, job, 0, -0.125};
    MU_TRY(mu_sim_combine(sim, 0, 0, 1, &term));
    MU_TRY(mu_sim_step(sim, 0));
    MU_TRY(mu_sim_release(sim, job, true));
    (void)order(sim, client, 1);
    return MU_OK;
}

static void what_is_kept_belongs_to_one_model(void **state) {
    (void)state;
    last_slot = 0;
    double end[2];
    for (int d = 0; d < 2; d++) {
        dedup = d != 0;
        struct engine_config c = base;
        c.stop = "{\"steps\": 3}";
        c.strategy = &one_model;
        struct engine *const e = play(&(struct script){.start = start_one, .arrival = descend}, c);
        end[d] = e->result.model[0];
        engine_free(e);
    }
    /* x' = x - (5 x - 12) / 8, three times from 0. */
    assert_true(end[0] == 1.5 + 0.5625 + 0.2109375);
    assert_true(end[0] == end[1]);
}

/* The round, not the client's count of jobs, is what a duration is drawn for. */
static uint64_t durations[3];
static int arrivals;
static uint32_t round_of[3];
static int start_round(struct mu_sim *sim) {
    arrivals = 0;
    (void)order(sim, 0, round_of[0]);
    return MU_OK;
}
static uint64_t before_ns;
static int measure(struct mu_sim *sim, const struct mu_update *u) {
    durations[arrivals] = mu_sim_now(sim) - before_ns;
    before_ns = mu_sim_now(sim);
    MU_TRY(mu_sim_release(sim, u->job, false));
    if (++arrivals < 3) {
        (void)order(sim, 0, round_of[arrivals]);
        return MU_OK;
    }
    MU_TRY(mu_sim_combine(sim, 0, 0, 0, NULL));
    return mu_sim_step(sim, 0);
}

static void a_round_has_its_own_durations(void **state) {
    (void)state;
    last_slot = 0;
    before_ns = 0;
    memcpy(round_of, (uint32_t[]){4, 9, 4}, sizeof round_of);
    struct engine_config c = base;
    c.world = "{\"duration_s\": {\"kind\": \"exponential\", \"mean\": 1}}";
    c.stop = "{\"steps\": 1}";
    c.strategy = &one_model;
    struct engine *const e = play(&(struct script){.start = start_round, .arrival = measure}, c);
    assert_int_equal(arrivals, 3);
    assert_true(durations[0] == durations[2]);
    assert_true(durations[0] != durations[1]);
    engine_free(e);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_sums_of_scaled_gradients),
        cmocka_unit_test(parts_of_one_model),
        cmocka_unit_test(what_is_kept_belongs_to_one_model),
        cmocka_unit_test(a_round_has_its_own_durations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
