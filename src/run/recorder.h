/* The result files of a run while it goes on, on rank 0: metrics, steps, trace and status. */
#ifndef MUSTER_RUN_RECORDER_H
#define MUSTER_RUN_RECORDER_H

#include <stdio.h>

#include "json_file.h"
#include "muster/run/run.h"

/* What a checkpoint keeps of a recorder: how long each file was, and what has been found so far. */
struct mu_recorder_state {
    int64_t length[4]; /* of metrics.jsonl, metrics.csv, steps.jsonl, trace.jsonl */
    double wall_s;     /* of the run so far, over all its parts */
    struct mu_evaluation last;
    double last_wall_s;
    double best_accuracy, best_loss; /* NAN before there is one */
    uint64_t best_accuracy_step, best_loss_step;
    uint64_t reached_target;
    struct mu_evaluation at_target; /* valid if reached_target */
};

struct mu_manifest;

enum { MU_TREND = 24 };

struct mu_recorder {
    char directory[4096];
    const struct mu_scenario *scenario;
    enum mu_progress progress;
    bool (*interrupted)(void *context);
    void *context; /* its argument */
    bool hasty;    /* do not wait for the disk at the end, and replace status.json only now and then */
    FILE *metrics_jsonl, *metrics_csv, *steps, *trace; /* the last two may be NULL */
    double status_s;                                   /* monotonic seconds when status.json was last written */
    bool status_due;                                   /* an evaluation has come since */
    double setup_s;                                    /* data, model, world and directory, before the engine started */
    double start_s; /* monotonic seconds when the engine started, less those of the parts before a resume */
    const struct mu_manifest *manifest; /* borrowed; written when the run goes on from a checkpoint; may be NULL */
    struct mu_recorder_state so_far;
    double trend[MU_TREND]; /* the last scores that progress has shown, for its sparkline */
    size_t n_trend;
};

/* Writes config.json, status.json and the beginnings of the other files. If the run goes on from a checkpoint it only
 * opens them: they are cut back when the checkpoint is restored. The directory exists. */
int mu_recorder_open(struct mu_recorder *recorder, const char *directory, const struct mu_scenario *scenario,
                     const struct mu_run_options *options, bool go_on, struct mu_err *err);
/* Closes the files; a full disk shows at the latest here. */
int mu_recorder_close(struct mu_recorder *recorder, struct mu_err *err);

/* What the engine is to call. */
struct mu_observer mu_recorder_observer(struct mu_recorder *recorder);

/* Replaces status.json. `error` is NULL or the failure of a failed run. */
int mu_recorder_status(struct mu_recorder *recorder, const char *state, const struct mu_err *failure,
                       struct mu_err *err);

/* Progress on a terminal, with a sparkline of the last scores, or as plain lines; mu_progress_done ends a rewritten
 * line. */
void mu_progress_show(struct mu_recorder *recorder, const struct mu_evaluation *e);
void mu_progress_done(const struct mu_recorder *recorder);

/* manifest.json, written at the start (end_time 0) and again at the end. Collective when `hosts` is asked for. */
struct mu_manifest {
    char hosts[2048]; /* distinct host names, joined by commas */
    int ranks, n_hosts;
    int64_t start_time, end_time; /* seconds since the epoch; the start of the first part of a run that was resumed */
    int64_t resumes, resume_time; /* how often, and when the last time */
};
#define MU_MANIFEST_TIME "%Y-%m-%dT%H:%M:%SZ"
void mu_manifest_gather(struct mu_manifest *manifest, struct mu_comm *comm);
int mu_manifest_write(const struct mu_manifest *manifest, const char *directory, const struct mu_scenario *scenario,
                      struct mu_err *err);

/* partition.csv: rows per client and class of a classification task with at most 100 classes; of more than 200 clients
 * only so many. */
int mu_partition_write(const char *directory, const struct mu_data *data, struct mu_err *err);

/* clients.csv: loss and accuracy of the final model on each client's training rows; of more than 2,000 clients only so
 * many. */
int mu_clients_write(const char *directory, const struct mu_stage *stage, const double *model, struct mu_err *err);

/* model.npz and summary.json (and participation.csv) of a run that has ended in good order. */
int mu_summary_write(struct mu_recorder *recorder, const struct mu_stage *stage, const struct mu_sim_result *result,
                     struct mu_run_result *run, struct mu_err *err);

#endif
