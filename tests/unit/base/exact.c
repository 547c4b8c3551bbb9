/* The references here are __float128 (113 bits) and __int128, which neither round nor overflow on these sums. */
#include "support.h"

#include <float.h>

#include "fixed.h"
#include "muster/base/exact.h"
#include "muster/base/rng.h"

/* A number with a random sign and a random exponent in low..high. */
static double draw_wide(struct mu_rng *rng, int low, int high) {
    const double fraction = 1.0 + mu_rng_uniform(rng);
    const int exponent = low + (int)mu_rng_below(rng, (uint64_t)(high - low + 1));
    return (mu_rng_u32(rng) & 1U ? -1.0 : 1.0) * ldexp(fraction, exponent);
}

static struct mu_rng start(uint32_t ordinal) {
    struct mu_rng rng;
    mu_rng_init(&rng, 7, MU_STREAM_DATA, 0, ordinal);
    return rng;
}

static void expect_largest_shift(double bound) {
    const int shift = mu_exact_shift(bound);
    assert_true(shift >= -1000 && shift <= 1000);
    assert_true(ldexp(bound, shift) < 0x1p62);
    assert_true(shift == 1000 || ldexp(bound, shift + 1) >= 0x1p62);
}

static void the_shift_is_the_largest_that_fits(void **state) {
    (void)state;
    struct mu_rng rng = start(0);
    for (int e = -1074; e < 1024; e++) {
        expect_largest_shift(ldexp(1.0, e));
        expect_largest_shift(nextafter(ldexp(1.0, e), INFINITY));
        expect_largest_shift(nextafter(ldexp(1.0, e), 1e-320));
        expect_largest_shift(ldexp(mu_rng_positive(&rng), e));
    }
    expect_largest_shift(DBL_MAX);
    expect_largest_shift(DBL_TRUE_MIN);
    assert_int_equal(mu_exact_shift(0.0), 0);
    assert_int_equal(mu_exact_shift(1.0), 61);
    assert_int_equal(mu_exact_shift(nextafter(1.0, 0.0)), 62);
    assert_int_equal(mu_exact_shift(DBL_MAX), -962);
    assert_int_equal(mu_exact_shift(DBL_TRUE_MIN), 1000);
}

/* lrint of the C library is the reference; it must see the value at run time. */
static void expect_rounding(double v) {
    const volatile double seen = v;
    if (mu_fixed_round(v) != lrint(seen)) {
        fail_msg("%a: %lld, expected %ld", v, (long long)mu_fixed_round(v), lrint(seen));
    }
}

static void rounding_is_that_of_lrint(void **state) {
    (void)state;
    struct mu_rng rng = start(1);
    for (int i = 0; i < 500000; i++) {
        const double v = draw_wide(&rng, -60, 61);
        expect_rounding(v);
        expect_rounding(rint(v));
        expect_rounding(rint(v) + 0.5); /* a tie, unless v is beyond 2^52 */
        expect_rounding(rint(v) - 0.5);
        expect_rounding(nextafter(rint(v) + 0.5, v));
    }
    /* Around the cut at multiples of 2^31 and 2^32, and to the ends of the range. */
    for (int e = 20; e <= 62; e++) {
        for (int k = -9; k <= 9; k++) {
            const double v = fmin(ldexp(1.0, e) + 0.25 * k, 0x1p62);
            expect_rounding(v);
            expect_rounding(-v);
            expect_rounding(fmin(ldexp(1.0, e) + ldexp(1.0, 31) + 0.25 * k, 0x1p62));
        }
        expect_rounding(nextafter(ldexp(1.0, e), 0.0));
    }
    static const double special[] = {0.0, -0.0, DBL_TRUE_MIN, -DBL_TRUE_MIN, DBL_MIN, 0.5, -0.5, 1.5, 2.5, -2.5};
    for (size_t i = 0; i < sizeof special / sizeof special[0]; i++) {
        expect_rounding(special[i]);
    }
    /* Control: truncation, the usual mistake, is not the same. */
    assert_true(mu_fixed_round(2.75) != (int64_t)2.75);
    assert_true(mu_fixed_round(2.5) == 2 && mu_fixed_round(3.5) == 4);
}

/* One term, one instruction at a time: volatile keeps the compiler from vectorising or reordering the reference. */
static int64_t reference_term(double weight, double x, int shift) {
    volatile double product = weight * x;
    product = product * ldexp(1.0, shift);
    return lrint(product);
}

enum { LONGEST = 70, LEAD = 16 };

