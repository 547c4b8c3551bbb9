/* The directory of a run's results before the run starts: whose it is, what is in it, what may be overwritten. Rank 0.
 */
#ifndef MUSTER_RUN_DIRECTORY_H
#define MUSTER_RUN_DIRECTORY_H

#include "recorder.h"

/* What a run has left that is to be resumed. */
struct mu_past {
    bool saved; /* it has a checkpoint to go on from */
    bool done;  /* it has ended */
    double step, time_s;
    int64_t start_time; /* seconds since the epoch; 0 if that is not known any more */
    int64_t resumes;    /* how often it was resumed so far */
};

/* Says where the run will write, and refuses to overwrite; nothing is created yet. */
int mu_directory_choose(const struct mu_run_options *options, const char *name, char *directory, size_t size,
                        struct mu_err *err);

/* Only one process writes to a directory. *lock is to be closed with mu_directory_unlock, -1 if there is none: the
 * directory does not exist, or its file system has no locks. Waits up to wait_s for a process that is about to end. */
int mu_directory_lock(const char *directory, double wait_s, int *lock, struct mu_err *err);
void mu_directory_unlock(int lock);

/* A run goes on only with the config that it was started with. A directory that has other files than a run's is
 * refused. */
int mu_directory_look_back(const char *directory, const struct mu_scenario *scenario, struct mu_past *past,
                           struct mu_err *err);

/* Makes the directory, and clears away the results and checkpoints of another run. */
int mu_directory_clear(const char *directory, struct mu_err *err);

/* Waits until all result files that are there are on the disk. Together this takes little more than for one. */
int mu_directory_settle(const char *directory, struct mu_err *err);

/* Removes what processes that were killed left half written. */
void mu_directory_sweep(const char *directory);

#endif
