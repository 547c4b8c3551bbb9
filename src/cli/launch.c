/* muster run -n P: mpirun with the settings that a user should not have to know, and muster's own exit code at the end.
 *
 * mpirun turns any failure into 1 or 137, prints banners about it, and makes a SIGTERM of Ctrl-C. So the ranks always
 * exit with 0, and rank 0 tells the code and the error in a line of its standard error, which mpirun carries here from
 * whatever host, full disk or not; and mpirun is told of an interruption by SIGUSR1 or SIGUSR2, which it forwards to
 * the ranks and does not act on. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"
#include "muster/base/mem.h"
#include "muster/run/run.h"
#include "supervise.h"

#define LAUNCHED "MUSTER_LAUNCHED"
#define TERMINAL "MUSTER_TERMINAL"
/* Marks a line for the launcher; its fields are separated by SEPARATOR, which no text of an error contains. */
#define REPORT_MARK "muster-report"
#define SEPARATOR "\x1f"

bool mu_cli_is_launched(void) {
    return getenv(LAUNCHED) != NULL;
}

bool mu_cli_on_terminal(void) {
    /* mpirun gives its ranks pseudo-terminals, whatever it writes to itself: only the launcher knows. */
    return mu_comm_launched() ? getenv(TERMINAL) != NULL : isatty(STDOUT_FILENO);
}

void mu_cli_report_ready(void) {
    if (mu_cli_is_launched()) {
        fputs(REPORT_MARK SEPARATOR "ready\n", stderr);
    }
}

void mu_cli_report_directory(const char *directory) {
    if (mu_cli_is_launched()) {
        fprintf(stderr, REPORT_MARK SEPARATOR "directory" SEPARATOR "%s\n", directory);
    }
}

void mu_cli_report_end(int code, const struct mu_err *err) {
    fprintf(stderr, REPORT_MARK SEPARATOR "end" SEPARATOR "%d" SEPARATOR "%s" SEPARATOR "%s" SEPARATOR "%s\n", code,
            err->place, err->text, err->help);
}

static int check_root(struct mu_err *err) {
    if (geteuid() == 0 &&
        (getenv("OMPI_ALLOW_RUN_AS_ROOT") == NULL || getenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM") == NULL)) {
        mu_fail(err, MU_USAGE, "-n", "mpirun refuses to run as root");
        return mu_fail_help(err, "become another user, or export OMPI_ALLOW_RUN_AS_ROOT=1 and "
                                 "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 if this machine is yours to break");
    }
    return MU_OK;
}

/* Settings of mpirun's environment; what the user has set stays, but for what this file depends on. */
static void set_environment(long ranks, const char *mark, bool terminal) {
    setenv(LAUNCHED, strchr(mark, '=') + 1, 1);    /* which launcher's, so that it knows its own */
    setenv("OMPI_MCA_orte_execute_quiet", "0", 1); /* its banners say which rank died; none is passed on */
    setenv("OMPI_MCA_rmaps_base_oversubscribe", "1", 0);
    /* 20 ms to look for PCI devices and X servers that nobody asks for; threads of OpenBLAS that spin beside the rank
     * until it sends them to sleep. */
    setenv("HWLOC_COMPONENTS", "-gl,-pci,-linuxio", 0);
    setenv("OPENBLAS_NUM_THREADS", "1", 0);
    /* mpirun sleeps this long before each of SIGTERM and SIGKILL when it ends the ranks. It does so only when one of
     * them has died or nobody wants to wait: a request to stop in good order takes another way. */
    setenv("OMPI_MCA_odls_base_sigkill_timeout", "0", 1);
    if (ranks > sysconf(_SC_NPROCESSORS_ONLN)) {
        /* A rank that waits must leave its core to others, and no rank may own one. */
        setenv("OMPI_MCA_mpi_yield_when_idle", "1", 0);
        setenv("OMPI_MCA_hwloc_base_binding_policy", "none", 0);
    }
    setenv(TERMINAL, "1", 1);
    if (!terminal) {
        unsetenv(TERMINAL);
    }
}

/* "mpirun -n P -x ... PROGRAM run ARGUMENTS". NULL-terminated, the caller's to mu_free; the strings are borrowed. */
static char **make_arguments(int argc, char **argv, char *program, char *ranks, struct mu_err *err) {
    char **args = mu_alloc((size_t)argc + 9, sizeof *args, err);
    if (args == NULL) {
        return NULL;
    }
    size_t n = 0;
    args[n++] = "mpirun";
    args[n++] = "-n";
    args[n++] = ranks;
    /* mpirun takes only its own variables to other hosts unasked. */
    args[n++] = "-x";
    args[n++] = LAUNCHED;
    if (isatty(STDOUT_FILENO)) {
        args[n++] = "-x";
        args[n++] = TERMINAL;
    }
    args[n++] = program;
    /* The ranks' own parser sees -n again and ignores it, since they have been launched. */
    for (int i = 0; i < argc; i++) {
        args[n++] = argv[i];
    }
    return args;
}

/* Passes muster's own lines on, takes in what rank 0 reports, and keeps the rest, mpirun's, for the case that nothing
 * else explains a failure. */
struct listener {
    struct mu_supervised mpirun;
    char **args; /* its own */
    long ranks;
    bool terminal;       /* standard output is one here */
    char rank_line[256]; /* of mpirun: which process ended how */
    char first_line[256];
    char directory[4096]; /* of the results, once there is one */
    bool stopped;         /* rank 0 has printed how the interruption went */
    bool ended;           /* rank 0 has reported the end: */
    struct mu_err end;    /* its code, and the error if there was one */
};

/* The text up to the next separator; *at moves behind it, or becomes NULL after the last. */
static const char *next_field(char **at) {
    const char *field = strsep(at, SEPARATOR);
    return field != NULL ? field : "";
}

static void take_report(struct listener *l, char *at) {
    const char *kind = next_field(&at);
    if (strcmp(kind, "ready") == 0) {
        l->mpirun.ready = true;
    } else if (strcmp(kind, "directory") == 0) {
        snprintf(l->directory, sizeof l->directory, "%s", next_field(&at));
    } else if (strcmp(kind, "end") == 0) {
        l->ended = true;
        l->end.code = atoi(next_field(&at));
        snprintf(l->end.place, sizeof l->end.place, "%s", next_field(&at));
        snprintf(l->end.text, sizeof l->end.text, "%s", next_field(&at));
        snprintf(l->end.help, sizeof l->end.help, "%s", next_field(&at));
    }
}

static void take_line(void *context, char *line) {
    struct listener *l = context;
    static const char mark[] = REPORT_MARK SEPARATOR;
    char *report = strstr(line, mark);
    if (report != NULL) {
        take_report(l, report + sizeof mark - 1);
        *report = '\0'; /* another rank may have begun the line */
    }
    if (strncmp(line, "muster: ", 8) == 0) {
        fprintf(stderr, "%s\n", line);
        l->stopped |= strncmp(line, "muster: interrupted ", 20) == 0;
    } else if (strstr(line, "process rank") != NULL && l->rank_line[0] == '\0') {
        snprintf(l->rank_line, sizeof l->rank_line, "%s", line);
    } else if (l->first_line[0] == '\0' && line[0] != '\0' && line[0] != '-') {
        snprintf(l->first_line, sizeof l->first_line, "%s", line);
    }
}

static int explain(const struct listener *l, struct mu_err *err) {
    const int status = l->mpirun.status;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
        mu_fail(err, MU_USAGE, "-n", "mpirun is not installed");
        return mu_fail_help(err, "on Debian: apt-get install openmpi-bin; without -n muster runs in one process");
    }
    /* "mpirun noticed that process rank 1 with PID 7 on node n exited on signal 9 (Killed)." */
    unsigned rank = 0;
    char host[64], how[128];
    const char *at = strstr(l->rank_line, "process rank ");
    if (at != NULL && sscanf(at, "process rank %u with PID %*u on node %63s %127[^.]", &rank, host, how) == 3) {
        return mu_fail(err, MU_RANK_FAILED, NULL, "rank %u on %s %s", rank, host, how);
    }
    const char *why = l->first_line[0] != '\0' ? l->first_line : "it left no message";
    return mu_fail(err, MU_RANK_FAILED, NULL, "a rank failed: mpirun ended with code %d: %s",
                   WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), why);
}