/* Every length, hence every remainder of a vector loop, at every alignment of the elements. */
static void vectors_are_added_as_single_terms_are(void **state) {
    (void)state;
    static float x32[LONGEST + LEAD];
    static double x64[LONGEST + LEAD];
    static int64_t acc[LONGEST + LEAD];
    struct mu_rng rng = start(2);
    for (size_t n = 0; n <= LONGEST; n++) {
        for (size_t lead = 0; lead < LEAD; lead++) {
            const double scale = draw_wide(&rng, -4, 3);
            for (size_t i = 0; i < LONGEST + LEAD; i++) {
                x32[i] = (float)draw_wide(&rng, -149, 4); /* subnormal floats too */
                x64[i] = draw_wide(&rng, -60, 4);
                if (i % 3 == 0) {
                    x64[i] = ldexp(rint(x64[i]) + 0.5, -40) / scale; /* nearly or exactly a tie */
                }
            }
            const int shift = mu_exact_shift(fabs(scale) * 64.0); /* |x| < 32, two terms */
            for (size_t i = 0; i < LONGEST + LEAD; i++) {
                acc[i] = (int64_t)i - 40;
            }
            mu_exact_add_f32(acc + lead, n, scale, shift, x32 + lead);
            mu_exact_add_f64(acc + lead, n, scale, shift, x64 + lead);
            for (size_t i = 0; i < LONGEST + LEAD; i++) {
                int64_t expected = (int64_t)i - 40;
                if (i >= lead && i < lead + n) {
                    expected += reference_term(scale, (double)x32[i], shift) + reference_term(scale, x64[i], shift);
                }
                assert_true(acc[i] == expected);
            }
        }
    }
}

/* Terms whose weight times 2^shift is beyond double although weight times x is not, and the other way round. */
static void extreme_weights_do_not_spoil_ordinary_terms(void **state) {
    (void)state;
    static const struct {
        double weight, x;
    } term[] = {{1e300, 1e-300},      {1e-300, 1e300}, {DBL_MAX, 0x1p-1022}, {DBL_TRUE_MIN, 0x1p1023},
                {0x1p1000, 0x1p-990}, {1e308, 1.0},    {1e-308, 1.0},        {DBL_TRUE_MIN, 1.0},
                {1.0, DBL_TRUE_MIN},  {3e-310, 7.0},   {1e300, 0.0},         {0.0, 1e300}};
    for (size_t t = 0; t < sizeof term / sizeof term[0]; t++) {
        const double product = term[t].weight * term[t].x;
        const int shift = mu_exact_shift(fabs(product));
        int64_t acc = 0;
        double sum = 0.0;
        mu_exact_add_f64(&acc, 1, term[t].weight, shift, &term[t].x);
        mu_exact_read(&sum, 1, shift, &acc);
        assert_true(fabs(sum - product) <= ldexp(0.5, -shift));
        assert_true(shift == 1000 || sum == product); /* 62 bits hold all of a double */
        acc = 0;
        const float tiny = 0x1p-149F;
        mu_exact_add_f32(&acc, 1, 0x1p1023, mu_exact_shift(0x1p874), &tiny);
        mu_exact_read(&sum, 1, mu_exact_shift(0x1p874), &acc);
        assert_true(sum == 0x1p874);
    }
}

enum { TERMS = 97, DIM = 33 };
static double weight[TERMS];
static float update[TERMS][DIM];

static double draw_terms(struct mu_rng *rng) {
    double bound = 0.0;
    for (size_t k = 0; k < TERMS; k++) {
        weight[k] = draw_wide(rng, -10, 0);
        for (size_t i = 0; i < DIM; i++) {
            update[k][i] = (float)draw_wide(rng, -30, 2);
        }
        bound += fabs(weight[k]) * mu_max_abs_f32(DIM, update[k]);
    }
    return bound;
}

/* Terms in random order, each to a random one of the adders, the adders' sums in random order. `plain` gets the same in
 * floating point. */
static void add_somehow(struct mu_rng *rng, size_t adders, int shift, int64_t *total, double *plain) {
    static int64_t part[64][DIM];
    static double plain_part[64][DIM];
    uint32_t order[TERMS];
    uint32_t adder_order[64];
    memset(part, 0, sizeof part);
    memset(plain_part, 0, sizeof plain_part);
    for (uint32_t k = 0; k < TERMS; k++) {
        order[k] = k;
    }
    for (uint32_t a = 0; a < adders; a++) {
        adder_order[a] = a;
    }
    mu_rng_shuffle(rng, TERMS, order);
    mu_rng_shuffle(rng, adders, adder_order);
    for (size_t k = 0; k < TERMS; k++) {
        const size_t a = (size_t)mu_rng_below(rng, adders);
        mu_exact_add_f32(part[a], DIM, weight[order[k]], shift, update[order[k]]);
        for (size_t i = 0; i < DIM; i++) {
            plain_part[a][i] += weight[order[k]] * (double)update[order[k]][i];
        }
    }
    for (size_t i = 0; i < DIM; i++) {
        total[i] = 0;
        plain[i] = 0.0;
        for (size_t a = 0; a < adders; a++) {
            total[i] += part[adder_order[a]][i];
            plain[i] += plain_part[adder_order[a]][i];
        }
    }
}

