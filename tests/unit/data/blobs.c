/* blobs: separation and spread are what the options say. */
#include "unit/data/helper.h"

enum { CLASSES = 40, FEATURES = 50, PER_CLASS = 100 };

/* Estimates the root mean square distance of centres and the standard deviation within a class. */
static void measure(double separation, double *distance, double *deviation) {
    struct opened opened;
    const struct mu_data *const data = open_data(
        &opened, 4, "{'source': 'blobs', 'samples': %d, 'features': %d, 'classes': %d, 'separation': %g, 'clients': 1}",
        CLASSES * PER_CLASS, FEATURES, CLASSES, separation);
    const struct mu_rows rows = client_rows(data, 0);
    static double mean[CLASSES][FEATURES];
    memset(mean, 0, sizeof mean);
    double squares = 0;
    const float *const x = rows.x;
    for (size_t i = 0; i < rows.n * FEATURES; i++) {
        mean[rows.label[i / FEATURES]][i % FEATURES] += (double)x[i] / PER_CLASS;
    }
    for (size_t i = 0; i < rows.n * FEATURES; i++) {
        const double off = (double)x[i] - mean[rows.label[i / FEATURES]][i % FEATURES];
        squares += off * off;
    }
    *deviation = sqrt(squares / ((PER_CLASS - 1) * CLASSES * FEATURES));
    double between = 0;
    for (size_t a = 0; a < CLASSES; a++) {
        for (size_t b = 0; b < a; b++) {
            for (size_t j = 0; j < FEATURES; j++) {
                between += (mean[a][j] - mean[b][j]) * (mean[a][j] - mean[b][j]);
            }
        }
    }
    /* The means of PER_CLASS rows are themselves off by 1 / PER_CLASS in variance. */
    *distance = sqrt(between / (CLASSES * (CLASSES - 1) / 2) - 2.0 * FEATURES / PER_CLASS);
    close_data(&opened);
}

/* 200,000 squares: relative standard error of the deviation 0.0016; the distance is a root of 2000 coordinates' mean
 * square, 0.016. Five of each. */
static void centres_are_separation_apart_in_units_of_the_spread(void **state) {
    (void)state;
    double distance = 0, deviation = 0;
    measure(8, &distance, &deviation);
    assert_true(fabs(deviation - 1) < 0.008);
    assert_true(fabs(distance / 8 - 1) < 0.08);
    measure(12, &distance, &deviation);
    assert_false(fabs(distance / 8 - 1) < 0.08); /* negative control */
}

static void classes_are_of_equal_size(void **state) {
    (void)state;
    struct opened opened;
    const struct mu_data *const data =
        open_data(&opened, 1, "{'source': 'blobs', 'samples': 103, 'classes': 10, 'clients': 1}");
    const struct mu_rows rows = client_rows(data, 0);
    size_t count[10] = {0};
    for (size_t i = 0; i < rows.n; i++) {
        count[rows.label[i]]++;
    }
    for (size_t c = 0; c < 10; c++) {
        assert_int_equal(count[c], c < 3 ? 11 : 10);
    }
    close_data(&opened);
}

static void too_large_a_pool_is_refused(void **state) {
    (void)state;
    expect_bad_data("test.json: /data/samples", "this host has",
                    "{'source': 'blobs', 'samples': 1000000000, 'features': 1000000}");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(centres_are_separation_apart_in_units_of_the_spread),
        cmocka_unit_test(classes_are_of_equal_size),
        cmocka_unit_test(too_large_a_pool_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
