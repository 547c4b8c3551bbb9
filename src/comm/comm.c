/* Life of a communicator, and what a rank may ask about it. */
#include "comm_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "muster/base/mem.h"

struct mu_comm *mu_comm_solo(void) {
    struct mu_comm *comm = mu_alloc(1, sizeof *comm, NULL);
    if (comm == NULL) {
        return NULL;
    }
    *comm = (struct mu_comm){.solo = true,
                             .size = 1,
                             .hosts = 1,
                             .host_size = 1,
                             .all = MPI_COMM_NULL,
                             .host = MPI_COMM_NULL,
                             .leaders = MPI_COMM_NULL};
    return comm;
}

bool mu_comm_launched(void) {
    static const char *const marks[] = {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK"};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        if (getenv(marks[i]) != NULL) {
            return true;
        }
    }
    return false;
}

/* Host leaders count themselves. */
static int count_hosts(MPI_Comm all, int host_rank) {
    int leads = host_rank == 0, hosts = 0;
    MPI_Allreduce(&leads, &hosts, 1, MPI_INT, MPI_SUM, all);
    return hosts;
}

/* Who and where this rank is among those of comm->all. */
static void know_place(struct mu_comm *comm) {
    MPI_Comm_rank(comm->all, &comm->rank);
    MPI_Comm_size(comm->all, &comm->size);
    MPI_Comm_split_type(comm->all, MPI_COMM_TYPE_SHARED, comm->rank, MPI_INFO_NULL, &comm->host);
    MPI_Comm_rank(comm->host, &comm->host_rank);
    MPI_Comm_size(comm->host, &comm->host_size);
    comm->hosts = count_hosts(comm->all, comm->host_rank);
    if (comm->hosts > 1) {
        MPI_Comm_split(comm->all, comm->host_rank == 0 ? 0 : MPI_UNDEFINED, comm->rank, &comm->leaders);
    }
}

/* Ranks of one host need no network. Open MPI 4.1 asks all of its network libraries before it takes shared memory
 * (ob1), and UCX and libfabric need 0.2 s of a start-up of 0.37 s to say no. mpirun tells its ranks how many of them
 * are here; what the user has set stays. */
static void skip_networks(void) {
    const char *all = getenv("OMPI_COMM_WORLD_SIZE"), *here = getenv("OMPI_COMM_WORLD_LOCAL_SIZE");
    if (all != NULL && here != NULL && strcmp(all, here) == 0) {
        setenv("OMPI_MCA_pml", "ob1", 0);
    }
}

struct mu_comm *mu_comm_start(int *argc, char ***argv) {
    struct mu_comm *comm = mu_comm_solo();
    if (comm == NULL) {
        return NULL;
    }
    int started = 0;
    MPI_Initialized(&started);
    if (!started) {
        skip_networks();
        int provided; /* a program may have other threads; none of them calls MPI */
        MPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, &provided);
        comm->owns_mpi = true;
    }
    comm->solo = false;
    /* Our own duplicate: messages of a library that shares MPI_COMM_WORLD cannot be taken for ours. */
    MPI_Comm_dup(MPI_COMM_WORLD, &comm->all);
    know_place(comm);
    comm->crowded = comm->host_size > sysconf(_SC_NPROCESSORS_ONLN);
    return comm;
}

struct mu_comm *mu_comm_split(struct mu_comm *comm, int color) {
    struct mu_comm *part = mu_comm_solo();
    if (part == NULL || comm->solo) {
        return part;
    }
    MPI_Comm group;
    int size = 0;
    MPI_Comm_split(comm->all, color, comm->rank, &group);
    MPI_Comm_size(group, &size);
    if (size == 1) { /* needs no messages at all */
        MPI_Comm_free(&group);
        return part;
    }
    part->solo = false;
    part->all = group;
    know_place(part);
    part->crowded = comm->crowded;
    return part;
}

void mu_comm_stop(struct mu_comm *comm) {
    if (comm == NULL) {
        return;
    }
    if (comm->abandoned) {
        fflush(NULL);
        MPI_Abort(comm->all, MU_RANK_FAILED);
    }
    if (!comm->solo) {
        mu_comm_reap(comm, true);
        MPI_Barrier(comm->all);
        if (comm->leaders != MPI_COMM_NULL) {
            MPI_Comm_free(&comm->leaders);
        }
        MPI_Comm_free(&comm->host);
        MPI_Comm_free(&comm->all);
        if (comm->owns_mpi) {
            MPI_Finalize();
        }
    }
    mu_free(comm->posted.request);
    mu_free(comm->posted.data);
    mu_free(comm->posted.done);
    mu_free(comm->inbox);
    mu_free(comm);
}

void mu_comm_abandon(struct mu_comm *comm) {
    comm->abandoned = comm->solo = true;
    comm->size = comm->hosts = comm->host_size = 1;
}

void mu_comm_abort(struct mu_comm *comm, int code) {
    if (!comm->solo || comm->abandoned) {
        MPI_Abort(comm->all, code);
    }
    _exit(code);
}

int mu_comm_rank(const struct mu_comm *comm) {
    return comm->rank;
}

int mu_comm_size(const struct mu_comm *comm) {
    return comm->size;
}

int mu_comm_host_size(const struct mu_comm *comm) {
    return comm->host_size;
}

int mu_comm_hosts(const struct mu_comm *comm) {
    return comm->hosts;
}

bool mu_comm_leads_host(const struct mu_comm *comm) {
    return comm->host_rank == 0;
}

const char *mu_comm_library(void) {
#ifdef OMPI_MAJOR_VERSION
#define TEXT_OF(x) #x
#define VERSION_TEXT(a, b, c) "Open MPI " TEXT_OF(a) "." TEXT_OF(b) "." TEXT_OF(c)
    return VERSION_TEXT(OMPI_MAJOR_VERSION, OMPI_MINOR_VERSION, OMPI_RELEASE_VERSION);
#else
    return "MPI";
#endif
}
