/* Plain gradient coding as a scheme: job t in round t, one gradient code, no delay. Up to s stragglers a round are
 * accepted (the authors' simulator of sequential gradient coding accepts s - 1), and with fractional repetition any set
 * that leaves someone of each group. */
#ifndef MUSTER_CODING_GC_H
#define MUSTER_CODING_GC_H

#include <stdint.h>

/* Share of the batch that a worker processes in a round: (s + 1) / n. */
double mu_gc_load(uint32_t n, uint32_t s);

#endif
