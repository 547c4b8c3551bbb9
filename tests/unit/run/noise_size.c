/* The noise that really moves the model, from whole configs to the models in metrics.jsonl, has the standard deviation
 * that was charged for. Losses are so flat that nothing but noise moves a model (or two runs that differ in the
 * multiplier alone are subtracted), and the multiplier is not taken from the config but found back from the epsilon in
 * the metrics. The sum of the squares over what was charged is chi-square of n degrees; it may lie
 * SUPPORT_SCORE_LIMIT deviations off, which an honest mechanism does once in 1e6 tests. With deviations 1.2 times as
 * large each of them must fail. */
#include "support_run.h"

#include "muster/privacy/privacy.h"

enum { DIM = 16, STEPS = 180, CLIENTS = 4 };
enum { ALL = STEPS * DIM, HALF = ALL / 2, THIRD = ALL / 3 }; /* numbers */

struct trail {
    double x[STEPS + 1][DIM], epsilon[STEPS + 1], per_worker[STEPS + 1], clip[STEPS + 1];
    size_t dim;
};

static double real_of(const cJSON *line, const char *name) {
    const cJSON *const value = cJSON_GetObjectItemCaseSensitive(line, name);
    return cJSON_IsNumber(value) ? value->valuedouble : NAN;
}

static void follow(const char *text, struct trail *out) {
    (void)run_of(text, "out");
    cJSON *const lines = run_lines("out/metrics.jsonl");
    assert_int_equal(cJSON_GetArraySize(lines), STEPS + 1);
    size_t t = 0;
    const cJSON *line = NULL;
    cJSON_ArrayForEach(line, lines) {
        size_t k = 0;
        const cJSON *value = NULL;
        cJSON_ArrayForEach(value, run_member(line, "model")) {
            assert_true(k < DIM);
            out->x[t][k++] = value->valuedouble;
        }
        out->dim = k;
        out->epsilon[t] = real_of(line, "epsilon");
        out->per_worker[t] = real_of(line, "epsilon_per_worker");
        out->clip[t++] = real_of(line, "clip");
    }
    cJSON_Delete(lines);
    support_remove_dir(run_path("out"));
}

/* Clients of one row each, loss 1e-14 |x|^2 / 2 - b x, b being `pull` in every second client. */
static const char *flat(double pull) {
    static char text[12000];
    char *at = text, *const end = text + sizeof text;
    at += snprintf(at, (size_t)(end - at), "\"data\": {\"source\": \"quadratic\", \"A\": [");
    for (int i = 0; i < CLIENTS; i++) {
        for (int row = 0; row < DIM; row++) {
            for (int k = 0; k < DIM; k++) {
                at += snprintf(at, (size_t)(end - at), "%s%s",
                               k > 0     ? ", "
                               : row > 0 ? ", ["
                               : i > 0   ? ", [["
                                         : "[[",
                               k == row ? "1e-14" : "0");
            }
            at += snprintf(at, (size_t)(end - at), "]");
        }
        at += snprintf(at, (size_t)(end - at), "]");
    }
    at += snprintf(at, (size_t)(end - at), "], \"b\": ");
    for (int i = 0; i < CLIENTS; i++) {
        for (int k = 0; k < DIM; k++) {
            at += snprintf(at, (size_t)(end - at), "%s%g", k > 0 ? ", " : i > 0 ? "], [" : "[[", i % 2 == 0 ? pull : 0);
        }
    }
    snprintf(at, (size_t)(end - at), "]]}, \"model\": {\"kind\": \"vector\"}");
    return text;
}

#define STOP "\"stop\": {\"steps\": 180}, \"evaluate\": {\"every_steps\": 1}"
#define SEED "\"delta\": 1e-5, \"insecure_noise_seed\": 4, \"accountant\": \"zcdp\""
#define EVERYBODY "\"fedavg\", \"cohort\": 4, \"weights\": \"uniform\""

