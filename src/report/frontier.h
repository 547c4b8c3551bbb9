/* Privacy and utility: the accuracy of runs at their end against the epsilon spent by then. */
#ifndef MUSTER_REPORT_FRONTIER_H
#define MUSTER_REPORT_FRONTIER_H

#include <stddef.h>

struct mu_report;

struct mu_frontier_point {
    double epsilon, accuracy;
};

/* The runs of a family that spent any, in the report's order. point[] has room for all runs. Returns their number. */
size_t mu_frontier_runs(const struct mu_report *report, size_t family, struct mu_frontier_point *point);

/* The means of the family's groups over their runs, by rising epsilon, without those that another equals or beats in
 * accuracy for no more epsilon, give or take 1 %: mechanisms stop just short of their target. */
size_t mu_frontier_means(const struct mu_report *report, size_t family, struct mu_frontier_point *point);

#endif
