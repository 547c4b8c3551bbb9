/* BVR-L-SGD's routine against an explicit loop, and against what it must be in special cases. */
#include "muster/train/bvr.h"

#include "support.h"

static const char model_text[] =
    "{\"kind\": \"mlp\", \"hidden\": [5], \"activation\": \"softplus\", \"precision\": \"%s\"}";

static double known_noise(uint64_t step, size_t i) {
    return 0.3 * (double)step - 0.02 * (double)(i % 5);
}

static void add_known_noise(void *context, uint64_t step, double std, size_t first, size_t n, double *x) {
    uint64_t *const steps = context;
    *steps |= UINT64_C(1) << step;
    for (size_t i = 0; i < n; i++) {
        x[i] += std * known_noise(step, first + i);
    }
}

static struct setup *set_up(const struct problem *p, const char *precision) {
    char text[128];
    snprintf(text, sizeof text, model_text, precision);
    return make_setup(p, text, "{}");
}

static double *run(const struct setup *s, const struct mu_bvr_job *job, double *v, struct mu_local_result *result) {
    struct mu_err err = {0};
    struct mu_summer *summer = NULL;
    double *const out = make(s->dim, sizeof *out);
    check_ok(mu_summer_new(&summer, s->model, mu_model_elem(s->model), &err), &err);
    check_ok(mu_bvr_run(summer, job, out, v, result, NULL, &err), &err);
    mu_summer_free(summer);
    return out;
}

/* Mean gradient of all rows at x plus l2 x. */
static void full_gradient(struct setup *s, const struct problem *p, double l2, const double *x, double *g) {
    mu_model_gradient(mu_trainer_workspace(s->trainer), &p->rows, p->rows.n, NULL, 1, 0, x, g);
    for (size_t i = 0; i < s->dim; i++) {
        g[i] += l2 * x[i];
    }
}

/* Full batches, no noise, no clip: the estimate is the gradient at every point, and the walk is gradient descent. */
static void full_batches_without_noise_are_gradient_descent(void **state) {
    (void)state;
    for (int l = 0; l < 2; l++) {
        const double l2 = l == 0 ? 0 : 0.4;
        struct problem *const p = make_problem(MU_REGRESSION, 70, 6, 0, false, 3);
        struct setup *const s = set_up(p, "float64");
        double *const x = make_point(s->dim, 0.5, 1), *const v = make(s->dim, sizeof *v);
        double *const y = make(s->dim, sizeof *y), *const last = make(s->dim, sizeof *last);
        full_gradient(s, p, l2, x, v);
        const struct mu_dp_local dp = {.clip = INFINITY, .rate = 1, .denominator = 70};
        struct mu_bvr_job job = {.rows = &p->rows, .x = x, .v = v, .lr = 0.1, .l2 = l2, .steps = 6, .dp = &dp};
        struct mu_local_result result;
        double *const out = run(s, &job, last, &result);
        memcpy(y, x, s->dim * sizeof *y);
        for (int k = 0; k < 6; k++) {
            full_gradient(s, p, l2, y, v);
            for (size_t i = 0; i < s->dim; i++) {
                y[i] -= 0.1 * v[i];
            }
        }
        assert_true(max_difference(s->dim, out, y) < 1e-14);
        assert_true(max_difference(s->dim, last, v) < 1e-13);
        assert_int_equal(result.samples, 5 * 70);
        assert_int_equal(result.steps, 6);
        full_gradient(s, p, l2, x, v);
        job.l2 = l2 + 0.01; /* the control */
        double *const other = run(s, &job, NULL, &result);
        assert_false(max_difference(s->dim, other, y) < 1e-6);
        free(x);
        free(v);
        free(y);
        free(last);
        free(out);
        free(other);
        free_setup(s);
        free_problem(p);
    }
}

/* Norm of the difference of the gradients of row r at x and y, left in g. */
static double row_difference(struct setup *s, const struct problem *p, uint32_t r, const double *x, const double *y,
                             double *g, double *h) {
    double square = 0;
    mu_model_gradient(mu_trainer_workspace(s->trainer), &p->rows, 1, &r, 1, 0, x, g);
    mu_model_gradient(mu_trainer_workspace(s->trainer), &p->rows, 1, &r, 1, 0, y, h);
    for (size_t i = 0; i < s->dim; i++) {
        g[i] -= h[i];
        square += g[i] * g[i];
    }
    return sqrt(square);
}

