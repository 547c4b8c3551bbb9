#include "support_engine.h"

#include "muster/base/exact.h"
#include "muster/strategy/strategies.h"
#include "support_matrix.h"

extern const struct mu_strategy mu_strategy_fedavg;

/* Plain gradient descent with the functions that a job is made of: x += lr d, where d is the update as fixed point
 * hands it on. */
static void descend(const struct engine *e, uint64_t steps, double server_lr, double *x) {
    const size_t dim = mu_model_dim(e->model), size = mu_elem_bytes(mu_model_elem(e->model));
    const bool f32 = mu_model_elem(e->model) == MU_F32;
    struct mu_err err = {.code = MU_OK};
    struct mu_trainer *trainer = NULL;
    struct mu_space space = {0};
    struct mu_rows rows;
    void *const start = malloc(dim * size), *const update = malloc(dim * size);
    int64_t *const sum = malloc(dim * sizeof *sum);
    double *const d = malloc(dim * sizeof *d);
    mu_trainer_new(&trainer, e->model, &e->client, &err);
    mu_data_client(e->data, 0, &space, &rows, &err);
    support_expect_ok(&err);
    mu_model_init(e->model, e->setup.seed, x);
    for (uint64_t step = 0; step < steps; step++) {
        for (size_t i = 0; i < dim; i++) {
            if (f32) {
                ((float *)start)[i] = (float)x[i];
            } else {
                ((double *)start)[i] = x[i];
            }
        }
        struct mu_local_result result;
        const struct mu_local_job job = {.rows = &rows,
                                         .start = start,
                                         .seed = e->setup.seed,
                                         .ordinal = (uint32_t)step,
                                         .lr = mu_client_lr(&e->client, step, steps)};
        mu_trainer_run(trainer, &job, update, &result, NULL, &err);
        const int shift = mu_exact_shift(result.max_abs);
        memset(sum, 0, dim * sizeof *sum);
        if (f32) {
            mu_exact_add_f32(sum, dim, 1, shift, update);
        } else {
            mu_exact_add_f64(sum, dim, 1, shift, update);
        }
        mu_exact_read(d, dim, shift, sum);
        for (size_t i = 0; i < dim; i++) {
            x[i] += server_lr * d[i];
        }
    }
    mu_trainer_free(trainer);
    mu_space_clear(&space);
    free(start);
    free(update);
    free(sum);
    free(d);
}

static void one_client_with_a_full_batch_is_gradient_descent_to_the_bit(void **state) {
    (void)state;
#define BLOBS \
    "{\"source\": \"blobs\", \"samples\": 700, \"test_samples\": 0, \"features\": 6, \"classes\": 4, \"clients\": 1}"
    static const struct {
        const char *data, *model, *server;
        double server_lr;
    } cases[] = {
        {"{\"source\": \"quadratic\", \"A\": [[[2, 0.3], [0.3, 1]]], \"b\": [[0.7, -0.2]]}", "{\"kind\": \"vector\"}",
         "{\"kind\": \"sgd\"}", 1},
        {BLOBS, "{\"kind\": \"softmax\"}", "{\"kind\": \"sgd\"}", 1},
        {BLOBS, "{\"kind\": \"softmax\", \"precision\": \"float64\", \"l2\": 0.01}", "{\"kind\": \"sgd\"}", 1},
        {BLOBS, "{\"kind\": \"mlp\", \"hidden\": [9, 7]}", "{\"kind\": \"sgd\"}", 1},
        {BLOBS, "{\"kind\": \"mlp\", \"hidden\": [9, 7]}", "{\"kind\": \"sgd\", \"lr\": 0.7}", 0.7},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct engine *const e =
            engine_of(&(struct engine_config){.data = cases[k].data,
                                              .model = cases[k].model,
                                              .client = "{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 0.1}, "
                                                        "\"batch_size\": \"full\", \"local_steps\": 1, "
                                                        "\"schedule\": {\"kind\": \"cosine\"}}",
                                              .stop = "{\"steps\": 25}",
                                              .optimizer = cases[k].server,
                                              .strategy = &mu_strategy_fedavg,
                                              .seed = 3});
        const size_t dim = mu_model_dim(e->model);
        double *const x = calloc(dim, sizeof *x), *const fewer = calloc(dim, sizeof *x);
        descend(e, 25, cases[k].server_lr, x);
        assert_memory_equal(e->result.model, x, dim * sizeof *x);
        descend(e, 24, cases[k].server_lr, fewer);
        assert_memory_not_equal(e->result.model, fewer, dim * sizeof *x);
        free(x);
        free(fewer);
        engine_free(e);
    }
}

static struct engine *run_clients(const char *client, const char *stop) {
    return engine_of(
        &(struct engine_config){.data = CLIENTS_AB, .client = client, .stop = stop, .strategy = &mu_strategy_fedavg});
}

