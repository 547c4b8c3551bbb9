/* Performance profiles: Dolan and More, Benchmarking optimization software with performance profiles (Mathematical
 * Programming 91, 2002). Costs are solver-major, [solvers x problems]; what was not solved is INFINITY or NAN. */
#ifndef MUSTER_STUDY_PROFILES_H
#define MUSTER_STUDY_PROFILES_H

#include <stddef.h>

/* ratio[s, p] = cost[s, p] / the least cost of problem p: 1 is the best, INFINITY is not solved. */
void mu_profile_ratios(size_t solvers, size_t problems, const double *cost, double *ratio);

/* The share of problems that a solver with these ratios solves within `tau` times the best. */
double mu_profile_share(size_t problems, const double *ratio, double tau);

/* AlgoPerf's score (Dahl et al., Benchmarking neural network training algorithms, 2023): the integral of the share over
 * tau in 1..4, divided by 3. 1 is the best at everything, 0 never within four times the best. */
double mu_profile_score(size_t problems, const double *ratio);

#endif