static void any_order_and_any_partition_give_the_same_bits(void **state) {
    (void)state;
    static const size_t adders[] = {1, 1, 2, 3, 7, 64};
    struct mu_rng rng = start(3);
    size_t differing = 0;
    for (int trial = 0; trial < 20; trial++) {
        int64_t first[DIM];
        double first_plain[DIM];
        const int shift = mu_exact_shift(draw_terms(&rng));
        add_somehow(&rng, 1, shift, first, first_plain);
        for (size_t a = 0; a < 6; a++) {
            int64_t other[DIM];
            double plain[DIM];
            add_somehow(&rng, adders[a], shift, other, plain);
            assert_memory_equal(first, other, sizeof first);
            differing += memcmp(first_plain, plain, sizeof plain) != 0;
        }
    }
    assert_true(differing > 100); /* control: floating-point sums do depend on it */
}

/* The sum's distance from the exact one of the rounded products, in units of the grid. */
static double grid_error(size_t n, const double *w, const double *x, int shift) {
    int64_t acc = 0;
    __float128 exact = 0;
    for (size_t k = 0; k < n; k++) {
        const volatile double product = w[k] * x[k];
        mu_exact_add_f64(&acc, 1, w[k], shift, &x[k]);
        exact += (__float128)product;
    }
    return fabs((double)((__float128)acc - exact * (__float128)ldexp(1.0, shift)));
}

static void the_error_stays_within_its_bound(void **state) {
    (void)state;
    enum { N = 1000 };
    static double w[N];
    static double x[N];
    struct mu_rng rng = start(4);
    for (size_t n = 1; n <= N; n = n * 3 + 1) {
        for (int trial = 0; trial < 50; trial++) {
            double bound = 0.0;
            for (size_t k = 0; k < n; k++) {
                w[k] = draw_wide(&rng, -30, 30);
                x[k] = draw_wide(&rng, -40, 40);
                bound += fabs(w[k]) * fabs(x[k]);
            }
            assert_true(grid_error(n, w, x, mu_exact_shift(bound)) <= 0.5 * (double)n);
        }
    }
}

/* One large term sets the grid; each of the others lies half-way above an odd multiple of it, and so is rounded up by a
 * half: the error is the bound for those n terms, and 0.99 of the bound is exceeded. */
static void the_error_bound_is_tight(void **state) {
    (void)state;
    enum { N = 1000 };
    static double w[N + 1];
    static double x[N + 1];
    const int shift = 40;
    for (size_t k = 0; k < N; k++) {
        w[k] = 0.5;
        x[k] = ldexp(2.0 * (double)(2 * k + 1) + 1.0, -shift);
    }
    w[N] = 1.0;
    x[N] = 0x1p21;
    assert_int_equal(mu_exact_shift(x[N]), shift);
    const double error = grid_error(N + 1, w, x, shift);
    assert_true(error == 0.5 * N);
    assert_false(error <= 0.99 * 0.5 * (N + 1));
}

/* Terms at their bound, of one sign, every one rounded up by the grid, the bound itself a sum that rounded down: the
 * worst that can be. The reference counts in 128 bits. */
static void no_sum_of_up_to_a_million_terms_overflows(void **state) {
    (void)state;
    static const double size[] = {1.0, 0.1, 0x1.fffffffffffffp-1, 0x1.0000000000001p0, 1.0 / 3.0, 1e-320, 1e300};
    for (size_t s = 0; s < sizeof size / sizeof size[0]; s++) {
        for (size_t n = 1; n <= 1000000; n = n < 4 ? n + 1 : n == 4 ? 10 : n * 10) {
            double bound = 0.0;
            for (size_t k = 0; k < n; k++) {
                bound += size[s];
            }
            const int shift = mu_exact_shift(bound);
            int64_t acc = 0;
            for (size_t k = 0; k < n; k++) {
                mu_exact_add_f64(&acc, 1, -1.0, shift, &size[s]);
            }
            const __int128 exact = (__int128)mu_fixed_round(-size[s] * ldexp(1.0, shift)) * (__int128)n;
            assert_true(exact > INT64_MIN && acc == (int64_t)exact);
            /* Not by luck: with two bits more of shift, and the bound's own rounding, it would have. */
            const bool limited = shift == 1000;
            assert_true(limited || 4 * exact < INT64_MIN + ((__int128)1 << 40));
        }
    }
    /* A billion terms, by calculation: a sum of n terms is at most n 2^-53 of itself too small. */
    const __int128 most = ((__int128)1 << 62) + ((__int128)1000000000 << 9) + 500000000;
    assert_true(most < INT64_MAX);
}

