/* What a strategy may ask and decide, the vectors aside. Losses are |x - a_i|^2 / 2, or blobs of unequal clients. */
#include "support_script.h"

#define THREE "{\"source\": \"quadratic\", \"targets\": [1, 2, 6]}"
#define UNEQUAL                                                                                                        \
    "{\"source\": \"blobs\", \"samples\": 500, \"test_samples\": 0, \"features\": 3, \"classes\": 2, \"clients\": 5, " \
    "\"partition\": {\"kind\": \"quantity\", \"sigma\": 1}}"

static int look_at_facts(struct mu_sim *sim) {
    assert_int_equal(mu_sim_clients(sim), 5);
    assert_int_equal(mu_sim_idle(sim), 5);
    assert_int_equal(mu_sim_now(sim), 0);
    assert_int_equal(mu_sim_version(sim, 0), 0);
    assert_int_equal(mu_sim_in_flight(sim), 0);
    double importance = 0;
    uint64_t samples = 0;
    for (uint32_t i = 0; i < 5; i++) {
        samples += mu_sim_samples(sim, i);
        importance += mu_sim_importance(sim, i);
        assert_true(fabs(mu_sim_importance(sim, i) - (double)mu_sim_samples(sim, i) / 500) < 1e-15);
        assert_int_equal(mu_sim_participations(sim, i), 0);
    }
    assert_int_equal(samples, 500);
    assert_true(fabs(importance - 1) < 1e-14);
    assert_int_equal(mu_sim_client(sim)->batch_size, 32);
    return MU_OK;
}

static int look_at_uniform_importance(struct mu_sim *sim) {
    for (uint32_t i = 0; i < 5; i++) {
        assert_true(mu_sim_importance(sim, i) == 0.2);
    }
    return MU_OK;
}

static void facts_are_those_of_the_config(void **state) {
    (void)state;
    struct engine_config c = {.data = UNEQUAL, .model = "{\"kind\": \"softmax\"}", .stop = "{\"time_s\": 1}"};
    engine_free(play(&(struct script){.start = look_at_facts}, c));
    c.importance = MU_IMPORTANCE_UNIFORM;
    engine_free(play(&(struct script){.start = look_at_uniform_importance}, c));
}

static int look_at_rates(struct mu_sim *sim) {
    /* Halved every 10 versions from 0.4. */
    assert_true(fabs(mu_sim_client_lr(sim, 0) - 0.4) < 1e-15);
    assert_true(fabs(mu_sim_client_lr(sim, 9) - 0.4) < 1e-15);
    assert_true(fabs(mu_sim_client_lr(sim, 10) - 0.2) < 1e-15);
    assert_true(fabs(mu_sim_client_lr(sim, 25) - 0.1) < 1e-15);
    return MU_OK;
}

static void the_learning_rate_follows_the_schedule(void **state) {
    (void)state;
    engine_free(play(&(struct script){.start = look_at_rates},
                     (struct engine_config){.data = THREE,
                                            .client = "{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 0.4}, "
                                                      "\"schedule\": {\"kind\": \"step\", \"every\": 10, \"factor\": "
                                                      "0.5}}",
                                            .stop = "{\"time_s\": 1}"}));
}

static int dispatch_and_count(struct mu_sim *sim) {
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(dispatch(sim, 2 - i), i + 1); /* job ids count up from 1 */
        assert_int_equal(mu_sim_idle(sim), 2 - i);
        assert_int_equal(mu_sim_in_flight(sim), i + 1);
    }
    struct mu_pick pick;
    assert_int_equal(mu_sim_sample(sim, MU_SAMPLE_UNIFORM, 1, &pick, 1), 0);
    return MU_OK;
}

static mu_job held;

