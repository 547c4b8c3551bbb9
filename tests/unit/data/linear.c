/* linear: the least squares solution over all training rows is the documented w*, with and without an intercept. */
#include "unit/data/helper.h"

enum { FEATURES = 7, SAMPLES = 500 };

/* The largest |gradient| of the mean squared loss at w, and of the intercept at 0. */
static double gradient_at(const struct mu_rows *rows, const double *w) {
    double gradient[FEATURES + 1] = {0}, worst = 0;
    for (size_t i = 0; i < rows->n; i++) {
        const double *const x = (const double *)rows->x + i * FEATURES;
        double residual = -rows->target[i];
        for (size_t j = 0; j < FEATURES; j++) {
            residual += w[j] * x[j];
        }
        for (size_t j = 0; j < FEATURES; j++) {
            gradient[j] += residual * x[j] / (double)rows->n;
        }
        gradient[FEATURES] += residual / (double)rows->n;
    }
    for (size_t j = 0; j <= FEATURES; j++) {
        worst = fmax(worst, fabs(gradient[j]));
    }
    return worst;
}

static void the_gradient_vanishes_at_the_documented_optimum(void **state) {
    (void)state;
    struct opened opened;
    const struct mu_data *const data = open_data(
        &opened, 1, "{'source': 'linear', 'samples': %d, 'features': %d, 'noise': 2, 'clients': 1}", SAMPLES, FEATURES);
    const struct mu_rows rows = client_rows(data, 0);
    double w[FEATURES], noise = 0;
    for (size_t j = 0; j < FEATURES; j++) {
        w[j] = (j % 2 == 0 ? 1 : -1) / (1 + (double)j);
    }
    assert_int_equal(mu_data_task(data)->kind, MU_REGRESSION);
    assert_int_equal(rows.elem, MU_F64);
    assert_true(gradient_at(&rows, w) < 1e-14);
    for (size_t i = 0; i < rows.n; i++) {
        const double *const x = (const double *)rows.x + i * FEATURES;
        double residual = rows.target[i];
        for (size_t j = 0; j < FEATURES; j++) {
            residual -= w[j] * x[j];
        }
        noise += residual * residual;
    }
    /* There is noise all the same: its variance is 4, chi-squared with 492 degrees of freedom. */
    assert_true(fabs(noise / (SAMPLES - FEATURES - 1) / 4 - 1) < 5 * sqrt(2.0 / 492));
    w[3] += 1e-9; /* negative control */
    assert_true(gradient_at(&rows, w) > 1e-10);
    close_data(&opened);
}

static void test_rows_follow_the_same_law(void **state) {
    (void)state;
    struct opened opened;
    const struct mu_data *const data =
        open_data(&opened, 1, "{'source': 'linear', 'samples': 100, 'features': 1, 'noise': 0, 'clients': 1}");
    const struct mu_rows *const test = mu_data_test(data);
    assert_int_equal(test->n, 2000);
    for (size_t i = 0; i < test->n; i++) {
        assert_true(test->target[i] == ((const double *)test->x)[i]);
    }
    close_data(&opened);
}

static void too_few_rows_are_refused(void **state) {
    (void)state;
    expect_bad_data("/data/samples", "5 features need more than 6 rows",
                    "{'source': 'linear', 'samples': 6, 'features': 5}");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_gradient_vanishes_at_the_documented_optimum),
        cmocka_unit_test(test_rows_follow_the_same_law),
        cmocka_unit_test(too_few_rows_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
