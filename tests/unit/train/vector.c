/* The vector model: quadratic losses by hand. */
#include "support.h"

/* a = (1, 2), (3, -2) at x = (1, 1): losses (0 + 1) / 2 and (4 + 9) / 2, mean 3.5; gradient x - mean(a) = (-1, 1). */
static void targets_pull_towards_their_mean(void **state) {
    (void)state;
    struct problem *const p = make_problem(MU_QUADRATIC, 2, 2, 0, false, 1);
    memcpy(p->x, (double[]){1, 2, 3, -2}, 4 * sizeof(double));
    struct setup *const s = make_setup(p, "{\"kind\": \"vector\"}", "{}");
    struct mu_workspace *const ws = mu_trainer_workspace(s->trainer);
    double x[] = {1, 1}, g[] = {(double)NAN, 100};
    assert_int_equal(mu_model_elem(s->model), MU_F64);
    assert_true(mu_model_gradient(ws, &p->rows, 2, NULL, 1, 0, x, g) == 3.5);
    assert_true(g[0] == -1 && g[1] == 1);
    assert_true(mu_model_gradient(ws, &p->rows, 1, (const uint32_t[]){1}, 2, 0.5, x, x) == 6.5);
    assert_true(x[0] == 0.5 - 4 && x[1] == 0.5 + 6);
    const struct mu_score score = mu_model_score(ws, &p->rows, 0, 2, (const double[]){1, 1});
    assert_true(score.loss == 7 && score.n == 2 && score.correct == 0);
    free_setup(s);
    free_problem(p);
}

/* A = (2 1; 1 4), b = (1, 0) at x = (1, 2): x'Ax / 2 = (2 + 4 + 16) / 2 = 11, less b'x = 1; gradient Ax - b = (3, 9).
 * An A that is not symmetric, (2 2; 0 4), is the same quadratic form. */
static void a_matrix_gives_the_general_quadratic(void **state) {
    (void)state;
    struct problem *const p = make_problem(MU_QUADRATIC, 2, 2, 0, true, 1);
    memcpy(p->x, (double[]){2, 1, 1, 4, 1, 0, 2, 2, 0, 4, 1, 0}, 12 * sizeof(double));
    struct setup *const s = make_setup(p, "{\"kind\": \"vector\"}", "{}");
    double x[] = {1, 2}, g[2];
    for (uint32_t row = 0; row < 2; row++) {
        assert_true(mu_model_gradient(mu_trainer_workspace(s->trainer), &p->rows, 1, &row, 1, 0, x, g) == 10);
        assert_true(g[0] == 3 && g[1] == 9);
    }
    assert_true(mu_model_gradient(mu_trainer_workspace(s->trainer), &p->rows, 2, NULL, -1, 1, x, x) == 10);
    assert_true(x[0] == -2 && x[1] == -7);
    free_setup(s);
    free_problem(p);
}

static void it_starts_where_the_data_says(void **state) {
    (void)state;
    struct problem *const p = make_problem(MU_QUADRATIC, 1, 3, 0, false, 1);
    const double x0[] = {5, -6, 7};
    double x[3] = {1, 1, 1};
    struct setup *s = make_setup(p, "{\"kind\": \"vector\"}", "{}");
    mu_model_init(s->model, 1, x);
    assert_true(x[0] == 0 && x[1] == 0 && x[2] == 0);
    free_setup(s);
    p->task.x0 = x0;
    s = make_setup(p, "{\"kind\": \"vector\", \"precision\": \"float32\"}", "{}");
    assert_int_equal(mu_model_elem(s->model), MU_F64);
    mu_model_init(s->model, 1, x);
    assert_memory_equal(x, x0, sizeof x);
    const struct mu_tensor *tensor = NULL;
    assert_int_equal(mu_model_tensors(s->model, &tensor), 1);
    assert_string_equal(tensor->name, "x");
    assert_int_equal(tensor->shape[0], 3);
    free_setup(s);
    free_problem(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_pull_towards_their_mean),
        cmocka_unit_test(a_matrix_gives_the_general_quadratic),
        cmocka_unit_test(it_starts_where_the_data_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
