/* Collectives. Counts above INT_MAX go in slices. */
#include "comm_impl.h"

#include <assert.h>
#include <string.h>

enum { SLICE = 1 << 27 }; /* elements per MPI call */

static int slice_of(size_t left) {
    return left < SLICE ? (int)left : SLICE;
}

int mu_comm_agree(struct mu_comm *comm, int code, struct mu_err *err) {
    if (comm->solo) {
        return code;
    }
    const int mine = code != MU_OK ? comm->rank : comm->size;
    int first = comm->size;
    MPI_Allreduce(&mine, &first, 1, MPI_INT, MPI_MIN, comm->all);
    if (first == comm->size) {
        return MU_OK;
    }
    struct mu_err cause = *err;
    cause.code = code;
    MPI_Bcast(&cause, (int)sizeof cause, MPI_BYTE, first, comm->all);
    *err = cause;
    return cause.code;
}

static void bcast_bytes(MPI_Comm group, void *data, size_t bytes) {
    for (unsigned char *at = data; bytes > 0;) {
        const int n = slice_of(bytes);
        MPI_Bcast(at, n, MPI_BYTE, 0, group);
        at += n;
        bytes -= (size_t)n;
    }
}

void mu_comm_bcast(struct mu_comm *comm, void *data, size_t bytes) {
    if (!comm->solo) {
        bcast_bytes(comm->all, data, bytes);
    }
}

void mu_comm_host_bcast(struct mu_comm *comm, void *data, size_t bytes) {
    if (!comm->solo) {
        bcast_bytes(comm->host, data, bytes);
    }
}

static void reduce(MPI_Comm group, bool root, void *data, size_t n, size_t size, MPI_Datatype type) {
    for (unsigned char *at = data; n > 0;) {
        const int count = slice_of(n);
        MPI_Reduce(root ? MPI_IN_PLACE : at, root ? at : NULL, count, type, MPI_SUM, 0, group);
        at += (size_t)count * size;
        n -= (size_t)count;
    }
}

void mu_comm_reduce_i64(MPI_Comm group, bool root, int64_t *data, size_t n) {
    reduce(group, root, data, n, sizeof *data, MPI_INT64_T);
}

void mu_comm_sum_i64(struct mu_comm *comm, int64_t *data, size_t n) {
    if (!comm->solo) {
        mu_comm_reduce_i64(comm->all, comm->rank == 0, data, n);
    }
}

void mu_comm_sum_f64(struct mu_comm *comm, double *data, size_t n) {
    if (!comm->solo) {
        reduce(comm->all, comm->rank == 0, data, n, sizeof *data, MPI_DOUBLE);
    }
}

void mu_comm_gather(struct mu_comm *comm, const void *mine, size_t bytes, void *all) {
    if (comm->solo) {
        memcpy(all, mine, bytes);
        return;
    }
    assert(bytes <= SLICE);
    MPI_Gather(mine, (int)bytes, MPI_BYTE, all, (int)bytes, MPI_BYTE, 0, comm->all);
}

void mu_comm_barrier(struct mu_comm *comm) {
    if (!comm->solo) {
        MPI_Barrier(comm->all);
    }
}
