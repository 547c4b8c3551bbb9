/* Signals are blocked and read from a descriptor, so that nothing happens in a handler: one loop waits for them, for
 * lines and for the deadline of what it did last. */
#include "supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "muster/base/clock.h"
#include "muster/base/mem.h"

enum {
    READY_MS = 2000,      /* a start takes 0.2 s on one host, one or two on several */
    TERM_MS = 3000,       /* of mpirun, which has remote hosts to tell */
    TERM_AGAIN_MS = 2000, /* the same, for someone who does not want to wait */
};

enum stage {
    RUNNING,
    WAITING, /* to be asked as soon as it is ready */
    ASKED,
    TERMINATED,
    KILLED,
};

struct watch {
    struct mu_supervised *program;
    pid_t pid;
    bool gone; /* pid has been waited for */
    int signals, errors;
    enum stage stage;
    int64_t deadline_ns; /* of the stage; 0: none */
    char *text;          /* the beginning of a line */
    size_t length, capacity;
};

static void enter(struct watch *w, enum stage stage, int64_t patience_ms) {
    w->stage = stage;
    w->deadline_ns = patience_ms > 0 ? mu_monotonic_ns() + patience_ms * 1000000 : 0;
}

static void terminate(struct watch *w, int64_t patience_ms) {
    kill(w->pid, SIGTERM);
    enter(w, TERMINATED, patience_ms);
}

static void ask(struct watch *w) {
    kill(w->pid, w->program->asked == SIGTERM ? SIGUSR2 : SIGUSR1);
    enter(w, ASKED, 0);
}

static void take_request(struct watch *w, int number) {
    if (w->stage == RUNNING) {
        w->program->asked = number;
        enter(w, WAITING, READY_MS);
    } else if (w->stage < TERMINATED) {
        terminate(w, TERM_AGAIN_MS);
    }
}

static void take_signal(struct watch *w) {
    struct signalfd_siginfo info;
    if (read(w->signals, &info, sizeof info) != sizeof info) {
        return;
    }
    if (info.ssi_signo == SIGCHLD) { /* its own, or of a process that it left behind */
        w->gone = waitpid(w->pid, &w->program->status, WNOHANG) == w->pid;
    } else {
        take_request(w, (int)info.ssi_signo);
    }
}

static void keep_time(struct watch *w) {
    if (w->stage == WAITING && w->program->ready) {
        ask(w);
    }
    if (w->deadline_ns == 0 || mu_monotonic_ns() < w->deadline_ns) {
        return;
    }
    if (w->stage == WAITING) {
        terminate(w, TERM_MS);
    } else {
        kill(w->pid, SIGKILL);
        enter(w, KILLED, 0);
    }
}

/* Hands over the lines that are complete; at the end also the one that is not. */
static void hand_over(struct watch *w, bool all) {
    if (w->text == NULL) {
        return;
    }
    char *line = w->text, *const end = w->text + w->length;
    for (char *newline; line < end && (newline = memchr(line, '\n', (size_t)(end - line))) != NULL;) {
        *newline = '\0';
        w->program->take_line(w->program->context, line);
        line = newline + 1;
    }
    w->length = (size_t)(end - line);
    if (w->length > 0) {
        memmove(w->text, line, w->length);
    }
    if (all && w->length > 0) {
        w->text[w->length] = '\0'; /* there is room: listen_once leaves some */
        w->length = 0;
        w->program->take_line(w->program->context, w->text);
    }
}

/* Reads what there is without waiting; false when nothing is left, for now or for ever. */
static bool listen_once(struct watch *w) {
    enum { PIECE = 4096 };
    struct mu_err ignored = {0};
    void *block = w->text;
    if (mu_grow(&block, &w->capacity, w->length + PIECE + 1, 1, &ignored) != MU_OK) {
        w->length = 0; /* a line longer than memory */
        return w->text != NULL;
    }
    w->text = block;
    const ssize_t n = read(w->errors, w->text + w->length, PIECE);
    if (n > 0) {
        w->length += (size_t)n;
        hand_over(w, false);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        close(w->errors);
        w->errors = -1; /* poll passes it over */
    }
    return n > 0;
}

static void watch_over(struct watch *w) {
    enum { SIGNALS, ERRORS, SOURCES };
    while (!w->gone) {
        struct pollfd sources[SOURCES] = {{.fd = w->signals, .events = POLLIN}, {.fd = w->errors, .events = POLLIN}};
        int patience_ms = -1;
        if (w->deadline_ns != 0) {
            const int64_t left_ns = w->deadline_ns - mu_monotonic_ns();
            patience_ms = left_ns > 0 ? (int)(left_ns / 1000000) + 1 : 0;
        }
        if (poll(sources, SOURCES, patience_ms) > 0) {
            if (sources[SIGNALS].revents != 0) {
                take_signal(w);
            }
            if (sources[ERRORS].revents != 0) {
                listen_once(w);
            }
        }
        keep_time(w);
    }
    /* What was written is there by now. Whether somebody else holds the pipe open is of no interest. */
    while (w->errors >= 0 && listen_once(w)) {
    }
    hand_over(w, true);
}

/* In the new process. */
static void become(const struct mu_supervised *program, int errors, const sigset_t *mask) {
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    sigprocmask(SIG_SETMASK, mask, NULL);
    setpgid(0, 0);                    /* out of the terminal's reach */
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* nothing is left behind by a process that was killed */
    dup2(errors, STDERR_FILENO);
    if (freopen("/dev/null", "r", stdin) == NULL) {
        _exit(126);
    }
    program->become(program->context);
    _exit(126);
}

int mu_supervise(struct mu_supervised *program, struct mu_err *err) {
    int ends[2] = {-1, -1};
    sigset_t wanted, before;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGINT);
    sigaddset(&wanted, SIGTERM);
    sigaddset(&wanted, SIGCHLD);
    sigprocmask(SIG_BLOCK, &wanted, &before);
    signal(SIGCHLD, SIG_DFL); /* a process that ignores it cannot wait */
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    struct watch w = {.program = program, .signals = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK)};
    if (w.signals < 0 || pipe2(ends, O_CLOEXEC) != 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) {
        return mu_fail(err, MU_RANK_FAILED, NULL, "cannot make a pipe: %s", strerror(errno));
    }
    fflush(NULL);
    w.pid = fork();
    if (w.pid == 0) {
        become(program, ends[1], &before);
    }
    close(ends[1]);
    w.errors = ends[0];
    if (w.pid < 0) {
        return mu_fail(err, MU_RANK_FAILED, NULL, "cannot start a process: %s", strerror(errno));
    }
    watch_over(&w);
    mu_end_survivors(program->mark);
    if (w.errors >= 0) {
        close(w.errors);
    }
    close(w.signals);
    mu_free(w.text);
    return MU_OK;
}
