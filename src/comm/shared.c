/* Memory that the ranks of a host share: an MPI shared window to which only the leader contributes bytes. */
#include "comm_impl.h"

#include "muster/base/mem.h"

int mu_comm_share(struct mu_comm *comm, size_t bytes, struct mu_shared *block, struct mu_err *err) {
    *block = (struct mu_shared){.leader = comm->host_rank == 0};
    int code = MU_OK;
    if (comm->solo) {
        block->data = mu_alloc_uninit(bytes, 1, err);
        return block->data != NULL ? MU_OK : err->code;
    }
    MPI_Win *window = mu_alloc(1, sizeof(MPI_Win), err);
    if (window == NULL) {
        code = err->code;
    }
    MU_TRY(mu_comm_agree(comm, code, err));
    MPI_Aint size = block->leader ? (MPI_Aint)(bytes > 0 ? bytes : 1) : 0;
    int unit = 1;
    void *base = NULL;
    MPI_Comm_set_errhandler(comm->host, MPI_ERRORS_RETURN);
    const int status = MPI_Win_allocate_shared(size, 1, MPI_INFO_NULL, comm->host, &base, window);
    MPI_Comm_set_errhandler(comm->host, MPI_ERRORS_ARE_FATAL);
    if (status != MPI_SUCCESS) {
        code = mu_fail(err, MU_RANK_FAILED, NULL, "no %zu bytes of memory to share between the ranks of a host", bytes);
    }
    code = mu_comm_agree(comm, code, err);
    if (code != MU_OK) {
        mu_free(window);
        return code;
    }
    MPI_Win_shared_query(*window, 0, &size, &unit, &base);
    MPI_Win_lock_all(MPI_MODE_NOCHECK, *window);
    block->data = base;
    block->handle = window;
    return MU_OK;
}

void mu_comm_shared_ready(struct mu_comm *comm, struct mu_shared *block) {
    if (!comm->solo) {
        MPI_Win_sync(*(MPI_Win *)block->handle);
        MPI_Barrier(comm->host);
        MPI_Win_sync(*(MPI_Win *)block->handle);
    }
}

void mu_comm_unshare(struct mu_comm *comm, struct mu_shared *block) {
    if (comm->abandoned) {
        /* Released with the process: a window is freed by all ranks or by none. */
    } else if (comm->solo) {
        mu_free(block->data);
    } else if (block->handle != NULL) {
        MPI_Win *window = block->handle;
        MPI_Win_unlock_all(*window);
        MPI_Win_free(window);
        mu_free(window);
    }
    *block = (struct mu_shared){0};
}
