/* The flow of events, seen by a strategy that is part of the test. Losses are |x - a_i|^2 / 2 in one dimension, so that
 * one step of rate lr from x is the update lr (a_i - x). */
#include "support_script.h"

#define THREE "{\"source\": \"quadratic\", \"targets\": [1, 2, 6]}"
#define ONE_STEP "{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 0.5}, \"local_steps\": 1}"
#define EACH(a, b, c) "{\"duration_s\": [" #a ", " #b ", " #c "], \"duration_per\": \"client\"}"

static int start_in_reverse(struct mu_sim *sim) {
    for (uint32_t i = mu_sim_clients(sim); i-- > 0;) {
        (void)dispatch(sim, i);
    }
    return MU_OK;
}

static int only_start(struct mu_sim *sim) {
    for (uint32_t i = 0; i < mu_sim_clients(sim); i++) {
        (void)dispatch(sim, i);
    }
    return MU_OK;
}

/* Four things at one instant, asked for in the wrong order: arrivals by client, then timers by id, then the end. */
static int start_with_timers(struct mu_sim *sim) {
    MU_TRY(mu_sim_timer(sim, 2 * MU_SECOND, 9));
    MU_TRY(mu_sim_timer(sim, 2 * MU_SECOND, 3));
    MU_TRY(mu_sim_timer(sim, 1 * MU_SECOND, 8));
    return start_in_reverse(sim);
}

static void equal_times_have_the_order_of_the_design(void **state) {
    (void)state;
    struct engine *const e =
        play(&(struct script){.start = start_with_timers},
             (struct engine_config){.data = THREE, .world = EACH(2, 2, 2), .stop = "{\"time_s\": 2}"});
    assert_string_equal(script_log, "t8 a0 a1 a2 t3 t9 ");
    assert_int_equal(e->result.end, MU_END_TIME);
    assert_int_equal(e->result.time_ns, 2 * MU_SECOND);
    engine_free(e);
}

/* Arrivals at different times come by time, whoever was asked first. */
static void arrivals_come_by_time(void **state) {
    (void)state;
    struct engine *const e =
        play(&(struct script){.start = only_start},
             (struct engine_config){.data = THREE, .world = EACH(3, 1, 2), .stop = "{\"time_s\": 9}"});
    assert_string_equal(script_log, "a1 a2 a0 ");
    assert_int_equal(e->job[0].arrive_ns, MU_SECOND);
    assert_int_equal(e->job[2].arrive_ns, 3 * MU_SECOND);
    engine_free(e);
}

static int unit_step(struct mu_sim *sim, const struct mu_update *update) {
    return step_at_once(sim, update, 1);
}

/* Clients 0 and 1 always arrive together. Client 0 steps and starts again from the new version before client 1's
 * arrival of the same instant is looked at: so it never is stale by more than client 1's step, and the numbers are
 * these. x: 0 -> 0.5 (client 0), 1.5 (client 1: started at 0), then client 0 from 0.5 (staleness 1): 1.75. */
static void decisions_take_effect_before_the_next_arrival_of_the_instant(void **state) {
    (void)state;
    struct engine *const e = play(&(struct script){.start = only_start, .arrival = unit_step},
                                  (struct engine_config){.data = "{\"source\": \"quadratic\", \"targets\": [1, 2]}",
                                                         .client = ONE_STEP,
                                                         .world = "{\"duration_s\": 1}",
                                                         .stop = "{\"steps\": 4}",
                                                         .evaluate = "{\"every_steps\": 1}"});
    static const uint64_t staleness[] = {0, 1, 1, 1};
    static const double x[] = {0, 0.5, 1.5, 1.75, 2};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(e->step[i].staleness[0], staleness[i]);
        assert_int_equal(e->step[i].client[0], i % 2);
        assert_int_equal(e->step[i].time_ns, (i / 2 + 1) * MU_SECOND);
    }
    for (size_t i = 0; i < 5; i++) {
        assert_true(e->evaluation[i].model[0] == x[i]);
    }
    engine_free(e);
}

