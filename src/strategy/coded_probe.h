/* How a run finds out, in uncoded rounds, what a worker's time would be at another load: workers take unequal shares of
 * the batch and messages of one or two vectors by turns, so that the gradient is exact all along, and differences of a
 * worker's own times give what more load and what another vector cost. */
#ifndef MUSTER_STRATEGY_CODED_PROBE_H
#define MUSTER_STRATEGY_CODED_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "muster/base/err.h"

struct mu_coded_probe {
    uint32_t n, rounds;
    bool load, vectors; /* to be varied: whether their cost is to be measured */
};

/* A worker's share of the batch in a round, as units from..to of mu_coded_probe_units: three quarters or one quarter of
 * what the pair 2k, 2k + 1 has, by turns; 1/n each if the load is not varied, or for the last worker of an odd number.
 * The message has one vector, or two, one for each half of the share. Every combination comes once in four rounds. */
struct mu_coded_share {
    uint64_t from, to;
    uint32_t parts;
};
uint64_t mu_coded_probe_units(const struct mu_coded_probe *probe);
struct mu_coded_share mu_coded_probe_share(const struct mu_coded_probe *probe, uint32_t round, uint32_t worker);

/* Seconds per unit of load (the whole batch), and per further vector, from times time_s[rounds][n]: the median over
 * workers of the differences between a worker's median times, so that fewer stragglers than half do not matter. Not
 * negative; 0 for what was not varied. Then takes these costs out of time_s: what is left is as if all had had 1/n of
 * the batch and sent one vector. MU_RANK_FAILED if memory ran out. */
struct mu_coded_cost {
    double alpha, vector_s;
};
int mu_coded_probe_cost(const struct mu_coded_probe *probe, double *time_s, struct mu_coded_cost *cost,
                        struct mu_err *err);

#endif