/* What rank 0 reported, or what mpirun said if it did not get that far. */
static int take_end(const struct listener *l, struct mu_err *err) {
    if (l->ended) {
        if (l->end.text[0] != '\0') {
            *err = l->end;
        }
        return l->end.code;
    }
    int code;
    const int asked = l->mpirun.asked;
    if (asked && l->stopped) {
        return 128 + asked; /* killed on the way from there to its report */
    }
    if (asked && !l->mpirun.ready) {
        code = mu_fail(err, 128 + asked, NULL, "interrupted before the run began");
    } else if (asked) {
        code = mu_fail(err, 128 + asked, NULL, "killed before the step was done; there is no final model");
    } else {
        code = explain(l, err);
    }
    if (l->directory[0] != '\0') {
        mu_run_note_failure(l->directory, err);
    }
    return code;
}

/* Rank 0 does not know what became of its output. */
static int collect(const struct listener *l, struct mu_err *err) {
    const int code = take_end(l, err);
    if (l->mpirun.asked == SIGPIPE && (code == MU_OK || code == 128 + SIGINT)) {
        return 128 + SIGPIPE; /* as a shell calls it; the reader went away on purpose, and needs no error */
    }
    if (l->mpirun.unwritten != 0 && code == MU_OK) {
        return mu_fail(err, MU_IO, "standard output", "cannot write: %s", strerror(l->mpirun.unwritten));
    }
    return code;
}

static void exec_mpirun(void *context) {
    const struct listener *l = context;
    set_environment(l->ranks, l->mpirun.mark, l->terminal);
    execvp(l->args[0], l->args);
    _exit(errno == ENOENT ? 127 : 126);
}

static int run_mpirun(char **args, long ranks, struct mu_err *err) {
    char mark[64];
    snprintf(mark, sizeof mark, LAUNCHED "=%ld", (long)getpid());
    struct listener listener = {.args = args, .ranks = ranks, .terminal = isatty(STDOUT_FILENO)};
    listener.mpirun =
        (struct mu_supervised){.become = exec_mpirun, .take_line = take_line, .context = &listener, .mark = mark};
    MU_TRY(mu_supervise(&listener.mpirun, err));
    return collect(&listener, err);
}

int mu_cli_launch(int argc, char **argv, const struct mu_cli_options *options, struct mu_err *err) {
    MU_TRY(check_root(err));
    char program[4096];
    const ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    if (n < 0) {
        return mu_fail(err, MU_IO, "/proc/self/exe", "cannot find this program: %s", strerror(errno));
    }
    program[n] = '\0';
    char ranks[24];
    snprintf(ranks, sizeof ranks, "%ld", options->ranks);
    char **args = make_arguments(argc, argv, program, ranks, err);
    const int code = args != NULL ? run_mpirun(args, options->ranks, err) : err->code;
    mu_free(args);
    return code;
}
