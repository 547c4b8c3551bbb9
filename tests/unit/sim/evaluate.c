#include "support_script.h"

/* Losses |x - a_i|^2 / 2; the test rows of a quadratic are all clients' rows. */
#define THREE "{\"source\": \"quadratic\", \"targets\": [1, 2, 6]}"
#define ONE_STEP "{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 0.5}, \"local_steps\": 1}"
#define EACH "{\"duration_s\": [1, 2, 3], \"duration_per\": \"client\"}"

static int start_all(struct mu_sim *sim) {
    for (uint32_t i = 0; i < mu_sim_clients(sim); i++) {
        (void)dispatch(sim, i);
    }
    return MU_OK;
}

static int quarter_step(struct mu_sim *sim, const struct mu_update *u) {
    return step_at_once(sim, u, 0.25);
}

static const struct script stepper = {.start = start_all, .arrival = quarter_step};

static double objective(double x) {
    return ((x - 1) * (x - 1) + (x - 2) * (x - 2) + (x - 6) * (x - 6)) / 6;
}

static void evaluations_come_at_the_start_every_so_often_and_at_the_end(void **state) {
    (void)state;
    struct engine_config c = {.data = THREE, .client = ONE_STEP, .world = EACH, .stop = "{\"steps\": 10}"};
    static const char *const every[] = {"{\"every_steps\": 4}", "{\"every_steps\": 5}", "{\"every_steps\": 0}",
                                        "{\"every_steps\": 99}"};
    static const uint64_t steps[4][4] = {{0, 4, 8, 10}, {0, 5, 10}, {0, 10}, {0, 10}};
    static const size_t n[] = {4, 3, 2, 2}; /* a step that is evaluated already is not evaluated again */
    for (size_t i = 0; i < 4; i++) {
        c.evaluate = every[i];
        struct engine *const e = play(&stepper, c);
        assert_int_equal(e->evaluations, n[i]);
        for (size_t k = 0; k < n[i]; k++) {
            assert_int_equal(e->evaluation[k].record.step, steps[i][k]);
        }
        engine_free(e);
    }
}

static void evaluating_changes_nothing(void **state) {
    (void)state;
    struct engine_config c = {.data = THREE, .client = ONE_STEP, .world = EACH, .stop = "{\"steps\": 20}"};
    c.evaluate = "{\"every_steps\": 1, \"train\": \"full\"}";
    struct engine *const often = play(&stepper, c);
    c.evaluate = "{\"every_steps\": 0}";
    struct engine *const seldom = play(&stepper, c);
    assert_memory_equal(often->result.model, seldom->result.model, sizeof(double));
    assert_int_equal(often->steps, seldom->steps);
    assert_memory_equal(often->step, seldom->step, often->steps * sizeof *often->step);
    engine_free(often);
    engine_free(seldom);
}

static void a_record_holds_the_totals_and_what_is_new(void **state) {
    (void)state;
    struct engine *const e = play(&stepper, (struct engine_config){.data = THREE,
                                                                   .client = ONE_STEP,
                                                                   .world = EACH,
                                                                   .stop = "{\"time_s\": 3}",
                                                                   .evaluate = "{\"every_steps\": 2}"});
    /* Arrivals at 1 (client 0), 2 (0 and 1), 3 (0 and 2); steps 1..5; updates start from these versions: */
    static const uint64_t started_from[] = {0, 1, 0, 2, 0};
    double x[6] = {0}, loss[5];
    static const double target[] = {1, 1, 2, 1, 6};
    for (size_t k = 0; k < 5; k++) {
        const double from = x[started_from[k]];
        loss[k] = (from - target[k]) * (from - target[k]) / 2;
        x[k + 1] = x[k] + 0.25 * 0.5 * (target[k] - from);
    }
    assert_int_equal(e->evaluations, 4);
    static const uint64_t step[] = {0, 2, 4, 5}, time[] = {0, 2, 3, 3}, most[] = {0, 0, 2, 4};
    /* Models sent: none before the start, then three, and one after each arrival but the one being handled. */
    static const uint64_t sent[] = {0, 3 + 1, 3 + 3, 3 + 5};
    static const double mean[] = {NAN, 0, (2 + 1) / 2.0, 4};
    for (size_t i = 0; i < 4; i++) {
        const struct mu_evaluation *const r = &e->evaluation[i].record;
        assert_int_equal(r->step, step[i]);
        assert_int_equal(r->time_ns, time[i] * MU_SECOND);
        assert_int_equal(r->updates, step[i]);
        assert_int_equal(r->samples, step[i]);
        assert_int_equal(r->bytes_up, 8 * step[i]);
        assert_int_equal(r->bytes_down, 8 * sent[i]);
        assert_int_equal(r->dropped, 0);
        assert_int_equal(r->staleness_max, most[i]);
        assert_true(i == 0 ? isnan(r->staleness_mean) : r->staleness_mean == mean[i]);
        assert_true(fabs(r->test_loss - objective(x[step[i]])) < 1e-14);
        assert_true(isnan(r->test_accuracy)); /* it is no classification */
        assert_true(e->evaluation[i].model[0] == x[step[i]]);
        assert_int_equal(r->dim, 1);
    }
    assert_true(isnan(e->evaluation[0].record.train_loss));
    assert_true(fabs(e->evaluation[1].record.train_loss - (loss[0] + loss[1]) / 2) < 1e-14);
    assert_true(fabs(e->evaluation[2].record.train_loss - (loss[2] + loss[3]) / 2) < 1e-14);
    assert_true(fabs(e->evaluation[3].record.train_loss - loss[4]) < 1e-14);
    engine_free(e);
}

