#include "crew.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "muster/base/mem.h"

/* Memory that all members share. */
struct board {
    atomic_bool stop;
    struct place {
        atomic_bool busy;
        struct mu_leg leg;
    } at[];
};

struct mu_crew {
    int size, left;
    pid_t *pid; /* of member k at k; 0: the caller, or one that has ended */
    size_t board_bytes;
    struct board *board;
};

static int make(struct mu_crew **crew, int size, struct mu_err *err) {
    struct mu_crew *c = *crew = mu_alloc(1, sizeof *c, err);
    if (c == NULL) {
        return err->code;
    }
    c->size = size;
    c->board_bytes = sizeof(struct board) + (size_t)size * sizeof(struct place);
    c->board = mmap(NULL, c->board_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0); /* zeros */
    c->pid = mu_alloc((size_t)size, sizeof *c->pid, err);
    if (c->board == MAP_FAILED) {
        return mu_fail(err, MU_RANK_FAILED, NULL, "no memory to share between processes: %s", strerror(errno));
    }
    return c->pid != NULL ? MU_OK : err->code;
}

int mu_crew_start(struct mu_crew **crew, int size, void (*work)(void *context, int member), void *context,
                  struct mu_err *err) {
    const pid_t caller = getpid();
    int code = make(crew, size, err);
    fflush(NULL);             /* what is printed is printed once */
    signal(SIGCHLD, SIG_DFL); /* whoever ignores it, as the child of some shells, is not told how a member ended */
    for (int member = 1; code == MU_OK && member < size; member++) {
        struct mu_crew *const c = *crew;
        const pid_t pid = c->pid[member] = fork();
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (getppid() == caller) {
                work(context, member);
            }
            _exit(0);
        }
        if (pid < 0) {
            c->pid[member] = 0;
            code = mu_fail(err, MU_RANK_FAILED, NULL, "cannot start process %d of %d: %s", member + 1, size,
                           strerror(errno));
        } else {
            c->left++;
        }
    }
    if (code != MU_OK) {
        mu_crew_free(*crew);
        *crew = NULL;
    }
    return code;
}

static pid_t wait_for(pid_t pid, int *status, int options) {
    pid_t found;
    while ((found = waitpid(pid, status, options)) < 0 && errno == EINTR) {
    }
    return found;
}

void mu_crew_free(struct mu_crew *c) {
    if (c == NULL) {
        return;
    }
    for (int k = 1; c->pid != NULL && k < c->size; k++) {
        if (c->pid[k] > 0) {
            kill(c->pid[k], SIGKILL);
            (void)wait_for(c->pid[k], NULL, 0);
        }
    }
    if (c->board != MAP_FAILED) {
        munmap(c->board, c->board_bytes);
    }
    mu_free(c->pid);
    mu_free(c);
}

void mu_crew_begin(struct mu_crew *c, int member, struct mu_leg leg) {
    c->board->at[member].leg = leg;
    atomic_store(&c->board->at[member].busy, true);
}

void mu_crew_end(struct mu_crew *c, int member) {
    atomic_store(&c->board->at[member].busy, false);
}

void mu_crew_stop(struct mu_crew *c) {
    atomic_store(&c->board->stop, true);
}

bool mu_crew_stops(const struct mu_crew *c) {
    return atomic_load(&c->board->stop);
}

static void describe(pid_t pid, int status, struct mu_err *how) {
    if (WIFSIGNALED(status)) {
        mu_fail(how, MU_RANK_FAILED, NULL, "process %d was killed by signal %d (%s)", (int)pid, WTERMSIG(status),
                strsignal(WTERMSIG(status)));
    } else {
        mu_fail(how, MU_RANK_FAILED, NULL, "process %d ended with code %d", (int)pid, WEXITSTATUS(status));
    }
}

bool mu_crew_lost(struct mu_crew *c, struct mu_lost *lost) {
    for (int k = 1; k < c->size; k++) {
        int status = 0;
        if (c->pid[k] == 0 || wait_for(c->pid[k], &status, WNOHANG) == 0) {
            continue;
        }
        const pid_t pid = c->pid[k];
        c->pid[k] = 0;
        c->left--;
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
            *lost = (struct mu_lost){.busy = atomic_load(&c->board->at[k].busy), .leg = c->board->at[k].leg};
            describe(pid, status, &lost->how);
            return true;
        }
    }
    return false;
}

int mu_crew_left(const struct mu_crew *c) {
    return c->left;
}
