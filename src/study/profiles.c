/* How far each solver is from the best, problem by problem. */
#include "muster/study/profiles.h"

#include <math.h>

void mu_profile_ratios(size_t solvers, size_t problems, const double *cost, double *ratio) {
    for (size_t p = 0; p < problems; p++) {
        double best = INFINITY;
        for (size_t s = 0; s < solvers; s++) {
            best = fmin(best, cost[s * problems + p]); /* a NAN is never the least */
        }
        for (size_t s = 0; s < solvers; s++) {
            const double c = cost[s * problems + p];
            /* Equal first: a best of 0 has no quotient. */
            ratio[s * problems + p] = !isfinite(c) ? INFINITY : c == best ? 1 : best > 0 ? c / best : INFINITY;
        }
    }
}

double mu_profile_share(size_t problems, const double *ratio, double tau) {
    size_t solved = 0;
    for (size_t p = 0; p < problems; p++) {
        solved += isfinite(ratio[p]) && ratio[p] <= tau;
    }
    return problems > 0 ? (double)solved / (double)problems : NAN;
}

double mu_profile_score(size_t problems, const double *ratio) {
    const double most = 4;
    double area = 0;
    for (size_t p = 0; p < problems; p++) {
        area += ratio[p] < most ? most - ratio[p] : 0; /* its step of the profile lasts from the ratio to the end */
    }
    return problems > 0 ? area / (most - 1) / (double)problems : NAN;
}
