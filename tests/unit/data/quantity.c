/* quantity: sizes follow their law. With so many rows that rounding does not matter, sizes over their mean are draws of
 * the law over their sample mean; a Kolmogorov-Smirnov test at error rate 1e-6 compares them. */
#include "unit/data/helper.h"

enum { CLIENTS = 2000, ROWS = 2000000 };

static double lognormal_cdf(double x, const double *parameter) {
    return 0.5 * erfc(-(log(x) - parameter[0]) / (parameter[1] * sqrt(2)));
}

/* Location by the sample's own mean logarithm makes the test conservative; the spread is what is tested. */
static double lognormal_distance(double sigma, double tested) {
    struct opened opened;
    const struct mu_data *const data = open_data(&opened, 1,
                                                 "{'source': 'blobs', 'samples': %d, 'features': 1, 'classes': 2, "
                                                 "'test_samples': 0, 'clients': %d, 'partition': {'kind': 'quantity', "
                                                 "'sigma': %g, 'min_samples': 0}}",
                                                 ROWS, CLIENTS, sigma);
    static double size[CLIENTS];
    double parameter[2] = {0, tested};
    for (uint32_t i = 0; i < CLIENTS; i++) {
        size[i] = (double)mu_data_size(data, i);
        parameter[0] += log(size[i]) / CLIENTS;
    }
    close_data(&opened);
    return support_ks(CLIENTS, size, lognormal_cdf, parameter);
}

static void lognormal_sizes_have_their_spread(void **state) {
    (void)state;
    assert_true(lognormal_distance(0.5, 0.5) < SUPPORT_KS_LIMIT);
    assert_true(lognormal_distance(0.5, 0.7) > SUPPORT_KS_LIMIT); /* negative control */
}

/* Pareto: the logarithm of size over the smallest is exponential with mean 1 / exponent. */
static void power_sizes_have_their_exponent(void **state) {
    (void)state;
    struct opened opened;
    const struct mu_data *const data = open_data(&opened, 1,
                                                 "{'source': 'blobs', 'samples': %d, 'features': 1, 'classes': 2, "
                                                 "'test_samples': 0, 'clients': %d, 'partition': {'kind': 'quantity', "
                                                 "'law': 'power', 'exponent': 3, 'min_samples': 0}}",
                                                 ROWS, CLIENTS);
    double smallest = ROWS, mean = 0;
    for (uint32_t i = 0; i < CLIENTS; i++) {
        smallest = fmin(smallest, (double)mu_data_size(data, i));
    }
    for (uint32_t i = 0; i < CLIENTS; i++) {
        mean += log((double)mu_data_size(data, i) / smallest) / CLIENTS;
    }
    /* Hill's estimate: relative standard error 1 / sqrt(2000) = 0.022; five of them. */
    assert_true(fabs(1 / mean / 3 - 1) < 0.11);
    assert_false(fabs(1 / mean / 2 - 1) < 0.11); /* negative control: exponent 2 */
    close_data(&opened);
}

static void the_floor_comes_first(void **state) {
    (void)state;
    struct opened opened;
    const struct mu_data *const data = open_data(&opened, 1,
                                                 "{'source': 'blobs', 'samples': 1000, 'clients': 100, 'partition': "
                                                 "{'kind': 'quantity', 'sigma': 5, 'min_samples': 7}}");
    uint64_t total = 0;
    for (uint32_t i = 0; i < 100; i++) {
        assert_true(mu_data_size(data, i) >= 7);
        total += mu_data_size(data, i);
    }
    assert_int_equal(total, 1000);
    close_data(&opened);
    expect_bad_data("/data/partition/min_samples", "cannot have 11 rows",
                    "{'source': 'blobs', 'samples': 1000, 'clients': 100, 'partition': "
                    "{'kind': 'quantity', 'min_samples': 11}}");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lognormal_sizes_have_their_spread),
        cmocka_unit_test(power_sizes_have_their_exponent),
        cmocka_unit_test(the_floor_comes_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
