/* Small messages between two ranks: the command stream and its answers. */
#include "comm_impl.h"

#include <assert.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "muster/base/mem.h"

enum {
    TAG = 1,
    SPIN_NS = 2000000, /* a step of a small model takes less: do not fall asleep within it */
    CROWDED_SPIN_NS = 20000,
    NAP_NS = 50000,
    LONG_NAP_NS = 500000, /* of a wait that is expected to be long: 2,000 looks a second cost about 1 % of a core */
};

void mu_comm_send(struct mu_comm *comm, int to, const void *data, size_t bytes) {
    assert(!comm->solo && to != comm->rank && bytes <= INT_MAX);
    MPI_Send(data, (int)bytes, MPI_BYTE, to, TAG, comm->all);
}

/* An allocation here that fails cannot be reported to anybody. */
static void *grow_or_abort(struct mu_comm *comm, void *block, size_t *capacity, size_t need, size_t size) {
    struct mu_err err = {0};
    if (mu_grow(&block, capacity, need, size, &err) != MU_OK) {
        fprintf(stderr, "muster: %s\n", err.text);
        mu_comm_abort(comm, MU_RANK_FAILED);
    }
    return block;
}

void mu_comm_reap(struct mu_comm *comm, bool all) {
    struct mu_posted *p = &comm->posted;
    if (p->n == 0) {
        return;
    }
    int left = 0;
    if (all) {
        MPI_Waitall((int)p->n, p->request, MPI_STATUSES_IGNORE);
    } else {
        MPI_Testsome((int)p->n, p->request, &left, p->done, MPI_STATUSES_IGNORE);
        if (left == 0) {
            return;
        }
    }
    size_t kept = 0;
    for (size_t i = 0; i < p->n; i++) {
        if (p->request[i] == MPI_REQUEST_NULL) {
            mu_free(p->data[i]);
        } else {
            p->request[kept] = p->request[i];
            p->data[kept++] = p->data[i];
        }
    }
    p->n = kept;
}

void mu_comm_post(struct mu_comm *comm, int to, size_t n, const struct mu_span *part) {
    assert(!comm->solo && to != comm->rank);
    mu_comm_reap(comm, false);
    struct mu_posted *p = &comm->posted;
    p->request = grow_or_abort(comm, p->request, &p->request_capacity, p->n + 1, sizeof *p->request);
    p->data = grow_or_abort(comm, p->data, &p->data_capacity, p->n + 1, sizeof *p->data);
    p->done = grow_or_abort(comm, p->done, &p->done_capacity, p->n + 1, sizeof *p->done);
    size_t bytes = 0, capacity = 0;
    for (size_t i = 0; i < n; i++) {
        bytes += part[i].bytes;
    }
    assert(bytes <= INT_MAX);
    unsigned char *const data = grow_or_abort(comm, NULL, &capacity, bytes, 1), *at = data;
    for (size_t i = 0; i < n; i++) {
        memcpy(at, part[i].data, part[i].bytes);
        at += part[i].bytes;
    }
    MPI_Isend(data, (int)bytes, MPI_BYTE, to, TAG, comm->all, &p->request[p->n]);
    p->data[p->n++] = data;
}

bool mu_comm_poll(struct mu_comm *comm, int *from, const void **data, size_t *bytes) {
    if (comm->solo) {
        return false;
    }
    mu_comm_reap(comm, false);
    int there = 0;
    MPI_Status status;
    MPI_Iprobe(MPI_ANY_SOURCE, TAG, comm->all, &there, &status);
    if (!there) {
        return false;
    }
    int count = 0;
    MPI_Get_count(&status, MPI_BYTE, &count);
    comm->inbox = grow_or_abort(comm, comm->inbox, &comm->inbox_capacity, (size_t)count, 1);
    MPI_Recv(comm->inbox, count, MPI_BYTE, status.MPI_SOURCE, TAG, comm->all, MPI_STATUS_IGNORE);
    if (from != NULL) {
        *from = status.MPI_SOURCE;
    }
    *data = comm->inbox;
    *bytes = (size_t)count;
    return true;
}

uint64_t mu_comm_clock_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void mu_comm_wait(struct mu_comm *comm, int *from, const void **data, size_t *bytes) {
    assert(!comm->solo);
    const uint64_t spin = comm->crowded ? CROWDED_SPIN_NS : SPIN_NS;
    const uint64_t start = mu_comm_clock_ns();
    while (!mu_comm_poll(comm, from, data, bytes)) {
        if (mu_comm_clock_ns() - start > spin) {
            nanosleep(&(struct timespec){.tv_nsec = NAP_NS}, NULL);
        } else if (comm->crowded) {
            sched_yield();
        }
    }
}

bool mu_comm_wait_until(struct mu_comm *comm, uint64_t until_ns, int *from, const void **data, size_t *bytes) {
    for (uint64_t nap = NAP_NS; !mu_comm_poll(comm, from, data, bytes);
         nap = 2 * nap < LONG_NAP_NS ? 2 * nap : LONG_NAP_NS) {
        const uint64_t now = mu_comm_clock_ns();
        if (now >= until_ns) {
            return false;
        }
        const uint64_t rest = until_ns - now;
        if (nanosleep(&(struct timespec){.tv_nsec = (long)(rest < nap ? rest : nap)}, NULL) != 0) {
            return false;
        }
    }
    return true;
}
