/* Local training: how batches are cut, what is added to gradients, and that a job is a pure function. */
#include "support.h"

#define SGD(rest) "{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 0.25}" rest "}"
#define VECTOR "{\"kind\": \"vector\"}"

static const double origin[8];

/* One row a: a step of sgd takes y - a to (1 - lr) (y - a), so K steps take it to (1 - lr)^K (y - a). */
static void steps_on_a_quadratic_have_a_closed_form(void **state) {
    (void)state;
    struct problem *const p = make_problem(MU_QUADRATIC, 1, 2, 0, false, 1);
    struct setup *const s = make_setup(p, VECTOR, SGD(", \"local_steps\": 6"));
    struct mu_local_result result;
    static const double x[] = {4, -3};
    double *const update = run_job(s, p, x, NULL, 0, &result), expected[2], square = 0;
    for (size_t i = 0; i < 2; i++) {
        expected[i] = (pow(0.75, 6) - 1) * (x[i] - p->x[i]);
        square += expected[i] * expected[i];
    }
    assert_true(max_difference(2, update, expected) < 1e-13);
    expected[0] += 1e-12;
    assert_false(max_difference(2, update, expected) < 1e-13);
    assert_int_equal(result.steps, 6);
    assert_int_equal(result.samples, 6);
    assert_true(fabs(result.norm - sqrt(square)) < 1e-12);
    assert_true(result.max_abs == fmax(fabs(update[0]), fabs(update[1])));
    free(update);
    free_setup(s);
    free_problem(p);
}

/* With l2, proximal and drift terms the fixed point solves (y - a) + l2 y + mu (y - x) + c = 0, and the distance to it
 * shrinks by 1 - lr (1 + l2 + mu) a step. Each term alone and all together. */
static void extra_terms_move_the_fixed_point(void **state) {
    (void)state;
    struct problem *const p = make_problem(MU_QUADRATIC, 1, 2, 0, false, 1);
    static const double x[] = {4, -3}, drift[] = {0.5, -1};
    for (unsigned mask = 0; mask < 8; mask++) {
        const double l2 = mask & 1 ? 0.5 : 0, mu = mask & 2 ? 0.25 : 0;
        char model[64], client[128];
        struct mu_local_result result;
        snprintf(model, sizeof model, "{\"kind\": \"vector\", \"l2\": %g}", l2);
        snprintf(client, sizeof client, SGD(", \"local_steps\": 5, \"proximal_mu\": %g"), mu);
        struct setup *const s = make_setup(p, model, client);
        double *const update = run_job(s, p, x, mask & 4 ? drift : NULL, 0, &result), expected[2];
        for (size_t i = 0; i < 2; i++) {
            const double fixed = (p->x[i] + mu * x[i] - (mask & 4 ? drift[i] : 0)) / (1 + l2 + mu);
            expected[i] = fixed + pow(1 - 0.25 * (1 + l2 + mu), 5) * (x[i] - fixed) - x[i];
        }
        assert_true(max_difference(2, update, expected) < 1e-13);
        expected[1] *= 1 + 1e-9;
        assert_false(max_difference(2, update, expected) < 1e-13);
        free(update);
        free_setup(s);
    }
    free_problem(p);
}

/* The same in float32 networks: the passes beside the gradient do what the fused step's beta does. */
static void fused_and_separate_steps_agree(void **state) {
    (void)state;
    struct problem *const p = make_problem(MU_CLASSIFICATION, 50, 12, 4, false, 1);
    const char *const model = "{\"kind\": \"mlp\", \"hidden\": [9], \"l2\": 0.1}";
    struct setup *const s = make_setup(p, model, SGD(", \"batch_size\": 8"));
    double *const x = make_point(s->dim, 0.3, 1), *const zero = make(s->dim, sizeof *zero);
    struct mu_local_result a, b;
    double *const fused = run_job(s, p, x, NULL, 0, &a), *const separate = run_job(s, p, x, zero, 0, &b);
    const double difference = max_difference(s->dim, fused, separate);
    assert_true(difference < 1e-6);
    assert_true(difference > 0); /* two code paths indeed */
    fused[5] += 1e-5;
    assert_false(max_difference(s->dim, fused, separate) < 1e-6);
    assert_true(fabs(a.loss - b.loss) < 1e-5);
    free(x);
    free(zero);
    free(fused);
    free(separate);
    free_setup(s);
    free_problem(p);
}

