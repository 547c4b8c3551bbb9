#include "support.h"

#include <math.h>
#include <time.h>

#include "muster/base/clock.h"

static void it_never_runs_back(void **state) {
    (void)state;
    int64_t before = mu_monotonic_ns();
    for (int i = 0; i < 100000; i++) {
        const int64_t now = mu_monotonic_ns();
        assert_true(now >= before);
        before = now;
    }
}

/* A sleep takes what it was asked for, on a busy machine more, and the two units say the same of it. */
static void it_counts_seconds(void **state) {
    (void)state;
    const int64_t start_ns = mu_monotonic_ns();
    const double start_s = mu_monotonic_s();
    const struct timespec nap = {.tv_nsec = 30000000};
    nanosleep(&nap, NULL);
    const double passed_s = mu_monotonic_s() - start_s;
    const double passed_ns = (double)(mu_monotonic_ns() - start_ns);
    assert_true(passed_s >= 0.03 && passed_s < 20);
    assert_true(passed_ns * 1e-9 >= passed_s && passed_ns * 1e-9 - passed_s < 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_never_runs_back),
        cmocka_unit_test(it_counts_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
