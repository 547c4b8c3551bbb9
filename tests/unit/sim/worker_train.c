/* Training on a worker: what it reports is what the trainer says, to the bit, and a job that is not wanted any more is
 * let go of between two mini-batches. */
#include "support_script.h"

#include "muster/base/exact.h"
#include "worker.h"

#define BLOBS                                                                                          \
    "{\"source\": \"blobs\", \"samples\": 200, \"test_samples\": 0, \"features\": 6, \"classes\": 3, " \
    "\"clients\": 4}"
#define CLIENT "{\"optimizer\": {\"kind\": \"momentum\", \"lr\": 0.1}, \"batch_size\": 8, \"local_epochs\": 2}"

struct fixture {
    struct engine *e;
    struct mu_worker *w;
    size_t dim;
    float *x; /* the model that is installed */
};

static struct fixture make(const struct mu_strategy *strategy) {
    struct fixture f;
    script = (struct script){0};
    f.e = engine_new(&(struct engine_config){.data = BLOBS,
                                             .model = "{\"kind\": \"mlp\", \"hidden\": [5]}",
                                             .client = CLIENT,
                                             .stop = "{\"steps\": 1}",
                                             .strategy = strategy,
                                             .seed = 11});
    mu_worker_new(&f.w, &f.e->setup, &f.e->err);
    support_expect_ok(&f.e->err);
    f.dim = mu_model_dim(f.e->model);
    double *const start = calloc(f.dim, sizeof *start);
    f.x = calloc(f.dim, sizeof *f.x);
    assert_non_null(start);
    assert_non_null(f.x);
    mu_model_init(f.e->model, 11, start);
    for (size_t i = 0; i < f.dim; i++) {
        f.x[i] = (float)start[i];
    }
    free(start);
    memcpy(mu_worker_next(f.w), f.x, f.dim * sizeof *f.x);
    const struct mu_install_command command = {{MU_COMMAND_INSTALL, sizeof command}, 0};
    mu_worker_obey(f.w, &command, sizeof command, &f.e->err);
    return f;
}

static void free_fixture(struct fixture *f) {
    mu_worker_free(f->w);
    engine_free(f->e);
    free(f->x);
}

static void send_job(struct fixture *f, mu_job job, uint32_t client, uint32_t ordinal) {
    const struct mu_train_command command = {
        {MU_COMMAND_TRAIN, sizeof command}, job, client, ordinal, 0, MU_NO_SLOT, 0, 0.1};
    mu_worker_obey(f->w, &command, sizeof command, &f->e->err);
    support_expect_ok(&f->e->err);
}

static void release(struct mu_worker *w, mu_job job) {
    struct mu_err err = {.code = MU_OK};
    const struct mu_release_command command = {{MU_COMMAND_RELEASE, sizeof command}, job, false};
    mu_worker_obey(w, &command, sizeof command, &err);
    support_expect_ok(&err);
}

/* The update of a job, by the trainer alone. */
static void train_by_hand(const struct fixture *f, uint32_t client, uint32_t ordinal, float *update,
                          struct mu_local_result *result) {
    struct mu_err err = {.code = MU_OK};
    struct mu_trainer *trainer = NULL;
    struct mu_space space = {0};
    struct mu_rows rows;
    mu_trainer_new(&trainer, f->e->model, &f->e->client, &err);
    mu_data_client(f->e->data, client, &space, &rows, &err);
    support_expect_ok(&err);
    const struct mu_local_job job = {
        .rows = &rows, .start = f->x, .seed = 11, .client = client, .ordinal = ordinal, .lr = 0.1};
    mu_trainer_run(trainer, &job, update, result, NULL, &err);
    support_expect_ok(&err);
    mu_trainer_free(trainer);
    mu_space_clear(&space);
}

static int calls;
static int count_calls(void *context) {
    (void)context;
    calls++;
    return MU_OK;
}

