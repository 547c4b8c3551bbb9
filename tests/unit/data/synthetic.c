/* synthetic(alpha, beta): rows on demand, the laws of its parts, and a million clients. */
#include "unit/data/helper.h"

#include <malloc.h>
#include <sys/resource.h>
#include <time.h>

static void a_client_is_a_pure_function_of_the_seed(void **state) {
    (void)state;
    struct opened first, second, other;
    const struct mu_data *const a = open_data(&first, 1, "{'source': 'synthetic', 'clients': 50}");
    const struct mu_data *const b = open_data(&second, 1, "{'source': 'synthetic', 'clients': 60}");
    const struct mu_data *const c = open_data(&other, 2, "{'source': 'synthetic', 'clients': 50}");
    struct mu_space space = {0};
    struct mu_err err = {0};
    uint64_t total = 0;
    bool differs = false;
    for (uint32_t i = 50; i-- > 0;) { /* in another order, through another space */
        struct mu_rows again;
        const struct mu_rows rows = client_rows(a, i);
        assert_int_equal(rows.n, mu_data_size(a, i));
        assert_int_equal(mu_data_client(b, i, &space, &again, &err), MU_OK);
        assert_int_equal(again.n, rows.n);
        assert_memory_equal(again.x, rows.x, rows.n * rows.width * sizeof(float));
        assert_memory_equal(again.label, rows.label, rows.n * sizeof *rows.label);
        assert_int_equal(mu_data_client(c, i, &space, &again, &err), MU_OK);
        differs = differs || again.n != rows.n;
        total += rows.n;
    }
    assert_true(differs);
    assert_int_equal(total, mu_data_total(a));
    mu_space_clear(&space);
    client_rows(NULL, 0);
    close_data(&first);
    close_data(&second);
    close_data(&other);
}

static double lognormal_cdf(double x, const double *parameter) {
    return 0.5 * erfc(-(log(x) - parameter[0]) / (parameter[1] * sqrt(2)));
}

/* floor(s) <= x has the probability of s < x + 1: at the integers the law is exact, and size 0 aside the
 * discreteness of sizes around e^8 is far below the resolution of 5000 draws. */
static void sizes_are_lognormal(void **state) {
    (void)state;
    struct opened opened;
    const struct mu_data *const data = open_data(&opened, 1,
                                                 "{'source': 'synthetic', 'clients': 5000, 'size_mu': 8, "
                                                 "'size_sigma': 1, 'min_samples': 1, 'max_samples': 1000000000, "
                                                 "'test_samples': 0}");
    static double size[5000], copy[5000];
    for (uint32_t i = 0; i < 5000; i++) {
        size[i] = copy[i] = (double)mu_data_size(data, i);
    }
    const double law[] = {8, 1}, wrong[] = {8, 1.15};
    assert_true(support_ks(5000, size, lognormal_cdf, law) < SUPPORT_KS_LIMIT);
    assert_true(support_ks(5000, copy, lognormal_cdf, wrong) > SUPPORT_KS_LIMIT); /* negative control */
    close_data(&opened);
}

static void sizes_are_cut_at_their_limits(void **state) {
    (void)state;
    struct opened opened;
    const struct mu_data *const data = open_data(&opened, 1, "{'source': 'synthetic', 'clients': 2000}");
    size_t smallest = SIZE_MAX, largest = 0;
    for (uint32_t i = 0; i < 2000; i++) {
        const size_t n = mu_data_size(data, i);
        smallest = n < smallest ? n : smallest;
        largest = n > largest ? n : largest;
    }
    /* P(size = 5) = P(z < -1.5) = 0.067 and P(size = 1000) = P(z > 1.95) = 0.026. */
    assert_int_equal(smallest, 5);
    assert_int_equal(largest, 1000);
    close_data(&opened);
}

/* Of 400 clients with 200 rows each: variances of the first and of the 60th input within clients (1 and 60^-1.2), and
 * of client means about beta^2 + 1. Relative standard errors sqrt(2/80000) = 0.005 and sqrt(2/400) = 0.07; five of
 * each. */
