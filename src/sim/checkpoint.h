/* Checkpoints: the whole state of a run between two events, from which it goes on to the same bits on any number of
 * ranks.
 *
 * A checkpoint is a directory, written beside and renamed when it is complete: engine.npz of rank 0 and, for strategies
 * with client vectors, vectors-<rank>-<part>.npz of every rank. Updates are not saved: a job is a pure function of its
 * key and of committed state, so a resumed run trains the unreleased ones again from the versions it has kept.
 *
 * Damage is found when a checkpoint is read: every array bears the zip archive's CRC-32, and the header, an array
 * itself, knows the names and shapes of the others and the number of client vectors. */
#ifndef MUSTER_SIM_CHECKPOINT_H
#define MUSTER_SIM_CHECKPOINT_H

#include "muster/base/npz.h"
#include "sim_impl.h"

/* A region of memory of known size that is saved and restored as it is. */
struct mu_piece {
    char name[64];
    void *data;
    size_t bytes;
};
enum { MU_MAX_PIECES = 512 };

/* Checkpoints are called step-<step>-event-<event>, with leading zeros, so that names sort by age; one that is being
 * written has MU_WRITING before its name. */
#define MU_CHECKPOINT_PREFIX "step-"
#define MU_WRITING "writing-"

/* The regions whose sizes the config determines. Returns their number. */
size_t mu_checkpoint_pieces(struct mu_sim *sim, struct mu_piece piece[static MU_MAX_PIECES]);

/* What is saved of a job that has not been released. */
struct mu_saved_job {
    mu_job id;
    uint32_t client, ordinal;
    uint32_t slot, control;
    struct mu_bvr_work bvr;
    uint64_t cached, useful_until;
    uint64_t version, control_version;
    uint64_t dispatch_ns, arrive_ns, cost, step;
    double lr, weight, control_max_abs;
    struct mu_local_result result;
    uint64_t lost, offline, useless, arrived;
    double clip;
    uint64_t clipped;
    uint64_t gradient; /* gradient work, described in an array of its own */
};

/* What is saved of a kept version; its numbers are an array of its own, in the same order. */
struct mu_saved_version {
    uint64_t slot, number;
    double max_abs;
};

/* Tells builds and runs apart, and whole checkpoints from damaged ones. */
struct mu_checkpoint_header {
    char version[32], identity[72];
    uint64_t format, dim, clients, rows, slots, job_bytes;
    uint64_t arrays, names; /* how many there are, and mu_checkpoint_names of them */
    uint64_t vectors;       /* of clients, in files of their own */
};
enum { MU_CHECKPOINT_FORMAT = 3 };
#define MU_HEADER "header"

/* A hash of the names, types and shapes of all arrays but the header: the CRCs are of their contents alone. */
uint64_t mu_checkpoint_names(size_t n, const struct mu_array *array);

/* Rank 0, between two events. Writes a checkpoint and removes all but the last two. On failure those before it are as
 * they were. */
int mu_checkpoint_save(struct mu_sim *sim);

/* Keeps the newest, which is `name`, and the one before it. What claims to be newer was damaged, or this run would have
 * gone on from there. */
void mu_checkpoint_remove_old(const char *directory, const char *name);

/* Collective. The newest undamaged checkpoint of the run, its path in `directory` ("" if there is none): each rank has
 * then loaded its clients' vectors, and rank 0 keeps the arrays for mu_checkpoint_resume. A damaged one is warned of,
 * and the one before it taken; if all are, that is MU_IO. One of another config or version is MU_BAD_CONFIG. */
struct mu_loaded {
    char directory[4400];
    size_t n;
    struct mu_array *array;
};
int mu_checkpoint_open(struct mu_worker *worker, struct mu_loaded *loaded, struct mu_err *err);
void mu_loaded_clear(struct mu_loaded *loaded);

/* Rank 0: takes the state over and sends every rank the jobs to train again. */
int mu_checkpoint_resume(struct mu_sim *sim, const struct mu_loaded *loaded);

#endif
