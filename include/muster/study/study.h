/* A study: many runs of one plan, side by side on parts of the ranks, and their results in one place. Each point is a
 * run like any other, in DIR/points/<name>/; points.csv, curves.csv, study.sqlite and statistics.json are made from
 * these directories alone, so that they can be made again at any time. */
#ifndef MUSTER_STUDY_STUDY_H
#define MUSTER_STUDY_STUDY_H

#include <stdbool.h>
#include <stddef.h>

#include "muster/comm/comm.h"
#include "muster/study/watch.h"

struct cJSON;

struct mu_study_result {
    size_t points, done, failed;
    size_t stopped; /* early, at a rung */
    size_t skipped; /* values that a search tried in vain, or did not have to try */
    size_t missing; /* of the rest, those that were not run to their end */
    bool interrupted;
    bool not_private; /* points under privacy were selected or stopped by what epsilon does not include */
};

struct mu_study_options {
    const char *directory;
    bool force, resume;
    /* With a comm of one rank: so many processes of this host share the points, of which the caller is one. Each point
     * is then a run of one rank, whatever the plan says of ranks_per_point. 0 is 1. */
    int processes;
    bool (*interrupted)(void *context); /* asked on every rank and in every process; may be NULL */
    mu_watch_show *progress;            /* called on rank 0, from a thread of its own; may be NULL */
    void *context;                      /* of both */
};

/* Collective. `plan` is needed on rank 0 only. Points that fail are counted, and are no error of the study: nor is the
 * death of one of the processes, by which the point that it was at has failed. */
int mu_study_run(const struct cJSON *plan, const struct mu_study_options *options, struct mu_comm *comm,
                 struct mu_study_result *result, struct mu_err *err);

/* Writes the collected files of a study from its points' directories; counts into *result. */
int mu_study_collect(const struct cJSON *plan, const char *directory, struct mu_study_result *result,
                     struct mu_err *err);

#endif
