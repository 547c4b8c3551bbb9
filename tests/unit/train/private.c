/* DP-SGD within a job: who is in a batch, what is added, and what it is divided by. */
#include "support.h"

/* Records the calls for noise; the numbers are known: std times 1 + 0.1 step + 0.01 (number mod 7). */
struct source {
    uint64_t calls, last_step;
    size_t next; /* number expected next */
    double std;
    uint64_t draws;
};

static double known_noise(uint64_t step, size_t i) {
    return 1 + 0.1 * (double)step + 0.01 * (double)(i % 7);
}

static void add_known_noise(void *context, uint64_t step, double std, size_t first, size_t n, double *x) {
    struct source *const source = context;
    source->calls++;
    if (step != source->last_step) {
        assert_int_equal(step, source->last_step + 1);
        source->next = 0;
    }
    assert_int_equal(first, source->next);
    source->last_step = step;
    source->next = first + n;
    source->std = std;
    for (size_t i = 0; i < n; i++) {
        x[i] += std * known_noise(step, first + i);
    }
}

static double *run_private(struct setup *s, const struct problem *p, const double *start, const struct mu_dp_local *dp,
                           uint32_t ordinal, struct mu_local_result *result) {
    struct mu_err err = {0};
    void *const x = encode(s, start), *const update = make(s->dim, sizeof(double));
    const struct mu_local_job job = {
        .rows = &p->rows, .start = x, .seed = 5, .client = 3, .ordinal = ordinal, .lr = 0.125, .dp = dp};
    check_ok(mu_trainer_run(s->trainer, &job, update, result, NULL, &err), &err);
    double *const out = decode(s, update);
    free(x);
    free(update);
    return out;
}

/* Row i's loss is |x - e_i|^2 / 2, whose gradient at 0 has length 1 and shows that row i is in the batch. */
static struct problem *make_revealing_problem(size_t n) {
    struct problem *const p = make_problem(MU_QUADRATIC, n, n, 0, false, 1);
    for (size_t i = 0; i < n * n; i++) {
        p->x[i] = i % (n + 1) == 0;
    }
    return p;
}

enum { ROWS = 40, JOBS = 6000 };

struct tally {
    double row[ROWS];   /* jobs whose batch has the row */
    double pair;        /* jobs that have rows 0 and 1 */
    double sum, square; /* of the batches' sizes */
};

static struct tally count_batches(struct setup *s, const struct problem *p, const struct mu_dp_local *dp) {
    double *const zero = make(s->dim, sizeof *zero);
    struct tally tally = {0};
    for (uint32_t j = 0; j < JOBS; j++) {
        struct mu_local_result result;
        double *const update = run_private(s, p, zero, dp, j, &result), m = 0;
        for (size_t i = 0; i < ROWS; i++) {
            /* Fixed denominator: the same share of a row whatever the batch. */
            assert_true(update[i] == 0 || update[i] == 0.125 / 8);
            tally.row[i] += update[i] != 0;
            m += update[i] != 0;
        }
        assert_true(m == (double)result.samples);
        tally.pair += update[0] != 0 && update[1] != 0;
        tally.sum += m;
        tally.square += m * m;
        free(update);
    }
    free(zero);
    return tally;
}

/* Whether all of it is within 4.5 standard errors of independent draws with probability q. */
static bool looks_like(const struct tally *t, double q) {
    const double jobs = JOBS, limit = 4.5;
    bool good = fabs(t->pair - jobs * q * q) < limit * sqrt(jobs * q * q * (1 - q * q));
    for (size_t i = 0; i < ROWS; i++) {
        good = good && fabs(t->row[i] - jobs * q) < limit * sqrt(jobs * q * (1 - q));
    }
    const double mean = t->sum / jobs, variance = t->square / jobs - mean * mean, expected = ROWS * q * (1 - q);
    good = good && fabs(mean - ROWS * q) < limit * sqrt(expected / jobs);
    return good && fabs(variance / expected - 1) < limit * sqrt(2 / jobs);
}

static double count_uniform(void *context, uint64_t step, uint64_t index) {
    struct source *const source = context;
    struct mu_rng rng;
    mu_rng_init(&rng, 99, MU_STREAM_NOISE, (uint32_t)index, (uint32_t)(source->draws + step));
    return mu_rng_uniform(&rng);
}

