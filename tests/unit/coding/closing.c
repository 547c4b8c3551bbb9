/* Closing a round: deadline, both ways of waiting out, and workers without work. Times by hand. */
#include "muster/coding/closing.h"

#include "support.h"

#include "muster/base/rng.h"

/* At most `limit` late. */
struct counting {
    uint32_t limit, asked;
};

static bool accepts(void *context, const uint64_t *late) {
    struct counting *const c = context;
    c->asked++;
    return mu_bits_count(late, 1) <= c->limit;
}

static const double time_s[5] = {5, 1, 4, 2, 3};
static const uint32_t order[5] = {1, 3, 4, 2, 0};

static struct mu_closing close_round(double mu, enum mu_wait_out wait_out, uint32_t limit, const uint64_t *busy,
                                     uint64_t *late) {
    const struct mu_round_times times = {5, time_s, order, 0};
    const struct mu_closing_rule rule = {mu, wait_out};
    struct counting counting = {limit, 0};
    return mu_round_close(&times, busy, &rule, accepts, &counting, late);
}

static void accepted_stragglers_end_it_at_the_deadline(void **state) {
    (void)state;
    uint64_t late;
    const struct mu_closing c = close_round(1.5, MU_WAIT_OUT_ALL, 3, NULL, &late);
    assert_true(c.fastest_s == 1 && c.deadline_s == 2.5 && c.end_s == 2.5);
    assert_true(!c.waited && c.late == 3 && c.late_at_deadline == 3 && late == (1 | 4 | 16));
}

static void a_message_at_the_deadline_is_in_time(void **state) {
    (void)state;
    uint64_t late;
    assert_int_equal(close_round(1, MU_WAIT_OUT_ALL, 3, NULL, &late).late, 3); /* deadline 2: worker 3 is in */
}

static void nobody_late_ends_it_early(void **state) {
    (void)state;
    uint64_t late;
    const struct mu_closing c = close_round(9, MU_WAIT_OUT_ALL, 0, NULL, &late);
    assert_true(c.end_s == 5 && !c.waited && late == 0);
}

static void all_waits_for_everybody(void **state) {
    (void)state;
    uint64_t late;
    const struct mu_closing c = close_round(1.5, MU_WAIT_OUT_ALL, 2, NULL, &late);
    assert_true(c.end_s == 5 && c.waited && c.late == 0 && c.late_at_deadline == 3 && late == 0);
}

static void minimal_waits_for_just_enough(void **state) {
    (void)state;
    uint64_t late;
    const struct mu_closing c = close_round(1.5, MU_WAIT_OUT_MINIMAL, 1, NULL, &late);
    assert_true(c.end_s == 4 && c.waited && c.late == 1 && late == 1);
}

static void idle_workers_are_not_waited_for(void **state) {
    (void)state;
    uint64_t late;
    const uint64_t busy = 4 | 16;
    const struct mu_closing c = close_round(0, MU_WAIT_OUT_MINIMAL, 0, &busy, &late);
    assert_true(c.fastest_s == 3 && c.end_s == 4 && c.waited && late == 0);
    const uint64_t nobody = 0;
    assert_true(close_round(0, MU_WAIT_OUT_ALL, 0, &nobody, &late).end_s == 0);
}

static void a_shift_moves_all_times(void **state) {
    (void)state;
    uint64_t late;
    const struct mu_round_times times = {5, time_s, order, -2.5};
    const struct mu_closing_rule rule = {0.5, MU_WAIT_OUT_ALL};
    struct counting counting = {2, 0};
    /* Times 0, 0, 0.5, 1.5, 2.5: the fastest takes no time, so the deadline is 0. */
    const struct mu_closing c = mu_round_close(&times, NULL, &rule, accepts, &counting, &late);
    assert_true(c.fastest_s == 0 && c.waited && c.end_s == 2.5);
}

/* Minimal never ends later than all, and what it leaves is accepted with one release less refused. */
static void minimal_is_never_slower(void **state) {
    (void)state;
    struct mu_rng rng;
    mu_rng_init(&rng, 2, MU_STREAM_DELAY, 0, 0);
    uint32_t faster = 0;
    for (int k = 0; k < 500; k++) {
        uint64_t late[2];
        const double mu = 4 * mu_rng_uniform(&rng);
        const uint32_t limit = (uint32_t)mu_rng_below(&rng, 5);
        const struct mu_closing all = close_round(mu, MU_WAIT_OUT_ALL, limit, NULL, &late[0]);
        const struct mu_closing minimal = close_round(mu, MU_WAIT_OUT_MINIMAL, limit, NULL, &late[1]);
        assert_true(minimal.end_s <= all.end_s && minimal.waited == all.waited);
        assert_true(minimal.late <= limit && (!minimal.waited || minimal.late == limit));
        faster += minimal.end_s < all.end_s;
    }
    assert_true(faster > 50);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepted_stragglers_end_it_at_the_deadline),
        cmocka_unit_test(a_message_at_the_deadline_is_in_time),
        cmocka_unit_test(nobody_late_ends_it_early),
        cmocka_unit_test(all_waits_for_everybody),
        cmocka_unit_test(minimal_waits_for_just_enough),
        cmocka_unit_test(idle_workers_are_not_waited_for),
        cmocka_unit_test(a_shift_moves_all_times),
        cmocka_unit_test(minimal_is_never_slower),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
