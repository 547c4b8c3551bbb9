/* Two groups of ranks, here two objects in one process, that take turns at one study. */
#include "support_points.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <time.h>
#include <unistd.h>

#include "turns.h"

static struct mu_turns *open_turns(const cJSON *plan) {
    struct mu_err err = {.code = MU_OK};
    char claims[300];
    struct mu_turns *t = NULL;
    snprintf(claims, sizeof claims, "%s/.claims", scratch);
    (void)mkdir(claims, 0755);
    mu_turns_new(&t, plan, scratch, &err);
    support_expect_ok(&err);
    return t;
}

/* Takes a leg of this very point. */
static struct mu_leg take(struct mu_turns *t, const char *name, size_t leg) {
    struct mu_leg taken = {0};
    assert_int_equal(mu_turns_take(t, &taken), MU_TURN_NOW);
    assert_string_equal(cJSON_GetObjectItemCaseSensitive(mu_turns_point(t, taken.turn), "name")->valuestring, name);
    assert_int_equal(taken.leg, leg);
    return taken;
}

static void expect_none(struct mu_turns *t, enum mu_turn expected) {
    struct mu_leg taken = {0};
    assert_int_equal(mu_turns_take(t, &taken), expected);
}

static void rest(struct mu_turns *t, const char *name, struct mu_leg leg, double accuracy) {
    struct mu_err err = {.code = MU_OK};
    points_summary(name, accuracy, 1);
    points_state(name, "stopped", 0);
    assert_int_equal(mu_turns_rest(t, leg, true, &err), MU_OK);
    support_expect_ok(&err);
}

/* The points of which this is said. */
static void expect_claims(const char *what, const char *expected) {
    char found[16] = "", path[320];
    for (int i = 0; i < 8; i++) {
        snprintf(path, sizeof path, "%s/.claims/%s-%d", scratch, what, i);
        if (access(path, F_OK) == 0) {
            snprintf(found + strlen(found), sizeof found - strlen(found), "%d", i);
        }
    }
    assert_string_equal(found, expected);
}

static void take_each_once(void) {
    cJSON *plan = points_plan(8, 1, "\"name\": \"plain\""); /* estimates 0 .. 7: sizes 4..7, 2..3, 1 and less */
    struct mu_turns *a = open_turns(plan), *b = open_turns(plan);
    take(a, "p7", 0);
    take(b, "p6", 0);
    take(b, "p5", 0);
    const struct mu_leg p4 = take(a, "p4", 0);
    take(a, "p3", 0);
    take(b, "p2", 0);
    take(a, "p1", 0);
    take(a, "p0", 0);
    expect_none(a, MU_TURN_OVER);
    expect_none(b, MU_TURN_OVER);
    mu_turns_end(a, p4, false);
    expect_claims("done", ""); /* nobody waits for it */
    assert_false(mu_turns_left(a, 1));
    mu_turns_leave(b, 1);
    assert_true(mu_turns_left(a, 1));
    assert_false(mu_turns_left(a, 0));
    mu_turns_free(a);
    mu_turns_free(b);
    cJSON_Delete(plan);
}

/* The names of points that are taken may be further names of the plan's file. */
static void each_point_is_taken_once_and_the_longest_first(void **state) {
    (void)state;
    struct stat found;
    take_each_once();
    support_remove_dir(study_path(".claims"));
    support_write(study_path("plan.json"), "{}", 2);
    take_each_once();
    assert_int_equal(stat(study_path("plan.json"), &found), 0);
    assert_int_equal(found.st_nlink, 1 + 8 + 1); /* of the points, and of the group that has left */
    assert_int_equal(found.st_size, 2);
}

static void a_leg_may_go_on_in_another_group(void **state) {
    (void)state;
    cJSON *plan = points_plan(2, 1, "\"early_stopping\": {\"rungs\": [5], \"eta\": 2}");
    struct mu_turns *a = open_turns(plan), *b = open_turns(plan);
    const struct mu_leg x = take(a, "p1", 0), y = take(b, "p0", 0);
    assert_int_equal(mu_turns_pause(a, x).steps, 5);
    expect_none(a, MU_TURN_WAIT);
    rest(a, "p1", x, 0.4);
    expect_none(a, MU_TURN_WAIT);
    rest(b, "p0", y, 0.6);
    const struct mu_leg last = take(a, "p0", 1); /* p1 is out */
    assert_int_equal(mu_turns_pause(a, last).steps, 0);
    expect_none(a, MU_TURN_OVER);
    expect_none(b, MU_TURN_OVER);
    points_state("p0", "done", 0);
    mu_turns_end(a, last, false);
    expect_claims("done", "0");
    expect_claims("stopped", "1");
    mu_turns_free(a);
    mu_turns_free(b);
    cJSON_Delete(plan);
}