/* The first update is kept, and looked at again when the model has moved twice. */
static int look_at_updates(struct mu_sim *sim, const struct mu_update *u) {
    static const double target[] = {1, 2, 6};
    assert_int_equal(u->samples, 1);
    assert_int_equal(u->steps, 2);
    assert_int_equal(u->processed, 2);
    assert_int_equal(u->version, 0);
    /* From x = 0 with lr 0.5: losses a^2 / 2 and a^2 / 8, and a move of 3/4 a. */
    const double a = target[u->client];
    assert_true(fabs(u->loss - (a * a / 2 + a * a / 8) / 2) < 1e-14);
    assert_true(fabs(u->norm - 0.75 * a) < 1e-14);
    assert_int_equal(mu_sim_idle(sim), u->client + 1);
    assert_int_equal(mu_sim_in_flight(sim), 2 - u->client);
    if (u->client == 0) {
        held = u->job;
        assert_int_equal(u->staleness, 0);
        return MU_OK;
    }
    const mu_job job = u->job;
    assert_int_equal(u->staleness, u->client - 1);
    const struct mu_term term = update_term(job, 0.5);
    MU_TRY(mu_sim_combine(sim, 0, 0, 1, &term));
    MU_TRY(mu_sim_step(sim, 0));
    assert_int_equal(mu_sim_version(sim, 0), u->client);
    assert_int_equal(mu_sim_update(sim, held)->staleness, u->client);
    assert_int_equal(mu_sim_update(sim, held)->client, 0);
    assert_int_equal(mu_sim_update(sim, job)->client, u->client);
    return mu_sim_release(sim, job, true);
}

static void updates_are_described_in_scalars(void **state) {
    (void)state;
    struct engine *const e =
        play(&(struct script){.start = dispatch_and_count, .arrival = look_at_updates},
             (struct engine_config){.data = THREE,
                                    .client = "{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 0.5}, \"local_steps\": 2}",
                                    .world = "{\"duration_s\": [1, 2, 3], \"duration_per\": \"client\"}",
                                    .stop = "{\"time_s\": 4}"});
    assert_string_equal(script_log, "a0 a1 a2 ");
    assert_int_equal(e->jobs, 3);
    assert_int_equal(e->job[0].status, MU_JOB_USED);
    assert_int_equal(e->job[0].client, 1);
    assert_int_equal(e->job[0].step, 1);
    assert_true(e->job[0].weight == 0.5);
    assert_int_equal(e->job[2].status, MU_JOB_DROPPED); /* held to the end and used in nothing */
    assert_int_equal(e->job[2].client, 0);
    assert_int_equal(e->job[2].step, 0);
    engine_free(e);
}

static int start_all(struct mu_sim *sim) {
    for (uint32_t i = 0; i < mu_sim_clients(sim); i++) {
        (void)dispatch(sim, i);
    }
    return MU_OK;
}

static int step_then_dispatch_in_vain(struct mu_sim *sim, const struct mu_update *u) {
    const struct mu_term term = update_term(u->job, 1);
    const uint32_t client = u->client;
    MU_TRY(mu_sim_combine(sim, 0, 0, 1, &term));
    MU_TRY(mu_sim_step(sim, 0)); /* the only step there is to be */
    MU_TRY(mu_sim_release(sim, term.id, true));
    assert_int_equal(dispatch(sim, client), 0);
    assert_int_equal(mu_sim_in_flight(sim), 2);
    return MU_OK;
}

static void nothing_is_dispatched_after_the_end(void **state) {
    (void)state;
    struct engine *const e = play(&(struct script){.start = start_all, .arrival = step_then_dispatch_in_vain},
                                  (struct engine_config){.data = THREE, .stop = "{\"steps\": 1}"});
    assert_string_equal(script_log, "a0 ");
    assert_int_equal(e->result.bytes_down, 3 * 8);
    assert_int_equal(e->jobs, 3);
    assert_int_equal(e->job[0].status, MU_JOB_USED);
    assert_int_equal(e->job[1].status, MU_JOB_LATE);
    assert_int_equal(e->job[2].status, MU_JOB_LATE);
    engine_free(e);
}

/* Client 2 is cancelled at 2 s and given another job at once, which arrives at 2 s + 3 s; of the first one nothing is
 * ever heard. */
static int cancel_at_timer(struct mu_sim *sim, uint64_t id) {
    MU_TRY(mu_sim_cancel(sim, id));
    assert_int_equal(mu_sim_idle(sim), 3);
    assert_int_equal(mu_sim_in_flight(sim), 0);
    (void)dispatch(sim, 2);
    assert_int_equal(mu_sim_idle(sim), 2);
    return MU_OK;
}