/* Without any delays all happens at time 0, and still in one order: by client, then by job. */
static void zero_delays_have_an_order_too(void **state) {
    (void)state;
    struct engine *const e = play(&(struct script){.start = start_in_reverse, .arrival = unit_step},
                                  (struct engine_config){.data = THREE, .client = ONE_STEP, .stop = "{\"steps\": 6}"});
    assert_string_equal(script_log, "a0 a0 a0 a0 a0 a0 "); /* client 0 is always the first to be back */
    assert_int_equal(e->result.time_ns, 0);
    engine_free(e);
}

static int timer_chain(struct mu_sim *sim, uint64_t id) {
    assert_int_equal(mu_sim_now(sim), (id + 1) * 10);
    return id < 5 ? mu_sim_timer(sim, mu_sim_now(sim) + 10, id + 1) : MU_OK;
}

static int start_timer(struct mu_sim *sim) {
    return mu_sim_timer(sim, 10, 0);
}

static void timers_come_at_their_time(void **state) {
    (void)state;
    struct engine *const e = play(&(struct script){.start = start_timer, .timer = timer_chain},
                                  (struct engine_config){.data = THREE, .stop = "{\"time_s\": 1}"});
    assert_string_equal(script_log, "t0 t1 t2 t3 t4 t5 ");
    engine_free(e);
}

static int lost_again(struct mu_sim *sim, const struct mu_loss *loss) {
    assert_int_equal(loss->cause, MU_LOSS_DROPPED);
    assert_int_equal(mu_sim_now(sim) % MU_SECOND, 0);
    assert_int_equal(mu_sim_idle(sim), 3 - 2); /* the two others are under way, this one's place is free */
    return mu_sim_dispatch(sim, loss->client, &plain_work, NULL);
}

static int release_and_dispatch(struct mu_sim *sim, const struct mu_update *update) {
    const uint32_t client = update->client;
    MU_TRY(mu_sim_release(sim, update->job, false));
    return mu_sim_dispatch(sim, client, &plain_work, NULL);
}

static void lost_jobs_are_told_when_they_would_arrive(void **state) {
    (void)state;
    struct engine *const e =
        play(&(struct script){.start = only_start, .arrival = release_and_dispatch, .lost = lost_again},
             (struct engine_config){
                 .data = THREE,
                 .world = "{\"duration_s\": [1, 2, 4], \"duration_per\": \"client\", \"dropout\": [0, 1, 0]}",
                 .stop = "{\"time_s\": 4}"});
    assert_string_equal(script_log, "a0 a0 l1 a0 a0 l1 a2 ");
    assert_int_equal(e->result.dropped, 7); /* lost, or released unused */
    assert_int_equal(e->result.updates, 0);
    static const uint32_t client[] = {0, 0, 1, 0, 0, 1, 2};
    assert_int_equal(e->jobs, 10);
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(e->job[i].status, MU_JOB_DROPPED);
        assert_int_equal(e->job[i].client, client[i]);
        assert_int_equal(e->job[i].step, 0);
    }
    for (size_t i = 7; i < 10; i++) {
        assert_int_equal(e->job[i].status, MU_JOB_LATE); /* still under way at the end */
    }
    /* Eight bytes each: all seven that ended and the three under way got the model, five sent an update. */
    assert_int_equal(e->result.bytes_down, 10 * 8);
    assert_int_equal(e->result.bytes_up, 5 * 8);
    engine_free(e);
}

static int diverged_once(struct mu_sim *sim, const struct mu_loss *loss) {
    assert_int_equal(loss->cause, MU_LOSS_DIVERGED);
    return mu_sim_timer(sim, mu_sim_now(sim) + 1, loss->client);
}

/* The curvature of client 1 makes its local training overflow; the others are not touched by it. */
static void a_diverged_update_is_a_loss(void **state) {
    (void)state;
    struct engine *const e =
        play(&(struct script){.start = only_start, .lost = diverged_once},
             (struct engine_config){.data = "{\"source\": \"quadratic\", \"A\": [1, 1e200, 1], \"b\": [1, 1, 1]}",
                                    .client = "{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 0.5}, \"local_steps\": 3}",
                                    .stop = "{\"time_s\": 1}"});
    assert_string_equal(script_log, "a0 x1 a2 t1 ");
    assert_int_equal(e->jobs, 3);
    assert_int_equal(e->job[1].status, MU_JOB_FAILED);
    assert_int_equal(e->job[1].client, 1);
    assert_int_equal(e->result.dropped, 3);
    engine_free(e);
}

