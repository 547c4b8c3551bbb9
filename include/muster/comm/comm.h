/* The only door to MPI. A communicator of the run's ranks with just the operations that muster needs:
 * small messages for the command stream, collectives that give the same bits for any number of ranks, and
 * memory shared by the ranks of a host. Rank 0 is the coordinator.
 *
 * Every call marked collective must be made by all ranks in the same order. A failing MPI call ends the
 * job (MPI's default handler): nothing sensible can follow it. */
#ifndef MUSTER_COMM_COMM_H
#define MUSTER_COMM_COMM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "muster/base/err.h"

struct mu_comm;

/* Starts MPI and returns the world. argc and argv may be NULL. */
struct mu_comm *mu_comm_start(int *argc, char ***argv);

/* One rank without MPI: every operation works, nothing is started. For single-rank runs, tests and calculators. */
struct mu_comm *mu_comm_solo(void);

/* True when this process was started by mpirun, srun or another launcher that speaks PMIx or PMI. */
bool mu_comm_launched(void);

/* Collective. Waits for all ranks, releases the communicator, and ends MPI if mu_comm_start began it. NULL is allowed.
 */
void mu_comm_stop(struct mu_comm *comm);

/* Collective. The ranks that give the same color (>= 0) become a communicator of their own, in the order of their
 * ranks; a rank that is alone in its color gets one without MPI. Release it with mu_comm_stop, before `comm`; that
 * waits for its own ranks only. NULL if there is no memory. */
struct mu_comm *mu_comm_split(struct mu_comm *comm, int color);

/* Ends all ranks at once with an exit code; for failures after which the ranks can no longer agree. */
void mu_comm_abort(struct mu_comm *comm, int code);

int mu_comm_rank(const struct mu_comm *comm);
int mu_comm_size(const struct mu_comm *comm);

/* Ranks on this host, and the number of hosts. */
int mu_comm_host_size(const struct mu_comm *comm);
int mu_comm_hosts(const struct mu_comm *comm);

/* The MPI that muster was built with: "Open MPI 4.1.4". Static storage. */
const char *mu_comm_library(void);

/* Collective. All ranks get the first failure (of the lowest rank) of anyone, so that all go on or all stop. Returns
 * its code. */
int mu_comm_agree(struct mu_comm *comm, int code, struct mu_err *err);

/* Collective: rank 0's bytes reach everyone. */
void mu_comm_bcast(struct mu_comm *comm, void *data, size_t bytes);

/* Collective, in place: rank 0's array becomes the sum over ranks; elsewhere the content is unspecified afterwards. The
 * int64 sum is exact. The double sum is exact only if at most one rank's element is not zero; that is how it is used.
 */
void mu_comm_sum_i64(struct mu_comm *comm, int64_t *data, size_t n);
void mu_comm_sum_f64(struct mu_comm *comm, double *data, size_t n);

/* Collective: `bytes` bytes of each rank arrive on rank 0, in rank order; `all` is used on rank 0 only. */
void mu_comm_gather(struct mu_comm *comm, const void *mine, size_t bytes, void *all);

/* Collective. */
void mu_comm_barrier(struct mu_comm *comm);

/* A small message to another rank. The data may be reused on return; messages of a pair of ranks arrive in order. */
void mu_comm_send(struct mu_comm *comm, int to, const void *data, size_t bytes);

/* Receives one message if there is one. *data is the communicator's and valid until the next receive; *from may be
 * NULL. */
bool mu_comm_poll(struct mu_comm *comm, int *from, const void **data, size_t *bytes);

/* The same without waiting for the other side, whatever the size: the pieces are copied and joined to one message,
 * which is under way when this returns. Two ranks may post to each other at once; a rank that does not receive holds up
 * nobody. Messages of a pair of ranks, sent or posted, arrive in order. */
struct mu_span {
    const void *data;
    size_t bytes;
};
void mu_comm_post(struct mu_comm *comm, int to, size_t n, const struct mu_span *part);

/* Waits for a message: spins briefly, then sleeps in short naps, so that a waiting rank leaves its core to others. */
void mu_comm_wait(struct mu_comm *comm, int *from, const void **data, size_t *bytes);

/* Waits for a message until the monotonic clock says `until_ns` at the latest; false if none came. It does not spin:
 * naps grow to half a millisecond. A signal ends it early. */
bool mu_comm_wait_until(struct mu_comm *comm, uint64_t until_ns, int *from, const void **data, size_t *bytes);

/* Nanoseconds of the monotonic clock. */
uint64_t mu_comm_clock_ns(void);

/* Rank 0, when another rank does not answer any more: from here on it is alone, every collective is its own affair, and
 * mu_comm_stop ends all ranks by force, with exit code MU_RANK_FAILED where no launcher of ours reports another. */
void mu_comm_abandon(struct mu_comm *comm);

/* Memory that the ranks of one host share. */
struct mu_shared {
    void *data;   /* the block, the same content on every rank of the host */
    bool leader;  /* true on the one rank of each host that fills it */
    void *handle; /* private to comm */
};

/* Collective. A block of `bytes` bytes per host, of unspecified content. The leader fills it; then all call
 * mu_comm_shared_ready before anyone reads. */
int mu_comm_share(struct mu_comm *comm, size_t bytes, struct mu_shared *block, struct mu_err *err);
void mu_comm_shared_ready(struct mu_comm *comm, struct mu_shared *block);

/* Collective. */
void mu_comm_unshare(struct mu_comm *comm, struct mu_shared *block);

/* True on the rank of each host that leads it (the one for which mu_shared.leader is true). */
bool mu_comm_leads_host(const struct mu_comm *comm);

/* Accumulators whose exact sum over all ranks is wanted again and again. Zero-initialised it is nothing. */
struct mu_sum {
    int64_t *mine; /* this rank's n terms; after a reduce, on rank 0, the sum over ranks */
    size_t n;
    struct mu_shared block; /* those of all ranks of the host */
};

/* Collective, all three. After a reduce the content on ranks other than 0 is unspecified. */
int mu_sum_new(struct mu_sum *sum, struct mu_comm *comm, size_t n, struct mu_err *err);
void mu_sum_reduce(struct mu_sum *sum, struct mu_comm *comm);
void mu_sum_free(struct mu_sum *sum, struct mu_comm *comm);

/* Collective over the ranks of one host: the leader's bytes reach the others. */
void mu_comm_host_bcast(struct mu_comm *comm, void *data, size_t bytes);

#endif