static void what_a_search_passes_over_is_counted_apart(void **state) {
    (void)state;
    cJSON *plan = points_plan(3, 1, "\"search\": \"/lr\"");
    struct mu_turns *t = open_turns(plan);
    const struct mu_leg x = take(t, "p0", 0); /* the first candidate, although the others are longer */
    expect_none(t, MU_TURN_WAIT);
    points_state("p0", "failed", MU_DIVERGED);
    mu_turns_end(t, x, true);
    const struct mu_leg y = take(t, "p1", 0);
    points_state("p1", "done", 0);
    mu_turns_end(t, y, false);
    expect_none(t, MU_TURN_OVER);
    expect_claims("done", "1");
    expect_claims("failed", "0");
    expect_claims("skipped", "02");
    mu_turns_free(t);
    cJSON_Delete(plan);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, study_set_up, study_tear_down)

/* Takes legs until there are none, and writes the number of each point that it was given; at once with the others. */
static void race(const cJSON *plan, int start, int out) {
    char byte;
    struct mu_turns *t = NULL;
    struct mu_err err = {.code = MU_OK};
    struct mu_leg leg;
    bool good = mu_turns_new(&t, plan, scratch, &err) == MU_OK && read(start, &byte, 1) == 0; /* closed: go */
    while (good && mu_turns_take(t, &leg) == MU_TURN_NOW) {
        const int point = atoi(cJSON_GetObjectItemCaseSensitive(mu_turns_point(t, leg.turn), "name")->valuestring + 1);
        good = write(out, &point, sizeof point) == (ssize_t)sizeof point;
        (void)nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL); /* as if it were run: the others get their turn */
    }
    _exit(good ? 0 : 1);
}

static void processes_that_race_for_turns_take_each_once(void **state) {
    (void)state;
    enum { POINTS = 40, RACERS = 3, ROUNDS = 20 };
    cJSON *plan = points_plan(POINTS, 1, "\"name\": \"plain\"");
    size_t shared = 0; /* rounds in which nobody took all */
    for (int round = 0; round < ROUNDS; round++) {
        int taken[POINTS] = {0}, point, start[2], out[RACERS][2];
        pid_t racer[RACERS];
        struct mu_err err = {.code = MU_OK};
        assert_int_equal(mu_dir_remove(study_path(".claims"), &err), MU_OK);
        mu_turns_free(open_turns(plan));
        assert_int_equal(pipe(start), 0);
        for (int i = 0; i < RACERS; i++) {
            assert_int_equal(pipe(out[i]), 0);
            racer[i] = fork();
            assert_true(racer[i] >= 0);
            if (racer[i] == 0) {
                close(start[1]);
                race(plan, start[0], out[i][1]);
            }
            close(out[i][1]);
        }
        close(start[0]);
        close(start[1]);
        size_t most = 0;
        for (int i = 0; i < RACERS; i++) {
            size_t n = 0;
            int status = 1;
            while (read(out[i][0], &point, sizeof point) == (ssize_t)sizeof point) {
                assert_in_range(point, 0, POINTS - 1);
                taken[point]++;
                n++;
            }
            close(out[i][0]);
            assert_int_equal(waitpid(racer[i], &status, 0), racer[i]);
            assert_int_equal(status, 0);
            most = n > most ? n : most;
        }
        for (int i = 0; i < POINTS; i++) {
            assert_int_equal(taken[i], 1);
        }
        shared += most < POINTS;
    }
    assert_true(shared > 0); /* the control: it was a race */
    cJSON_Delete(plan);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(each_point_is_taken_once_and_the_longest_first),
        TEST(a_leg_may_go_on_in_another_group),
        TEST(what_a_search_passes_over_is_counted_apart),
        cmocka_unit_test_setup_teardown(processes_that_race_for_turns_take_each_once, study_set_up, study_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
