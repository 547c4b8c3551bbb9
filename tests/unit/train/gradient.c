/* Gradients of every model against central differences of its own loss, and float32 against float64. */
#include "support.h"

struct variant {
    const char *model;
    enum mu_task_kind kind;
    bool matrix;
};

static const struct variant variants[] = {
    {"{\"kind\": \"softmax\", \"precision\": \"float64\"}", MU_CLASSIFICATION, false},
    {"{\"kind\": \"linear\", \"precision\": \"float64\"}", MU_REGRESSION, false},
    {"{\"kind\": \"mlp\", \"hidden\": [5], \"activation\": \"relu\", \"precision\": \"float64\"}", MU_CLASSIFICATION,
     false},
    {"{\"kind\": \"mlp\", \"hidden\": [6, 5, 4], \"activation\": \"relu\", \"precision\": \"float64\"}", MU_REGRESSION,
     false},
    {"{\"kind\": \"mlp\", \"hidden\": [5, 7], \"activation\": \"tanh\", \"precision\": \"float64\"}", MU_CLASSIFICATION,
     false},
    {"{\"kind\": \"mlp\", \"hidden\": [5], \"activation\": \"tanh\", \"precision\": \"float64\"}", MU_REGRESSION,
     false},
    {"{\"kind\": \"mlp\", \"hidden\": [6, 3], \"activation\": \"softplus\", \"precision\": \"float64\"}",
     MU_CLASSIFICATION, false},
    {"{\"kind\": \"mlp\", \"hidden\": [4, 4, 4], \"activation\": \"softplus\", \"precision\": \"float64\"}",
     MU_REGRESSION, false},
    {"{\"kind\": \"vector\"}", MU_QUADRATIC, false},
    {"{\"kind\": \"vector\"}", MU_QUADRATIC, true},
};
enum { VARIANTS = sizeof variants / sizeof *variants };

static double loss_at(struct setup *s, const struct problem *p, const double *x) {
    const struct mu_score score = mu_model_score(mu_trainer_workspace(s->trainer), &p->rows, 0, p->rows.n, x);
    return score.loss / (double)score.n;
}

/* Largest difference between `gradient` and the central differences of the mean loss plus l2 / 2 |x|^2 at x. */
static double difference_error(struct setup *s, const struct problem *p, const double *x, double l2,
                               const double *gradient) {
    const double h = 1e-5;
    double *const at = make(s->dim, sizeof *at), largest = 0;
    memcpy(at, x, s->dim * sizeof *at);
    for (size_t i = 0; i < s->dim; i++) {
        at[i] = x[i] + h;
        const double up = loss_at(s, p, at) + l2 / 2 * at[i] * at[i];
        at[i] = x[i] - h;
        const double down = loss_at(s, p, at) + l2 / 2 * at[i] * at[i];
        at[i] = x[i];
        largest = fmax(largest, fabs(gradient[i] - (up - down) / (2 * h)));
    }
    free(at);
    return largest;
}

static void gradients_are_the_derivatives_of_the_loss(void **state) {
    (void)state;
    for (size_t v = 0; v < VARIANTS; v++) {
        struct problem *const p = make_problem(variants[v].kind, 9, 6, 4, variants[v].matrix, 11 + v);
        struct setup *const s = make_setup(p, variants[v].model, "{}");
        double *const x = make_point(s->dim, 0.5, v), *const g = make(s->dim, sizeof *g);
        const double loss = mu_model_gradient(mu_trainer_workspace(s->trainer), &p->rows, 9, NULL, 1, 0, x, g);
        assert_true(fabs(loss - loss_at(s, p, x)) < 1e-12);
        assert_true(difference_error(s, p, x, 0, g) < 2e-8);
        for (size_t i = 0; i < s->dim; i++) { /* negative control: any one number slightly wrong */
            g[i] += 1e-6;
            assert_false(difference_error(s, p, x, 0, g) < 2e-8);
            g[i] -= 1e-6;
        }
        free(x);
        free(g);
        free_setup(s);
        free_problem(p);
    }
}

/* One step of length lr from x along the gradient of the loss with l2: (x - y) / lr is that gradient. */
static void the_l2_term_enters_local_steps(void **state) {
    (void)state;
    for (size_t v = 0; v < VARIANTS; v++) {
        char model[256];
        snprintf(model, sizeof model, "%.*s, \"l2\": 0.7}", (int)strlen(variants[v].model) - 1, variants[v].model);
        struct problem *const p = make_problem(variants[v].kind, 9, 6, 4, variants[v].matrix, 31 + v);
        struct setup *const s =
            make_setup(p, model, "{\"optimizer\": {\"kind\": \"sgd\", \"lr\": 0.125}, \"batch_size\": \"full\"}");
        double *const x = make_point(s->dim, 0.5, v);
        struct mu_local_result result;
        double *const g = run_job(s, p, x, NULL, 0, &result);
        for (size_t i = 0; i < s->dim; i++) {
            g[i] /= -0.125;
        }
        assert_true(difference_error(s, p, x, 0.7, g) < 2e-8);
        assert_false(difference_error(s, p, x, 0.69, g) < 2e-8);
        free(x);
        free(g);
        free_setup(s);
        free_problem(p);
    }
}

/* The same kernels in the other type: the float32 gradient is the float64 one up to rounding. */
static void float32_agrees_with_float64(void **state) {
    (void)state;
    for (size_t v = 0; v + 2 < VARIANTS; v++) {
        char model[256];
        const size_t cut = strlen(variants[v].model) - strlen("\"float64\"}");
        snprintf(model, sizeof model, "%.*s\"float32\"}", (int)cut, variants[v].model);
        struct problem *const p = make_problem(variants[v].kind, 40, 13, 5, false, 51 + v);
        struct setup *const s = make_setup(p, variants[v].model, "{}"), *const t = make_setup(p, model, "{}");
        assert_true(t->f32 && !s->f32 && t->dim == s->dim);
        double *const x = make_point(s->dim, 0.4, v), *const g = make(s->dim, sizeof *g);
        void *const x32 = encode(t, x), *const raw = make(s->dim, sizeof(double));
        const double loss = mu_model_gradient(mu_trainer_workspace(s->trainer), &p->rows, 40, NULL, 1, 0, x, g);
        const double loss32 = mu_model_gradient(mu_trainer_workspace(t->trainer), &p->rows, 40, NULL, 1, 0, x32, raw);
        double *const g32 = decode(t, raw);
        const double difference = max_difference(s->dim, g, g32);
        assert_true(fabs(loss - loss32) < 2e-6 * (1 + fabs(loss)));
        assert_true(difference < 1e-5);
        assert_true(difference > 0); /* it really is another type */
        g32[s->dim / 2] += 1e-4;
        assert_false(max_difference(s->dim, g, g32) < 1e-5);
        free(x);
        free(g);
        free(x32);
        free(raw);
        free(g32);
        free_setup(s);
        free_setup(t);
        free_problem(p);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_are_the_derivatives_of_the_loss),
        cmocka_unit_test(the_l2_term_enters_local_steps),
        cmocka_unit_test(float32_agrees_with_float64),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
