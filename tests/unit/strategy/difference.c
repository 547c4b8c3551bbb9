/* DIFF2 and DP-GD through the engine, on rows of which each is a loss x'x / 2 - a'x: without noise both are gradient
 * descent, clipped rows and noise are checked against the formulas, computed here by themselves. */
#include "support_engine.h"

#include "difference.h"
#include "muster/privacy/privacy.h"
#include "muster/strategy/strategies.h"

extern const struct mu_strategy mu_strategy_diff2;
extern const struct mu_strategy mu_strategy_dp_gd;

#define LINE "{\"source\": \"quadratic\", \"targets\": [[1, -1], [2, 0.5], [6, 3]]}"

static struct mu_privacy_config config;
static struct mu_privacy privacy;

static const struct mu_privacy *private_with(double multiplier, double clip) {
    config = (struct mu_privacy_config){.epsilon = NAN,
                                        .delta = 1e-5,
                                        .noise_multiplier = multiplier,
                                        .clip = clip,
                                        .noise = MU_NOISE_CENTRAL,
                                        .participations = MU_UNSET,
                                        .insecure_noise_seed = 7};
    privacy = (struct mu_privacy){.config = &config,
                                  .accountant = mu_accountant_find("gdp"),
                                  .unit = MU_DP_RECORD,
                                  .adjacency = MU_DP_REPLACE_ONE,
                                  .sigma = multiplier,
                                  .sigma_sum = multiplier,
                                  .sensitivity = 2,
                                  .clip = clip,
                                  .q = 1,
                                  .steps = 8,
                                  .cohort = 1,
                                  .share = 1};
    return &privacy;
}

static struct engine *run_at(const char *optimizer, const struct mu_strategy *strategy, const char *options,
                             const struct mu_privacy *p) {
    struct engine *const e = engine_new(&(struct engine_config){.data = LINE,
                                                                .stop = "{\"steps\": 8}",
                                                                .evaluate = "{\"every_steps\": 1}",
                                                                .optimizer = optimizer,
                                                                .importance = MU_IMPORTANCE_UNIFORM,
                                                                .strategy = strategy,
                                                                .options = options});
    e->setup.privacy = p;
    assert_int_equal(engine_run(e), MU_OK);
    return e;
}

static struct engine *run(const struct mu_strategy *strategy, const char *options, const struct mu_privacy *p) {
    return run_at("{\"kind\": \"sgd\", \"lr\": 0.25}", strategy, options, p);
}

/* The walk moves the model by itself. */
static struct engine *walk(const char *options, const struct mu_privacy *p) {
    return run_at("{\"kind\": \"sgd\", \"lr\": 1}", &mu_strategy_diff2, options, p);
}

static void without_noise_it_is_gradient_descent(void **state) {
    (void)state;
    static const double mean[2] = {3, 2.5 / 3};
    double x[2] = {0, 0};
    struct engine *const d = run(&mu_strategy_diff2, "{\"restart\": 3}", NULL);
    struct engine *const g = run(&mu_strategy_dp_gd, "{}", NULL);
    for (size_t t = 1; t <= 8; t++) {
        for (size_t k = 0; k < 2; k++) {
            x[k] -= 0.25 * (x[k] - mean[k]);
            assert_true(fabs(d->evaluation[t].model[k] - x[k]) < 1e-12);
            assert_true(fabs(g->evaluation[t].model[k] - x[k]) < 1e-12);
        }
    }
    assert_true(fabs(x[0]) > 1); /* it has moved */
    engine_free(d);
    engine_free(g);
}

static void restart_one_is_dp_gd_to_the_bit(void **state) {
    (void)state;
    struct engine *const d = run(&mu_strategy_diff2, "{\"restart\": 1}", private_with(3, 2));
    struct engine *const g = run(&mu_strategy_dp_gd, "{}", private_with(3, 2));
    struct engine *const other = run(&mu_strategy_diff2, "{\"restart\": 2}", private_with(3, 2));
    assert_memory_equal(d->result.model, g->result.model, 2 * sizeof(double));
    assert_memory_not_equal(d->result.model, other->result.model, 2 * sizeof(double));
    engine_free(d);
    engine_free(g);
    engine_free(other);
}

