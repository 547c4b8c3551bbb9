/* Processes that work side by side, stop together, and die alone. */
#include "support.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crew.h"

enum { SIZE = 4, DIES = 2, FAILS = 3 };

/* Shared by all members. */
struct notes {
    atomic_int calls, seen[SIZE]; /* how often somebody worked, and who */
    atomic_int waiting;
};

static struct notes *notes;
static struct mu_crew *crew;

static int set_up(void **state) {
    (void)state;
    notes = mmap(NULL, sizeof *notes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    crew = NULL;
    return notes != MAP_FAILED ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    mu_crew_free(crew);
    return munmap(notes, sizeof *notes);
}

static void start(void (*work)(void *context, int member)) {
    struct mu_err err = {0};
    mu_crew_start(&crew, SIZE, work, &crew, &err);
    support_expect_ok(&err);
}

static void expect_all_left(void) {
    struct mu_lost lost;
    for (int i = 0; i < 5000 && mu_crew_left(crew) > 0; i++) {
        assert_false(mu_crew_lost(crew, &lost));
        usleep(1000);
    }
    assert_int_equal(mu_crew_left(crew), 0);
}

static void sign(void *context, int member) {
    (void)context;
    notes->seen[member]++;
    notes->calls++;
}

static void each_member_works_once_and_under_its_number(void **state) {
    (void)state;
    start(sign);
    expect_all_left();
    assert_int_equal(notes->calls, SIZE - 1);
    assert_int_equal(notes->seen[0], 0);
    for (int k = 1; k < SIZE; k++) {
        assert_int_equal(notes->seen[k], 1);
    }
}

static void a_crew_of_one_is_the_caller(void **state) {
    (void)state;
    struct mu_err err = {0};
    mu_crew_start(&crew, 1, sign, NULL, &err);
    support_expect_ok(&err);
    assert_int_equal(mu_crew_left(crew), 0);
    assert_int_equal(notes->calls, 0);
}

/* Until everyone has been asked to stop; member 1 asks once all of them wait. */
static void wait_for_the_end(void *context, int member) {
    struct mu_crew *const c = *(struct mu_crew **)context;
    notes->waiting++;
    while (!mu_crew_stops(c)) {
        if (member == 1 && notes->waiting == SIZE - 1) {
            mu_crew_stop(c);
        }
        usleep(1000);
    }
    notes->seen[member]++;
}

static void any_member_stops_all(void **state) {
    (void)state;
    start(wait_for_the_end);
    expect_all_left();
    for (int k = 1; k < SIZE; k++) {
        assert_int_equal(notes->seen[k], 1);
    }
    assert_true(mu_crew_stops(crew));
}

/* One ends its first leg and dies at the second, one fails between two legs, one comes to its end. */
static void die_each_in_its_way(void *context, int member) {
    struct mu_crew *const c = *(struct mu_crew **)context;
    const struct mu_leg first = {.turn = 5, .leg = 0}, second = {.turn = 7, .leg = 3};
    mu_crew_begin(c, member, first);
    mu_crew_end(c, member);
    if (member == FAILS) {
        _exit(9);
    }
    mu_crew_begin(c, member, second);
    if (member == DIES) {
        raise(SIGKILL);
    }
    mu_crew_end(c, member);
}

static void the_death_of_a_member_is_told_once_with_what_it_was_at(void **state) {
    (void)state;
    struct mu_lost lost;
    bool died = false, failed = false;
    signal(SIGCHLD, SIG_IGN); /* as one may have inherited it */
    start(die_each_in_its_way);
    for (int i = 0; i < 5000 && mu_crew_left(crew) > 0; i++) {
        while (mu_crew_lost(crew, &lost)) {
            assert_int_equal(lost.how.code, MU_RANK_FAILED);
            if (lost.busy) {
                assert_false(died);
                died = true;
                assert_int_equal(lost.leg.turn, 7);
                assert_int_equal(lost.leg.leg, 3);
                assert_non_null(strstr(lost.how.text, "was killed by signal 9 (Killed)"));
            } else {
                assert_false(failed);
                failed = true;
                assert_non_null(strstr(lost.how.text, "ended with code 9"));
            }
        }
        usleep(1000);
    }
    assert_true(died);
    assert_true(failed);
    assert_false(mu_crew_lost(crew, &lost));
}

static void sleep_on(void *context, int member) {
    (void)context;
    (void)member;
    notes->waiting++;
    for (;;) {
        pause();
    }
}

/* No member can write to a pipe any more once its other end reads an end of file. */
static void expect_end_of_file(int pipe_end) {
    char byte;
    alarm(10); /* ends the test if somebody lives on */
    assert_int_equal(read(pipe_end, &byte, 1), 0);
    alarm(0);
}

static void nobody_outlives_the_crew(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    start(sleep_on);
    close(ends[1]);
    mu_crew_free(crew);
    crew = NULL;
    expect_end_of_file(ends[0]);
    close(ends[0]);
}

static void nobody_outlives_the_caller(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    const pid_t caller = fork();
    assert_true(caller >= 0);
    if (caller == 0) {
        struct mu_err err = {0};
        mu_crew_start(&crew, SIZE, sleep_on, NULL, &err);
        pause();
        _exit(0);
    }
    close(ends[1]);
    for (int i = 0; i < 5000 && notes->waiting < SIZE - 1; i++) {
        usleep(1000);
    }
    assert_int_equal(notes->waiting, SIZE - 1);
    kill(caller, SIGKILL);
    assert_int_equal(waitpid(caller, NULL, 0), caller);
    expect_end_of_file(ends[0]);
    close(ends[0]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_member_works_once_and_under_its_number, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_crew_of_one_is_the_caller, set_up, tear_down),
        cmocka_unit_test_setup_teardown(any_member_stops_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_death_of_a_member_is_told_once_with_what_it_was_at, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nobody_outlives_the_crew, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nobody_outlives_the_caller, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
