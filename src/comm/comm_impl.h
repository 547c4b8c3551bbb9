/* What the files of comm share. */
#ifndef MUSTER_COMM_IMPL_H
#define MUSTER_COMM_IMPL_H

#include <mpi.h>

#include "muster/comm/comm.h"

/* Posted messages that are not known to have left. */
struct mu_posted {
    MPI_Request *request;
    void **data;
    int *done; /* scratch for MPI_Testsome */
    size_t n, request_capacity, data_capacity, done_capacity;
};

struct mu_comm {
    bool solo; /* one rank, MPI not started; or the others were abandoned */
    bool abandoned;
    bool owns_mpi; /* mu_comm_start began MPI, mu_comm_stop ends it */
    int rank, size;
    int hosts;
    int host_rank, host_size;
    bool crowded;         /* more ranks than cores on this host: waiting must yield early */
    MPI_Comm all;         /* every rank */
    MPI_Comm host;        /* the ranks of this host */
    MPI_Comm leaders;     /* the first ranks of all hosts; MPI_COMM_NULL on others, and if there is one host */
    unsigned char *inbox; /* the message last received */
    size_t inbox_capacity;
    struct mu_posted posted;
};

/* Releases what has left of the posted messages; with `all`, waits for the rest. */
void mu_comm_reap(struct mu_comm *comm, bool all);

/* Adds n int64 over `group` into the array of its first rank, which is `root`. */
void mu_comm_reduce_i64(MPI_Comm group, bool root, int64_t *data, size_t n);

#endif
