/* The interpreter of the command stream, command by command, on one rank without MPI. The model is a vector of two
 * numbers, the losses |x - a_i|^2 / 2. */
#include "support_script.h"

#include "muster/base/exact.h"
#include "worker.h"

#define POINTS "{\"source\": \"quadratic\", \"targets\": [[1, -1], [2, 0.5], [6, 3]]}"
#define ONE_STEP "{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 0.5}, \"local_steps\": 1}"

struct fixture {
    struct engine *e;
    struct mu_worker *w;
};

static struct fixture make(const struct mu_strategy *strategy) {
    struct fixture f;
    script = (struct script){0};
    f.e = engine_new(
        &(struct engine_config){.data = POINTS, .client = ONE_STEP, .stop = "{\"steps\": 1}", .strategy = strategy});
    mu_worker_new(&f.w, &f.e->setup, &f.e->err);
    support_expect_ok(&f.e->err);
    return f;
}

static void free_fixture(struct fixture *f) {
    mu_worker_free(f->w);
    engine_free(f->e);
}

static void obey(struct fixture *f, const void *command) {
    const struct mu_command *const head = command;
    mu_worker_obey(f->w, command, head->bytes, &f->e->err);
    support_expect_ok(&f->e->err);
}

static void install(struct fixture *f, uint32_t slot, double x0, double x1) {
    double *const next = mu_worker_next(f->w);
    next[0] = x0;
    next[1] = x1;
    const struct mu_install_command command = {{MU_COMMAND_INSTALL, sizeof command}, slot};
    obey(f, &command);
}

static void train_command(struct fixture *f, mu_job job, uint32_t client, uint32_t control, bool cached) {
    const struct mu_train_command command = {
        {MU_COMMAND_TRAIN, sizeof command}, job, client, 0, 0, control, cached, 0.5};
    obey(f, &command);
}

static int keep_going(void *context) {
    (void)context;
    return MU_OK;
}
static const struct mu_poll no_news = {keep_going, NULL};

static struct mu_report train(struct fixture *f) {
    struct mu_report report;
    assert_true(mu_worker_has_work(f->w));
    assert_int_equal(mu_worker_train(f->w, &no_news, &report), MU_OK);
    support_expect_ok(&report.err);
    return report;
}

static void release(struct fixture *f, mu_job job, bool used) {
    const struct mu_release_command command = {{MU_COMMAND_RELEASE, sizeof command}, job, used};
    obey(f, &command);
}

/* The weighted sum of up to three vectors, read from fixed point. */
static void combine(struct fixture *f, size_t n, const struct mu_wire_term *terms, double out[2]) {
    struct {
        struct mu_combine_command head;
        struct mu_wire_term term[3];
    } command = {.head = {{MU_COMMAND_COMBINE, (uint32_t)(sizeof command.head + n * sizeof *terms)}, 40, n}};
    memcpy(command.term, terms, n * sizeof *terms);
    obey(f, &command);
    mu_exact_read(out, 2, 40, mu_worker_sum(f->w));
}

static void jobs_are_trained_in_the_order_they_came(void **state) {
    (void)state;
    struct fixture f = make(&scripted);
    assert_false(mu_worker_has_work(f.w));
    install(&f, 0, 0, 0);
    train_command(&f, 7, 2, MU_NO_SLOT, false);
    train_command(&f, 5, 0, MU_NO_SLOT, false);
    train_command(&f, 9, 1, MU_NO_SLOT, false);
    assert_int_equal(train(&f).job, 7);
    assert_int_equal(train(&f).job, 5);
    train_command(&f, 8, 1, MU_NO_SLOT, false);
    assert_int_equal(train(&f).job, 9);
    assert_int_equal(train(&f).job, 8);
    assert_false(mu_worker_has_work(f.w));
    free_fixture(&f);
}

/* A job starts from the model that was current when it was sent, whatever is installed before it is trained. */
static void a_job_keeps_the_model_it_was_sent(void **state) {
    (void)state;
    struct fixture f = make(&scripted);
    install(&f, 0, 0, 0);
    train_command(&f, 1, 0, MU_NO_SLOT, false);
    install(&f, 0, 10, 20);
    train_command(&f, 2, 0, MU_NO_SLOT, false);
    install(&f, 0, -1, -1);
    (void)train(&f);
    (void)train(&f);
    double sum[2];
    combine(&f, 1, (const struct mu_wire_term[]){{1, 0, 1}}, sum);
    assert_true(sum[0] == 0.5 * (1 - 0) && sum[1] == 0.5 * (-1 - 0));
    combine(&f, 1, (const struct mu_wire_term[]){{2, 0, 1}}, sum);
    assert_true(sum[0] == 0.5 * (1 - 10) && sum[1] == 0.5 * (-1 - 20));
    free_fixture(&f);
}

static void a_combination_starts_from_zero(void **state) {
    (void)state;
    struct fixture f = make(&scripted);
    install(&f, 0, 0, 0);
    for (uint32_t i = 0; i < 3; i++) {
        train_command(&f, i + 1, i, MU_NO_SLOT, false);
        (void)train(&f);
    }
    double sum[2];
    for (int twice = 0; twice < 2; twice++) {
        combine(&f, 3, (const struct mu_wire_term[]){{1, 0, 2}, {2, 0, 1}, {3, 0, -1}}, sum);
        assert_true(sum[0] == (2 * 1 + 2 - 6) / 2.0 && sum[1] == (-2 + 0.5 - 3) / 2.0);
    }
    combine(&f, 0, NULL, sum);
    assert_true(sum[0] == 0 && sum[1] == 0);
    free_fixture(&f);
}