/* One config; `strategy` after "kind": , `privacy` without the braces. */
static struct trail *run(const char *world, const char *client, const char *strategy, const char *lr, double pull,
                         const char *privacy) {
    static struct trail trail[2];
    static int next;
    char text[16000];
    snprintf(text, sizeof text,
             "{%s, \"client\": {%s}, \"server\": {\"strategy\": {\"kind\": %s}, \"optimizer\": {\"kind\": \"sgd\", "
             "\"lr\": %s}, \"importance\": \"uniform\"}, \"world\": {%s}, \"privacy\": {" SEED ", %s}, " STOP "}",
             flat(pull), client, strategy, lr, world, privacy);
    struct trail *const out = &trail[next++ % 2];
    follow(text, out);
    return out;
}

#define STEP "\"local_steps\": 1, \"optimizer\": {\"kind\": \"sgd\", \"lr\": 1}"

/* The multiplier at which `event` costs that epsilon. */
static double charged(const char *accountant, struct mu_dp_event event, double epsilon) {
    double low = 0.02, high = 1e4;
    for (int i = 0; i < 60; i++) {
        struct mu_dp_cost cost;
        struct mu_err err = {.code = MU_OK};
        event.sigma = sqrt(low * high);
        assert_int_equal(mu_dp_epsilon(mu_accountant_find(accountant), 1, &event, 1e-5, &cost, &err), MU_OK);
        *(cost.epsilon > epsilon ? &low : &high) = event.sigma;
    }
    return high;
}

/* Of plain Gaussians under zcdp: the sum of 1 / z^2 over the releases. */
static double spent(double epsilon) {
    const struct mu_dp_event one = {.kind = MU_DP_GAUSSIAN, .q = 1, .count = 1};
    const double z = epsilon > 0 ? charged("zcdp", one, epsilon) : INFINITY;
    return 1 / (z * z);
}

static void expect_size(const char *what, double square, size_t n) {
    const double limit = SUPPORT_SCORE_LIMIT * sqrt(2.0 * (double)n);
    print_message("%s: deviation %.4f of what was charged (%zu numbers)\n", what, sqrt(square / (double)n), n);
    assert_true(fabs(square - (double)n) < limit);
    assert_true(fabs(square / 1.44 - (double)n) > limit);
    assert_true(fabs(square * 1.44 - (double)n) > limit);
}

/* Sum of the squared steps over std^2. */
static double squares(const struct trail *r, double std) {
    double sum = 0;
    for (size_t t = 0; t < STEPS; t++) {
        for (size_t k = 0; k < r->dim; k++) {
            const double z = (r->x[t + 1][k] - r->x[t][k]) / std;
            sum += z * z;
        }
    }
    return sum;
}

/* Noise of sensitivity `clips` clips on a sum over a cohort, for the multiplier charged at the end. */
static void expect_central(const char *what, const struct trail *r, const char *accountant, struct mu_dp_event event,
                           double clips, double cohort) {
    event.count = STEPS;
    const double z = charged(accountant, event, r->epsilon[STEPS]);
    expect_size(what, squares(r, z * clips * 3 / cohort), ALL);
}

static const struct mu_dp_event plain = {.kind = MU_DP_GAUSSIAN, .unit = MU_DP_CLIENT, .q = 1};

static void noise_on_sums_of_updates(void **state) {
    (void)state;
    expect_central("gaussian",
                   run("", STEP, EVERYBODY, "1", 0,
                       "\"kind\": \"client\", \"noise_multiplier\": 5, "
                       "\"clip\": 3"),
                   "zcdp", plain, 1, 4);
    struct mu_dp_event sampled = plain;
    sampled.kind = MU_DP_POISSON_GAUSSIAN;
    sampled.q = 0.5;
    expect_central("poisson cohorts",
                   run("", STEP,
                       "\"fedavg\", \"cohort\": 2, \"weights\": \"uniform\", "
                       "\"sampling\": \"poisson\"",
                       "1", 0,
                       "\"kind\": \"client\", "
                       "\"noise_multiplier\": 5, \"clip\": 3"),
                   "zcdp", sampled, 1, 2);
    sampled.kind = MU_DP_WOR_GAUSSIAN;
    sampled.adjacency = MU_DP_REPLACE_ONE;
    expect_central("fixed cohorts",
                   run("", STEP, "\"fedavg\", \"cohort\": 2, \"weights\": \"uniform\"", "1", 0,
                       "\"kind\": \"client\", \"noise_multiplier\": 15, \"clip\": 3, "
                       "\"sampling\": \"fixed\""),
                   "zcdp", sampled, 2, 2);
    expect_central("discrete",
                   run("", STEP, EVERYBODY, "1", 0,
                       "\"kind\": \"client\", \"noise_multiplier\": 5, "
                       "\"clip\": 3, \"mechanism\": {\"kind\": \"discrete_gaussian\"}"),
                   "zcdp", plain, 1, 4);
}

