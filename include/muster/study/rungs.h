/* Who goes on after a rung. Pure functions; arrays are borrowed.
 *
 * Successive halving as in Li et al., Hyperband (JMLR 18, 2018): of n points the best floor(n / eta) go on, at least
 * one. A point is dominated if another one is no worse in anything that is measured, and better in something. */
#ifndef MUSTER_STUDY_RUNGS_H
#define MUSTER_STUDY_RUNGS_H

#include <stdbool.h>
#include <stddef.h>

/* A point at a rung, or, if it ended before that, at its end. */
struct mu_standing {
    double score;         /* larger is better; NAN is not known: the point is then left alone */
    double time_s, bytes; /* spent so far; less is better */
    double epsilon;       /* likewise; INFINITY without privacy */
    bool diverged;        /* worse than all that did not */
    bool absent;          /* failed for a reason that says nothing about it: not compared at all */
};

enum mu_fate { MU_FATE_ON, MU_FATE_HALVED, MU_FATE_DOMINATED };

struct mu_verdict {
    enum mu_fate fate;
    size_t by; /* the first point that dominates it */
};

/* Equal scores are in the order of the array. eta NAN: no halving. */
void mu_rung_judge(size_t n, const struct mu_standing *at, double eta, bool dominated, struct mu_verdict *verdict);

#endif
