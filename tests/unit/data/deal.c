/* What partitions share: sorting, apportioning, Dirichlet draws, and the floor under sizes. */
#include "unit/data/helper.h"

#include "partition.h"

static void sorting_is_stable(void **state) {
    (void)state;
    static const uint32_t key[] = {2, 0, 2, 1, 0, 2}, expected[] = {1, 4, 3, 0, 2, 5};
    static const uint64_t expected_start[] = {0, 2, 3, 6, 6};
    uint32_t order[6];
    uint64_t start[5];
    mu_sort_by_key(6, key, 4, start, order);
    assert_memory_equal(order, expected, sizeof order);
    assert_memory_equal(start, expected_start, sizeof start);
}

static void sizes_sum_exactly_and_stay_within_one_of_their_share(void **state) {
    (void)state;
    struct mu_rng rng;
    mu_rng_init(&rng, 3, MU_STREAM_PARTITION, 0, 0);
    for (int repeat = 0; repeat < 200; repeat++) {
        double weight[37], sum = 0;
        uint64_t size[37], total = 0;
        for (size_t i = 0; i < 37; i++) {
            weight[i] = exp(3 * mu_rng_normal(&rng));
            sum += weight[i];
        }
        const uint64_t rows = mu_rng_below(&rng, 5000);
        mu_deal_sizes(rows, 37, weight, size);
        for (size_t i = 0; i < 37; i++) {
            total += size[i];
            assert_true(fabs((double)size[i] - weight[i] / sum * (double)rows) <= 1 + 1e-6);
        }
        assert_int_equal(total, rows);
    }
}

/* A component of Dir(alpha, ..., alpha) over n is Beta(alpha, (n - 1) alpha): mean 1/n, variance
 * (n - 1) / (n^2 (n alpha + 1)). The sample mean's and variance's errors are compared with five of their standard
 * errors (the variance's bounded by the fourth moment, at most the variance for a variable in 0..1). */
static void check_moments(double alpha, size_t n, bool expect) {
    enum { REPEATS = 20000 };
    struct mu_rng rng;
    mu_rng_init(&rng, 11, MU_STREAM_PARTITION, 0, 0);
    double sum = 0, squares = 0, p[16];
    const double used = expect ? alpha : 2 * alpha;
    const double mean = 1 / (double)n;
    const double variance = ((double)n - 1) / ((double)n * (double)n * ((double)n * alpha + 1));
    for (int i = 0; i < REPEATS; i++) {
        double total = 0;
        mu_deal_dirichlet(&rng, n, &used, true, p);
        for (size_t k = 0; k < n; k++) {
            assert_true(p[k] >= 0);
            total += p[k];
        }
        assert_true(fabs(total - 1) < 1e-12);
        sum += p[0];
        squares += (p[0] - mean) * (p[0] - mean);
    }
    assert_true(fabs(sum / REPEATS - mean) < 5 * sqrt(variance / REPEATS));
    assert_int_equal(fabs(squares / REPEATS - variance) < 5 * sqrt(variance / REPEATS), expect);
}

static void dirichlet_has_its_moments(void **state) {
    (void)state;
    check_moments(0.1, 10, true);
    check_moments(1, 10, true);
    check_moments(30, 4, true);
    check_moments(0.1, 10, false); /* negative control: twice the concentration is seen */
}

/* With alpha = 1e-4 half of all gamma variates are below the smallest double. */
static void dirichlet_is_a_distribution_where_gammas_underflow(void **state) {
    (void)state;
    struct mu_rng rng;
    mu_rng_init(&rng, 5, MU_STREAM_PARTITION, 0, 0);
    size_t first[4] = {0};
    const double alpha = 1e-4;
    for (int i = 0; i < 4000; i++) {
        double p[4], total = 0;
        mu_deal_dirichlet(&rng, 4, &alpha, true, p);
        for (size_t k = 0; k < 4; k++) {
            total += p[k];
            first[k] += p[k] > 0.999;
        }
        assert_true(fabs(total - 1) < 1e-12);
    }
    /* Nearly all mass is on one component, on each equally often: 1000 +- 5 standard deviations of 27. */
    for (size_t k = 0; k < 4; k++) {
        assert_in_range(first[k], 860, 1140);
    }
}

static void the_floor_is_filled_from_the_largest(void **state) {
    (void)state;
    /* Sizes 6, 0, 3, 1, 0 and least 2: clients 1, 3 and 4 want 2 + 1 + 2. */
    uint32_t owner[] = {0, 0, 2, 0, 0, 2, 0, 3, 2, 0};
    struct mu_err err = {0};
    struct mu_deal deal = {.file = "test.json", .rows = 10, .clients = 5};
    assert_int_equal(mu_deal_fill(&deal, 2, owner, &err), MU_OK);
    size_t size[5] = {0};
    for (size_t i = 0; i < 10; i++) {
        size[owner[i]]++;
    }
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(size[i], 2);
    }
    /* The first to give is client 0, and it gives its last row to the lowest client in want. */
    assert_int_equal(owner[9], 1);
    assert_int_equal(owner[0], 0);
    assert_int_equal(mu_deal_fill(&deal, 3, owner, &err), MU_BAD_CONFIG);
    support_expect_error(&err, MU_BAD_CONFIG, "/data/partition/min_samples", "3 rows each of the 10");
}

static void nothing_moves_where_nobody_is_in_want(void **state) {
    (void)state;
    uint32_t owner[] = {1, 0, 1, 0}, before[4];
    struct mu_err err = {0};
    const struct mu_deal deal = {.rows = 4, .clients = 2};
    memcpy(before, owner, sizeof owner);
    assert_int_equal(mu_deal_fill(&deal, 2, owner, &err), MU_OK);
    assert_memory_equal(owner, before, sizeof owner);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sorting_is_stable),
        cmocka_unit_test(sizes_sum_exactly_and_stay_within_one_of_their_share),
        cmocka_unit_test(dirichlet_has_its_moments),
        cmocka_unit_test(dirichlet_is_a_distribution_where_gammas_underflow),
        cmocka_unit_test(the_floor_is_filled_from_the_largest),
        cmocka_unit_test(nothing_moves_where_nobody_is_in_want),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
