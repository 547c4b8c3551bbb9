/* The server optimizers, through their rows of the registry, against scalar recurrences written out from
 * specs/async.md, section 4. */
#include "support.h"

#include <cJSON.h>

#include "muster/base/mem.h"
#include "muster/sim/sim.h"
#include "optimizer/server_optimizer.h"

enum { DIM = 5, STEPS = 40 };

/* A direction that changes sign and size from step to step, with zeros among it. */
static double direction(int step, size_t i) {
    return i == 3 && step % 2 == 0 ? 0 : sin(1.3 * step + (double)i) * exp2((double)i - 3);
}

/* x after 1, 2, ... STEPS steps. `options` is JSON text. */
static void run(const char *name, const char *options, double out[STEPS][DIM]) {
    const struct mu_kind *const kind = mu_registry_find(&mu_server_optimizers, name);
    assert_non_null(kind);
    const struct mu_server_optimizer *const optimizer = (const void *)kind;
    struct mu_err err = {.code = MU_OK};
    double values[32] = {0}; /* aligned room for the options */
    assert_true(kind->group.size <= sizeof values);
    cJSON *json = cJSON_Parse(options);
    assert_non_null(json);
    mu_group_parse(&kind->group, json, "test", "", values, &err);
    cJSON_Delete(json);
    support_expect_ok(&err);
    double memory[MU_MOMENTS][DIM] = {{0}}, *moment[MU_MOMENTS] = {NULL}, x[DIM] = {0};
    for (size_t k = 0; k < optimizer->moments; k++) {
        moment[k] = memory[k];
    }
    for (size_t i = 0; i < DIM; i++) {
        x[i] = 1.0 / (double)(i + 1);
    }
    if (optimizer->start != NULL) {
        optimizer->start(values, DIM, moment);
    }
    for (int step = 1; step <= STEPS; step++) {
        double d[DIM];
        for (size_t i = 0; i < DIM; i++) {
            d[i] = direction(step, i);
        }
        optimizer->step(values, (uint64_t)step, DIM, d, x, moment, out[step - 1]);
        memcpy(x, out[step - 1], sizeof x);
    }
    mu_group_clear(&kind->group, values);
}

/* What the specification says, one number at a time. */
struct scalar {
    char rule; /* 's', 'm', 'g' adagrad, 'a' adam, 'y' yogi, 'x' amsgrad */
    double eta, beta1, beta2, tau, v0;
    bool bias;
};

static double sign(double x) {
    return (double)((x > 0) - (x < 0));
}

static double worst_difference(const struct scalar *o, double out[STEPS][DIM]) {
    double worst = 0;
    for (size_t i = 0; i < DIM; i++) {
        double x = 1.0 / (double)(i + 1), m = 0, v = o->v0, most = o->v0;
        for (int t = 1; t <= STEPS; t++) {
            const double D = direction(t, i);
            double eta = o->eta;
            if (o->bias) {
                eta *= sqrt(1 - pow(o->beta2, t)) / (1 - pow(o->beta1, t));
            }
            switch (o->rule) {
            case 's':
                x += eta * D;
                break;
            case 'm':
                m = o->beta1 * m + D;
                x += eta * m;
                break;
            default:
                m = o->beta1 * m + (1 - o->beta1) * D;
                v = o->rule == 'g'   ? v + D * D
                    : o->rule == 'y' ? v - (1 - o->beta2) * D * D * sign(v - D * D)
                                     : o->beta2 * v + (1 - o->beta2) * D * D;
                most = fmax(most, v);
                x += m == 0 ? 0 : eta * m / (sqrt(o->rule == 'x' ? most : v) + o->tau);
            }
            worst = fmax(worst, fabs(out[t - 1][i] - x));
        }
    }
    return worst;
}

/* It agrees with the recurrence, and not with one whose parameters are a little off. */
static void expect(const char *name, const char *options, struct scalar o) {
    double out[STEPS][DIM];
    run(name, options, out);
    const double worst = worst_difference(&o, out);
    if (!(worst < 1e-12)) {
        fail_msg("%s %s is off by %g", name, options, worst);
    }
    struct scalar broken = o;
    broken.eta *= 1.001;
    assert_true(worst_difference(&broken, out) > 1e-5);
    if (o.rule == 'a' || o.rule == 'y' || o.rule == 'x') {
        broken = o;
        broken.beta2 -= 0.001;
        assert_true(worst_difference(&broken, out) > 1e-6);
        broken = o;
        broken.bias = !o.bias;
        assert_true(worst_difference(&broken, out) > 1e-4);
    }
    if (o.rule != 's' && o.rule != 'm') {
        broken = o;
        broken.tau += 1e-4;
        assert_true(worst_difference(&broken, out) > 1e-7);
        broken = o;
        broken.v0 += 0.01;
        assert_true(worst_difference(&broken, out) > 1e-7);
    }
}