static void inputs_have_their_variances(void **state) {
    (void)state;
    struct opened opened;
    const struct mu_data *const data = open_data(&opened, 1,
                                                 "{'source': 'synthetic', 'beta': 2, 'clients': 400, 'size_mu': 0, "
                                                 "'size_sigma': 0, 'min_samples': 199}");
    double within[2] = {0}, between = 0;
    for (uint32_t i = 0; i < 400; i++) {
        const struct mu_rows rows = client_rows(data, i);
        assert_int_equal(rows.n, 200);
        for (size_t which = 0; which < 2; which++) {
            const float *const x = (const float *)rows.x + 59 * which;
            double mean = 0;
            for (size_t k = 0; k < 200; k++) {
                mean += (double)x[k * 60] / 200;
            }
            for (size_t k = 0; k < 200; k++) {
                within[which] += ((double)x[k * 60] - mean) * ((double)x[k * 60] - mean) / (199.0 * 400);
            }
            between += which == 1 ? mean * mean / 400 : 0;
        }
    }
    assert_true(fabs(within[0] - 1) < 0.025);
    assert_true(fabs(within[1] * pow(60, 1.2) - 1) < 0.025);
    assert_true(fabs(between / 5 - 1) < 0.36);
    assert_false(fabs(between / 2 - 1) < 0.36); /* negative control: beta = 1 */
    close_data(&opened);
}

static void test_rows_come_from_the_clients_in_turn(void **state) {
    (void)state;
    struct opened opened;
    const struct mu_data *const data =
        open_data(&opened, 1, "{'source': 'synthetic', 'clients': 7, 'test_samples': 100, 'features': 3, 'beta': 100}");
    const struct mu_rows *const test = mu_data_test(data);
    assert_int_equal(test->n, 100);
    /* Client by client, 15 rows of the first two and 14 of the others: with beta = 100 a client's test rows are near
     * the mean of its training rows (its rows' deviations are at most 1, its smallest client has 5 rows: five sigmas).
     */
    size_t at = 0;
    for (uint32_t i = 0; i < 7; i++) {
        const struct mu_rows rows = client_rows(data, i);
        double mean = 0;
        for (size_t k = 0; k < rows.n; k++) {
            mean += (double)((const float *)rows.x)[k * 3] / (double)rows.n;
        }
        for (size_t k = 0; k < (i < 2 ? 15u : 14u); k++, at++) {
            assert_true(fabs((double)((const float *)test->x)[at * 3] - mean) < 5.5);
        }
    }
    close_data(&opened);
}

/* Resident memory now, in MB. */
static double resident_mb(void) {
    long pages = 0, all = 0;
    FILE *const file = fopen("/proc/self/statm", "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%ld %ld", &all, &pages), 2);
    fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

/* A sanity check of scale, far from the measured 0.1 s and 1 MB so that a slow machine passes. */
static void a_million_clients_cost_little(void **state) {
    (void)state;
    struct opened opened;
    struct timespec from, upto;
    const double before_mb = resident_mb();
    clock_gettime(CLOCK_MONOTONIC, &from);
    const struct mu_data *const data = open_data(&opened, 1, "{'source': 'synthetic', 'clients': 1000000}");
    clock_gettime(CLOCK_MONOTONIC, &upto);
    const double seconds = (double)(upto.tv_sec - from.tv_sec) + 1e-9 * (double)(upto.tv_nsec - from.tv_nsec);
    print_message("a million clients: %.3f s, %.1f MB\n", seconds, resident_mb() - before_mb);
    assert_int_equal(mu_data_clients(data), 1000000);
    assert_true(client_rows(data, 999999).n >= 5);
    assert_true(seconds < 20);
    assert_true(resident_mb() - before_mb < 100);
    client_rows(NULL, 0);
    close_data(&opened);
}

static void a_partition_is_refused(void **state) {
    (void)state;
    expect_bad_data("/data/partition", "synthetic says itself",
                    "{'source': 'synthetic', 'partition': {'kind': 'dirichlet'}}");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_is_a_pure_function_of_the_seed),
        cmocka_unit_test(sizes_are_lognormal),
        cmocka_unit_test(sizes_are_cut_at_their_limits),
        cmocka_unit_test(inputs_have_their_variances),
        cmocka_unit_test(test_rows_come_from_the_clients_in_turn),
        cmocka_unit_test(a_million_clients_cost_little),
        cmocka_unit_test(a_partition_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