/* Several commands in one message are carried out in their order. */
static void commands_travel_together(void **state) {
    (void)state;
    struct fixture f = make(&scripted);
    install(&f, 0, 0, 0);
    struct {
        struct mu_train_command a, b;
        struct mu_release_command c;
    } message = {
        .a = {{MU_COMMAND_TRAIN, sizeof message.a}, 1, 0, 0, 0, MU_NO_SLOT, 0, 0.5},
        .b = {{MU_COMMAND_TRAIN, sizeof message.b}, 2, 1, 0, 0, MU_NO_SLOT, 0, 0.5},
        .c = {{MU_COMMAND_RELEASE, sizeof message.c}, 1, 0},
    };
    mu_worker_obey(f.w, &message, sizeof message, &f.e->err);
    support_expect_ok(&f.e->err);
    assert_int_equal(train(&f).job, 2); /* job 1 was released before it was trained */
    assert_false(mu_worker_has_work(f.w));
    free_fixture(&f);
}

/* Waiting jobs that are released leave the list whole, wherever they stand in it. */
static void waiting_jobs_can_be_abandoned(void **state) {
    (void)state;
    for (mu_job gone = 1; gone <= 4; gone++) {
        struct fixture f = make(&scripted);
        install(&f, 0, 0, 0);
        for (mu_job job = 1; job <= 4; job++) {
            train_command(&f, job, 0, MU_NO_SLOT, false);
        }
        release(&f, gone, false);
        train_command(&f, 5, 1, MU_NO_SLOT, false); /* in the memory of the one that is gone */
        for (mu_job job = 1; job <= 5; job++) {
            if (job != gone) {
                assert_int_equal(train(&f).job, job);
            }
        }
        assert_false(mu_worker_has_work(f.w));
        free_fixture(&f);
    }
}

/* SCAFFOLD: only an update that was used changes its client's vector. After that the drift of the next job is
 * c - c_i. */
static void a_clients_vector_changes_when_its_update_is_used(void **state) {
    (void)state;
    for (int used = 0; used < 2; used++) {
        struct fixture f = make(&scripted_vectors);
        install(&f, 0, 0, 0);
        install(&f, 1, 0.25, 0.5); /* c */
        train_command(&f, 1, 0, 1, false);
        const struct mu_report report = train(&f);
        /* y = x - lr (x - a + c), so the update is (a - c) / 2 and c_i changes by -c - update / lr = -a. */
        double sum[2];
        combine(&f, 1, (const struct mu_wire_term[]){{1, 1, 1}}, sum);
        assert_true(sum[0] == -1 && sum[1] == 1);
        assert_true(report.control_max_abs == 1);
        release(&f, 1, used == 1);
        combine(&f, 1, (const struct mu_wire_term[]){{0, MU_WIRE_OWN, 1}}, sum);
        assert_true(sum[0] == (used ? -1 : 0) && sum[1] == (used ? 1 : 0));
        train_command(&f, 2, 0, 1, false);
        (void)train(&f);
        combine(&f, 1, (const struct mu_wire_term[]){{2, 0, 1}}, sum);
        const double own[2] = {used ? -1 : 0, used ? 1 : 0};
        assert_true(sum[0] == -0.5 * (0 - 1 + 0.25 - own[0]) && sum[1] == -0.5 * (0 + 1 + 0.5 - own[1]));
        free_fixture(&f);
    }
}

static void a_cached_update_replaces_the_clients_vector(void **state) {
    (void)state;
    struct fixture f = make(&scripted_vectors);
    double sum[2];
    install(&f, 0, 0, 0);
    for (mu_job job = 1; job <= 3; job++) {
        install(&f, 0, (double)job, 0);
        train_command(&f, job, 2, MU_NO_SLOT, true);
        (void)train(&f);
        release(&f, job, job != 3); /* the last one is not used */
        combine(&f, 1, (const struct mu_wire_term[]){{2, MU_WIRE_OWN, 1}}, sum);
        assert_true(sum[0] == 0.5 * (6 - (double)(job < 3 ? job : 2)) && sum[1] == 1.5);
    }
    combine(&f, 1, (const struct mu_wire_term[]){{1, MU_WIRE_OWN, 1}}, sum);
    assert_true(sum[0] == 0 && sum[1] == 0); /* another client has none */
    free_fixture(&f);
}

/* Time is booked to one activity at a time, and together it is all the time there was. */
static void time_is_booked_to_activities(void **state) {
    (void)state;
    struct fixture f = make(&scripted);
    const enum mu_activity first = mu_worker_begin(f.w, MU_WAIT);
    usleep(20000);
    assert_int_equal(mu_worker_begin(f.w, MU_TRAIN), MU_WAIT);
    usleep(10000);
    assert_int_equal(mu_worker_begin(f.w, first), MU_TRAIN);
    const struct mu_clock *const clock = mu_worker_clock(f.w);
    assert_true(clock->s[MU_WAIT] >= 0.02 && clock->s[MU_TRAIN] >= 0.01);
    assert_true(clock->s[MU_COMBINE] == 0 && clock->s[MU_INSTALL] == 0);
    free_fixture(&f);
}

static void freeing_nothing_is_allowed(void **state) {
    (void)state;
    mu_worker_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jobs_are_trained_in_the_order_they_came),
        cmocka_unit_test(a_job_keeps_the_model_it_was_sent),
        cmocka_unit_test(a_combination_starts_from_zero),
        cmocka_unit_test(commands_travel_together),
        cmocka_unit_test(waiting_jobs_can_be_abandoned),
        cmocka_unit_test(a_clients_vector_changes_when_its_update_is_used),
        cmocka_unit_test(a_cached_update_replaces_the_clients_vector),
        cmocka_unit_test(time_is_booked_to_activities),
        cmocka_unit_test(freeing_nothing_is_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
