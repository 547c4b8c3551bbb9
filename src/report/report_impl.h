/* What a report is made of: the runs that were found, as they were read. */
#ifndef MUSTER_REPORT_REPORT_IMPL_H
#define MUSTER_REPORT_REPORT_IMPL_H

#include <stdbool.h>
#include <stdint.h>

#include "axes.h"
#include "muster/report/report.h"
#include "table.h"

struct cJSON;

enum { MU_STALENESS_BINS = 64 };

/* steps.jsonl in short. */
struct mu_steps {
    double staleness[MU_STALENESS_BINS]; /* updates used at each staleness; the last bin holds those above, too */
    size_t bins;                         /* that are not empty at the end */
    struct mu_table rounds;              /* the numbers of each step; only if the strategy has deadlines or waits */
};

/* trace.jsonl in short. */
struct mu_jobs {
    struct mu_table shown; /* client, start, arrive, end, status, step */
    size_t total;
};

struct mu_report_run {
    char directory[4096];
    char name[256];
    char group[256];                         /* what the study's plan calls its configuration, or "" */
    size_t place;                            /* among the report's runs: that of the plan, or of the name */
    struct cJSON *config, *summary, *status; /* the last two may be NULL */
    struct mu_table metrics;
    struct mu_steps steps;
    struct mu_jobs jobs;
    struct mu_table clients;  /* a row per client, only of its numbers: participation.csv or the summary's arrays */
    struct mu_table fairness; /* clients.csv: loss and accuracy of the final model per client */
    struct mu_table classes;  /* partition.csv: rows per client and class */
};

struct mu_report {
    char title[256];
    size_t n, capacity;
    struct mu_report_run *run;
    struct mu_axes axes;
    struct cJSON *statistics; /* statistics.json, if the report is of one study that has it */
};

/* Finds runs below `directory` and appends them, unread. */
int mu_report_find(struct mu_report *report, const char *directory, struct mu_err *err);

/* Reads a run's files. `rows` is how many evaluations to keep, `jobs` how many jobs. */
int mu_report_read(struct mu_report_run *run, size_t rows, size_t jobs, struct mu_err *err);
void mu_report_run_clear(struct mu_report_run *run);

int mu_steps_read(struct mu_steps *steps, const char *path, struct mu_err *err);
int mu_jobs_read(struct mu_jobs *jobs, const char *path, size_t most, struct mu_err *err);

/* "fedbuff, 0.1": the values of a run's axes, or its name where there are none. */
void mu_report_label(const struct mu_report *report, size_t run, char label[static 256]);

/* What the labels of a family's runs begin with, up to a mark between words, or its kinds, or "all runs". */
void mu_report_family_label(const struct mu_report *report, size_t family, char label[static 256]);

/* Mean and extremes over the runs of a group, on a grid of x that all of them cover. */
struct mu_band {
    size_t n, runs;
    double x[256], mean[256], low[256], high[256];
};
enum { MU_BAND_POINTS = 200 };
/* Returns false if the runs have no such columns, or no common range. */
bool mu_report_band(const struct mu_report *report, size_t group, const char *x, const char *y, struct mu_band *band);

#endif