static void defaults_are_the_published_ones(void **state) {
    (void)state;
    expect("sgd", "{}", (struct scalar){'s', .eta = 1});
    expect("momentum", "{}", (struct scalar){'m', .eta = 1, .beta1 = 0.9});
    expect("adagrad", "{}", (struct scalar){'g', .eta = 0.1, .beta1 = 0, .tau = 1e-3});
    expect("adam", "{}", (struct scalar){'a', .eta = 0.1, .beta1 = 0.9, .beta2 = 0.99, .tau = 1e-3});
    expect("yogi", "{}", (struct scalar){'y', .eta = 0.01, .beta1 = 0.9, .beta2 = 0.99, .tau = 1e-3});
    expect("amsgrad", "{}", (struct scalar){'x', .eta = 0.1, .beta1 = 0.9, .beta2 = 0.99, .tau = 1e-8});
}

static void every_option_does_what_the_recurrence_says(void **state) {
    (void)state;
    expect("sgd", "{\"lr\": 0.3}", (struct scalar){'s', .eta = 0.3});
    expect("momentum", "{\"lr\": 0.5, \"momentum\": 0.7}", (struct scalar){'m', .eta = 0.5, .beta1 = 0.7});
    expect("momentum", "{\"momentum\": 0}", (struct scalar){'s', .eta = 1});
    expect("adagrad", "{\"lr\": 0.4, \"beta1\": 0.5, \"tau\": 0.01, \"v0\": 0.2}",
           (struct scalar){'g', .eta = 0.4, .beta1 = 0.5, .tau = 0.01, .v0 = 0.2});
    expect("adam", "{\"lr\": 0.4, \"beta1\": 0.5, \"beta2\": 0.8, \"tau\": 0.01, \"v0\": 0.2}",
           (struct scalar){'a', .eta = 0.4, .beta1 = 0.5, .beta2 = 0.8, .tau = 0.01, .v0 = 0.2});
    expect("amsgrad", "{\"lr\": 0.4, \"beta1\": 0.5, \"beta2\": 0.8, \"tau\": 0.01, \"v0\": 0.02}",
           (struct scalar){'x', .eta = 0.4, .beta1 = 0.5, .beta2 = 0.8, .tau = 0.01, .v0 = 0.02});
    expect("yogi", "{\"lr\": 0.4, \"beta1\": 0.5, \"beta2\": 0.8, \"tau\": 0.01, \"v0\": 0.2}",
           (struct scalar){'y', .eta = 0.4, .beta1 = 0.5, .beta2 = 0.8, .tau = 0.01, .v0 = 0.2});
}

/* Flower's FedAdam: eta sqrt(1 - b2^t) / (1 - b1^t), t from 1. */
static void bias_correction_scales_the_rate(void **state) {
    (void)state;
    expect("adam", "{\"bias_correction\": true}",
           (struct scalar){'a', .eta = 0.1, .beta1 = 0.9, .beta2 = 0.99, .tau = 1e-3, .bias = true});
    expect("yogi", "{\"bias_correction\": true, \"beta1\": 0.5}",
           (struct scalar){'y', .eta = 0.01, .beta1 = 0.5, .beta2 = 0.99, .tau = 1e-3, .bias = true});
    const struct mu_adaptive o = {.lr = 2, .beta1 = 0.9, .beta2 = 0.99, .bias_correction = true};
    assert_true(fabs(mu_adaptive_lr(&o, 1) - 2 * 0.1 / 0.1) < 1e-12); /* sqrt(0.01) / 0.1 */
    assert_true(fabs(mu_adaptive_lr(&o, 100000) - 2) < 1e-12);
}

/* v is at v0 before the first step and m at zero: m is the engine's zeroed memory, which start must leave alone. */
static void start_fills_v_only(void **state) {
    (void)state;
    const struct mu_adaptive o = {.v0 = 0.25};
    double m[3] = {7, 7, 7}, v[3] = {0};
    double *const moment[MU_MOMENTS] = {m, v};
    mu_adaptive_start(&o, 3, moment);
    for (size_t i = 0; i < 3; i++) {
        assert_true(m[i] == 7 && v[i] == 0.25);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_the_published_ones),
        cmocka_unit_test(every_option_does_what_the_recurrence_says),
        cmocka_unit_test(bias_correction_scales_the_rate),
        cmocka_unit_test(start_fills_v_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
