/* The machine's own time, for measuring; never for results. */
#ifndef MUSTER_BASE_CLOCK_H
#define MUSTER_BASE_CLOCK_H

#include <stdint.h>

/* Time since some fixed moment; it never runs back. */
int64_t mu_monotonic_ns(void);
double mu_monotonic_s(void);

#endif