/* Buffers of 2: each client is in half of the steps, and pays for those. */
static void noise_on_buffers(void **state) {
    (void)state;
    const struct trail *const r = run("\"duration_s\": 1", STEP, "\"fedbuff\", \"buffer_size\": 2", "1", 0,
                                      "\"kind\": \"client\", \"noise_multiplier\": 5, \"clip\": 3");
    struct mu_dp_event half = plain;
    half.count = STEPS / 2;
    expect_size("buffers", squares(r, charged("zcdp", half, r->epsilon[STEPS]) * 3 / 2), ALL);
}

/* Shares add up to the central noise, also where clients are lost; with one that colludes there are more. */
static void noise_in_shares(void **state) {
    (void)state;
    struct mu_dp_event all = plain;
    all.count = STEPS;
#define SHARES "\"kind\": \"client\", \"noise_multiplier\": 5, \"clip\": 3, \"noise\": \"per_worker\""
    const struct trail *r = run("", STEP, EVERYBODY, "1", 0, SHARES);
    expect_central("shares", r, "zcdp", plain, 1, 4);
    const double z = charged("zcdp", all, r->per_worker[STEPS]); /* one share alone: half the deviation */
    expect_size("one share", squares(r, 2 * z * 3 / 4), ALL);
    const double central = charged("zcdp", all, r->epsilon[STEPS]);
    r = run("\"duration_s\": 1, \"dropout\": 0.3", STEP, EVERYBODY, "1", 0, SHARES);
    expect_size("shares, some lost", squares(r, central * 3 / 4), ALL);
    r = run("\"duration_s\": 1, \"dropout\": 0.3", STEP, EVERYBODY, "1", 0,
            SHARES ", \"mechanism\": {\"kind\": \"discrete_gaussian\"}");
    expect_size("discrete shares, some lost", squares(r, central * 3 / 4), ALL);
    r = run("", STEP, EVERYBODY, "1", 0, SHARES ", \"colluding\": 1");
    expect_size("shares of three and one more",
                squares(r, charged("zcdp", all, r->epsilon[STEPS]) * sqrt(4.0 / 3) * 3 / 4), ALL);
}

/* z_Delta on the sum and sigma_b on the count, of sensitivity 1/2, cost together what was charged. Two of four updates
 * are always clipped, two never, so the clip moves by the noise on the count alone. */
static void check_adaptive(const char *what, const char *where) {
    char privacy[400];
    snprintf(privacy, sizeof privacy,
             "\"kind\": \"client\", \"noise_multiplier\": 5, \"clip\": 3, \"noise\": \"%s\", \"adaptive\": "
             "{\"enabled\": true, \"learning_rate\": 0.001, \"sigma_b\": 3}",
             where);
    const struct trail *const r = run("", STEP, EVERYBODY, "1", 1e9, privacy);
    struct mu_dp_event all = plain;
    all.count = STEPS;
    const double z = charged("zcdp", all, r->epsilon[STEPS]);
    const double sum_z = 1 / sqrt(1 / (z * z) - 1.0 / 36);
    double square = 0;
    for (size_t t = 0; t < STEPS; t++) {
        for (size_t k = 0; k < DIM; k++) {
            const double drift = 2.0 / 4 / sqrt(DIM) * r->clip[t]; /* of the two that are clipped */
            const double noise = (r->x[t + 1][k] - r->x[t][k] - drift) / (sum_z * r->clip[t] / 4);
            square += noise * noise;
        }
    }
    expect_size(what, square, ALL);
    /* Counts are clamped to [0, 4], so their sign is what is looked at: 1 in [0, 4] of N(2, 3^2) is not clamped. */
    size_t inside = 0;
    for (size_t t = 0; t < STEPS; t++) {
        inside += fabs(log(r->clip[t + 1] / r->clip[t])) < 0.5 * 0.001 * (1 - 1e-6);
    }
    const double p = erf(2.0 / 3 / M_SQRT2);
    const double score = ((double)inside - p * STEPS) / sqrt(p * (1 - p) * STEPS);
    const double wrong = erf(2.0 / 6 / M_SQRT2); /* negative control: twice the noise */
    assert_true(fabs(score) < SUPPORT_SCORE_LIMIT);
    assert_true(((double)inside - wrong * STEPS) / sqrt(wrong * (1 - wrong) * STEPS) > SUPPORT_SCORE_LIMIT);
}

