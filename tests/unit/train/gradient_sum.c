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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clipped_sums_equal_a_loop_over_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
