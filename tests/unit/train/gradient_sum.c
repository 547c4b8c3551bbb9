/* Sums of clipped gradients and of clipped differences against an explicit loop over rows, one gradient at a time. */
#include "muster/train/gradient.h"

#include "support.h"

struct variant {
    const char *model; /* without the precision and the closing brace */
    enum mu_task_kind kind;
    bool matrix;
};

static const struct variant variants[] = {
    {"{\"kind\": \"softmax\"", MU_CLASSIFICATION, false},
    {"{\"kind\": \"linear\"", MU_REGRESSION, false},
    {"{\"kind\": \"mlp\", \"hidden\": [24, 17]", MU_CLASSIFICATION, false},
    {"{\"kind\": \"mlp\", \"hidden\": [10], \"activation\": \"softplus\"", MU_REGRESSION, false},
    {"{\"kind\": \"mlp\", \"hidden\": [12, 9, 8], \"activation\": \"tanh\"", MU_CLASSIFICATION, false},
    {"{\"kind\": \"vector\"", MU_QUADRATIC, false},
    {"{\"kind\": \"vector\"", MU_QUADRATIC, true},
};
enum { VARIANTS = sizeof variants / sizeof *variants };

static double norm_of(size_t n, const double *v) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += v[i] * v[i];
    }
    return sqrt(sum);
}

/* |a - b| / |b|. */
static double relative_error(size_t n, const double *a, const double *b) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += (a[i] - b[i]) * (a[i] - b[i]);
    }
    return sqrt(sum) / norm_of(n, b);
}

static struct setup *set_up(const struct problem *p, const struct variant *variant, const char *precision) {
    char model[256];
    snprintf(model, sizeof model, "%s, \"precision\": \"%s\"}", variant->model, precision);
    return make_setup(p, model, "{}");
}

static struct mu_summer *make_summer(const struct setup *s) {
    struct mu_err err = {0};
    struct mu_summer *summer = NULL;
    check_ok(mu_summer_new(&summer, s->model, mu_model_elem(s->model), &err), &err);
    return summer;
}

/* The gradient of one row as doubles. */
static void one_gradient(struct setup *s, const struct problem *p, size_t row, const void *x, double *g) {
    const struct mu_rows part = mu_rows_part(&p->rows, row, 1);
    void *const raw = make(s->dim, sizeof(double));
    mu_model_gradient(mu_trainer_workspace(s->trainer), &part, 1, NULL, 1, 0, x, raw);
    double *const decoded = decode(s, raw);
    memcpy(g, decoded, s->dim * sizeof *g);
    free(decoded);
    free(raw);
}

