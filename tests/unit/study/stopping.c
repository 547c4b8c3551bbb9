/* Decisions from what points have left on the disk; who is better is in the numbers given here. */
#include "support_points.h"

#include "stopping.h"

#define HALVING "\"early_stopping\": {\"rungs\": [5, 20], \"eta\": 2}"
#define SEARCH "\"search\": \"/lr\""

/* What has settled in this sweep: leg k of point p if bit k of settled[p] is set. */
static unsigned settled[8];
static bool has_settled(const void *context, size_t point, size_t leg) {
    (void)context;
    return (settled[point] >> leg & 1) != 0;
}
enum { RUNG_0 = 1, RUNG_1 = 2, END = 4 }; /* with two rungs */

static struct mu_stopping *open_plan(const cJSON *plan, mu_settled is_settled) {
    struct mu_err err = {.code = MU_OK};
    struct mu_stopping *s = NULL;
    mu_stopping_new(&s, plan, scratch, is_settled, NULL, &err);
    support_expect_ok(&err);
    return s;
}

/* The point comes to the rung at the end of a leg. */
static void reach(struct mu_stopping *s, size_t point, size_t leg, double accuracy) {
    struct mu_err err = {.code = MU_OK};
    char name[8];
    snprintf(name, sizeof name, "p%zu", point);
    points_summary(name, accuracy, 1);
    points_state(name, "stopped", 0);
    mu_stopping_note(s, point, leg, &err);
    support_expect_ok(&err);
    settled[point] |= 1u << leg;
}

static void end(size_t point, double accuracy, const char *state, int code) {
    char name[8];
    snprintf(name, sizeof name, "p%zu", point);
    points_summary(name, accuracy, 9);
    points_state(name, state, code);
    settled[point] |= END;
}

static void expect_turns(struct mu_stopping *s, size_t leg, size_t n, const char *expected) {
    mu_stopping_look(s);
    for (size_t i = 0; i < n; i++) {
        const char found = "NWO"[mu_stopping_turn(s, i, leg)];
        if (found != expected[i]) {
            fail_msg("leg %zu of point %zu: %c, not %c", leg, i, found, expected[i]);
        }
    }
}

static void expect_outcomes(struct mu_stopping *s, size_t n, const char *expected) {
    for (size_t i = 0; i < n; i++) {
        const char found = "rsKRES"[mu_stopping_outcome(s, i)];
        if (found != expected[i]) {
            fail_msg("outcome of point %zu: %c, not %c", i, found, expected[i]);
        }
    }
}

static void without_the_options_every_point_is_run_at_once(void **state) {
    (void)state;
    cJSON *plan = points_plan(3, 1, "\"name\": \"plain\"");
    struct mu_stopping *s = open_plan(plan, has_settled);
    assert_int_equal(mu_stopping_legs(s), 1);
    assert_int_equal(mu_stopping_pause(s, 0).steps, 0);
    expect_turns(s, 0, 3, "NNN");
    expect_outcomes(s, 3, "rrr");
    cJSON *row = cJSON_CreateObject();
    mu_stopping_describe(s, 0, row);
    assert_int_equal(cJSON_GetArraySize(row), 0); /* nor does the table have more columns */
    cJSON_Delete(row);
    mu_stopping_free(s);
    cJSON_Delete(plan);
}

static void points_wait_at_a_rung_for_their_class(void **state) {
    (void)state;
    cJSON *plan = points_plan(5, 2, HALVING); /* classes 0 2 4, and 1 3 */
    struct mu_stopping *s = open_plan(plan, has_settled);
    assert_int_equal(mu_stopping_legs(s), 3);
    assert_int_equal(mu_stopping_pause(s, 0).steps, 5);
    assert_int_equal(mu_stopping_pause(s, 1).steps, 20);
    assert_int_equal(mu_stopping_pause(s, 2).steps, 0);
    expect_turns(s, 0, 5, "NNNNN");
    reach(s, 0, 0, 0.5);
    reach(s, 1, 0, 0.3);
    reach(s, 2, 0, 0.7);
    expect_turns(s, 1, 5, "WWWWW");
    reach(s, 3, 0, 0.4);                                       /* the best 1 of 2 */
    assert_int_equal(mu_stopping_turn(s, 1, 1), MU_TURN_WAIT); /* not looked at since */
    expect_turns(s, 1, 5, "WOWNW");
    reach(s, 4, 0, 0.6); /* the best 1 of 3 */
    expect_turns(s, 1, 5, "OONNO");
    expect_turns(s, 2, 5, "OOWWO");
    reach(s, 2, 1, 0.7);
    expect_turns(s, 2, 5, "OONWO"); /* it is the only one left */
    expect_outcomes(s, 5, "ssrrs");
    mu_stopping_free(s);
    /* Whoever looks later, or collects, decides the same. */
    s = open_plan(plan, NULL);
    expect_outcomes(s, 5, "ssrrs");
    cJSON *row = cJSON_CreateObject();
    mu_stopping_describe(s, 4, row);
    assert_string_equal(cJSON_GetObjectItemCaseSensitive(row, "stopped_by")->valuestring, "halving");
    assert_int_equal(cJSON_GetObjectItemCaseSensitive(row, "stopped_at")->valueint, 5);
    cJSON_Delete(row);
    mu_stopping_free(s);
    cJSON_Delete(plan);
}