static double clip_factor(const double g[2], double clip) {
    const double norm = hypot(g[0], g[1]);
    return norm > clip ? clip / norm : 1;
}

/* Clipped rows of three workers, restart 4, no noise: the estimate written out. */
static void rows_and_differences_are_clipped(void **state) {
    (void)state;
    static const double a[3][2] = {{1, -1}, {2, 0.5}, {6, 3}};
    const double c1 = 2, c2 = 0.5;
    double x[2] = {0, 0}, before[2] = {0, 0}, v[2] = {0, 0};
    struct engine *const e = run(&mu_strategy_diff2, "{\"restart\": 4, \"clip\": 2, \"clip_difference\": 0.5}", NULL);
    for (size_t t = 0; t < 8; t++) {
        const bool restart = t % 4 == 0;
        const double moved = hypot(x[0] - before[0], x[1] - before[1]);
        double sum[2] = {0, 0};
        for (size_t p = 0; p < 3; p++) {
            double g[2];
            for (size_t k = 0; k < 2; k++) {
                g[k] = restart ? x[k] - a[p][k] : x[k] - before[k];
            }
            const double f = clip_factor(g, restart ? c1 : c2 * moved);
            sum[0] += f * g[0] / 3;
            sum[1] += f * g[1] / 3;
        }
        for (size_t k = 0; k < 2; k++) {
            v[k] = restart ? sum[k] : v[k] + sum[k];
            before[k] = x[k];
            x[k] -= 0.25 * v[k];
            assert_true(fabs(e->evaluation[t + 1].model[k] - x[k]) < 1e-9);
        }
    }
    engine_free(e);
}

/* A step is lr times the direction, so two runs that differ in noise alone show it: its size is what the formula says,
 * and the ledger has one event a round. */
static void noise_has_its_size_and_its_cost(void **state) {
    (void)state;
    struct engine *const silent = run(&mu_strategy_dp_gd, "{\"clip\": 100}", private_with(0.01, 100));
    struct engine *const noisy = run(&mu_strategy_dp_gd, "{\"clip\": 100}", private_with(2, 100));
    /* deviation: 2 w C z = 2 / 3 * 100 * 2, times lr */
    const double std = 0.25 * 2.0 / 3 * 100 * 2;
    double square = 0;
    for (size_t k = 0; k < 2; k++) {
        const double z = (noisy->evaluation[1].model[k] - silent->evaluation[1].model[k]) / std;
        square += z * z;
    }
    assert_true(square > 1e-4 && square < 20); /* chi-square of 2: both tails below 1e-4 */
    const double epsilon = noisy->evaluation[8].record.privacy.epsilon;
    const double exact = mu_gaussian_epsilon(sqrt(8) / 2, 1e-5);
    assert_true(fabs(epsilon - exact) < 1e-9 * exact);
    assert_true(noisy->evaluation[4].record.privacy.epsilon < epsilon);
    engine_free(silent);
    engine_free(noisy);
}

/* specs/privacy.md section 1.3, P = 10 workers of 1651 rows, R = 2000: z1 and z2 of the paper's formula, and the exact
 * cost of that noise. */
static void the_papers_calibration(void **state) {
    (void)state;
    static const struct {
        double epsilon;
        int64_t restart;
        double z1, z2, exact;
    } row[] = {{3, 1, 77.459667, 0, 2.3414271},          {3, 6, 35.355339, 173.20508, 2.2993340},
               {3, 20, 19.364917, 173.20508, 2.3282513}, {3, 200, 6.1237244, 173.20508, 2.3401120},
               {5, 1, 48.989795, 0, 3.9400163},          {5, 60, 7.0710678, 109.54451, 3.9685102}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct mu_difference d = {.restart = row[i].restart, .budget = 1.25};
        struct mu_err err = {.code = MU_OK};
        double z1 = 0, z2 = 0;
        const int64_t k1 = (2000 + d.restart - 1) / d.restart;
        assert_int_equal(
            mu_difference_calibrate(&d, mu_accountant_find("gdp"), 2000, row[i].epsilon, 1e-5, &z1, &z2, &err), MU_OK);
        assert_true(fabs(z1 - row[i].z1) < 1e-6 * row[i].z1);
        assert_true(d.restart == 1 || fabs(z2 - row[i].z2) < 1e-6 * row[i].z2);
        const double mu = sqrt((double)k1 / (z1 * z1) + (double)(2000 - k1) / (z2 * z2));
        assert_true(fabs(mu_gaussian_epsilon(mu, 1e-5) - row[i].exact) < 1e-6 * row[i].exact);
        /* The exact calibration spends all of epsilon, so it needs less noise. */
        d.calibration = MU_CALIBRATION_EXACT;
        double y1 = 0, y2 = 0;
        assert_int_equal(
            mu_difference_calibrate(&d, mu_accountant_find("gdp"), 2000, row[i].epsilon, 1e-5, &y1, &y2, &err), MU_OK);
        const double nu = sqrt((double)k1 / (y1 * y1) + (double)(2000 - k1) / (y2 * y2));
        const double spent = mu_gaussian_epsilon(nu, 1e-5);
        assert_true(spent <= row[i].epsilon && spent > row[i].epsilon * (1 - 1e-4));
        assert_true(y1 < z1);
    }
}

