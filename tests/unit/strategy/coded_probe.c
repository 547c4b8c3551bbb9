/* What a probe measures: shares that cover the batch, costs that are put in and come out, stragglers or not. */
#include "coded_probe.h"

#include "support.h"

#include <math.h>

static void expect_near(double got, double want) {
    if (!(fabs(got - want) <= 1e-12)) {
        fail_msg("%.17g, not %.17g", got, want);
    }
}

enum { MOST = 9, ROUNDS = 11 };

static void shares_cover_the_batch_and_take_turns(void **state) {
    (void)state;
    for (uint32_t n = 1; n <= MOST; n++) {
        const struct mu_coded_probe probe = {n, ROUNDS, true, true};
        const uint64_t units = mu_coded_probe_units(&probe);
        unsigned seen[MOST] = {0}; /* combinations of a worker in four rounds */
        for (uint32_t r = 0; r < 4; r++) {
            uint64_t next = 0;
            for (uint32_t i = 0; i < n; i++) {
                const struct mu_coded_share s = mu_coded_probe_share(&probe, r, i);
                assert_int_equal(s.from, next);
                assert_true(s.to > s.from && (s.to - s.from) % 2 == 0);
                assert_true(s.parts == 1 || s.parts == 2);
                next = s.to;
                seen[i] |= 1U << ((s.to - s.from > units / n ? 2U : 0U) + s.parts - 1);
            }
            assert_int_equal(next, units);
        }
        for (uint32_t i = 0; i < n; i++) {
            assert_int_equal(seen[i], (i ^ 1U) < n ? 15 : 3); /* the last of an odd number keeps its share */
        }
    }
    const struct mu_coded_probe even = {6, ROUNDS, false, false};
    for (uint32_t i = 0; i < 6; i++) {
        const struct mu_coded_share s = mu_coded_probe_share(&even, 1, i);
        assert_true(s.from == 4 * (uint64_t)i && s.to == 4 * (uint64_t)i + 4 && s.parts == 1);
    }
}

/* Worker i takes 1 + i / 10 s at 1/n, and 50 s more in one round of five. */
static double base_of(uint32_t n, uint32_t r, uint32_t i) {
    return 1 + 0.1 * i + ((r * n + i) % 5 == 0 ? 50 : 0);
}

static void costs_come_out_as_they_were_put_in(void **state) {
    (void)state;
    for (uint32_t n = 1; n <= MOST; n++) {
        for (uint32_t measured = 0; measured < 4; measured++) {
            const struct mu_coded_probe probe = {n, 20, (measured & 1) != 0, (measured & 2) != 0};
            struct mu_err err = {.code = MU_OK};
            struct mu_coded_cost cost;
            double t[20 * MOST];
            for (uint32_t r = 0; r < 20; r++) {
                for (uint32_t i = 0; i < n; i++) {
                    const struct mu_coded_share s = mu_coded_probe_share(&probe, r, i);
                    const double load = (double)(s.to - s.from) / (double)mu_coded_probe_units(&probe);
                    t[r * n + i] = base_of(n, r, i) + 3 * (load - 1.0 / n) + 0.25 * (s.parts - 1);
                }
            }
            assert_int_equal(mu_coded_probe_cost(&probe, t, &cost, &err), MU_OK);
            expect_near(cost.alpha, probe.load && n > 1 ? 3 : 0);
            expect_near(cost.vector_s, probe.vectors ? 0.25 : 0);
            for (uint32_t k = 0; k < 20 * n; k++) {
                expect_near(t[k], base_of(n, k / n, k % n));
            }
        }
    }
}

static void costs_are_not_negative(void **state) {
    (void)state;
    const struct mu_coded_probe probe = {2, 4, true, true};
    struct mu_err err = {.code = MU_OK};
    struct mu_coded_cost cost;
    double t[8];
    for (uint32_t k = 0; k < 8; k++) {
        const struct mu_coded_share s = mu_coded_probe_share(&probe, k / 2, k % 2);
        t[k] = 9 - (double)(s.to - s.from) - s.parts; /* faster with more to do */
    }
    assert_int_equal(mu_coded_probe_cost(&probe, t, &cost, &err), MU_OK);
    assert_true(cost.alpha == 0 && cost.vector_s == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_cover_the_batch_and_take_turns),
        cmocka_unit_test(costs_come_out_as_they_were_put_in),
        cmocka_unit_test(costs_are_not_negative),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