/* 10 rows in batches of 4: an epoch is 3 steps, the last of 2 rows. */
static void batches_are_cut_as_the_config_says(void **state) {
    (void)state;
    static const struct {
        const char *client;
        uint64_t steps, samples;
    } cases[] = {
        {SGD(", \"batch_size\": 4"), 3, 10},
        {SGD(", \"batch_size\": 4, \"local_epochs\": 3"), 9, 30},
        {SGD(", \"batch_size\": 4, \"local_steps\": 2"), 2, 8},
        {SGD(", \"batch_size\": 4, \"local_steps\": 5"), 5, 18},
        {SGD(", \"batch_size\": 5, \"local_epochs\": 2"), 4, 20},
        {SGD(", \"batch_size\": 10"), 1, 10},
        {SGD(", \"batch_size\": 1000, \"local_epochs\": 2"), 2, 20},
        {SGD(", \"batch_size\": \"full\", \"local_epochs\": 4"), 4, 40},
        {SGD(", \"batch_size\": \"full\", \"local_steps\": 3"), 3, 30},
        {SGD(", \"batch_size\": 1, \"local_steps\": 25"), 25, 25},
    };
    struct problem *const p = make_problem(MU_CLASSIFICATION, 10, 3, 2, false, 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct setup *const s = make_setup(p, "{\"kind\": \"softmax\"}", cases[i].client);
        double *const x = make_point(s->dim, 0.3, 1);
        struct mu_local_result result;
        free(run_job(s, p, x, NULL, 0, &result));
        assert_int_equal(result.steps, cases[i].steps);
        assert_int_equal(result.samples, cases[i].samples);
        free(x);
        free_setup(s);
    }
    free_problem(p);
}

/* With a vanishing lr every row is seen at the start, so an epoch's mean loss is the mean over all rows exactly once
 * each, whatever the order; the last partial batch counts by its rows. */
static void an_epoch_sees_every_row_once(void **state) {
    (void)state;
    struct problem *const p = make_problem(MU_QUADRATIC, 10, 1, 0, false, 1);
    struct setup *const s = make_setup(
        p, VECTOR, "{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 1e-18}, \"batch_size\": 4, \"local_epochs\": 2}");
    double mean = 0;
    for (size_t i = 0; i < 10; i++) {
        p->x[i] = (double)(1 << i);
        mean += p->x[i] * p->x[i] / 2 / 10;
    }
    for (uint32_t ordinal = 0; ordinal < 20; ordinal++) {
        struct mu_local_result result;
        free(run_job(s, p, origin, NULL, ordinal, &result));
        assert_true(fabs(result.loss / mean - 1) < 1e-12);
        assert_false(fabs(result.loss / (mean + 0.5) - 1) < 1e-12); /* row 0 counted twice */
    }
    free_setup(s);
    free_problem(p);
}

/* lr = 1 and one row a batch: each step lands on its row, so the update tells which row came last. */
static uint64_t last_row(struct setup *s, const struct problem *p, uint32_t ordinal) {
    struct mu_local_result result;
    double *const update = run_job(s, p, origin, NULL, ordinal, &result);
    const uint64_t row = (uint64_t)lrint(update[0]);
    free(update);
    return row;
}

/* The order is random: over 3,000 jobs each of the 6 rows comes last 500 times, within 5 standard deviations, in the
 * first epoch and in the second; and the two epochs of a job differ. */
static void every_epoch_has_a_fresh_random_order(void **state) {
    (void)state;
    struct problem *const p = make_problem(MU_QUADRATIC, 6, 1, 0, false, 1);
    for (size_t i = 0; i < 6; i++) {
        p->x[i] = (double)i;
    }
    struct setup *s[2];
    const char *const epochs[] = {
        "{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 1}, \"batch_size\": 1}",
        "{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 1}, \"batch_size\": 1, \"local_epochs\": 2}"};
    uint64_t count[2][6] = {{0}}, same = 0;
    for (size_t e = 0; e < 2; e++) {
        s[e] = make_setup(p, VECTOR, epochs[e]);
    }
    for (uint32_t ordinal = 0; ordinal < 3000; ordinal++) {
        const uint64_t first = last_row(s[0], p, ordinal), second = last_row(s[1], p, ordinal);
        count[0][first]++;
        count[1][second]++;
        same += first == second;
    }
    const double sd = sqrt(3000 * (1.0 / 6) * (5.0 / 6));
    for (size_t e = 0; e < 2; e++) {
        for (size_t i = 0; i < 6; i++) {
            assert_true(fabs((double)count[e][i] - 500) < 5 * sd);
        }
        free_setup(s[e]);
    }
    assert_true(fabs((double)same - 500) < 5 * sd); /* independent epochs; 3000 if the order were kept */
    free_problem(p);
}