/* Where no row has a gradient the model stands still: D is 0, and so are clip and noise of a difference; no 0 / 0. */
static void a_model_that_stands_still_is_no_accident(void **state) {
    (void)state;
    struct engine *const e =
        engine_of(&(struct engine_config){.data = "{\"source\": \"quadratic\", \"targets\": [[0, 0], [0, 0]]}",
                                          .stop = "{\"steps\": 8}",
                                          .evaluate = "{\"every_steps\": 1}",
                                          .optimizer = "{\"kind\": \"sgd\", \"lr\": 0.25}",
                                          .strategy = &mu_strategy_diff2,
                                          .options = "{\"restart\": 3, \"clip\": 1, \"clip_difference\": 2}"});
    for (size_t t = 0; t <= 8; t++) {
        assert_true(e->evaluation[t].model[0] == 0 && e->evaluation[t].model[1] == 0);
    }
    engine_free(e);
}

/* Rows of 1e300 and more have no finite length in squares: they count as zero, and the others move the model. */
static void rows_that_are_not_finite_count_as_zero(void **state) {
    (void)state;
    struct engine *const e =
        engine_of(&(struct engine_config){.data = "{\"source\": \"quadratic\", \"targets\": [[1, 0], [1e300, 1e300]]}",
                                          .stop = "{\"steps\": 1}",
                                          .evaluate = "{\"every_steps\": 1}",
                                          .optimizer = "{\"kind\": \"sgd\", \"lr\": 0.25}",
                                          .importance = MU_IMPORTANCE_UNIFORM,
                                          .strategy = &mu_strategy_diff2,
                                          .options = "{\"restart\": 3, \"clip\": 2}"});
    assert_true(fabs(e->evaluation[1].model[0] - 0.125) < 1e-12 && fabs(e->evaluation[1].model[1]) < 1e-12);
    engine_free(e);
}

#define WALK "\"routine\": \"bvr_l_sgd\", \"lr\": 0.25, \"batch_size\": 1"

static void a_walk_of_one_step_is_the_gd_routine(void **state) {
    (void)state;
    struct engine *const d = run(&mu_strategy_diff2, "{\"restart\": 3}", NULL);
    struct engine *const w = walk("{\"restart\": 3, " WALK "}", NULL);
    struct engine *const longer = walk("{\"restart\": 3, " WALK ", \"local_steps\": 2}", NULL);
    for (size_t t = 0; t <= 8; t++) {
        for (size_t k = 0; k < 2; k++) {
            assert_true(fabs(d->evaluation[t].model[k] - w->evaluation[t].model[k]) < 1e-12);
        }
    }
    assert_true(fabs(d->evaluation[1].model[0] - longer->evaluation[1].model[0]) > 1e-3);
    engine_free(d);
    engine_free(w);
    engine_free(longer);
}

/* K = 4 and rows clipped at C3 = 0.5, where each gradient difference is as long as the move: local corrections are half
 * of it. Rounds' differences are clipped at C2 = 0.8, full gradients not at all (1000). */