static int start_and_set_timer(struct mu_sim *sim) {
    MU_TRY(start_all(sim));
    return mu_sim_timer(sim, 2 * MU_SECOND, 3);
}

static void a_cancelled_job_frees_its_client_at_once(void **state) {
    (void)state;
    struct engine *const e = play(&(struct script){.start = start_and_set_timer, .timer = cancel_at_timer},
                                  (struct engine_config){.data = THREE,
                                                         .world = "{\"duration_s\": [1, 2, 3], \"duration_per\": "
                                                                  "\"client\"}",
                                                         .stop = "{\"time_s\": 6}"});
    assert_string_equal(script_log, "a0 a1 t3 a2 ");
    assert_int_equal(e->jobs, 4);
    assert_int_equal(e->job[2].job, 3);
    assert_int_equal(e->job[2].status, MU_JOB_LATE);
    assert_int_equal(e->job[3].job, 4);
    assert_int_equal(e->job[3].status, MU_JOB_DROPPED);
    assert_int_equal(e->job[3].arrive_ns, 5 * MU_SECOND);
    assert_int_equal(e->result.dropped, 4);
    engine_free(e);
}

/* All jobs wait for their rank when they are cancelled: none of them is trained. */
static int cancel_first(struct mu_sim *sim, uint64_t id) {
    return mu_sim_cancel(sim, id);
}

static int start_and_cancel_soon(struct mu_sim *sim) {
    MU_TRY(start_all(sim));
    for (mu_job job = 1; job <= 5; job++) {
        MU_TRY(mu_sim_timer(sim, 0, job));
    }
    return MU_OK;
}

static void cancelling_all_leaves_nothing_behind(void **state) {
    (void)state;
    struct engine *const e = play(&(struct script){.start = start_and_cancel_soon, .timer = cancel_first},
                                  (struct engine_config){.data = UNEQUAL,
                                                         .model = "{\"kind\": \"softmax\"}",
                                                         .client = "{\"local_epochs\": 3, \"batch_size\": 1}",
                                                         .world = "{\"duration_s\": 1}",
                                                         .stop = "{\"time_s\": 5}"});
    assert_string_equal(script_log, "t1 t2 t3 t4 t5 ");
    assert_int_equal(e->jobs, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(e->job[i].status, MU_JOB_LATE);
    }
    engine_free(e);
}

static const struct mu_work until_two = {.slot = 0, .control = MU_NO_SLOT, .useful_until = 2 * MU_SECOND};

static int start_with_deadline(struct mu_sim *sim) {
    for (uint32_t i = 0; i < 3; i++) {
        MU_TRY(mu_sim_dispatch(sim, i, &until_two, NULL));
    }
    return mu_sim_timer(sim, 2 * MU_SECOND, 3);
}

/* A job that would come too late is not computed; one that comes at the very moment is. */
static void what_comes_too_late_is_cancelled(void **state) {
    (void)state;
    struct engine *const e = play(&(struct script){.start = start_with_deadline, .timer = cancel_first},
                                  (struct engine_config){.data = THREE,
                                                         .world = "{\"duration_s\": [1, 2, 2.000000001], "
                                                                  "\"duration_per\": \"client\"}",
                                                         .stop = "{\"time_s\": 6}"});
    assert_string_equal(script_log, "a0 a1 t3 ");
    assert_int_equal(e->job[2].status, MU_JOB_LATE);
    engine_free(e);
}

static int expect_windows(struct mu_sim *sim) {
    static const double windows[] = {1, 1, 2};
    for (uint32_t i = 0; i < 3; i++) {
        assert_true(mu_sim_expect(sim, i, 2 * MU_SECOND) == windows[i]);
        assert_true(fabs(mu_sim_expect(sim, i, 0) - 1e9 * (i + 1)) < 1e-3);
    }
    return MU_OK;
}

