/* Reports: what runs have left in their directories, as one HTML page or as figures for a paper. Everything comes from
 * the result files of docs/results.md, so that a report can be made of runs that other machines did, that are still
 * going on, or that failed half-way. */
#ifndef MUSTER_REPORT_REPORT_H
#define MUSTER_REPORT_REPORT_H

#include <stddef.h>

#include "muster/base/err.h"

struct mu_report;

/* Reads the result directories: each is a run's, or a study's (with points/<name>/), or one that holds runs'
 * directories. A directory without results is MU_IO, as is a file that cannot be read. The caller frees *report. */
int mu_report_new(struct mu_report **report, const char *const *directories, size_t n, struct mu_err *err);
void mu_report_free(struct mu_report *report);

/* How many runs were found. */
size_t mu_report_runs(const struct mu_report *report);

/* Writes one HTML file that needs nothing else: no network, no other file. */
int mu_report_html(const struct mu_report *report, const char *path, struct mu_err *err);

enum mu_figure_format { MU_FIGURE_PNG, MU_FIGURE_SVG };

/* Draws the figures that the results have data for into `directory`, which is made, with gnuplot: accuracy and loss
 * against simulated time, the frontier of privacy and utility, the clients' time line. *n is how many were drawn. */
int mu_report_figures(const struct mu_report *report, const char *directory, enum mu_figure_format format, size_t *n,
                      struct mu_err *err);

#endif
