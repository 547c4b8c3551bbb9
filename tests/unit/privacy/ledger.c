/* The ledger: equal events are counted together, what does not compose is refused, and a checkpoint keeps it to the
 * bit. */
#include "muster/privacy/privacy.h"

#include "support.h"

#include "muster/base/mem.h"
#include "muster/config/state.h"

static const struct mu_privacy_config config = {.delta = 1e-5};

static struct mu_privacy privacy(void) {
    return (struct mu_privacy){.config = &config,
                               .accountant = mu_accountant_find("rdp"),
                               .unit = MU_DP_CLIENT,
                               .adjacency = MU_DP_ADD_REMOVE};
}

static struct mu_dp_event poisson(double sigma, int64_t count) {
    return (struct mu_dp_event){.kind = MU_DP_POISSON_GAUSSIAN, .sigma = sigma, .q = 0.01, .count = count};
}

static double cost(const struct mu_ledger *ledger) {
    const struct mu_privacy p = privacy();
    struct mu_dp_cost c;
    struct mu_err err = {0};
    assert_int_equal(mu_ledger_cost(ledger, &p, &c, &err), MU_OK);
    return c.epsilon;
}

static void steps_add_up_to_the_plan(void **state) {
    (void)state;
    struct mu_err err = {0};
    struct mu_ledger ledger = {0};
    assert_true(cost(&ledger) == 0);
    const struct mu_dp_event one = poisson(1, 1);
    double last = 0;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(mu_ledger_charge(&ledger, &one, &err), MU_OK);
        if (i % 100 == 0) {
            assert_true(cost(&ledger) > last);
            last = cost(&ledger);
        }
    }
    assert_int_equal(ledger.events.n, MU_LEDGER_FIELDS);
    assert_true(fabs(cost(&ledger) - 2.101365272) < 1e-6); /* tests/reference/dp_reference.csv, first row */
    const struct mu_dp_event other = {.kind = MU_DP_GAUSSIAN, .sigma = 20, .count = 1};
    assert_int_equal(mu_ledger_charge(&ledger, &other, &err), MU_OK);
    assert_int_equal(ledger.events.n, 2 * MU_LEDGER_FIELDS);
    assert_true(cost(&ledger) > 2.1014);
    mu_group_clear(&mu_ledger_group, &ledger);
}

static void mixtures_are_refused_and_leave_no_trace(void **state) {
    (void)state;
    struct mu_err err = {0};
    struct mu_ledger ledger = {0};
    const struct mu_dp_event one = poisson(1, 1);
    struct mu_dp_event other = {.kind = MU_DP_GAUSSIAN, .adjacency = MU_DP_REPLACE_ONE, .sigma = 1, .count = 1};
    mu_ledger_charge(&ledger, &one, &err);
    mu_ledger_charge(&ledger, &other, &err);
    support_expect_error(&err, MU_BAD_CONFIG, "privacy", "costs do not add");
    other.adjacency = MU_DP_ADD_REMOVE;
    other.unit = MU_DP_CLIENT;
    mu_ledger_raise(&ledger, &other, &err);
    support_expect_error(&err, MU_BAD_CONFIG, "privacy", "different units");
    assert_int_equal(ledger.events.n, MU_LEDGER_FIELDS);
    mu_group_clear(&mu_ledger_group, &ledger);
}

static void raising_counts_the_most(void **state) {
    (void)state;
    struct mu_err err = {0};
    struct mu_ledger ledger = {0};
    for (int64_t count = 1; count <= 3; count++) {
        const struct mu_dp_event e = poisson(1, 4 - count);
        assert_int_equal(mu_ledger_raise(&ledger, &e, &err), MU_OK);
    }
    struct mu_ledger other = {0};
    const struct mu_dp_event three = poisson(1, 3);
    mu_ledger_charge(&other, &three, &err);
    assert_true(cost(&ledger) == cost(&other));
    mu_group_clear(&mu_ledger_group, &ledger);
    mu_group_clear(&mu_ledger_group, &other);
}

static void a_checkpoint_keeps_it(void **state) {
    (void)state;
    struct mu_err err = {0};
    struct mu_ledger ledger = {0};
    const struct mu_dp_event a = poisson(1.1, 123456789012);
    const struct mu_dp_event b = poisson(0.7, 1);
    mu_ledger_charge(&ledger, &a, &err);
    mu_ledger_charge(&ledger, &b, &err);
    struct mu_blob blob = {0};
    assert_int_equal(mu_state_save(&mu_ledger_group, &ledger, &blob, &err), MU_OK);
    struct mu_ledger loaded = {0};
    assert_int_equal(mu_state_load(&mu_ledger_group, &loaded, blob.data, blob.n, &err), MU_OK);
    assert_int_equal(loaded.events.n, ledger.events.n);
    assert_memory_equal(loaded.events.v, ledger.events.v, ledger.events.n * sizeof(double));
    /* And it goes on. */
    mu_ledger_charge(&ledger, &b, &err);
    mu_ledger_charge(&loaded, &b, &err);
    support_expect_ok(&err);
    assert_memory_equal(loaded.events.v, ledger.events.v, ledger.events.n * sizeof(double));
    mu_free(blob.data);
    mu_group_clear(&mu_ledger_group, &ledger);
    mu_group_clear(&mu_ledger_group, &loaded);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_add_up_to_the_plan),
        cmocka_unit_test(mixtures_are_refused_and_leave_no_trace),
        cmocka_unit_test(raising_counts_the_most),
        cmocka_unit_test(a_checkpoint_keeps_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