static void a_point_that_has_ended_counts_with_its_end(void **state) {
    (void)state;
    cJSON *plan = points_plan(4, 1, HALVING);
    struct mu_stopping *s = open_plan(plan, has_settled);
    reach(s, 0, 0, 0.5);
    reach(s, 1, 0, 0.6);
    end(2, 0.9, "done", 0);
    end(3, 0.8, "failed", MU_DIVERGED); /* last, whatever it had */
    expect_turns(s, 1, 4, "ONOO");
    expect_outcomes(s, 4, "srrr");
    mu_stopping_free(s);
    settled[3] = 0;
    points_state("p3", "failed", MU_IO); /* says nothing about the point, which does not count: the best 1 of 3 */
    s = open_plan(plan, has_settled);
    expect_turns(s, 1, 4, "WWOW"); /* an earlier sweep's failure is run again */
    settled[3] = END;
    expect_turns(s, 1, 4, "OOOO");
    mu_stopping_free(s);
    cJSON_Delete(plan);
}

static void what_an_earlier_sweep_has_passed_is_known(void **state) {
    (void)state;
    cJSON *plan = points_plan(2, 1, HALVING);
    struct mu_stopping *s = open_plan(plan, has_settled);
    assert_false(mu_stopping_passed(s, 0, 0));
    reach(s, 0, 0, 0.5);
    assert_true(mu_stopping_passed(s, 0, 0));
    assert_false(mu_stopping_passed(s, 0, 1));
    reach(s, 0, 1, 0.5);
    assert_true(mu_stopping_passed(s, 0, 1));
    assert_false(mu_stopping_passed(s, 0, 2)); /* the last leg ends with the point */
    assert_false(mu_stopping_passed(s, 1, 0));
    reach(s, 0, 0, 0.1); /* noted once, it stands: the run may have been started anew since */
    reach(s, 1, 0, 0.4);
    expect_turns(s, 1, 2, "NO");
    mu_stopping_free(s);
    cJSON_Delete(plan);
}

static void a_search_tries_one_after_the_other(void **state) {
    (void)state;
    cJSON *plan = points_plan(6, 2, SEARCH); /* candidates 0 2 4, and 1 3 5 */
    struct mu_stopping *s = open_plan(plan, has_settled);
    expect_turns(s, 0, 6, "NNWWWW");
    points_state("p0", "failed", MU_DIVERGED);
    points_state("p1", "done", 0);
    expect_turns(s, 0, 6, "NNWWWW");  /* of an earlier sweep; not settled yet */
    settled[0] = settled[1] = RUNG_0; /* without rungs that is the end */
    expect_turns(s, 0, 6, "NNNOWO");
    expect_outcomes(s, 6, "RKrSrS");
    points_state("p2", "failed", MU_DIVERGED);
    points_state("p4", "failed", MU_DIVERGED);
    settled[2] = settled[4] = RUNG_0;
    expect_turns(s, 0, 6, "NNNONO");
    expect_outcomes(s, 6, "RKRSES");
    mu_stopping_free(s);
    s = open_plan(plan, NULL);
    expect_outcomes(s, 6, "RKRSES");
    mu_stopping_free(s);
    points_state("p1", "failed", MU_IO); /* no divergence: the search is not to go on because of a full disk */
    s = open_plan(plan, NULL);
    expect_outcomes(s, 6, "RKRSES");
    mu_stopping_free(s);
    cJSON_Delete(plan);
}

static void selection_under_privacy_is_said_to_be_none(void **state) {
    (void)state;
    cJSON *plan = points_plan(2, 1, SEARCH);
    cJSON *points = cJSON_GetObjectItemCaseSensitive(plan, "points");
    cJSON_ReplaceItemInObjectCaseSensitive(cJSON_GetArrayItem(points, 1), "config",
                                           cJSON_Parse("{\"privacy\": {\"kind\": \"record\"}}"));
    points_state("p0", "failed", MU_DIVERGED);
    points_state("p1", "done", 0);
    struct mu_stopping *s = open_plan(plan, NULL);
    for (size_t i = 0; i < 2; i++) {
        cJSON *row = cJSON_CreateObject();
        mu_stopping_describe(s, i, row);
        const char *note = cJSON_GetObjectItemCaseSensitive(row, "note")->valuestring;
        assert_true((strstr(note, "epsilon does not include") != NULL) == (i == 1));
        assert_string_equal(cJSON_GetObjectItemCaseSensitive(row, "search")->valuestring, i == 0 ? "rejected" : "kept");
        cJSON_Delete(row);
    }
    mu_stopping_free(s);
    cJSON_Delete(plan);
}

static int set_up(void **state) {
    memset(settled, 0, sizeof settled);
    return study_set_up(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, study_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(without_the_options_every_point_is_run_at_once),
        TEST(points_wait_at_a_rung_for_their_class),
        TEST(a_point_that_has_ended_counts_with_its_end),
        TEST(what_an_earlier_sweep_has_passed_is_known),
        TEST(a_search_tries_one_after_the_other),
        TEST(selection_under_privacy_is_said_to_be_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