/* Steps are counted through the same sequence of epochs: 6 steps of 4 out of 10 rows are two epochs. */
static void steps_and_epochs_take_the_same_batches(void **state) {
    (void)state;
    struct problem *const p = make_problem(MU_CLASSIFICATION, 10, 3, 2, false, 1);
    struct setup *const s = make_setup(p, "{\"kind\": \"softmax\"}", SGD(", \"batch_size\": 4, \"local_epochs\": 2"));
    struct setup *const t = make_setup(p, "{\"kind\": \"softmax\"}", SGD(", \"batch_size\": 4, \"local_steps\": 6"));
    double *const x = make_point(s->dim, 0.3, 1);
    struct mu_local_result a, b;
    double *const u = run_job(s, p, x, NULL, 2, &a), *const v = run_job(t, p, x, NULL, 2, &b);
    assert_memory_equal(u, v, s->dim * sizeof *u);
    free(v);
    double *const w = run_job(t, p, x, NULL, 3, &b); /* another ordinal, another order */
    assert_true(memcmp(u, w, s->dim * sizeof *u) != 0);
    free(x);
    free(u);
    free(w);
    free_setup(s);
    free_setup(t);
    free_problem(p);
}

static void no_rows_give_a_zero_update(void **state) {
    (void)state;
    struct problem *const p = make_problem(MU_CLASSIFICATION, 0, 3, 2, false, 1);
    struct setup *const s = make_setup(p, "{\"kind\": \"softmax\"}", SGD(", \"local_steps\": 5"));
    double *const x = make_point(s->dim, 0.3, 1);
    struct mu_local_result result;
    double *const update = run_job(s, p, x, NULL, 0, &result);
    for (size_t i = 0; i < s->dim; i++) {
        assert_true(update[i] == 0);
    }
    assert_true(result.steps == 0 && result.samples == 0 && result.loss == 0 && result.max_abs == 0 &&
                result.norm == 0);
    free(x);
    free(update);
    free_setup(s);
    free_problem(p);
}

/* Every optimizer and model: the same job gives the same bits, though other jobs, of other sizes, came in between. */
static void a_job_is_a_pure_function(void **state) {
    (void)state;
    static const char *const models[] = {"{\"kind\": \"softmax\"}", "{\"kind\": \"mlp\", \"hidden\": [20, 9]}",
                                         "{\"kind\": \"softmax\", \"precision\": \"float64\"}"};
    struct problem *const p = make_problem(MU_CLASSIFICATION, 70, 12, 5, false, 1);
    struct problem *const other = make_problem(MU_CLASSIFICATION, 33, 12, 5, false, 2);
    for (size_t r = 0; r < mu_optimizers.n * 3; r++) {
        char client[128];
        snprintf(client, sizeof client, "{\"optimizer\": {\"kind\": \"%s\"}, \"batch_size\": 16, \"local_epochs\": 2}",
                 mu_optimizers.rows[r / 3]->name);
        struct setup *const s = make_setup(p, models[r % 3], client), *const t = make_setup(p, models[r % 3], client);
        double *const x = make_point(s->dim, 0.3, 1);
        struct mu_local_result a, b, c;
        double *const first = run_job(s, p, x, NULL, 4, &a);
        free(run_job(s, other, x, x, 5, &b));
        double *const again = run_job(s, p, x, NULL, 4, &b), *const elsewhere = run_job(t, p, x, NULL, 4, &c);
        assert_memory_equal(first, again, s->dim * sizeof *first);
        assert_memory_equal(first, elsewhere, s->dim * sizeof *first);
        assert_memory_equal(&a, &b, sizeof a);
        assert_memory_equal(&a, &c, sizeof a);
        free(x);
        free(first);
        free(again);
        free(elsewhere);
        free_setup(s);
        free_setup(t);
    }
    free_problem(p);
    free_problem(other);
}

struct counter {
    int calls, stop_at;
};

static int count_call(void *context) {
    struct counter *const counter = context;
    return ++counter->calls == counter->stop_at ? MU_RANK_FAILED : MU_OK;
}

static int run_polled(struct setup *s, const struct problem *p, struct counter *counter) {
    struct mu_err err = {0};
    struct mu_local_result result;
    double *const x = make(s->dim, sizeof *x), *const update = make(s->dim, sizeof *update);
    const struct mu_poll poll = {.call = count_call, .context = counter};
    const struct mu_local_job job = {.rows = &p->rows, .start = x, .lr = 0.1};
    const int rc = mu_trainer_run(s->trainer, &job, update, &result, &poll, &err);
    free(x);
    free(update);
    return rc;
}