static int expect_one_window(struct mu_sim *sim) {
    assert_true(mu_sim_expect(sim, 0, 2 * MU_SECOND) == 1);
    assert_true(mu_sim_expect(sim, 0, 0) == 0);
    return MU_OK;
}

static void durations_are_counted_in_windows(void **state) {
    (void)state;
    struct engine_config c = {
        .data = THREE, .world = "{\"duration_s\": [1, 2, 3], \"duration_per\": \"client\"}", .stop = "{\"time_s\": 1}"};
    engine_free(play(&(struct script){.start = expect_windows}, c));
    c.world = NULL;
    engine_free(play(&(struct script){.start = expect_one_window}, c));
}

/* 500 rows a client; each batch of 8 rows takes 8 rows' time. 3 local steps: 24 rows; 2 epochs: 1000. */
static void work_is_charged_by_rows(void **state) {
    (void)state;
    struct engine_config c = {.data = "{\"source\": \"blobs\", \"samples\": 500, \"test_samples\": 0, \"clients\": 1}",
                              .model = "{\"kind\": \"softmax\"}",
                              .world = "{\"compute\": {\"seconds_per_sample\": 0.001}}",
                              .stop = "{\"time_s\": 9}"};
    static const char *const work[] = {"{\"local_steps\": 3, \"batch_size\": 8}",
                                       "{\"local_epochs\": 2, \"batch_size\": 8}",
                                       "{\"local_steps\": 2, "
                                       "\"batch_size\": \"full\"}",
                                       "{\"local_steps\": 3, \"batch_size\": 600}"};
    static const uint64_t rows[] = {24, 1000, 1000, 1500};
    for (size_t i = 0; i < 4; i++) {
        c.client = work[i];
        struct engine *const e = play(&(struct script){.start = start_all}, c);
        assert_int_equal(e->job[0].arrive_ns, rows[i] * 1000000);
        engine_free(e);
    }
}

/* 21 x 10 numbers of 4 bytes each way at 8 Mbit/s: one microsecond a byte; with control variates twice as many. */
static const struct mu_work controlled = {.slot = 0, .control = 1};

static int start_controlled(struct mu_sim *sim) {
    return mu_sim_dispatch(sim, 0, &controlled, NULL);
}

static void traffic_is_charged_by_bytes(void **state) {
    (void)state;
    struct engine_config c = {.data = "{\"source\": \"blobs\", \"samples\": 50, \"test_samples\": 0, \"clients\": 1}",
                              .model = "{\"kind\": \"softmax\"}",
                              .world = "{\"network\": {\"down_mbps\": 8, \"up_mbps\": 4, \"latency_s\": 1}}",
                              .stop = "{\"time_s\": 9}"};
    struct engine *const e = play(&(struct script){.start = start_all}, c);
    const uint64_t bytes = mu_model_dim(e->model) * 4;
    assert_int_equal(e->result.bytes_up, bytes);
    assert_int_equal(e->result.bytes_down, bytes);
    assert_int_equal(e->job[0].arrive_ns, 2 * MU_SECOND + 3 * 1000 * bytes);
    engine_free(e);
    c.strategy = &scripted_vectors;
    struct engine *const f = play(&(struct script){.start = start_controlled}, c);
    assert_int_equal(f->result.bytes_up, 2 * bytes);
    assert_int_equal(f->result.bytes_down, 2 * bytes);
    assert_int_equal(f->job[0].arrive_ns, 2 * MU_SECOND + 6 * 1000 * bytes);
    engine_free(f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts_are_those_of_the_config),
        cmocka_unit_test(the_learning_rate_follows_the_schedule),
        cmocka_unit_test(updates_are_described_in_scalars),
        cmocka_unit_test(nothing_is_dispatched_after_the_end),
        cmocka_unit_test(a_cancelled_job_frees_its_client_at_once),
        cmocka_unit_test(cancelling_all_leaves_nothing_behind),
        cmocka_unit_test(what_comes_too_late_is_cancelled),
        cmocka_unit_test(durations_are_counted_in_windows),
        cmocka_unit_test(work_is_charged_by_rows),
        cmocka_unit_test(traffic_is_charged_by_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