/* What mu_gradient_sum should add, row by row; norms, if given, gets each row's. */
static void explicit_sum(struct setup *s, const struct problem *p, size_t first, size_t n,
                         const struct mu_gradient_job *job, double *out, uint64_t *clipped, double *norms) {
    double *const g = make(s->dim, sizeof *g), *const minus = make(s->dim, sizeof *minus);
    void *const x = encode(s, job->x), *const y = job->x_minus != NULL ? encode(s, job->x_minus) : NULL;
    for (size_t r = first; r < first + n; r++) {
        one_gradient(s, p, r, x, g);
        if (y != NULL) {
            one_gradient(s, p, r, y, minus);
            for (size_t i = 0; i < s->dim; i++) {
                g[i] -= minus[i];
            }
        }
        const double norm = norm_of(s->dim, g), weight = norm > job->clip ? job->clip / norm : 1;
        *clipped += norm > job->clip;
        for (size_t i = 0; i < s->dim; i++) {
            out[i] += job->coefficient * weight * g[i];
        }
        if (norms != NULL) {
            norms[r - first] = norm;
        }
    }
    free(g);
    free(minus);
    free(x);
    free(y);
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* A clip between the two middle norms, so that half of the rows are clipped whatever the rounding. */
static double middle_clip(struct setup *s, const struct problem *p, size_t n, const struct mu_gradient_job *job) {
    double *const norms = make(n, sizeof *norms), *const ignored = make(s->dim, sizeof *ignored);
    uint64_t clipped = 0;
    explicit_sum(s, p, 0, n, job, ignored, &clipped, norms);
    qsort(norms, n, sizeof *norms, by_value);
    const double clip = n == 1 ? norms[0] / 3 : (norms[n / 2 - 1] + norms[n / 2]) / 2;
    free(norms);
    free(ignored);
    return clip;
}

/* Compares sum and loop for one problem; x_minus NULL or a point. Returns the relative error. */
static double compare(struct setup *s, const struct problem *p, size_t n, const double *x, const double *x_minus,
                      double clip) {
    struct mu_err err = {0};
    struct mu_summer *const summer = make_summer(s);
    struct mu_gradient_job job = {.x = x, .x_minus = x_minus, .clip = INFINITY, .coefficient = 1};
    job.clip = isnan(clip) ? middle_clip(s, p, n, &job) : clip;
    double *const out = make(s->dim, sizeof *out), *const expected = make(s->dim, sizeof *expected);
    struct mu_gradient_result result;
    uint64_t clipped = 0;
    explicit_sum(s, p, 0, n, &job, expected, &clipped, NULL);
    check_ok(mu_gradient_sum(summer, &p->rows, 0, n, &job, out, &result, &err), &err);
    assert_int_equal(result.clipped, clipped);
    assert_int_equal(result.nonfinite, 0);
    const double error = relative_error(s->dim, out, expected);
    mu_summer_free(summer);
    free(out);
    free(expected);
    return error;
}

static const size_t batches[] = {1, 2, 3, 17, 32, 64, 255, 512};
enum { BATCHES = sizeof batches / sizeof *batches };

static void clipped_sums_equal_a_loop_over_rows(void **state) {
    (void)state;
    static const char *const precisions[] = {"float64", "float32"};
    for (size_t v = 0; v < VARIANTS; v++) {
        const struct variant *const variant = &variants[v];
        for (int f = 0; f < (variant->kind == MU_QUADRATIC ? 1 : 2); f++) {
            struct problem *const p = make_problem(variant->kind, 512, 30, 10, variant->matrix, 11 + v);
            struct setup *const s = set_up(p, variant, precisions[f]);
            double *const x = make_point(s->dim, 0.3, v), worst = 0;
            for (size_t b = 0; b < BATCHES; b++) {
                const double error = compare(s, p, batches[b], x, NULL, NAN);
                worst = fmax(worst, error);
            }
            print_message("%s %s: worst relative error %.2g\n", variant->model, precisions[f], worst);
            assert_true(worst < (f == 0 ? 1e-13 : 1e-6));
            free(x);
            free_setup(s);
            free_problem(p);
        }
    }
}

/* x plus a step of relative length `size`. */
static double *make_neighbour(size_t dim, const double *x, double size, uint64_t seed) {
    double *const y = make_point(dim, 1, seed);
    const double scale = size * norm_of(dim, x) / norm_of(dim, y);
    for (size_t i = 0; i < dim; i++) {
        y[i] = x[i] + scale * y[i];
    }
    return y;
}

static void clipped_differences_equal_a_loop_over_rows(void **state) {
    (void)state;
    for (size_t v = 0; v < VARIANTS; v++) {
        const struct variant *const variant = &variants[v];
        struct problem *const p = make_problem(variant->kind, 512, 30, 10, variant->matrix, 31 + v);
        struct setup *const s = set_up(p, variant, "float64");
        double *const x = make_point(s->dim, 0.3, v), *const y = make_neighbour(s->dim, x, 0.1, 90 + v), worst = 0;
        for (size_t b = 0; b < BATCHES; b++) {
            /* All differences of a target loss are alike: no clip lies between them. */
            const bool alike = variant->kind == MU_QUADRATIC && !variant->matrix;
            worst = fmax(worst, compare(s, p, batches[b], x, y, alike ? 0.01 : (double)NAN));
            worst = fmax(worst, compare(s, p, batches[b], x, y, INFINITY));
        }
        print_message("%s: worst relative error %.2g\n", variant->model, worst);
        assert_true(worst < 1e-13);
        free(x);
        free(y);
        free_setup(s);
        free_problem(p);
    }
}

/* |g - g'| by |g|^2 + |g'|^2 - 2 <g, g'>, which is what must not be done. */
static double naive_difference_norm(struct setup *s, const struct problem *p, const double *x, const double *y) {
    double *const g = make(s->dim, sizeof *g), *const minus = make(s->dim, sizeof *minus), inner = 0;
    one_gradient(s, p, 0, x, g);
    one_gradient(s, p, 0, y, minus);
    for (size_t i = 0; i < s->dim; i++) {
        inner += g[i] * minus[i];
    }
    const double a = norm_of(s->dim, g), b = norm_of(s->dim, minus);
    free(g);
    free(minus);
    return sqrt(fmax(0, a * a + b * b - 2 * inner));
}

/* At points 1e-9 apart the loop itself is exact to about 1e-16 / 1e-9. */
static void differences_at_near_points_do_not_cancel(void **state) {
    (void)state;
    for (size_t v = 0; v < 5; v++) {
        const struct variant *const variant = &variants[v];
        struct problem *const p = make_problem(variant->kind, 64, 30, 10, false, 51 + v);
        struct setup *const s = set_up(p, variant, "float64");
        double *const x = make_point(s->dim, 0.3, v), *const y = make_neighbour(s->dim, x, 1e-9, 70 + v);
        double *const ignored = make(s->dim, sizeof *ignored), norm;
        uint64_t clipped = 0;
        const struct mu_gradient_job job = {.x = x, .x_minus = y, .clip = INFINITY, .coefficient = 1};
        explicit_sum(s, p, 0, 1, &job, ignored, &clipped, &norm);
        assert_true(compare(s, p, 64, x, y, NAN) < 2e-6);
        assert_true(compare(s, p, 1, x, y, norm / 2) < 2e-6);
        assert_false(fabs(naive_difference_norm(s, p, x, y) / norm - 1) < 1e-2); /* the control: this one does */
        free(ignored);
        free(x);
        free(y);
        free_setup(s);
        free_problem(p);
    }
}

/* Every sum and its counters for job, from zero. */
static struct mu_gradient_result sum_up(struct mu_summer *summer, const struct mu_rows *rows, size_t first, size_t n,
                                        const struct mu_gradient_job *job, size_t dim, double *out) {
    struct mu_err err = {0};
    struct mu_gradient_result result;
    memset(out, 0, dim * sizeof *out);
    check_ok(mu_gradient_sum(summer, rows, first, n, job, out, &result, &err), &err);
    return result;
}

/* A clipped row's vector has the length of the clip, an unclipped one its own; zero stays zero. */
static void lengths_are_those_of_the_clip(void **state) {
    (void)state;
    struct problem *const p = make_problem(MU_CLASSIFICATION, 8, 30, 10, false, 5);
    struct setup *const s = set_up(p, &variants[2], "float64");
    struct mu_summer *const summer = make_summer(s);
    double *const x = make_point(s->dim, 0.3, 1), *const y = make_neighbour(s->dim, x, 0.1, 2);
    double *const out = make(s->dim, sizeof *out);
    for (int difference = 0; difference < 2; difference++) {
        struct mu_gradient_job job = {.x = x, .x_minus = difference ? y : NULL, .clip = INFINITY, .coefficient = 1};
        sum_up(summer, &p->rows, 3, 1, &job, s->dim, out);
        const double norm = norm_of(s->dim, out);
        job.clip = norm / 3;
        assert_int_equal(sum_up(summer, &p->rows, 3, 1, &job, s->dim, out).clipped, 1);
        assert_true(fabs(norm_of(s->dim, out) / job.clip - 1) < 1e-12);
        job.clip = norm * 3;
        assert_int_equal(sum_up(summer, &p->rows, 3, 1, &job, s->dim, out).clipped, 0);
        assert_true(fabs(norm_of(s->dim, out) / norm - 1) < 1e-12);
        job.clip = 0;
        assert_int_equal(sum_up(summer, &p->rows, 0, 8, &job, s->dim, out).clipped, 8);
        assert_true(norm_of(s->dim, out) == 0);
        if (difference) { /* a step of no length, whose clip is 0 */
            job.x_minus = x;
            assert_int_equal(sum_up(summer, &p->rows, 0, 8, &job, s->dim, out).clipped, 0);
            assert_true(norm_of(s->dim, out) == 0);
        }
    }
    mu_summer_free(summer);
    free(x);
    free(y);
    free(out);
    free_setup(s);
    free_problem(p);
}

/* NaN compares false with every clip: such rows must not slip through, nor take others with them. */
static void rows_that_are_not_finite_count_as_zero(void **state) {
    (void)state;
    static const double bad[] = {(double)NAN, (double)INFINITY, 1e300};
    for (size_t v = 0; v < VARIANTS; v++) {
        for (int f = 0; f < (variants[v].kind == MU_QUADRATIC ? 1 : 2); f++) {
            struct problem *const p = make_problem(variants[v].kind, 9, 6, 4, variants[v].matrix, 5);
            struct setup *const s = set_up(p, &variants[v], f == 0 ? "float64" : "float32");
            struct mu_summer *const summer = make_summer(s);
            double *const x = make_point(s->dim, 0.3, 1), *const y = make_neighbour(s->dim, x, 0.1, 2);
            double *const out = make(s->dim, sizeof *out), *const rest = make(s->dim, sizeof *rest);
            const bool alike = variants[v].kind == MU_QUADRATIC && !variants[v].matrix; /* the data cancel */
            for (int difference = 0; difference < (alike ? 1 : 2); difference++) {
                const struct mu_gradient_job job = {
                    .x = x, .x_minus = difference ? y : NULL, .clip = 0.01, .coefficient = 1};
                sum_up(summer, &p->rows, 0, 8, &job, s->dim, rest);
                for (size_t b = 0; b < 3; b++) {
                    for (size_t i = 0; i < p->rows.width; i++) {
                        p->x[8 * p->rows.width + i] = bad[b];
                    }
                    const struct mu_gradient_result result = sum_up(summer, &p->rows, 0, 9, &job, s->dim, out);
                    assert_int_equal(result.nonfinite, 1);
                    assert_true(relative_error(s->dim, out, rest) < 1e-6);
                }
                const struct mu_gradient_job open = {.x = x, .clip = INFINITY, .coefficient = 1};
                p->x[8 * p->rows.width] = (double)NAN;
                sum_up(summer, &p->rows, 0, 9, &open, s->dim, out);
                assert_true(isnan(norm_of(s->dim, out))); /* the control: without a clip it goes in */
            }
            mu_summer_free(summer);
            free(x);
            free(y);
            free(out);
            free(rest);
            free_setup(s);
            free_problem(p);
        }
    }
}

/* The bits depend on the range alone, not on what the summer did before nor on where the rows lie in memory; the
 * coefficient multiplies the whole sum; nothing of l2 enters. */
static void sums_are_pure_functions_of_their_range(void **state) {
    (void)state;
    static const char *const precisions[] = {"float32", "float64"};
    for (int f = 0; f < 2; f++) {
        char model[128];
        struct problem *const p = make_problem(MU_CLASSIFICATION, 1300, 20, 7, false, 5);
        snprintf(model, sizeof model, "{\"kind\": \"mlp\", \"hidden\": [9], \"l2\": 3, \"precision\": \"%s\"}",
                 precisions[f]);
        struct setup *const s = make_setup(p, model, "{}");
        struct mu_summer *const one = make_summer(s), *const two = make_summer(s);
        double *const x = make_point(s->dim, 0.3, 1), *const y = make_neighbour(s->dim, x, 0.1, 2);
        double *const a = make(s->dim, sizeof *a), *const b = make(s->dim, sizeof *b);
        for (int kind = 0; kind < 3; kind++) {
            struct mu_gradient_job job = {
                .x = x, .x_minus = kind == 2 ? y : NULL, .clip = kind == 0 ? INFINITY : 1.5, .coefficient = 1};
            const struct mu_rows part = mu_rows_part(&p->rows, 100, 1200);
            const struct mu_gradient_result r = sum_up(one, &p->rows, 150, 1100, &job, s->dim, a);
            sum_up(two, &p->rows, 0, 77, &job, s->dim, b);
            const struct mu_gradient_result t = sum_up(two, &part, 50, 1100, &job, s->dim, b);
            assert_memory_equal(a, b, s->dim * sizeof *a);
            assert_memory_equal(&r, &t, sizeof r);
            sum_up(two, &part, 51, 1100, &job, s->dim, b);
            assert_memory_not_equal(a, b, s->dim * sizeof *a);
            job.coefficient = -0.37;
            sum_up(two, &part, 50, 1100, &job, s->dim, b);
            for (size_t i = 0; i < s->dim; i++) {
                assert_true(b[i] == 0.0 + -0.37 * a[i]);
            }
            uint64_t clipped = 0;
            memset(b, 0, s->dim * sizeof *b);
            job.coefficient = 1;
            explicit_sum(s, p, 150, 1100, &job, b, &clipped, NULL);
            assert_true(relative_error(s->dim, a, b) < (f == 0 ? 1e-5 : 1e-12));
            job.clip = 0.8; /* the control */
            memset(b, 0, s->dim * sizeof *b);
            explicit_sum(s, p, 150, 1100, &job, b, &clipped, NULL);
            assert_false(relative_error(s->dim, a, b) < 1e-2 && kind > 0);
            assert_int_equal(sum_up(one, &p->rows, 1300, 0, &job, s->dim, b).clipped, 0);
            assert_true(norm_of(s->dim, b) == 0);
        }
        mu_summer_free(one);
        mu_summer_free(two);
        free(x);
        free(y);
        free(a);
        free(b);
        free_setup(s);
        free_problem(p);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clipped_sums_equal_a_loop_over_rows),
        cmocka_unit_test(clipped_differences_equal_a_loop_over_rows),
        cmocka_unit_test(differences_at_near_points_do_not_cancel),
        cmocka_unit_test(lengths_are_those_of_the_clip),
        cmocka_unit_test(rows_that_are_not_finite_count_as_zero),
        cmocka_unit_test(sums_are_pure_functions_of_their_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
