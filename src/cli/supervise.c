/* Signals are blocked and read from a descriptor, so that nothing happens in a handler: one loop waits for them, for
 * output and lines, and for the deadline of what it did last. It waits for nothing else: not for a terminal that stands
 * still or a pager, so that it always hears the second signal. */
#include "supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
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
    int output;             /* its standard output, or -1 when that is over */
    char carried[PIPE_BUF]; /* from there: a pipe that is ready takes as much without a wait */
    size_t begin, end;      /* of what is not written yet */
    bool reader_may_go;     /* SIGPIPE is ignored here: output without a reader is an error like any other */
};

static void enter(struct watch *w, enum stage stage, int64_t patience_ms) {
    w->stage = stage;
    w->deadline_ns = patience_ms > 0 ? mu_monotonic_ns() + patience_ms * 1000000 : 0;
}

static void tell(const struct watch *w, int number) {
    if (!w->gone) {
        kill(w->pid, number);
    }
}

static void terminate(struct watch *w, int64_t patience_ms) {
    tell(w, SIGTERM);
    enter(w, TERMINATED, patience_ms);
}

static void ask(struct watch *w) {
    tell(w, w->program->asked == SIGTERM ? SIGUSR2 : SIGUSR1);
    enter(w, ASKED, 0);
}

static void take_request(struct watch *w, int number) {
    if (w->gone) {
        enter(w, KILLED, 0); /* only output is left, and is not waited for */
    } else if (w->stage == RUNNING) {
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
        w->gone = w->gone || waitpid(w->pid, &w->program->status, WNOHANG) == w->pid;
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
        tell(w, SIGKILL);
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

static bool has_output(const struct watch *w) {
    return w->begin < w->end;
}

static void write_output(struct watch *w) {
    const ssize_t n = write(STDOUT_FILENO, w->carried + w->begin, w->end - w->begin);
    if (n >= 0) {
        w->begin += (size_t)n;
    } else if (errno != EAGAIN && errno != EINTR) {
        /* What comes later is not tried again, so that the output ends where it says, but read: mpirun must not wait.
         */
        w->program->unwritten = errno;
        w->begin = w->end;
        if (errno == EPIPE && !w->reader_may_go) {
            take_request(w, SIGPIPE);
        }
    }
}

static void read_output(struct watch *w) {
    const ssize_t n = read(w->output, w->carried, sizeof w->carried);
    if (n > 0) {
        w->begin = 0;
        w->end = w->program->unwritten == 0 ? (size_t)n : 0;
    } else if (n == 0 || w->gone || (errno != EAGAIN && errno != EINTR)) {
        close(w->output);
        w->output = -1;
    }
}

/* How long to wait for something to happen, as poll wants it. */
static int choose_patience(const struct watch *w) {
    if (w->gone && !has_output(w)) {
        return 0; /* what it wrote is there by now; whether somebody else holds the pipe open is of no interest */
    }
    if (w->deadline_ns == 0) {
        return -1;
    }
    const int64_t left_ns = w->deadline_ns - mu_monotonic_ns();
    return left_ns > 0 ? (int)(left_ns / 1000000) + 1 : 0;
}

static void watch_over(struct watch *w) {
    enum { SIGNALS, OUTPUT, ERRORS, SOURCES };
    while (!w->gone || (w->stage < TERMINATED && (w->output >= 0 || has_output(w)))) {
        const bool full = has_output(w);
        struct pollfd sources[SOURCES] = {
            [SIGNALS] = {.fd = w->signals, .events = POLLIN},
            [OUTPUT] = {.fd = full ? STDOUT_FILENO : w->output, .events = full ? POLLOUT : POLLIN},
            [ERRORS] = {.fd = w->errors, .events = POLLIN},
        };
        const int ready = poll(sources, SOURCES, choose_patience(w));
        if (ready > 0 && sources[SIGNALS].revents != 0) {
            take_signal(w);
        }
        if (full && ready > 0 && sources[OUTPUT].revents != 0) {
            write_output(w);
        } else if (!full && w->output >= 0 && (w->gone || (ready > 0 && sources[OUTPUT].revents != 0))) {
            read_output(w);
        }
        if (ready > 0 && sources[ERRORS].revents != 0) {
            listen_once(w);
        }
        keep_time(w);
    }
    while (w->errors >= 0 && listen_once(w)) {
    }
    hand_over(w, true);
}

/* In the new process. */
static void become(const struct mu_supervised *program, int output, int errors, const sigset_t *mask) {
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    sigprocmask(SIG_SETMASK, mask, NULL);
    setpgid(0, 0);                    /* out of the terminal's reach */
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* nothing is left behind by a process that was killed */
    dup2(output, STDOUT_FILENO);
    dup2(errors, STDERR_FILENO);
    if (freopen("/dev/null", "r", stdin) == NULL) {
        _exit(126);
    }
    program->become(program->context);
    _exit(126);
}

/* From here on signals are read, and children come home. */
static void take_over_signals(struct watch *w, sigset_t *before) {
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGPIPE);
    sigprocmask(SIG_BLOCK, &wanted, before);
    sigdelset(&wanted, SIGPIPE); /* the call that fails says it */
    sigaddset(&wanted, SIGINT);
    sigaddset(&wanted, SIGTERM);
    sigaddset(&wanted, SIGCHLD);
    sigprocmask(SIG_BLOCK, &wanted, NULL);
    signal(SIGCHLD, SIG_DFL); /* a process that ignores it cannot wait */
    struct sigaction pipe_action;
    sigaction(SIGPIPE, NULL, &pipe_action);
    w->reader_may_go = pipe_action.sa_handler == SIG_IGN;
    w->signals = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/* A standard stream that is closed must not become a pipe of ours: reads and writes there go on to fail. */
static void hold_standard_streams(void) {
    for (int fd = 0; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0) {
            return; /* pipe2 will fail, too */
        }
    }
}

static bool open_pipe(int ends[2]) {
    return pipe2(ends, O_CLOEXEC) == 0 && fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
}

int mu_supervise(struct mu_supervised *program, struct mu_err *err) {
    struct watch w = {.program = program};
    int output[2], errors[2];
    sigset_t before;
    hold_standard_streams();
    take_over_signals(&w, &before);
    if (w.signals < 0 || !open_pipe(output) || !open_pipe(errors)) {
        return mu_fail(err, MU_RANK_FAILED, NULL, "cannot make a pipe: %s", strerror(errno));
    }
    fflush(NULL);
    w.pid = fork();
    if (w.pid == 0) {
        become(program, output[1], errors[1], &before);
    }
    close(output[1]);
    close(errors[1]);
    if (w.pid < 0) {
        return mu_fail(err, MU_RANK_FAILED, NULL, "cannot start a process: %s", strerror(errno));
    }
    w.output = output[0];
    w.errors = errors[0];
    watch_over(&w);
    mu_end_survivors(program->mark);
    const int open_ones[] = {w.signals, w.output, w.errors};
    for (size_t i = 0; i < sizeof open_ones / sizeof *open_ones; i++) {
        if (open_ones[i] >= 0) {
            close(open_ones[i]);
        }
    }
    mu_free(w.text);
    return MU_OK;
}