static int dispatch_one(struct mu_sim *sim) {
    (void)dispatch(sim, 0);
    return MU_OK;
}

static int do_nothing(struct mu_sim *sim) {
    (void)sim;
    return MU_OK;
}

static int keep(struct mu_sim *sim, const struct mu_update *update) {
    (void)sim, (void)update;
    return MU_OK;
}

static void a_run_in_which_nothing_can_happen_any_more_has_stalled(void **state) {
    (void)state;
    static const struct engine_config c = {.data = THREE, .stop = "{\"steps\": 5}"};
    play_failure(&(struct script){.start = do_nothing}, c, MU_BAD_CONFIG, "the run stalled at step 0");
    play_failure(&(struct script){.start = dispatch_one}, c, MU_BAD_CONFIG, "the run stalled at step 0");
    play_failure(&(struct script){.start = dispatch_one, .arrival = keep}, c, MU_BAD_CONFIG, "the run stalled");
}

/* Client 0 is there in [0, 5), [10, 15), ..., client 1 in the other halves; each job takes 3 s. */
#define SHIFTS                                                                                                     \
    "{\"duration_s\": 3, \"availability\": {\"kind\": \"diurnal\", \"period_s\": 10, \"duty\": 0.5, \"phase_s\": " \
    "[0, 5]}}"

static int start_whoever_is_there(struct mu_sim *sim) {
    struct mu_pick picks[2];
    assert_int_equal(mu_sim_idle(sim), 1);
    assert_int_equal(mu_sim_sample(sim, MU_SAMPLE_UNIFORM, 2, picks, 2), 1);
    assert_int_equal(picks[0].client, 0);
    (void)dispatch(sim, 0);
    assert_int_equal(mu_sim_idle(sim), 0);
    return MU_OK;
}

static int lost_offline(struct mu_sim *sim, const struct mu_loss *loss) {
    assert_int_equal(loss->cause, MU_LOSS_OFFLINE);
    assert_int_equal(mu_sim_now(sim) % (5 * MU_SECOND), 0); /* when it leaves */
    struct mu_pick pick;
    const uint32_t found = mu_sim_sample(sim, MU_SAMPLE_UNIFORM, 1, &pick, 1);
    assert_true(found == 0 || pick.client != loss->client);
    return MU_OK;
}

static int dispatch_available(struct mu_sim *sim, uint32_t client) {
    return mu_sim_dispatch(sim, client, &plain_work, NULL);
}

static void clients_come_and_go(void **state) {
    (void)state;
    struct engine *const e = play(&(struct script){.start = start_whoever_is_there,
                                                   .arrival = release_and_dispatch,
                                                   .lost = lost_offline,
                                                   .available = dispatch_available},
                                  (struct engine_config){.data = "{\"source\": \"quadratic\", \"targets\": [1, 2]}",
                                                         .world = SHIFTS,
                                                         .stop = "{\"time_s\": 14}"});
    /* 3: client 0 is back and goes again; 5: it has left, and client 1 comes; 8, 10 the same the other way round. */
    assert_string_equal(script_log, "a0 o0 v1 a1 o1 v0 a0 ");
    static const uint64_t end_s[] = {3, 5, 8, 10, 13};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(e->job[i].arrive_ns, end_s[i] * MU_SECOND);
        assert_int_equal(e->job[i].status, MU_JOB_DROPPED);
    }
    engine_free(e);
}

/* Jobs of 5 s end at the very moment at which their client leaves: they arrive. */
static void a_job_that_ends_as_its_client_leaves_arrives(void **state) {
    (void)state;
    struct engine *const e =
        play(&(struct script){.start = start_whoever_is_there, .available = dispatch_available},
             (struct engine_config){.data = "{\"source\": \"quadratic\", \"targets\": [1, 2]}",
                                    .world = "{\"duration_s\": 5, \"availability\": {\"kind\": \"diurnal\", "
                                             "\"period_s\": 10, \"duty\": 0.5, \"phase_s\": [0, 5]}}",
                                    .stop = "{\"time_s\": 12}"});
    assert_string_equal(script_log, "a0 v1 a1 v0 ");
    engine_free(e);
}