static void a_longer_walk_is_the_recursion(void **state) {
    (void)state;
    static const double mean[2] = {3, 2.5 / 3};
    double x[2] = {0, 0}, before[2] = {0, 0}, v[2] = {0, 0};
    struct engine *const e = walk("{\"restart\": 3, \"clip\": 1000, \"clip_difference\": 0.8, \"clip_local\": 0.5, "
                                  "\"local_steps\": 4, " WALK "}",
                                  NULL);
    for (size_t t = 0; t < 8; t++) {
        double y[2], u[2];
        for (size_t k = 0; k < 2; k++) {
            v[k] = t % 3 == 0 ? x[k] - mean[k] : v[k] + 0.8 * (x[k] - before[k]);
            before[k] = x[k];
            y[k] = x[k];
            u[k] = v[k];
            for (int step = 1; step <= 4; step++) {
                const double move = -0.25 * u[k];
                y[k] += move;
                u[k] += 0.5 * move;
            }
            x[k] = y[k];
            assert_true(fabs(e->evaluation[t + 1].model[k] - x[k]) < 1e-9);
        }
    }
    engine_free(e);
}

/* 8 rounds of 3 workers: the first walks 3 times, 2 noisy steps each. */
static void a_walk_has_its_cost(void **state) {
    (void)state;
    const char *const options = "{\"restart\": 4, \"budget\": 2, \"local_steps\": 3, " WALK "}";
    struct engine *const e = walk(options, private_with(3, 2));
    struct engine *const again = walk(options, private_with(3, 2));
    const double square = 2.0 / 9 + 6 / (9 * 4.0) + 6.0 / 9;
    const double exact = mu_gaussian_epsilon(sqrt(square), 1e-5);
    assert_true(fabs(e->evaluation[8].record.privacy.epsilon - exact) < 1e-9 * exact);
    assert_memory_equal(e->result.model, again->result.model, 2 * sizeof(double));
    private_with(NAN, 2);
    config.epsilon = 1.5;
    struct engine *const target = walk(options, &privacy);
    const double spent = target->evaluation[8].record.privacy.epsilon;
    assert_true(spent <= 1.5 && spent > 1.5 * (1 - 1e-4));
    engine_free(e);
    engine_free(again);
    engine_free(target);
}

/* Towards somebody who sees one worker's messages, gradients and differences have a third of the noise variance; the
 * worker that walks adds all of a local step's noise itself. */
static void one_workers_messages_have_their_own_cost(void **state) {
    (void)state;
    const char *const options = "{\"restart\": 4, \"budget\": 2, \"local_steps\": 3, " WALK "}";
    private_with(3, 2);
    config.noise = MU_NOISE_PER_WORKER;
    privacy.share = 1 / sqrt(3.0);
    struct engine *const e = walk(options, &privacy);
    const double gradients = 2.0 / 9 + 6 / (9 * 4.0), local = 6.0 / 9;
    const double central = mu_gaussian_epsilon(sqrt(gradients + local), 1e-5);
    const double message = mu_gaussian_epsilon(sqrt(3 * gradients + local), 1e-5);
    const struct mu_evaluation *const last = &e->evaluation[8].record;
    assert_true(fabs(last->privacy.epsilon - central) < 1e-9 * central);
    assert_true(fabs(last->epsilon_per_worker - message) < 1e-9 * message);
    assert_true(mu_gaussian_epsilon(sqrt(3 * (gradients + local)), 1e-5) > 1.1 * message);
    engine_free(e);
    struct engine *const alone = walk(options, private_with(3, 2));
    assert_true(isnan(alone->evaluation[8].record.epsilon_per_worker));
    engine_free(alone);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_noise_it_is_gradient_descent),
        cmocka_unit_test(restart_one_is_dp_gd_to_the_bit),
        cmocka_unit_test(rows_and_differences_are_clipped),
        cmocka_unit_test(noise_has_its_size_and_its_cost),
        cmocka_unit_test(the_papers_calibration),
        cmocka_unit_test(a_model_that_stands_still_is_no_accident),
        cmocka_unit_test(rows_that_are_not_finite_count_as_zero),
        cmocka_unit_test(a_walk_of_one_step_is_the_gd_routine),
        cmocka_unit_test(a_longer_walk_is_the_recursion),
        cmocka_unit_test(a_walk_has_its_cost),
        cmocka_unit_test(one_workers_messages_have_their_own_cost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
