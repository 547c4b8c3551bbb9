/* One run from a scenario to its result directory. */
#ifndef MUSTER_RUN_RUN_H
#define MUSTER_RUN_RUN_H

#include "muster/run/scenario.h"

enum mu_progress {
    MU_PROGRESS_QUIET, /* nothing but errors */
    MU_PROGRESS_PLAIN, /* a line per evaluation */
    MU_PROGRESS_LIVE,  /* one line that is rewritten */
};

struct mu_run_options {
    const char *directory; /* NULL: runs/<name>-<time> */
    bool force;            /* overwrite the results in a directory that exists */
    bool resume;           /* go on with the run in `directory` from its newest checkpoint, or from its start */
    enum mu_progress progress;
    bool (*interrupted)(void *context);     /* asked after each event on rank 0; may be NULL */
    void *context;                          /* its argument */
    void (*started)(const char *directory); /* called on rank 0 once the result directory is there; may be NULL */
    bool verify; /* check the results afterwards with mu_verify; the scenario has output.steps and output.trace */
    bool hasty;  /* do not wait for the disk: a machine that loses its power may lose a run that is done */
    struct mu_data *data;  /* borrowed, for mu_stage_new_with; NULL: the run loads its own */
    struct mu_pause pause; /* the run is then as if it had been interrupted there, and can be resumed */
};

/* How much there was to check. */
struct mu_verified {
    uint64_t jobs, steps, evaluations;
};

struct mu_run_result {
    char directory[4096];
    enum mu_end end;
    bool saved;        /* the run was interrupted and can be resumed */
    bool already_done; /* there was nothing to resume; the rest of this struct is not filled in */
    uint64_t steps;
    double test_accuracy, test_loss, wall_s;
    double samples_per_s; /* rows trained on in used updates, per wall second of the run without set-up */
    char model_sha256[65];
    struct mu_verified verified; /* if that was asked for */
};

/* A run that stop.diverged ended has all its results, and is MU_DIVERGED.
 *
 * Collective. Builds the stage, runs, and writes the result directory of design.md section 9 (on rank 0). The directory
 * appears only once config and data are known to be good. */
int mu_run(const char *file, const struct mu_scenario *scenario, const struct mu_run_options *options,
           struct mu_comm *comm, struct mu_run_result *result, struct mu_err *err);

/* Checks the files of a run that has ended against each other and against the scenario, which the stage was built from:
 * time never runs back; jobs arrive when their world says (dispatch plus duration, drawn anew; of gradient work, for
 * the request that the trace has) and end exactly once; no more are in flight than the strategy's option allows;
 * staleness is the difference of versions; weights sum to what the strategy promises; totals are those of the records.
 * What does not hold is MU_IO, placed at file and line. */
int mu_verify(const char *directory, const struct mu_stage *stage, struct mu_verified *found, struct mu_err *err);

/* For whoever watched a run die: status.json, if it still says that the run goes on, says that it failed, and why. */
void mu_run_note_failure(const char *directory, const struct mu_err *failure);

#endif