static void a_sum_is_read_with_one_rounding(void **state) {
    (void)state;
    enum { N = 1003 };
    static int64_t acc[N];
    static double out[N];
    struct mu_rng rng = start(5);
    for (int shift = -1000; shift <= 1000; shift += 40) {
        for (size_t i = 0; i < N; i++) {
            acc[i] = (int64_t)mu_rng_u64(&rng) >> (1 + mu_rng_below(&rng, 63));
        }
        acc[0] = INT64_MAX;
        acc[1] = -((INT64_C(1) << 62) - 1);
        acc[2] = (INT64_C(1) << 53) + 1; /* ties */
        acc[3] = (INT64_C(1) << 53) + 3;
        mu_exact_read(out, N, shift, acc);
        for (size_t i = 0; i < N; i++) {
            const double expected = (double)((__float128)acc[i] * (__float128)ldexp(1.0, -shift));
            assert_true(out[i] == expected);
        }
    }
    assert_true(out[2] * 0x1p1000 == 0x1p53 && out[3] * 0x1p1000 == 0x1p53 + 4.0); /* control: not truncated */
}

static void the_largest_magnitude_is_exact(void **state) {
    (void)state;
    static float x32[LONGEST];
    static double x64[LONGEST];
    struct mu_rng rng = start(6);
    assert_true(mu_max_abs_f32(0, NULL) == 0.0 && mu_max_abs_f64(0, NULL) == 0.0);
    for (size_t n = 1; n <= LONGEST; n++) {
        double max32 = 0.0;
        double max64 = 0.0;
        for (size_t i = 0; i < n; i++) {
            x32[i] = (float)draw_wide(&rng, -149, 127);
            x64[i] = draw_wide(&rng, -1074, 1023);
            max32 = fmax(max32, fabs((double)x32[i]));
            max64 = fmax(max64, fabs(x64[i]));
        }
        assert_true(mu_max_abs_f32(n, x32) == max32);
        assert_true(mu_max_abs_f64(n, x64) == max64);
    }
    const double zero = -0.0;
    assert_false(signbit(mu_max_abs_f64(1, &zero)));
}

/* At every place of every length, of either sign: a vector loop must not lose one. */
static void what_is_not_finite_is_reported(void **state) {
    (void)state;
    static const double bad[] = {INFINITY, -INFINITY, NAN, -NAN};
    static float x32[LONGEST];
    static double x64[LONGEST];
    for (size_t n = 1; n <= LONGEST; n++) {
        for (size_t i = 0; i < n; i++) {
            for (size_t b = 0; b < 4; b++) {
                for (size_t j = 0; j < n; j++) {
                    x32[j] = j % 2 ? FLT_MAX : -1.0F;
                    x64[j] = j % 2 ? DBL_MAX : -1.0;
                }
                assert_true(isfinite(mu_max_abs_f32(n, x32)) && isfinite(mu_max_abs_f64(n, x64)));
                x32[i] = (float)bad[b];
                x64[i] = bad[b];
                assert_true(mu_max_abs_f32(n, x32) == INFINITY);
                assert_true(mu_max_abs_f64(n, x64) == INFINITY);
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shift_is_the_largest_that_fits),
        cmocka_unit_test(rounding_is_that_of_lrint),
        cmocka_unit_test(vectors_are_added_as_single_terms_are),
        cmocka_unit_test(extreme_weights_do_not_spoil_ordinary_terms),
        cmocka_unit_test(any_order_and_any_partition_give_the_same_bits),
        cmocka_unit_test(the_error_stays_within_its_bound),
        cmocka_unit_test(the_error_bound_is_tight),
        cmocka_unit_test(no_sum_of_up_to_a_million_terms_overflows),
        cmocka_unit_test(a_sum_is_read_with_one_rounding),
        cmocka_unit_test(the_largest_magnitude_is_exact),
        cmocka_unit_test(what_is_not_finite_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