static void a_report_is_what_the_trainer_says(void **state) {
    (void)state;
    struct fixture f = make(&scripted);
    static const uint32_t client[] = {2, 0, 2}, ordinal[] = {0, 3, 1};
    float *const update = calloc(f.dim, sizeof *update);
    assert_non_null(update);
    for (size_t k = 0; k < 3; k++) {
        struct mu_report report;
        struct mu_local_result expected;
        send_job(&f, k + 1, client[k], ordinal[k]);
        calls = 0;
        assert_int_equal(mu_worker_train(f.w, &(struct mu_poll){count_calls, NULL}, &report), MU_OK);
        assert_int_equal(calls, 2 * 7 - 1); /* between 7 batches of 50 rows, twice */
        train_by_hand(&f, client[k], ordinal[k], update, &expected);
        assert_int_equal(report.job, k + 1);
        assert_int_equal(report.err.code, MU_OK);
        assert_memory_equal(&report.result, &expected, sizeof expected);
        assert_true(report.control_max_abs == 0);
        /* The update itself, through a combination of that one term. */
        struct {
            struct mu_combine_command head;
            struct mu_wire_term term;
        } command = {{{MU_COMMAND_COMBINE, sizeof command}, 50, 1}, {k + 1, 0, 1}};
        mu_worker_obey(f.w, &command, sizeof command, &f.e->err);
        for (size_t i = 0; i < f.dim; i++) {
            assert_true(mu_worker_sum(f.w)[i] == (int64_t)lrint((double)update[i] * 0x1p50));
        }
    }
    free(update);
    free_fixture(&f);
}

/* Two jobs of one client differ in their order of batches only, and do so. */
static void the_ordinal_changes_the_update(void **state) {
    (void)state;
    struct fixture f = make(&scripted);
    struct mu_report a, b;
    send_job(&f, 1, 0, 0);
    send_job(&f, 2, 0, 1);
    assert_int_equal(mu_worker_train(f.w, &(struct mu_poll){count_calls, NULL}, &a), MU_OK);
    assert_int_equal(mu_worker_train(f.w, &(struct mu_poll){count_calls, NULL}, &b), MU_OK);
    assert_true(a.result.norm != b.result.norm);
    free_fixture(&f);
}

static int stop_at_third(void *context) {
    (void)context;
    return ++calls == 3 ? -7 : MU_OK;
}

static void the_polls_code_ends_a_job(void **state) {
    (void)state;
    struct fixture f = make(&scripted);
    struct mu_report report;
    send_job(&f, 1, 0, 0);
    send_job(&f, 2, 1, 0);
    calls = 0;
    assert_int_equal(mu_worker_train(f.w, &(struct mu_poll){stop_at_third, NULL}, &report), -7);
    assert_int_equal(report.err.code, MU_OK);
    /* The worker is none the worse for it. */
    assert_int_equal(mu_worker_train(f.w, &(struct mu_poll){count_calls, NULL}, &report), MU_OK);
    assert_int_equal(report.job, 2);
    free_fixture(&f);
}

struct cancelling {
    struct mu_worker *w;
    int at;
};

static int cancel_it(void *context) {
    const struct cancelling *const c = context;
    if (++calls == c->at) {
        release(c->w, 1);
    }
    return MU_OK;
}

/* Released while it is in training, at the first, a middle and the last chance: it is dropped, and there is no
 * report. The next job then runs in recycled memory and is right. */
static void a_job_in_training_can_be_abandoned(void **state) {
    (void)state;
    struct fixture f = make(&scripted);
    float *const update = calloc(f.dim, sizeof *update);
    static const int at[] = {1, 6, 13};
    for (size_t k = 0; k < 3; k++) {
        struct mu_report report;
        struct cancelling c = {f.w, at[k]};
        send_job(&f, 1, 0, 0);
        send_job(&f, 2, 1, 0);
        calls = 0;
        assert_true(mu_worker_train(f.w, &(struct mu_poll){cancel_it, &c}, &report) < 0);
        assert_int_equal(calls, at[k]); /* not one batch more */
        struct mu_local_result expected;
        assert_int_equal(mu_worker_train(f.w, &(struct mu_poll){count_calls, NULL}, &report), MU_OK);
        train_by_hand(&f, 1, 0, update, &expected);
        assert_memory_equal(&report.result, &expected, sizeof expected);
        assert_false(mu_worker_has_work(f.w));
        release(f.w, 2);
    }
    free(update);
    free_fixture(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_is_what_the_trainer_says),
        cmocka_unit_test(the_ordinal_changes_the_update),
        cmocka_unit_test(the_polls_code_ends_a_job),
        cmocka_unit_test(a_job_in_training_can_be_abandoned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