/* 1,200 rows: 12 batches of 100 have 11 gaps; a full batch is three blocks of at most 512, with two gaps. */
static void polls_come_between_batches_and_blocks(void **state) {
    (void)state;
    struct problem *const p = make_problem(MU_CLASSIFICATION, 1200, 3, 2, false, 1);
    static const struct {
        const char *client;
        int gaps;
    } cases[] = {
        {SGD(", \"batch_size\": 100"), 11},
        {SGD(", \"batch_size\": \"full\""), 2},
        {SGD(", \"batch_size\": \"full\", \"local_epochs\": 2"), 5},
        {SGD(", \"batch_size\": 600"), 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct setup *const s = make_setup(p, "{\"kind\": \"softmax\"}", cases[i].client);
        struct counter through = {0}, stopped = {.stop_at = 2};
        assert_int_equal(run_polled(s, p, &through), MU_OK);
        assert_int_equal(through.calls, cases[i].gaps);
        assert_int_equal(run_polled(s, p, &stopped), MU_RANK_FAILED);
        assert_int_equal(stopped.calls, 2);
        free_setup(s);
    }
    free_problem(p);
}

static void a_diverging_job_reports_infinity(void **state) {
    (void)state;
    static const char *const models[] = {"{\"kind\": \"linear\"}", "{\"kind\": \"linear\", \"precision\": \"float64\"}",
                                         "{\"kind\": \"mlp\", \"hidden\": [8]}"};
    struct problem *const p = make_problem(MU_REGRESSION, 64, 5, 0, false, 1);
    for (size_t i = 0; i < 3; i++) {
        struct setup *const wild =
            make_setup(p, models[i], "{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 1e6}, \"local_epochs\": 100}");
        struct setup *const tame = make_setup(p, models[i], "{\"local_epochs\": 100}");
        double *const x = make_point(wild->dim, 0.3, 1);
        struct mu_local_result result;
        free(run_job(wild, p, x, NULL, 0, &result));
        assert_true(isinf(result.max_abs) && result.max_abs > 0);
        free(run_job(tame, p, x, NULL, 0, &result));
        assert_true(isfinite(result.max_abs) && isfinite(result.norm) && isfinite(result.loss));
        free(x);
        free_setup(wild);
        free_setup(tame);
    }
    free_problem(p);
}

/* 1,200 rows exceed a block: the mean gradient is the sum over blocks with their shares, as one batch up to rounding.
 */
static void a_full_batch_in_blocks_is_one_batch(void **state) {
    (void)state;
    static const char *const models[] = {"{\"kind\": \"mlp\", \"hidden\": [7], \"precision\": \"float64\"}",
                                         "{\"kind\": \"softmax\", \"precision\": \"float64\", \"l2\": 0.25}"};
    struct problem *const p = make_problem(MU_CLASSIFICATION, 1200, 6, 3, false, 1);
    for (size_t i = 0; i < 2; i++) {
        struct setup *const s = make_setup(p, models[i], SGD(", \"batch_size\": \"full\""));
        double *const x = make_point(s->dim, 0.3, 1), *const expected = make(s->dim, sizeof *expected);
        struct mu_workspace *ws = NULL;
        struct mu_err err = {0};
        struct mu_local_result result;
        check_ok(mu_workspace_new(&ws, s->model, 1200, &err), &err);
        const double loss = mu_model_gradient(ws, &p->rows, 1200, NULL, -0.25, 0, x, expected);
        for (size_t k = 0; k < s->dim; k++) {
            expected[k] -= 0.25 * mu_model_l2(s->model) * x[k];
        }
        double *const update = run_job(s, p, x, NULL, 0, &result);
        assert_true(fabs(result.loss - loss) < 1e-13);
        assert_true(max_difference(s->dim, update, expected) < 1e-13);
        expected[1] *= 1 + 1e-9;
        assert_false(max_difference(s->dim, update, expected) < 1e-13);
        mu_workspace_free(ws);
        free(x);
        free(expected);
        free(update);
        free_setup(s);
    }
    free_problem(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_on_a_quadratic_have_a_closed_form),
        cmocka_unit_test(extra_terms_move_the_fixed_point),
        cmocka_unit_test(fused_and_separate_steps_agree),
        cmocka_unit_test(batches_are_cut_as_the_config_says),
        cmocka_unit_test(an_epoch_sees_every_row_once),
        cmocka_unit_test(every_epoch_has_a_fresh_random_order),
        cmocka_unit_test(steps_and_epochs_take_the_same_batches),
        cmocka_unit_test(no_rows_give_a_zero_update),
        cmocka_unit_test(a_job_is_a_pure_function),
        cmocka_unit_test(polls_come_between_batches_and_blocks),
        cmocka_unit_test(a_diverging_job_reports_infinity),
        cmocka_unit_test(a_full_batch_in_blocks_is_one_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
