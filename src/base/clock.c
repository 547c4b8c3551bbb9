#include "muster/base/clock.h"

#include <time.h>

int64_t mu_monotonic_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

double mu_monotonic_s(void) {
    return 1e-9 * (double)mu_monotonic_ns();
}
