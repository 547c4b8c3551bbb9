/* The command stream from the coordinator to the workers, and what comes back. Commands are plain structs of one build
 * of muster, each beginning with its kind and size, so that several travel in one message. */
#ifndef MUSTER_SIM_WIRE_H
#define MUSTER_SIM_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "muster/base/err.h"
#include "muster/sim/strategy.h"
#include "muster/train/local.h"

enum mu_command_kind {
    MU_COMMAND_TRAIN,
    MU_COMMAND_COMBINE,  /* collective */
    MU_COMMAND_INSTALL,  /* collective */
    MU_COMMAND_EVALUATE, /* collective */
    MU_COMMAND_SAVE,     /* collective */
    MU_COMMAND_RELEASE,
    MU_COMMAND_STOP,
};

struct mu_command {
    uint32_t kind;
    uint32_t bytes; /* of the whole command, a multiple of 8 */
};

struct mu_train_command {
    struct mu_command head;
    mu_job job;
    uint32_t client, ordinal;
    uint32_t slot, control; /* as in struct mu_work */
    uint64_t cached;
    double lr, clip; /* clip: the greatest norm the update may have, 0: any */
    struct mu_bvr_work bvr;
    uint64_t parts; /* 0: training; else gradient work, and a struct mu_wire_gradient follows */
};
struct mu_wire_gradient {
    uint64_t chunks; /* followed by as many struct mu_chunk */
    uint64_t dedup, difference;
    double clip;
    uint32_t slot[MU_MAX_PARTS];
};

struct mu_combine_command {
    struct mu_command head;
    int64_t shift;
    uint64_t n; /* followed by n struct mu_wire_term, those of this rank */
};
struct mu_wire_term {
    uint64_t id;   /* the job; the client for MU_WIRE_OWN */
    uint64_t part; /* of the update, or MU_WIRE_OWN: the client's own vector */
    double weight;
};
enum { MU_WIRE_OWN = MU_MAX_PARTS };

struct mu_install_command {
    struct mu_command head;
    uint64_t slot;
};

struct mu_evaluate_command {
    struct mu_command head;
    uint64_t train; /* also the clients' own rows */
};

/* Also for a job that has not been trained yet, or not to the end: it is abandoned. */
struct mu_release_command {
    struct mu_command head;
    mu_job job;
    uint64_t used;
};

struct mu_save_command {
    struct mu_command head;
    char directory[4400];
};

struct mu_stop_command {
    struct mu_command head;
};

/* A job's numbers; or, with a code, the failure that ends the run. */
struct mu_report {
    mu_job job;
    struct mu_local_result result;
    double control_max_abs; /* of the second part; 0 without one */
    struct mu_err err;
    uint64_t clipped;             /* the update was longer than the order's clip */
    uint64_t parts;               /* of gradient work */
    double max_abs[MU_MAX_PARTS]; /* of each of them */
};
/* What is sent of it. */
size_t mu_report_bytes(const struct mu_report *report);

#endif