static void noise_of_adaptive_clipping(void **state) {
    (void)state;
    check_adaptive("sum under adaptive clipping", "central");
    check_adaptive("the same in shares", "per_worker");
}

/* Trees of 3 leaves, of height 2: their first nodes, and the two of the third leaf. A leaf each for 4 clients. */
static void noise_of_trees(void **state) {
    (void)state;
    const struct trail *const r =
        run("", STEP, "\"fedavg\", \"cohort\": 1, \"weights\": \"uniform\"", "1", 0,
            "\"kind\": \"client\", \"noise_multiplier\": 5, \"clip\": 3, \"tree\": {\"kind\": \"binary\", "
            "\"restart_steps\": 3}");
    const struct mu_dp_event trees = {
        .kind = MU_DP_TREE, .unit = MU_DP_CLIENT, .adjacency = MU_DP_ZERO_OUT, .count = STEPS / 3, .steps = 3};
    const double std = charged("zcdp", trees, r->epsilon[STEPS]) * 3;
    double square[2] = {0, 0};
    for (size_t t = 0; t < STEPS; t += 3) {
        for (size_t k = 0; k < DIM; k++) {
            const double first = (r->x[t + 1][k] - r->x[t][k]) / std, third = (r->x[t + 3][k] - r->x[t][k]) / std;
            square[0] += first * first;
            square[1] += third * third / 2;
        }
    }
    expect_size("tree, first leaf", square[0], THIRD);
    expect_size("tree, third leaf", square[1], THIRD);
}

/* v anew in even steps: deviation 2 w C1 z1; and 2 w C2 D z2 more in odd ones. w = 1/4 of one row. */
static void check_differences(const char *what, const struct trail *r, double excess) {
    double square[2] = {0, 0}, v[DIM] = {0};
    for (size_t t = 0; t < STEPS; t++) {
        const double z = sqrt(1 / (spent(r->epsilon[t + 1]) - spent(r->epsilon[t])));
        double moved = 0;
        for (size_t k = 0; k < DIM && t > 0; k++) {
            moved = hypot(moved, r->x[t][k] - r->x[t - 1][k]);
        }
        const double std = excess * 2.0 / 4 * (t % 2 == 0 ? 3 : 0.7 * moved) * z;
        for (size_t k = 0; k < DIM; k++) {
            const double now = (r->x[t + 1][k] - r->x[t][k]) / 0.5;
            const double noise = (now - (t % 2 == 0 ? 0 : v[k])) / std;
            square[t % 2] += noise * noise;
            v[k] = now;
        }
    }
    char text[100];
    snprintf(text, sizeof text, "%s, full gradients", what);
    expect_size(text, square[0], HALF);
    snprintf(text, sizeof text, "%s, differences", what);
    expect_size(text, square[1], HALF);
}

#define DIFF2 "\"diff2\", \"restart\": 2, \"clip\": 3, \"clip_difference\": 0.7"
#define RECORD "\"kind\": \"record\", \"noise_multiplier\": 20, \"clip\": 3"

static void noise_of_differences(void **state) {
    (void)state;
    check_differences("diff2", run("", "", DIFF2, "0.5", 0, RECORD), 1);
    check_differences("diff2 in shares", run("", "", DIFF2, "0.5", 0, RECORD ", \"noise\": \"per_worker\""), 1);
    check_differences("diff2 in shares of three and one more",
                      run("", "", DIFF2, "0.5", 0, RECORD ", \"noise\": \"per_worker\", \"colluding\": 1"),
                      sqrt(4.0 / 3));
}

/* Walks of one step and of two along the same v, which restarts in each round: x - 2 eta v - eta n against x - eta v,
 * where n has deviation 2 C3 D z / b, D = eta |v|. */