/* Where it comes to rest with K local steps is not the optimum, and known. */
static void local_steps_have_a_closed_form_to_rest_at(void **state) {
    (void)state;
    static const int K[] = {1, 2, 5, 20};
    for (size_t k = 0; k < 4; k++) {
        char client[128];
        snprintf(client, sizeof client, "{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 0.2}, \"local_steps\": %d}", K[k]);
        struct engine *const e = run_clients(client, "{\"steps\": 400}");
        assert_true(vector_distance(e->result.model, fedavg_rest(K[k], 0.2, 0)) < 1e-6);
        const double bias = vector_distance(e->result.model, true_optimum());
        if (K[k] == 1) {
            assert_true(bias < 1e-6); /* one step is gradient descent on the mean */
        } else {
            assert_true(bias > 1e-2);
            assert_false(vector_distance(e->result.model, fedavg_rest(K[k] + 1, 0.2, 0)) < 1e-6);
            assert_false(vector_distance(e->result.model, fedavg_rest(K[k], 0.201, 0)) < 1e-6);
        }
        engine_free(e);
    }
}

static void a_proximal_term_moves_the_rest_towards_the_optimum(void **state) {
    (void)state;
    struct engine *const e =
        run_clients("{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 0.1}, \"local_steps\": 8, \"proximal_mu\": 6}",
                    "{\"steps\": 600}");
    assert_true(vector_distance(e->result.model, fedavg_rest(8, 0.1, 6)) < 1e-6);
    assert_false(vector_distance(e->result.model, fedavg_rest(8, 0.1, 6.01)) < 1e-6);
    const struct vector plain = fedavg_rest(8, 0.1, 0), optimum = true_optimum();
    assert_true(vector_distance(e->result.model, optimum) < 0.5 * vector_distance(plain.v, optimum));
    engine_free(e);
}

/* In one dimension with targets 1, 2, 6 and one step of rate eta, the direction is D = eta (3 - x): every server
 * optimizer's trace is a scalar recurrence (specs/async.md, section 4). */
static double recur(const char *name, int t, double D, double *m, double *v) {
    if (strcmp(name, "sgd") == 0) {
        return 1.0 * D;
    }
    if (strcmp(name, "momentum") == 0) {
        *m = 0.9 * *m + D;
        return *m;
    }
    const double beta1 = strcmp(name, "adagrad") == 0 ? 0 : 0.9;
    *m = beta1 * *m + (1 - beta1) * D;
    double rate = 0.1;
    if (strcmp(name, "adagrad") == 0) {
        *v += D * D;
    } else if (strcmp(name, "adam") == 0) {
        *v = 0.99 * *v + 0.01 * D * D;
    } else {
        const double s = *v - D * D;
        *v -= 0.01 * D * D * ((s > 0) - (s < 0));
        rate = 0.01 * sqrt(1 - pow(0.99, t)) / (1 - pow(0.9, t)); /* run with bias correction */
    }
    return rate * *m / (sqrt(*v) + 1e-3);
}

static void server_optimizers_follow_their_recurrences(void **state) {
    (void)state;
    static const char *const names[] = {"sgd", "momentum", "adagrad", "adam", "yogi"};
    for (size_t k = 0; k < 5; k++) {
        char server[96];
        snprintf(server, sizeof server, "{\"kind\": \"%s\"%s}", names[k],
                 strcmp(names[k], "yogi") == 0 ? ", \"bias_correction\": true" : "");
        struct engine *const e =
            engine_of(&(struct engine_config){.data = "{\"source\": \"quadratic\", \"targets\": [1, 2, 6]}",
                                              .client = "{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 0.1}, "
                                                        "\"local_steps\": 1}",
                                              .stop = "{\"steps\": 60}",
                                              .evaluate = "{\"every_steps\": 1}",
                                              .optimizer = server,
                                              .strategy = &mu_strategy_fedavg});
        assert_int_equal(e->evaluations, 61);
        for (int broken = 0; broken < 2; broken++) {
            double x = 0, m = 0, v = 0, worst = 0;
            for (int t = 1; t <= 60; t++) {
                x += recur(names[k], t, (broken ? 0.10001 : 0.1) * (3 - x), &m, &v);
                worst = fmax(worst, fabs(e->evaluation[t].model[0] - x));
            }
            assert_true(broken ? worst > 1e-8 : worst < 1e-12);
        }
        engine_free(e);
    }
}

/* Curvature times rate above 2: every step is larger than the last. */
static void a_run_that_diverges_says_so(void **state) {
    (void)state;
    struct engine *const e = engine_new(
        &(struct engine_config){.data = "{\"source\": \"quadratic\", \"A\": [1e30, 1e30], \"b\": [1, 2]}",
                                .client = "{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 1}, \"local_steps\": 3}",
                                .stop = "{\"steps\": 100}",
                                .strategy = &mu_strategy_fedavg});
    assert_int_equal(engine_run(e), MU_DIVERGED);
    assert_int_equal(MU_DIVERGED, 4); /* the program's exit code */
    support_expect_error(&e->err, MU_DIVERGED, "test", "diverged at step");
    engine_free(e);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_client_with_a_full_batch_is_gradient_descent_to_the_bit),
        cmocka_unit_test(local_steps_have_a_closed_form_to_rest_at),
        cmocka_unit_test(a_proximal_term_moves_the_rest_towards_the_optimum),
        cmocka_unit_test(server_optimizers_follow_their_recurrences),
        cmocka_unit_test(a_run_that_diverges_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