/* As count_uniform, a new sequence each job. */
static double job_uniform(void *context, uint64_t step, uint64_t index) {
    struct source *const source = context;
    source->draws += index == 0;
    return count_uniform(context, step, index);
}

static void batches_are_poisson(void **state) {
    (void)state;
    struct problem *const p = make_revealing_problem(ROWS);
    struct setup *const s = make_setup(p, "{\"kind\": \"vector\"}", "{\"local_steps\": 1, \"batch_size\": 8}");
    struct source source = {0};
    for (int own = 0; own < 2; own++) {
        const struct mu_dp_local dp = {
            .clip = 2, .rate = 0.2, .denominator = 8, .context = &source, .uniform = own ? job_uniform : NULL};
        const struct tally tally = count_batches(s, p, &dp);
        assert_true(looks_like(&tally, 0.2));
        assert_false(looks_like(&tally, 0.21));
        assert_false(looks_like(&tally, 0.19));
    }
    assert_true(source.draws > JOBS / 2);
    free_setup(s);
    free_problem(p);
}

/* A cohort of fixed size has no spread: the check of the batch's size would notice. */
static void a_fixed_batch_would_be_noticed(void **state) {
    (void)state;
    struct tally tally = {.pair = JOBS * 0.04, .sum = JOBS * 8.0, .square = JOBS * 64.0};
    for (size_t i = 0; i < ROWS; i++) {
        tally.row[i] = JOBS * 0.2;
    }
    assert_false(looks_like(&tally, 0.2));
    tally.square = JOBS * (64 + 6.4);
    assert_true(looks_like(&tally, 0.2));
}

static void an_empty_batch_is_a_step_of_noise_alone(void **state) {
    (void)state;
    struct problem *const p = make_revealing_problem(ROWS);
    struct setup *const s = make_setup(p, "{\"kind\": \"vector\"}", "{\"local_steps\": 3, \"batch_size\": 8}");
    struct source source = {0};
    const struct mu_dp_local dp = {
        .clip = 2, .noise_multiplier = 0.5, .rate = 0, .denominator = 4, .context = &source, .noise = add_known_noise};
    struct mu_local_result result;
    double *const zero = make(s->dim, sizeof *zero), *const update = run_private(s, p, zero, &dp, 0, &result);
    for (size_t i = 0; i < s->dim; i++) {
        const double noise = known_noise(1, i) + known_noise(2, i) + known_noise(3, i);
        assert_true(fabs(update[i] + 0.125 / 4 * noise) < 1e-15);
    }
    assert_int_equal(result.steps, 3);
    assert_int_equal(result.samples, 0);
    assert_int_equal(source.last_step, 3);
    assert_true(source.std == 1); /* noise multiplier times clip */
    assert_true(result.loss == 0 && isfinite(result.norm));
    free(zero);
    free(update);
    free_setup(s);
    free_problem(p);
}

/* y after `steps` full batches by an explicit loop over rows. */
static void explicit_steps(struct setup *s, const struct problem *p, const struct mu_dp_local *dp, uint64_t steps,
                           double momentum, double l2, double mu, const double *start, double *y) {
    double *const g = make(s->dim, sizeof *g), *const sum = make(s->dim, sizeof *sum);
    double *const v = make(s->dim, sizeof *v);
    for (uint64_t t = 1; t <= steps; t++) {
        for (size_t i = 0; i < s->dim; i++) {
            sum[i] = dp->noise_multiplier > 0 ? dp->noise_multiplier * dp->clip * known_noise(t, i) : 0;
        }
        for (uint32_t r = 0; r < p->rows.n; r++) {
            double square = 0;
            mu_model_gradient(mu_trainer_workspace(s->trainer), &p->rows, 1, &r, 1, 0, y, g);
            for (size_t i = 0; i < s->dim; i++) {
                square += g[i] * g[i];
            }
            for (size_t i = 0; i < s->dim; i++) {
                sum[i] += g[i] * fmin(1, dp->clip / sqrt(square));
            }
        }
        for (size_t i = 0; i < s->dim; i++) {
            v[i] = momentum * v[i] + sum[i] / dp->denominator + l2 * y[i] + mu * (y[i] - start[i]);
            y[i] -= 0.125 * v[i];
        }
    }
    free(g);
    free(sum);
    free(v);
}