/* The header's recursion, row by row, with all rows in every batch; returns the rows clipped. */
static uint64_t explicit_walk(struct setup *s, const struct problem *p, const struct mu_bvr_job *job, double *x,
                              double *v) {
    double *const before = make(s->dim, sizeof *before), *const g = make(s->dim, sizeof *g);
    double *const h = make(s->dim, sizeof *h), *const sum = make(s->dim, sizeof *sum);
    uint64_t clipped = 0;
    for (size_t i = 0; i < s->dim; i++) {
        before[i] = job->x[i];
        v[i] = job->v[i];
        x[i] = before[i] - job->lr * v[i];
    }
    for (uint64_t k = 2; k <= job->steps; k++) {
        double moved = 0;
        for (size_t i = 0; i < s->dim; i++) {
            moved += (x[i] - before[i]) * (x[i] - before[i]);
        }
        const double clip = job->dp->clip * sqrt(moved);
        for (size_t i = 0; i < s->dim; i++) {
            sum[i] = job->dp->noise_multiplier * clip * known_noise(k, i);
        }
        for (uint32_t r = 0; r < p->rows.n; r++) {
            const double norm = row_difference(s, p, r, x, before, g, h);
            clipped += norm > clip;
            for (size_t i = 0; i < s->dim; i++) {
                sum[i] += g[i] * fmin(1, clip / norm);
            }
        }
        for (size_t i = 0; i < s->dim; i++) {
            v[i] += sum[i] / job->dp->denominator;
            before[i] = x[i];
            x[i] -= job->lr * v[i];
        }
    }
    free(before);
    free(g);
    free(h);
    free(sum);
    return clipped;
}

static void the_walk_equals_a_loop_over_rows(void **state) {
    (void)state;
    struct problem *const p = make_problem(MU_REGRESSION, 600, 6, 0, false, 3);
    struct setup *const s = set_up(p, "float64");
    double *const x = make_point(s->dim, 0.5, 1), *const v = make_point(s->dim, 0.3, 2);
    double *const y = make(s->dim, sizeof *y), *const u = make(s->dim, sizeof *u), *const w = make(s->dim, sizeof *w);
    uint64_t steps = 0;
    struct mu_dp_local dp = {
        .clip = 2, .noise_multiplier = 5, .rate = 1, .denominator = 500, .context = &steps, .noise = add_known_noise};
    const struct mu_bvr_job job = {.rows = &p->rows, .x = x, .v = v, .lr = 0.1, .steps = 4, .dp = &dp};
    struct mu_local_result result;
    double *const out = run(s, &job, u, &result);
    const uint64_t clipped = explicit_walk(s, p, &job, y, w);
    assert_int_equal(steps, 1 << 2 | 1 << 3 | 1 << 4);
    assert_true(max_difference(s->dim, out, y) < 1e-12);
    assert_true(max_difference(s->dim, u, w) < 1e-12);
    assert_int_equal(result.clipped, clipped);
    assert_true(clipped > 0 && clipped < result.samples);
    dp.clip = 2.01; /* the control */
    explicit_walk(s, p, &job, y, w);
    assert_false(max_difference(s->dim, out, y) < 1e-6);
    free(x);
    free(v);
    free(y);
    free(u);
    free(w);
    free(out);
    free_setup(s);
    free_problem(p);
}

/* No step, no difference: a zero estimate stays where it is, without noise, and no 0 / 0. */
static void standing_still_costs_no_noise(void **state) {
    (void)state;
    struct problem *const p = make_problem(MU_REGRESSION, 20, 6, 0, false, 3);
    struct setup *const s = set_up(p, "float64");
    double *const x = make_point(s->dim, 0.5, 1), *const v = make(s->dim, sizeof *v);
    uint64_t steps = 0;
    const struct mu_dp_local dp = {
        .clip = 2, .noise_multiplier = 5, .rate = 1, .denominator = 20, .context = &steps, .noise = add_known_noise};
    const struct mu_bvr_job job = {.rows = &p->rows, .x = x, .v = v, .lr = 0.1, .steps = 4, .dp = &dp};
    struct mu_local_result result;
    double *const out = run(s, &job, NULL, &result);
    assert_memory_equal(out, x, s->dim * sizeof *x);
    assert_int_equal(steps, 0);
    assert_true(result.norm == 0);
    free(x);
    free(v);
    free(out);
    free_setup(s);
    free_problem(p);
}

/* A job gives the same numbers again, from a float32 model's summer, too; another ordinal draws other batches. */
static void a_walk_is_a_pure_function(void **state) {
    (void)state;
    struct problem *const p = make_problem(MU_REGRESSION, 90, 6, 0, false, 3);
    struct setup *const s = set_up(p, "float64"), *const t = set_up(p, "float32");
    double *const x = make_point(s->dim, 0.5, 1), *const v = make_point(s->dim, 0.1, 2);
    const struct mu_dp_local dp = {.clip = 3, .rate = 0.1, .denominator = 9};
    struct mu_bvr_job job = {.rows = &p->rows, .x = x, .v = v, .lr = 0.1, .steps = 8, .dp = &dp, .client = 4};
    struct mu_local_result one, two, other;
    double *const a = run(s, &job, NULL, &one), *const b = run(t, &job, NULL, &two);
    assert_memory_equal(a, b, s->dim * sizeof *a);
    assert_memory_equal(&one, &two, sizeof one);
    job.ordinal = 1;
    double *const c = run(s, &job, NULL, &other);
    assert_memory_not_equal(a, c, s->dim * sizeof *a);
    assert_true(one.samples > 7 * 3 && one.samples < 7 * 18 && one.steps == 8);
    free(x);
    free(v);
    free(a);
    free(b);
    free(c);
    free_setup(s);
    free_setup(t);
    free_problem(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_batches_without_noise_are_gradient_descent),
        cmocka_unit_test(the_walk_equals_a_loop_over_rows),
        cmocka_unit_test(standing_still_costs_no_noise),
        cmocka_unit_test(a_walk_is_a_pure_function),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
