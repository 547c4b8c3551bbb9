/* Clients of one, four and ten equal rows each, trained for an epoch with batches of one row: they take as many local
 * steps. The model is w + b (a single feature that is always 1), so u = w + b follows u -= 2 eta (u - a_i), and K steps
 * take u to a_i + (1 - 2 eta)^K (u - a_i). */
#include "support_engine.h"

#include "muster/strategy/strategies.h"

extern const struct mu_strategy mu_strategy_fedavg, mu_strategy_fednova;

static char dir[256], data[512];
static const double target[3] = {10, -2, 1}, rows[3] = {1, 4, 10};

static int set_up(void **state) {
    (void)state;
    char path[300], text[2000] = "one,client,y\n";
    support_temp_dir(dir);
    for (int i = 0; i < 3; i++) {
        for (int k = 0; k < (int)rows[i]; k++) {
            const size_t n = strlen(text);
            snprintf(text + n, sizeof text - n, "1,%d,%g\n", i, target[i]);
        }
    }
    snprintf(path, sizeof path, "%s/rows.csv", dir);
    support_write(path, text, strlen(text));
    snprintf(data, sizeof data,
             "{\"source\": \"csv\", \"path\": \"%s\", \"task\": \"regression\", \"standardize\": false, "
             "\"test_fraction\": 0, \"partition\": {\"kind\": \"column\", \"column\": \"client\"}}",
             path);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    support_remove_dir(dir);
    return 0;
}

static struct engine *run(const struct mu_strategy *strategy, const char *optimizer, const char *rest,
                          const char *stop) {
    char client[256];
    snprintf(client, sizeof client, "{\"optimizer\": %s, \"batch_size\": 1%s}", optimizer, rest);
    struct engine *const e =
        engine_of(&(struct engine_config){.data = data,
                                          .model = "{\"kind\": \"linear\", \"precision\": \"float64\"}",
                                          .client = client,
                                          .stop = stop,
                                          .strategy = strategy});
    assert_int_equal(mu_model_dim(e->model), 2);
    return e;
}

static double prediction(const struct engine *e) {
    return e->result.model[0] + e->result.model[1];
}

/* Where sum p_i m_i / length_i (a_i - u) = 0, m_i being the share of the way to a_i that a job goes. */
static double rest_at(const double *m, const double *length) {
    double left = 0, right = 0;
    for (int i = 0; i < 3; i++) {
        const double weight = rows[i] / 15 * m[i] / length[i];
        left += weight;
        right += weight * target[i];
    }
    return right / left;
}

static const double optimum = (1 * 10 - 4 * 2 + 10 * 1) / 15.0;
static const double unit[3] = {1, 1, 1};

static void it_rests_near_the_optimum_where_fedavg_is_pulled_to_the_busy(void **state) {
    (void)state;
    static const double eta = 0.01;
    double m[3];
    for (int i = 0; i < 3; i++) {
        m[i] = 1 - pow(1 - 2 * eta, rows[i]);
    }
    struct engine *const nova = run(&mu_strategy_fednova, "{\"kind\": \"sgd\", \"lr\": 0.01}", "", "{\"steps\": 400}");
    struct engine *const avg = run(&mu_strategy_fedavg, "{\"kind\": \"sgd\", \"lr\": 0.01}", "", "{\"steps\": 400}");
    assert_true(fabs(prediction(nova) - rest_at(m, rows)) < 1e-9);
    assert_true(fabs(prediction(avg) - rest_at(m, unit)) < 1e-9);
    assert_false(fabs(prediction(nova) - rest_at(m, unit)) < 1e-9);
    /* What is left of the bias is of the order of eta: the steps of one job are not all taken at the same model. */
    assert_true(fabs(prediction(nova) - optimum) < 0.1 * fabs(prediction(avg) - optimum));
    assert_true(fabs(prediction(avg) - optimum) > 0.1);
    engine_free(nova);
    engine_free(avg);
}

/* The first step from zero, in full: x += tau sum p_i (y_i - x) / a_i with tau = sum p_i a_i. */
static void the_first_step_is_that_of_the_algorithm(void **state) {
    (void)state;
    static const double eta = 0.1;
    struct engine *const e = run(&mu_strategy_fednova, "{\"kind\": \"sgd\", \"lr\": 0.1}", "", "{\"steps\": 1}");
    double tau = 0, sum = 0;
    for (int i = 0; i < 3; i++) {
        const double p = rows[i] / 15, m = 1 - pow(1 - 2 * eta, rows[i]);
        tau += p * rows[i];
        sum += p * m * target[i] / rows[i];
    }
    assert_true(fabs(prediction(e) - tau * sum) < 1e-12);
    /* The weights on record are the coefficients. */
    for (size_t k = 0; k < 3; k++) {
        const uint32_t i = e->step[0].client[k];
        assert_true(fabs(e->step[0].weight[k] - tau * (rows[i] / 15) / rows[i]) < 1e-12);
    }
    engine_free(e);
}

