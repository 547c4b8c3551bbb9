#include "support_engine.h"

#include "muster/strategy/strategies.h"
#include "support_matrix.h"

extern const struct mu_strategy mu_strategy_scaffold;
extern const struct mu_strategy mu_strategy_fedavg;

static struct engine *run(const struct mu_strategy *strategy, const char *data, const char *options, const char *client,
                          const char *stop) {
    return engine_of(&(struct engine_config){.data = data,
                                             .client = client,
                                             .stop = stop,
                                             .evaluate = "{\"every_steps\": 1}",
                                             .strategy = strategy,
                                             .options = options});
}

/* Client drift is what control variates are against: with the same local steps FedAvg rests elsewhere. */
static void it_converges_to_the_optimum_where_fedavg_does_not(void **state) {
    (void)state;
    static const char client[] = "{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 0.1}, \"local_steps\": 10}";
    struct engine *const s = run(&mu_strategy_scaffold, CLIENTS_AB, "{}", client, "{\"steps\": 300}");
    struct engine *const a = run(&mu_strategy_fedavg, CLIENTS_AB, "{}", client, "{\"steps\": 300}");
    assert_true(vector_distance(s->result.model, true_optimum()) < 1e-9);
    assert_true(vector_distance(a->result.model, true_optimum()) > 1e-2);
    engine_free(s);
    engine_free(a);
}

static void a_part_of_the_clients_at_a_time_converges_too(void **state) {
    (void)state;
    struct engine *const s =
        run(&mu_strategy_scaffold, CLIENTS_AB, "{\"cohort\": 2}",
            "{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 0.05}, \"local_steps\": 4}", "{\"steps\": 2000}");
    assert_true(vector_distance(s->result.model, true_optimum()) < 1e-6);
    assert_int_equal(s->step[17].n, 2);
    engine_free(s);
}

/* The algorithm in one dimension, written out from specs/async.md section 4 (option II), for the cohorts that the run
 * drew and with the population's N in c's mean. */
static void its_trace_is_that_of_the_algorithm(void **state) {
    (void)state;
    enum { STEPS = 40, K = 3 };
    const double eta = 0.2, target[4] = {1, 2, 6, -3};
    struct engine *const e =
        run(&mu_strategy_scaffold, "{\"source\": \"quadratic\", \"targets\": [1, 2, 6, -3]}", "{\"cohort\": 2}",
            "{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 0.2}, \"local_steps\": 3}", "{\"steps\": 40}");
    for (int broken = 0; broken < 2; broken++) {
        double x = 0, c = 0, own[4] = {0}, worst = 0;
        for (size_t t = 0; t < STEPS; t++) {
            double move = 0, change = 0;
            assert_int_equal(e->step[t].n, 2);
            for (size_t k = 0; k < 2; k++) {
                const uint32_t i = e->step[t].client[k];
                double y = x;
                for (int step = 0; step < K; step++) {
                    y -= eta * ((y - target[i]) - own[i] + c);
                }
                const double next = own[i] - c + (x - y) / (K * eta);
                move += (y - x) / 2;
                change += (next - own[i]) / (broken ? 2 : 4); /* over all four clients, not over the cohort */
                own[i] = next;
            }
            x += move;
            c += change;
            worst = fmax(worst, fabs(e->evaluation[t + 1].model[0] - x));
        }
        assert_true(broken ? worst > 1e-3 : worst < 1e-12);
    }
    engine_free(e);
}

/* A lost update changes neither c nor its client's vector: clients 0 and 1 go on as if client 2 were not there, but for
 * the N = 3 in c's mean. */
static void a_lost_update_leaves_its_clients_vector_alone(void **state) {
    (void)state;
    struct engine *const e =
        engine_of(&(struct engine_config){.data = "{\"source\": \"quadratic\", \"targets\": [1, 2, 600]}",
                                          .client = "{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 0.1}, "
                                                    "\"local_steps\": 2}",
                                          .world = "{\"dropout\": [0, 0, 1]}",
                                          .stop = "{\"steps\": 30}",
                                          .evaluate = "{\"every_steps\": 1}",
                                          .strategy = &mu_strategy_scaffold});
    double x = 0, c = 0, own[2] = {0};
    for (size_t t = 0; t < 30; t++) {
        double move = 0, change = 0;
        assert_int_equal(e->step[t].n, 2);
        for (size_t i = 0; i < 2; i++) {
            double y = x;
            for (int step = 0; step < 2; step++) {
                y -= 0.1 * ((y - (double)(i + 1)) - own[i] + c);
            }
            const double delta = -c + (x - y) / 0.2;
            move += (y - x) / 2;
            change += delta / 3;
            own[i] += delta;
        }
        x += move;
        c += change;
        assert_true(fabs(e->evaluation[t + 1].model[0] - x) < 1e-12);
    }
    assert_int_equal(e->result.dropped, 30);
    engine_free(e);
}

static void float32_models_have_control_variates_too(void **state) {
    (void)state;
    struct engine_config c = {.data = "{\"source\": \"blobs\", \"samples\": 300, \"test_samples\": 0, \"features\": 4, "
                                      "\"classes\": 3, \"clients\": 3, \"partition\": {\"kind\": \"class\"}}",
                              .model = "{\"kind\": \"softmax\"}",
                              .client = "{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 0.1}, \"local_steps\": 5, "
                                        "\"batch_size\": \"full\"}",
                              .stop = "{\"steps\": 20}",
                              .strategy = &mu_strategy_scaffold};
    struct engine *const single = engine_of(&c);
    c.model = "{\"kind\": \"softmax\", \"precision\": \"float64\"}";
    struct engine *const twice = engine_of(&c);
    double worst = 0, size = 0;
    for (size_t i = 0; i < mu_model_dim(single->model); i++) {
        worst = fmax(worst, fabs(single->result.model[i] - twice->result.model[i]));
        size = fmax(size, fabs(twice->result.model[i]));
    }
    assert_true(size > 0.05);
    assert_true(worst > 0 && worst < 1e-5);
    engine_free(single);
    engine_free(twice);
}

static void only_plain_sgd_is_accepted(void **state) {
    (void)state;
    static const char *const clients[] = {"{}", "{\"optimizer\": {\"kind\": \"momentum\"}}",
                                          "{\"optimizer\": {\"kind\": \"adam\"}}"};
    for (size_t k = 0; k < 3; k++) {
        struct engine *const e = engine_new(&(struct engine_config){
            .data = CLIENTS_AB, .client = clients[k], .stop = "{\"steps\": 1}", .strategy = &mu_strategy_scaffold});
        const struct mu_strategy_context context = {"c.json", "/server/strategy", 3, &e->client};
        const int code = mu_strategy_scaffold.check(e->options, &context, &e->err);
        if (k == 0) {
            assert_int_equal(code, MU_OK);
        } else {
            assert_int_equal(code, MU_BAD_CONFIG);
            support_expect_error(&e->err, MU_BAD_CONFIG, "c.json: /client/optimizer/kind", "plain sgd only");
        }
        engine_free(e);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_converges_to_the_optimum_where_fedavg_does_not),
        cmocka_unit_test(a_part_of_the_clients_at_a_time_converges_too),
        cmocka_unit_test(its_trace_is_that_of_the_algorithm),
        cmocka_unit_test(a_lost_update_leaves_its_clients_vector_alone),
        cmocka_unit_test(float32_models_have_control_variates_too),
        cmocka_unit_test(only_plain_sgd_is_accepted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