static void noise_of_walks(void **state) {
    (void)state;
#define WALKS                                                                                                 \
    "\"diff2\", \"restart\": 1, \"clip\": 3, \"clip_local\": 0.7, \"routine\": \"bvr_l_sgd\", \"lr\": 0.25, " \
    "\"batch_size\": 1, \"local_steps\": "
    const struct trail *const one = run("", "", WALKS "1", "1", 0, RECORD);
    const struct trail *const two = run("", "", WALKS "2", "1", 0, RECORD);
    /* The first worker walks in every fourth round, and is charged for it. */
    const double local = spent(two->epsilon[STEPS]) - spent(one->epsilon[STEPS]);
    const double z = sqrt((double)STEPS / CLIENTS / local);
    double square = 0;
    for (size_t t = 0; t < STEPS; t++) {
        double moved = 0;
        for (size_t k = 0; k < DIM; k++) {
            moved = hypot(moved, one->x[t + 1][k] - one->x[t][k]);
        }
        for (size_t k = 0; k < DIM; k++) {
            const double noise = two->x[t + 1][k] - two->x[t][k] - 2 * (one->x[t + 1][k] - one->x[t][k]);
            square += pow(noise / (0.25 * 2 * 0.7 * moved * z), 2);
        }
    }
    expect_size("local steps of bvr_l_sgd", square, ALL);
}

/* Full batches of one row, 3 steps a round, the mean of 4 clients; and Poisson batches, of which two runs with the same
 * draws are subtracted. */
static void noise_of_local_training(void **state) {
    (void)state;
    struct mu_dp_event local = {.kind = MU_DP_GAUSSIAN, .unit = MU_DP_RECORD, .q = 1, .count = INT64_C(3) * STEPS};
    const struct trail *const r =
        run("", "\"local_steps\": 3, \"batch_size\": \"full\", \"optimizer\": {\"kind\": \"sgd\", \"lr\": 0.5}",
            EVERYBODY, "1", 0, "\"kind\": \"record\", \"noise_multiplier\": 5, \"clip\": 3");
    expect_size("dp-sgd", squares(r, charged("zcdp", local, r->epsilon[STEPS]) * 3 * 0.5 * sqrt(3.0 / 4)), ALL);

    static struct trail sampled[2];
    double z[2];
    local.kind = MU_DP_POISSON_GAUSSIAN;
    local.q = 0.1;
    local.count = INT64_C(2) * STEPS;
    for (int i = 0; i < 2; i++) {
        char text[1500];
        snprintf(
            text, sizeof text,
            "{\"data\": {\"source\": \"blobs\", \"samples\": 160, \"test_samples\": 10, \"features\": 7, \"classes\": "
            "2, "
            "\"clients\": 2, \"partition\": {\"kind\": \"iid\"}}, \"model\": {\"kind\": \"softmax\", \"precision\": "
            "\"float64\"}, \"client\": {\"local_steps\": 2, \"batch_size\": 8, \"optimizer\": {\"kind\": \"sgd\", "
            "\"lr\": 1e-7}}, \"server\": {\"strategy\": {\"kind\": \"fedavg\", \"cohort\": 2}}, \"privacy\": "
            "{\"kind\": \"record\", \"noise_multiplier\": %d, \"clip\": 3, " SEED "}, " STOP "}",
            2 + 2 * i);
        follow(text, &sampled[i]);
        z[i] = charged("zcdp", local, sampled[i].epsilon[STEPS]);
    }
    for (size_t t = 0; t <= STEPS; t++) {
        for (size_t k = 0; k < DIM; k++) {
            sampled[1].x[t][k] -= sampled[0].x[t][k];
        }
    }
    assert_int_equal(sampled[1].dim, DIM);
    expect_size("dp-sgd, poisson batches", squares(&sampled[1], (z[1] - z[0]) * 3 / 8 * 1e-7 * sqrt(2.0 / 2)), ALL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noise_on_sums_of_updates), cmocka_unit_test(noise_on_buffers),
        cmocka_unit_test(noise_in_shares),          cmocka_unit_test(noise_of_adaptive_clipping),
        cmocka_unit_test(noise_of_trees),           cmocka_unit_test(noise_of_differences),
        cmocka_unit_test(noise_of_walks),           cmocka_unit_test(noise_of_local_training),
    };
    return cmocka_run_group_tests(tests, run_set_up, run_tear_down);
}