static void clients_that_come_and_go_in_vain_are_a_stall(void **state) {
    (void)state;
    play_failure(&(struct script){.start = do_nothing},
                 (struct engine_config){.data = "{\"source\": \"quadratic\", \"targets\": [1, 2]}",
                                        .world = SHIFTS,
                                        .stop = "{\"steps\": 5}"},
                 MU_BAD_CONFIG, "clients come and go without being given work");
}

static mu_job last_one;

static int keep_last(struct mu_sim *sim, const struct mu_update *update) {
    (void)sim;
    last_one = update->job;
    return MU_OK;
}

static int use_last(struct mu_sim *sim) {
    const struct mu_term term = update_term(last_one, 1);
    assert_int_equal(dispatch(sim, 0), 0); /* nothing is started any more */
    MU_TRY(mu_sim_combine(sim, 0, 0, 1, &term));
    MU_TRY(mu_sim_step(sim, 0));
    return mu_sim_release(sim, last_one, true);
}

/* What has been gathered when the time is up may still be used, and counts. */
static void there_is_a_last_chance_at_the_end(void **state) {
    (void)state;
    struct engine *const e = play(
        &(struct script){.start = only_start, .arrival = keep_last, .finish = use_last},
        (struct engine_config){.data = THREE, .client = ONE_STEP, .world = EACH(1, 2, 3), .stop = "{\"time_s\": 2}"});
    assert_string_equal(script_log, "a0 a1 ");
    assert_int_equal(e->result.end, MU_END_TIME);
    assert_int_equal(e->result.steps, 1);
    assert_true(e->result.model[0] == 1); /* half of the way to 2 */
    assert_int_equal(e->evaluation[e->evaluations - 1].record.step, 1);
    static const enum mu_job_status status[] = {MU_JOB_USED, MU_JOB_DROPPED, MU_JOB_LATE};
    static const uint32_t client[] = {1, 0, 2};
    assert_int_equal(e->jobs, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(e->job[i].client, client[i]);
        assert_int_equal(e->job[i].status, status[i]);
    }
    engine_free(e);
}

static int fail_at_start(struct mu_sim *sim) {
    return mu_sim_fail(sim, MU_IO, "number %d", 1);
}

static int fail_arrival(struct mu_sim *sim, const struct mu_update *update) {
    return mu_sim_fail(sim, MU_DIVERGED, "client %u", update->client);
}

static int fail_timer(struct mu_sim *sim, uint64_t id) {
    return mu_sim_fail(sim, MU_RANK_FAILED, "timer %d", (int)id);
}

/* A strategy that notes a failure and forgets to return it has failed all the same. */
static int fail_and_forget(struct mu_sim *sim, const struct mu_update *update) {
    (void)mu_sim_fail(sim, MU_IO, "forgotten");
    return mu_sim_release(sim, update->job, false);
}

static void a_failing_callback_ends_the_run_with_its_code(void **state) {
    (void)state;
    static const struct engine_config c = {.data = THREE, .stop = "{\"time_s\": 5}"};
    play_failure(&(struct script){.start = fail_at_start}, c, MU_IO, "number 1");
    play_failure(&(struct script){.start = only_start, .arrival = fail_arrival}, c, MU_DIVERGED, "client 0");
    play_failure(&(struct script){.start = start_timer, .timer = fail_timer}, c, MU_RANK_FAILED, "timer 0");
    play_failure(&(struct script){.start = only_start, .arrival = fail_and_forget}, c, MU_IO, "forgotten");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_times_have_the_order_of_the_design),
        cmocka_unit_test(arrivals_come_by_time),
        cmocka_unit_test(decisions_take_effect_before_the_next_arrival_of_the_instant),
        cmocka_unit_test(zero_delays_have_an_order_too),
        cmocka_unit_test(timers_come_at_their_time),
        cmocka_unit_test(lost_jobs_are_told_when_they_would_arrive),
        cmocka_unit_test(a_diverged_update_is_a_loss),
        cmocka_unit_test(a_run_in_which_nothing_can_happen_any_more_has_stalled),
        cmocka_unit_test(clients_come_and_go),
        cmocka_unit_test(a_job_that_ends_as_its_client_leaves_arrives),
        cmocka_unit_test(clients_that_come_and_go_in_vain_are_a_stall),
        cmocka_unit_test(there_is_a_last_chance_at_the_end),
        cmocka_unit_test(a_failing_callback_ends_the_run_with_its_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