/* With momentum r an update of K steps amounts to a = sum over the steps of c, c = r c + 1. */
static void momentum_counts_more_gradients_than_steps(void **state) {
    (void)state;
    struct engine *const e =
        run(&mu_strategy_fednova, "{\"kind\": \"momentum\", \"lr\": 0.05, \"momentum\": 0.8}", "", "{\"steps\": 1}");
    double length[3] = {0}, tau = 0;
    for (int i = 0; i < 3; i++) {
        double c = 0;
        for (int k = 0; k < (int)rows[i]; k++) {
            c = 0.8 * c + 1;
            length[i] += c;
        }
        tau += rows[i] / 15 * length[i];
    }
    for (size_t k = 0; k < 3; k++) {
        const uint32_t i = e->step[0].client[k];
        assert_true(fabs(e->step[0].weight[k] - tau * (rows[i] / 15) / length[i]) < 1e-12);
        assert_false(fabs(e->step[0].weight[k] - tau * (rows[i] / 15) / rows[i]) < 1e-3 && rows[i] > 1);
    }
    engine_free(e);
}

/* With a proximal term a = sum of (1 - eta mu)^k, and tau counts steps. */
static void a_proximal_term_counts_fewer(void **state) {
    (void)state;
    struct engine *const e =
        run(&mu_strategy_fednova, "{\"kind\": \"sgd\", \"lr\": 0.1}", ", \"proximal_mu\": 2", "{\"steps\": 1}");
    double length[3] = {0}, tau = 0;
    for (int i = 0; i < 3; i++) {
        for (int k = 0; k < (int)rows[i]; k++) {
            length[i] = (1 - 0.1 * 2) * length[i] + 1;
        }
        tau += rows[i] / 15 * rows[i];
    }
    for (size_t k = 0; k < 3; k++) {
        const uint32_t i = e->step[0].client[k];
        assert_true(fabs(e->step[0].weight[k] - tau * (rows[i] / 15) / length[i]) < 1e-12);
    }
    engine_free(e);
}

/* Alike clients: normalising changes nothing. */
static void with_equal_steps_it_is_fedavg(void **state) {
    (void)state;
    struct engine *const nova =
        run(&mu_strategy_fednova, "{\"kind\": \"sgd\", \"lr\": 0.1}", ", \"local_steps\": 5", "{\"steps\": 20}");
    struct engine *const avg =
        run(&mu_strategy_fedavg, "{\"kind\": \"sgd\", \"lr\": 0.1}", ", \"local_steps\": 5", "{\"steps\": 20}");
    assert_true(fabs(prediction(nova) - prediction(avg)) < 1e-12);
    assert_true(fabs(prediction(nova)) > 0.1);
    engine_free(nova);
    engine_free(avg);
}

static void optimizers_without_a_length_are_refused(void **state) {
    (void)state;
    static const char *const optimizer[] = {"sgd", "momentum", "nesterov", "adam", "adamw"};
    for (size_t k = 0; k < 5; k++) {
        char client[96];
        snprintf(client, sizeof client, "{\"optimizer\": {\"kind\": \"%s\"}}", optimizer[k]);
        struct mu_client_config config;
        struct mu_err err = {.code = MU_OK};
        engine_parse(&mu_client_group, "/client", client, &config);
        void *const options = calloc(1, mu_strategy_fednova.kind.group.size);
        engine_parse(&mu_strategy_fednova.kind.group, "/server/strategy", "{}", options);
        const struct mu_strategy_context context = {"c.json", "/server/strategy", 3, &config};
        const int code = mu_strategy_fednova.check(options, &context, &err);
        if (k < 3) {
            assert_int_equal(code, MU_OK);
        } else {
            assert_int_equal(code, MU_BAD_CONFIG);
            support_expect_error(&err, MU_BAD_CONFIG, "c.json: /client/optimizer/kind", "not defined for \"adam");
        }
        mu_group_clear(&mu_strategy_fednova.kind.group, options);
        free(options);
        mu_group_clear(&mu_client_group, &config);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_rests_near_the_optimum_where_fedavg_is_pulled_to_the_busy),
        cmocka_unit_test(the_first_step_is_that_of_the_algorithm),
        cmocka_unit_test(momentum_counts_more_gradients_than_steps),
        cmocka_unit_test(a_proximal_term_counts_fewer),
        cmocka_unit_test(with_equal_steps_it_is_fedavg),
        cmocka_unit_test(optimizers_without_a_length_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
