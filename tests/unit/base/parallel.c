#include "support.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "muster/base/parallel.h"

enum { PARTS = 5 };

struct calls {
    atomic_int count[40], at_once, most;
    pthread_t thread[40];
    bool masked[40];
    int order[40], next; /* without threads */
};

static void note(void *calls_, size_t k) {
    struct calls *c = calls_;
    const int at_once = ++c->at_once;
    if (at_once > c->most) {
        c->most = at_once;
    }
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    c->masked[k] = sigismember(&mask, SIGINT) == 1;
    c->thread[k] = pthread_self();
    c->count[k]++;
    usleep(50000);
    c->at_once--;
}

static void note_order(void *calls_, size_t k) {
    struct calls *c = calls_;
    c->order[c->next++] = (int)k;
    c->thread[k] = pthread_self();
}

static void every_part_is_done_once_and_several_at_a_time(void **state) {
    (void)state;
    struct calls calls = {0};
    mu_parallel(PARTS, note, &calls);
    for (size_t k = 0; k < PARTS; k++) {
        assert_int_equal(calls.count[k], 1);
        const bool mine = pthread_equal(calls.thread[k], pthread_self()) != 0;
        assert_int_equal(mine, k == 0 || mu_cores() == 1);
        assert_int_equal(calls.masked[k], !mine); /* a signal finds the thread that expects it */
    }
    assert_int_equal(calls.most > 1, mu_cores() > 1);
}

static void in_order_in_the_caller(size_t n) {
    struct calls calls = {0};
    mu_parallel(n, note_order, &calls);
    assert_int_equal(calls.next, n);
    for (size_t k = 0; k < n; k++) {
        assert_int_equal(calls.order[k], k);
        assert_true(pthread_equal(calls.thread[k], pthread_self()) != 0);
    }
}

static void one_core_does_one_after_the_other(void **state) {
    (void)state;
    cpu_set_t before, one;
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    size_t core = 0;
    while (!CPU_ISSET(core, &before)) {
        core++;
    }
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_int_equal(mu_cores(), 1);
    in_order_in_the_caller(PARTS);
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
    assert_int_equal(mu_cores(), CPU_COUNT(&before));
}

static void many_parts_and_none(void **state) {
    (void)state;
    in_order_in_the_caller(40);
    in_order_in_the_caller(1);
    in_order_in_the_caller(0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_part_is_done_once_and_several_at_a_time),
        cmocka_unit_test(one_core_does_one_after_the_other),
        cmocka_unit_test(many_parts_and_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
