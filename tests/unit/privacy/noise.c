/* Keyed noise: its law, that it does not depend on how a vector is cut, and that no two draws share a counter. */
#include "muster/privacy/noise.h"

#include "support.h"

#include "draw.h"

enum { N = 100000 };

static const struct mu_noise_key key = {{1, 2, 3, 4}};
static const struct mu_noise_place place = {MU_NOISE_SUM, 5, 6, 7, 8};
static double buffer[N];

static double normal_cdf(double x, const double *sigma) {
    return 0.5 * erfc(-x / *sigma * M_SQRT1_2);
}

static void it_is_normal(void **state) {
    (void)state;
    const double sigma = 3;
    const double wrong = 3.2;
    memset(buffer, 0, sizeof buffer);
    mu_noise_gaussian(&key, &place, sigma, 0, N, buffer);
    double square = 0;
    double neighbours = 0;
    for (size_t i = 0; i < N; i++) {
        square += buffer[i] * buffer[i];
        neighbours += i > 0 ? buffer[i] * buffer[i - 1] : 0;
    }
    assert_true(fabs(square / (sigma * sigma) - N) < SUPPORT_SCORE_LIMIT * sqrt(2.0 * N));
    assert_true(fabs(neighbours / (sigma * sigma)) < SUPPORT_SCORE_LIMIT * sqrt(1.0 * N));
    assert_true(support_ks(N, buffer, normal_cdf, &sigma) < SUPPORT_KS_LIMIT);
    assert_true(support_ks(N, buffer, normal_cdf, &wrong) > SUPPORT_KS_LIMIT);
}

static void it_is_added(void **state) {
    (void)state;
    double x[3] = {1, 2, 3};
    double z[3] = {0};
    mu_noise_gaussian(&key, &place, 0, 0, 3, x);
    assert_true(x[0] == 1 && x[1] == 2 && x[2] == 3);
    mu_noise_gaussian(&key, &place, 2, 0, 3, x);
    mu_noise_gaussian(&key, &place, 2, 0, 3, z);
    for (int i = 0; i < 3; i++) {
        assert_true(z[i] != 0 && x[i] == i + 1 + z[i]);
    }
}

static void cuts_do_not_matter(void **state) {
    (void)state;
    enum { DIM = 1001 };
    double whole[DIM] = {0};
    int64_t whole_discrete[DIM] = {0};
    struct mu_discrete law;
    struct mu_err err = {0};
    assert_int_equal(mu_discrete_init(&law, 1000, &err), MU_OK);
    mu_noise_gaussian(&key, &place, 1, 0, DIM, whole);
    mu_noise_discrete(&key, &place, &law, 0, DIM, whole_discrete);
    for (size_t cut = 1; cut < 12; cut++) {
        double parts[DIM] = {0};
        int64_t parts_discrete[DIM] = {0};
        for (size_t first = 0; first < DIM; first += cut) {
            const size_t n = first + cut < DIM ? cut : DIM - first;
            mu_noise_gaussian(&key, &place, 1, first, n, parts + first);
            mu_noise_discrete(&key, &place, &law, first, n, parts_discrete + first);
        }
        assert_memory_equal(whole, parts, sizeof whole);
        assert_memory_equal(whole_discrete, parts_discrete, sizeof whole_discrete);
    }
}

/* Each member of the place, and the key, gives other numbers. */
static void every_member_counts(void **state) {
    (void)state;
    struct mu_noise_place other[6] = {place, place, place, place, place, place};
    other[1].purpose = MU_NOISE_SHARE;
    other[2].step++;
    other[3].client++;
    other[4].slot++;
    other[5].part++;
    double x[7][4] = {{0}};
    for (int i = 0; i < 6; i++) {
        mu_noise_gaussian(&key, &other[i], 1, 0, 4, x[i]);
    }
    struct mu_noise_key other_key = key;
    other_key.word[3] ^= UINT64_C(1) << 63;
    mu_noise_gaussian(&other_key, &place, 1, 0, 4, x[6]);
    for (int i = 0; i < 7; i++) {
        for (int j = 0; j < i; j++) {
            for (int k = 0; k < 4; k++) {
                assert_true(x[i][k] != x[j][k]);
            }
        }
    }
}

static int compare_counters(const void *a, const void *b) {
    return memcmp(a, b, 32);
}

/* All draws of a small run: every purpose, step, client, slot, part and coordinate, continuous and discrete. */
static void no_two_draws_share_a_counter(void **state) {
    (void)state;
    enum { PURPOSES = 6, STEPS = 8, CLIENTS = 5, SLOTS = 3, PARTS = 3, BLOCKS = 6 };
    enum { COUNTERS = PURPOSES * STEPS * CLIENTS * SLOTS * PARTS * BLOCKS };
    static uint64_t counter[COUNTERS][4];
    size_t n = 0;
    for (int index = 0; index < COUNTERS; index++) {
        int rest = index;
        const uint64_t block = (uint64_t)(rest % BLOCKS);
        struct mu_noise_place p = {.part = (uint32_t)((rest /= BLOCKS) % PARTS)};
        p.slot = (uint32_t)((rest /= PARTS) % SLOTS);
        p.client = (uint32_t)((rest /= SLOTS) % CLIENTS) * 0x33333333; /* up to the largest */
        p.step = (uint64_t)((rest /= CLIENTS) % STEPS) * UINT64_C(0x2492492492492492);
        p.purpose = (enum mu_noise_purpose)(1 + rest / STEPS);
        mu_noise_counter(&p, block, counter[n++]);
    }
    qsort(counter, n, sizeof *counter, compare_counters);
    for (size_t i = 1; i < n; i++) {
        assert_memory_not_equal(counter[i - 1], counter[i], 32);
    }
    /* Negative control: a place forgotten would be seen. */
    memcpy(counter[1], counter[0], 32);
    assert_int_equal(compare_counters(counter[0], counter[1]), 0);
}

static void sampling_is_uniform(void **state) {
    (void)state;
    size_t below = 0;
    for (uint64_t i = 0; i < N; i++) {
        const double u = mu_noise_uniform(&key, &place, i);
        assert_true(u >= 0 && u < 1);
        below += u < 0.25;
    }
    assert_true(fabs((double)below - 0.25 * N) < SUPPORT_SCORE_LIMIT * sqrt(0.25 * 0.75 * N));
}

static void keys_are_fresh_or_the_seeds(void **state) {
    (void)state;
    struct mu_err err = {0};
    struct mu_noise_key a;
    struct mu_noise_key b;
    assert_int_equal(mu_noise_key_draw(&a, &err), MU_OK);
    assert_int_equal(mu_noise_key_draw(&b, &err), MU_OK);
    assert_memory_not_equal(&a, &b, sizeof a);
    mu_noise_key_from_seed(&a, 9);
    mu_noise_key_from_seed(&b, 9);
    assert_memory_equal(&a, &b, sizeof a);
    mu_noise_key_from_seed(&b, 10);
    assert_memory_not_equal(&a, &b, sizeof a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_normal),
        cmocka_unit_test(it_is_added),
        cmocka_unit_test(cuts_do_not_matter),
        cmocka_unit_test(every_member_counts),
        cmocka_unit_test(no_two_draws_share_a_counter),
        cmocka_unit_test(sampling_is_uniform),
        cmocka_unit_test(keys_are_fresh_or_the_seeds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