struct way {
    const char *client;
    double momentum, mu;
};
static const struct way ways[] = {
    {"{\"optimizer\": {\"kind\": \"sgd\"}, \"local_steps\": 3}", 0, 0},
    {"{\"optimizer\": {\"kind\": \"sgd\"}, \"local_steps\": 3, \"proximal_mu\": 0.7}", 0, 0.7},
    {"{\"optimizer\": {\"kind\": \"momentum\", \"momentum\": 0.8}, \"local_steps\": 3}", 0.8, 0},
};

/* Fused and not, with more rows than a block, l2 and the proximal term outside of the clip. */
static void steps_equal_a_loop_over_rows(void **state) {
    (void)state;
    for (size_t w = 0; w < sizeof ways / sizeof *ways; w++) {
        for (int large = 0; large < 2; large++) {
            struct problem *const p = make_problem(MU_CLASSIFICATION, large ? 700 : 50, 6, 4, false, 3);
            struct setup *const s = make_setup(
                p, "{\"kind\": \"mlp\", \"hidden\": [5], \"l2\": 0.3, \"precision\": \"float64\"}", ways[w].client);
            struct source source = {0};
            struct mu_dp_local dp = {.clip = 1.5,
                                     .noise_multiplier = 0.4,
                                     .rate = 1,
                                     .denominator = 45,
                                     .context = &source,
                                     .noise = add_known_noise};
            struct mu_local_result result;
            double *const x = make_point(s->dim, 0.5, 1), *const y = make(s->dim, sizeof *y);
            double *const update = run_private(s, p, x, &dp, 0, &result);
            memcpy(y, x, s->dim * sizeof *y);
            explicit_steps(s, p, &dp, 3, ways[w].momentum, 0.3, ways[w].mu, x, y);
            for (size_t i = 0; i < s->dim; i++) {
                y[i] -= x[i];
            }
            assert_true(max_difference(s->dim, y, update) < 1e-12);
            assert_true(result.clipped > 0 && result.clipped < result.samples);
            assert_int_equal(result.samples, 3 * p->rows.n);
            dp.clip = 1.501; /* the control */
            memcpy(y, x, s->dim * sizeof *y);
            explicit_steps(s, p, &dp, 3, ways[w].momentum, 0.3, ways[w].mu, x, y);
            for (size_t i = 0; i < s->dim; i++) {
                y[i] -= x[i];
            }
            assert_false(max_difference(s->dim, y, update) < 1e-6);
            free(x);
            free(y);
            free(update);
            free_setup(s);
            free_problem(p);
        }
    }
}

/* Noise multiplier 0, a clip that never binds and every row in every batch: plain gradient descent. */
static void without_noise_and_clip_it_is_gradient_descent(void **state) {
    (void)state;
    static const char *const precisions[] = {"float64", "float32"};
    for (int f = 0; f < 2; f++) {
        char model[96];
        struct problem *const p = make_problem(MU_CLASSIFICATION, 60, 6, 4, false, 3);
        snprintf(model, sizeof model, "{\"kind\": \"mlp\", \"hidden\": [5], \"precision\": \"%s\"}", precisions[f]);
        struct setup *const s = make_setup(
            p, model,
            "{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 0.125}, \"batch_size\": \"full\", \"local_steps\": 4}");
        const struct mu_dp_local dp = {.clip = 1e30, .rate = 1, .denominator = 60};
        struct mu_local_result result, plain;
        double *const x = make_point(s->dim, 0.5, 1), *const update = run_private(s, p, x, &dp, 0, &result);
        double *const expected = run_job(s, p, x, NULL, 0, &plain);
        assert_true(max_difference(s->dim, update, expected) < (f == 0 ? 1e-14 : 1e-6));
        assert_true(fabs(result.loss - plain.loss) < 1e-6);
        assert_int_equal(result.clipped, 0);
        assert_true(result.norm > 1e-2);
        free(x);
        free(update);
        free(expected);
        free_setup(s);
        free_problem(p);
    }
}

