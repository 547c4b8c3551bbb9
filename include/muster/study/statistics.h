/* Statistics over the seeds of a study. Pure functions; arrays are borrowed. */
#ifndef MUSTER_STUDY_STATISTICS_H
#define MUSTER_STUDY_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>

/* sd (of n - 1) and half are NAN if n < 2; all are if n = 0. */
struct mu_spread {
    size_t n;
    double mean, sd, half; /* mean +- half is the 95 % interval of Student's t */
};
struct mu_spread mu_spread(size_t n, const double *x);

/* The 97.5 % quantile of Student's t with `df` >= 1 degrees of freedom. */
double mu_student(size_t df);

/* Median time to a target; a run that did not reach it is censored: NAN in x. INFINITY if half of them or more did not
 * get there, so that the median is beyond what was seen; NAN if n = 0. */
double mu_censored_median(size_t n, const double *x);

#endif