/* The objective sum p_i L_i, with the regulariser l2 / 2 |x|^2 once. */
static void the_full_train_loss_is_the_objective(void **state) {
    (void)state;
    struct engine *const e = play(&stepper, (struct engine_config){.data = THREE,
                                                                   .model = "{\"kind\": \"vector\", \"l2\": 0.5}",
                                                                   .client = ONE_STEP,
                                                                   .stop = "{\"steps\": 4}",
                                                                   .evaluate = "{\"every_steps\": 1, \"train\": "
                                                                               "\"full\"}"});
    for (size_t i = 0; i < e->evaluations; i++) {
        const double x = e->evaluation[i].model[0], expected = objective(x) + 0.25 * x * x;
        assert_true(fabs(e->evaluation[i].record.train_loss - expected) < 1e-14);
        assert_true(fabs(e->evaluation[i].record.test_loss - expected) < 1e-14);
    }
    assert_true(e->evaluation[4].model[0] > 0.1); /* so that the regulariser shows */
    engine_free(e);
}

/* Clients of unequal sizes: the importance of each is its share of the rows, or the same for all. */
static void importance_weighs_the_objective(void **state) {
    (void)state;
    struct engine_config c = {.data = "{\"source\": \"blobs\", \"samples\": 300, \"test_samples\": 0, \"features\": 4, "
                                      "\"classes\": 3, \"clients\": 4, \"partition\": {\"kind\": \"quantity\", "
                                      "\"sigma\": 1}}",
                              .model = "{\"kind\": \"softmax\", \"precision\": \"float64\"}",
                              .client = "{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 0.5}}",
                              .stop = "{\"steps\": 9}",
                              .evaluate = "{\"every_steps\": 0, \"train\": \"full\"}"};
    double loss[2], expected[2] = {0, 0};
    for (int k = 0; k < 2; k++) {
        c.importance = k == 0 ? MU_IMPORTANCE_SAMPLES : MU_IMPORTANCE_UNIFORM;
        struct engine *const e = play(&stepper, c);
        loss[k] = e->evaluation[e->evaluations - 1].record.train_loss;
        assert_true(isnan(e->evaluation[0].record.test_loss)); /* there are no test rows */
        struct mu_err err = {.code = MU_OK};
        struct mu_workspace *ws = NULL;
        mu_workspace_new(&ws, e->model, 300, &err);
        for (uint32_t i = 0; i < 4; i++) {
            struct mu_space space = {0};
            struct mu_rows rows;
            mu_data_client(e->data, i, &space, &rows, &err);
            const double mean = mu_model_score(ws, &rows, 0, rows.n, e->result.model).loss / (double)rows.n;
            expected[k] += mean * (k == 0 ? (double)rows.n / 300 : 0.25);
            mu_space_clear(&space);
        }
        mu_workspace_free(ws);
        support_expect_ok(&err);
        engine_free(e);
    }
    assert_true(fabs(loss[0] - expected[0]) < 1e-13 && fabs(loss[1] - expected[1]) < 1e-13);
    assert_true(fabs(loss[0] - loss[1]) > 1e-6);
}

static void accuracy_is_the_share_of_right_rows(void **state) {
    (void)state;
    struct engine *const e =
        play(&stepper, (struct engine_config){.data = "{\"source\": \"blobs\", \"samples\": 100, \"test_samples\": "
                                                      "1203, \"features\": 4, \"classes\": 3, \"clients\": 2, "
                                                      "\"separation\": 2}",
                                              .model = "{\"kind\": \"softmax\", \"precision\": \"float64\"}",
                                              .stop = "{\"steps\": 20}",
                                              .evaluate = "{\"every_steps\": 0}"});
    struct mu_err err = {.code = MU_OK};
    struct mu_workspace *ws = NULL;
    mu_workspace_new(&ws, e->model, 1203, &err);
    support_expect_ok(&err);
    const struct mu_score all = mu_model_score(ws, mu_data_test(e->data), 0, 1203, e->result.model);
    const struct mu_evaluation *const r = &e->evaluation[e->evaluations - 1].record;
    assert_true(all.correct > 300 && all.correct < 1203); /* neither nothing nor everything */
    assert_true(r->test_accuracy == (double)all.correct / 1203);
    assert_true(fabs(r->test_loss - all.loss / 1203) < 1e-13);
    mu_workspace_free(ws);
    engine_free(e);
}

static int fail_at_second(void *context, const struct mu_evaluation *record, struct mu_err *err) {
    (void)context;
    return record->step > 0 ? mu_fail(err, MU_IO, "metrics.csv", "cannot write") : MU_OK;
}

static void a_failing_record_ends_the_run(void **state) {
    (void)state;
    script = stepper;
    struct engine *const e = engine_new(
        &(struct engine_config){.data = THREE, .client = ONE_STEP, .stop = "{\"steps\": 50}", .strategy = &scripted});
    e->observer.evaluation = fail_at_second;
    assert_int_equal(engine_run(e), MU_IO);
    support_expect_error(&e->err, MU_IO, "metrics.csv", "cannot write");
    engine_free(e);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(evaluations_come_at_the_start_every_so_often_and_at_the_end),
        cmocka_unit_test(evaluating_changes_nothing),
        cmocka_unit_test(a_record_holds_the_totals_and_what_is_new),
        cmocka_unit_test(the_full_train_loss_is_the_objective),
        cmocka_unit_test(importance_weighs_the_objective),
        cmocka_unit_test(accuracy_is_the_share_of_right_rows),
        cmocka_unit_test(a_failing_record_ends_the_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