static void a_private_job_is_a_pure_function(void **state) {
    (void)state;
    struct problem *const p = make_problem(MU_CLASSIFICATION, 90, 6, 4, false, 3);
    struct setup *const s = make_setup(p, "{\"kind\": \"softmax\"}", "{\"batch_size\": 20, \"local_epochs\": 2}");
    const struct mu_dp_local dp = {.clip = 0.5, .rate = 20.0 / 90, .denominator = 20};
    struct mu_local_result one, two, other;
    double *const x = make_point(s->dim, 0.5, 1), *const a = run_private(s, p, x, &dp, 7, &one);
    double *const b = run_private(s, p, x, &dp, 8, &other), *const c = run_private(s, p, x, &dp, 7, &two);
    assert_memory_equal(a, c, s->dim * sizeof *a);
    assert_memory_not_equal(a, b, s->dim * sizeof *a);
    assert_memory_equal(&one, &two, sizeof one);
    assert_int_equal(one.steps, 10); /* 2 epochs of 5 batches, as without privacy */
    assert_int_equal(mu_client_steps(&s->client_config, 90), 10);
    free(x);
    free(a);
    free(b);
    free(c);
    free_setup(s);
    free_problem(p);
}

static void rows_that_are_not_finite_are_left_out(void **state) {
    (void)state;
    struct problem *const p = make_problem(MU_CLASSIFICATION, 30, 6, 4, false, 3);
    struct setup *const s = make_setup(p, "{\"kind\": \"softmax\"}", "{\"local_steps\": 2}");
    const struct mu_dp_local dp = {.clip = 0.5, .rate = 1, .denominator = 30};
    struct mu_local_result result;
    double *const x = make_point(s->dim, 0.5, 1);
    p->x[6 * 4 + 2] = (double)NAN;
    double *const a = run_private(s, p, x, &dp, 0, &result);
    assert_int_equal(result.nonfinite, 2);
    assert_true(isfinite(result.norm) && result.norm > 0);
    struct mu_local_result plain;
    double *const b = run_job(s, p, x, NULL, 0, &plain);
    assert_true(isinf(plain.norm)); /* the control */
    free(x);
    free(a);
    free(b);
    free_setup(s);
    free_problem(p);
}

static int count_poll(void *context) {
    int *const left = context;
    return --*left == 0 ? MU_RANK_FAILED : MU_OK;
}

/* Between steps, and between the blocks of a large batch. */
static void polls_end_a_private_job(void **state) {
    (void)state;
    struct problem *const p = make_problem(MU_CLASSIFICATION, 1200, 3, 2, false, 1);
    struct setup *const s =
        make_setup(p, "{\"kind\": \"softmax\"}", "{\"optimizer\": {\"kind\": \"momentum\"}, \"local_steps\": 3}");
    const struct mu_dp_local dp = {.clip = 0.5, .rate = 1, .denominator = 1200};
    const struct mu_local_job job = {.rows = &p->rows, .start = make(s->dim, sizeof(float)), .lr = 0.1, .dp = &dp};
    float *const update = make(s->dim, sizeof *update);
    for (int stop = 1; stop <= 9; stop++) { /* 3 steps of 3 blocks have 8 gaps */
        struct mu_err err = {0};
        struct mu_local_result result;
        int left = stop;
        const struct mu_poll poll = {count_poll, &left};
        const int rc = mu_trainer_run(s->trainer, &job, update, &result, &poll, &err);
        assert_int_equal(rc, stop <= 8 ? MU_RANK_FAILED : MU_OK);
    }
    free((void *)(uintptr_t)job.start);
    free(update);
    free_setup(s);
    free_problem(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches_are_poisson),
        cmocka_unit_test(a_fixed_batch_would_be_noticed),
        cmocka_unit_test(an_empty_batch_is_a_step_of_noise_alone),
        cmocka_unit_test(steps_equal_a_loop_over_rows),
        cmocka_unit_test(without_noise_and_clip_it_is_gradient_descent),
        cmocka_unit_test(a_private_job_is_a_pure_function),
        cmocka_unit_test(rows_that_are_not_finite_are_left_out),
        cmocka_unit_test(polls_end_a_private_job),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
