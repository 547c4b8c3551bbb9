/* Two things at once, for set-up; training has one thread a rank. */
#ifndef MUSTER_BASE_PARALLEL_H
#define MUSTER_BASE_PARALLEL_H

#include <stddef.h>

/* How many cores this process may use: those it is bound to. At least 1. */
int mu_cores(void);

/* Calls work(context, k) for k = 0..n-1, each of 1..n-1 in a thread of its own, and returns when all are done. With one
 * core, or where there is no thread to be had, one after the other in this order. Signals are for the caller. */
void mu_parallel(size_t n, void (*work)(void *context, size_t k), void *context);

#endif
