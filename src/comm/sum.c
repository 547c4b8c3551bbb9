/* Sums of int64 vectors over ranks. The ranks of a host keep theirs in one shared block: each adds one slice of all of
 * them, so that nothing is copied and every rank takes part; the hosts' totals then go through MPI_Reduce. Integer
 * addition is associative, so it makes no difference who adds what. */
#include "comm_impl.h"

enum {
    LINE = 8,     /* int64 per cache line: slices do not share one */
    BLOCK = 2048, /* numbers that are summed over all ranks of the host before the next ones */
};

static size_t round_up(size_t n) {
    return (n + LINE - 1) / LINE * LINE;
}

int mu_sum_new(struct mu_sum *sum, struct mu_comm *comm, size_t n, struct mu_err *err) {
    *sum = (struct mu_sum){.n = n};
    const size_t stride = round_up(n);
    MU_TRY(mu_comm_share(comm, stride * (size_t)comm->host_size * sizeof *sum->mine, &sum->block, err));
    sum->mine = (int64_t *)sum->block.data + stride * (size_t)comm->host_rank;
    return MU_OK;
}

void mu_sum_free(struct mu_sum *sum, struct mu_comm *comm) {
    if (sum->mine != NULL) {
        mu_comm_unshare(comm, &sum->block);
    }
    *sum = (struct mu_sum){0};
}

/* total[from..to) gains the same part of the other ranks' vectors. */
static void add_slice(int64_t *total, size_t stride, int ranks, size_t from, size_t to) {
    for (size_t at = from; at < to; at += BLOCK) {
        const size_t n = to - at < BLOCK ? to - at : BLOCK;
        for (int rank = 1; rank < ranks; rank++) {
            const int64_t *restrict x = total + stride * (size_t)rank + at;
            int64_t *restrict out = total + at;
            for (size_t i = 0; i < n; i++) {
                out[i] = (int64_t)((uint64_t)out[i] + (uint64_t)x[i]);
            }
        }
    }
}

void mu_sum_reduce(struct mu_sum *sum, struct mu_comm *comm) {
    if (comm->solo) {
        return;
    }
    int64_t *const total = sum->block.data;
    const size_t stride = round_up(sum->n);
    const size_t share = round_up((sum->n + (size_t)comm->host_size - 1) / (size_t)comm->host_size);
    const size_t from = share * (size_t)comm->host_rank < sum->n ? share * (size_t)comm->host_rank : sum->n;
    const size_t to = from + share < sum->n ? from + share : sum->n;
    mu_comm_shared_ready(comm, &sum->block);
    add_slice(total, stride, comm->host_size, from, to);
    mu_comm_shared_ready(comm, &sum->block);
    if (comm->leaders != MPI_COMM_NULL) {
        mu_comm_reduce_i64(comm->leaders, comm->rank == 0, total, sum->n);
    }
}
