/* Small messages between two ranks: the command stream and its answers. */
#include "comm_impl.h"

#include <assert.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <time.h>

#include "muster/base/mem.h"

enum {
    TAG = 1,
    SPIN_NS = 2000000, /* a step of a small model takes less: do not fall asleep within it */
    CROWDED_SPIN_NS = 20000,
    NAP_NS = 50000,
};

void mu_comm_send(struct mu_comm *comm, int to, const void *data, size_t bytes) {
    assert(!comm->solo && to != comm->rank && bytes <= INT_MAX);
    MPI_Send(data, (int)bytes, MPI_BYTE, to, TAG, comm->all);
}

bool mu_comm_poll(struct mu_comm *comm, int *from, const void **data, size_t *bytes) {
    if (comm->solo) {
        return false;
    }
    int there = 0;
    MPI_Status status;
    MPI_Iprobe(MPI_ANY_SOURCE, TAG, comm->all, &there, &status);
    if (!there) {
        return false;
    }
    int count = 0;
    MPI_Get_count(&status, MPI_BYTE, &count);
    struct mu_err err = {0};
    void *inbox = comm->inbox;
    if (mu_grow(&inbox, &comm->inbox_capacity, (size_t)count, 1, &err) != MU_OK) {
        fprintf(stderr, "muster: %s\n", err.text);
        mu_comm_abort(comm, MU_RANK_FAILED);
    }
    comm->inbox = inbox;
    MPI_Recv(comm->inbox, count, MPI_BYTE, status.MPI_SOURCE, TAG, comm->all, MPI_STATUS_IGNORE);
    if (from != NULL) {
        *from = status.MPI_SOURCE;
    }
    *data = comm->inbox;
    *bytes = (size_t)count;
    return true;
}

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void mu_comm_wait(struct mu_comm *comm, int *from, const void **data, size_t *bytes) {
    assert(!comm->solo);
    const int64_t spin = comm->crowded ? CROWDED_SPIN_NS : SPIN_NS;
    const int64_t start = now_ns();
    while (!mu_comm_poll(comm, from, data, bytes)) {
        if (now_ns() - start > spin) {
            nanosleep(&(struct timespec){.tv_nsec = NAP_NS}, NULL);
        } else if (comm->crowded) {
            sched_yield();
        }
    }
}
