/* muster run -n P: mpirun with the settings that a user should not have to know, and muster's own exit code at the end.
 *
 * mpirun turns any failure into 1 or 137, prints banners about it, and makes a SIGTERM of Ctrl-C. So the ranks always
 * exit with 0 and rank 0 leaves the code and the error in a file; mpirun runs in a process group of its own, out of the
 * terminal's reach, and is told of an interruption by SIGUSR1 or SIGUSR2, which it forwards to the ranks and does not
 * act on. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"
#include "muster/base/file.h"
#include "muster/base/mem.h"

#define REPORT_VARIABLE "MUSTER_REPORT"

bool mu_cli_report(int code, const struct mu_err *err) {
    const char *path = getenv(REPORT_VARIABLE);
    if (path == NULL) {
        return false;
    }
    struct mu_err report = *err;
    report.code = code;
    struct mu_err ignored = {0};
    return mu_file_publish(path, &report, sizeof report, &ignored) == MU_OK;
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

/* Settings of the ranks' environment; what the user has set stays. */
static void set_environment(long ranks, const char *report) {
    setenv(REPORT_VARIABLE, report, 1);
    setenv("OMPI_MCA_orte_execute_quiet", "1", 0);
    setenv("OMPI_MCA_odls_base_sigkill_timeout", "30", 0);
    setenv("OMPI_MCA_rmaps_base_oversubscribe", "1", 0);
    if (ranks > sysconf(_SC_NPROCESSORS_ONLN)) {
        /* A rank that waits must leave its core to others, and no rank may own one. */
        setenv("OMPI_MCA_mpi_yield_when_idle", "1", 0);
        setenv("OMPI_MCA_hwloc_base_binding_policy", "none", 0);
    }
    if (isatty(STDOUT_FILENO)) {
        setenv("MUSTER_TERMINAL", "1", 1);
    }
}

/* "mpirun -n P /proc/self/exe run ARGUMENTS", -n dropped. NULL-terminated, the caller's to mu_free; the strings are
 * borrowed. */
static char **make_arguments(int argc, char **argv, char *program, char *ranks, struct mu_err *err) {
    char **args = mu_alloc((size_t)argc + 5, sizeof *args, err);
    if (args == NULL) {
        return NULL;
    }
    size_t n = 0;
    args[n++] = "mpirun";
    args[n++] = "-n";
    args[n++] = ranks;
    args[n++] = program;
    /* The ranks' own parser sees -n again and ignores it, since they have been launched. */
    for (int i = 0; i < argc; i++) {
        args[n++] = argv[i];
    }
    return args;
}

static void exec_mpirun(char **args, int error_pipe) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* no ranks are left behind by a launcher that was killed */
    dup2(error_pipe, STDERR_FILENO);
    close(error_pipe);
    if (freopen("/dev/null", "r", stdin) == NULL) {
        _exit(126);
    }
    execvp(args[0], args);
    _exit(errno == ENOENT ? 127 : 126);
}

/* Passes muster's own lines on and keeps the rest, mpirun's, for the case that nothing else explains a failure. */
struct listener {
    FILE *from;
    char rank_line[256]; /* of mpirun: which process ended how */
    char first_line[256];
};

static void listen_to(struct listener *l) {
    char *line = NULL;
    size_t capacity = 0;
    for (;;) {
        errno = 0;
        const ssize_t n = getline(&line, &capacity, l->from);
        if (n < 0 && errno == EINTR) {
            clearerr(l->from);
            continue;
        }
        if (n < 0) {
            break;
        }
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "muster: ", 8) == 0) {
            fprintf(stderr, "%s\n", line);
        } else if (strstr(line, "process rank") != NULL && l->rank_line[0] == '\0') {
            snprintf(l->rank_line, sizeof l->rank_line, "%s", line);
        } else if (l->first_line[0] == '\0' && line[0] != '\0' && line[0] != '-') {
            snprintf(l->first_line, sizeof l->first_line, "%s", line);
        }
    }
    free(line);
}

static pid_t mpirun_pid; /* for the signal handler; 0 while there is none */

static void forward_signal(int number) {
    static volatile sig_atomic_t asked;
    const int saved = errno;
    if (mpirun_pid > 0) {
        /* First a request to end the step and stop; then, for someone who does not want to wait, an end. */
        const int polite = number == SIGTERM ? SIGUSR2 : SIGUSR1;
        kill(mpirun_pid, asked ? SIGTERM : polite);
        asked = 1;
    }
    errno = saved;
}

static void forward_signals(void) {
    struct sigaction action = {.sa_handler = forward_signal};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static int explain(int status, const struct listener *l, struct mu_err *err) {
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
        mu_fail(err, MU_USAGE, "-n", "mpirun is not installed");
        return mu_fail_help(err, "on Debian: apt-get install openmpi-bin; without -n muster runs in one process");
    }
    unsigned rank = 0;
    const char *at = strstr(l->rank_line, "process rank");
    if (at != NULL && sscanf(at, "process rank %u", &rank) == 1) {
        return mu_fail(err, MU_RANK_FAILED, NULL, "rank %u failed: %s", rank, l->rank_line);
    }
    const char *why = l->first_line[0] != '\0' ? l->first_line : "it left no message";
    return mu_fail(err, MU_RANK_FAILED, NULL, "a rank failed: mpirun ended with code %d: %s",
                   WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), why);
}

/* What rank 0 left, or what mpirun said if it left nothing. */
static int collect(const char *report, int status, const struct listener *l, struct mu_err *err) {
    char *bytes = NULL;
    size_t n = 0;
    struct mu_err ignored = {0}, left;
    const int code = mu_file_read(report, sizeof left, &bytes, &n, &ignored);
    if (code != MU_OK || n != sizeof left) {
        mu_free(bytes);
        return explain(status, l, err);
    }
    memcpy(&left, bytes, sizeof left);
    mu_free(bytes);
    if (left.text[0] != '\0') {
        *err = left;
    }
    return left.code;
}

static int run_mpirun(char **args, const char *report, struct mu_err *err) {
    int ends[2];
    if (pipe(ends) != 0) {
        return mu_fail(err, MU_RANK_FAILED, NULL, "cannot make a pipe: %s", strerror(errno));
    }
    forward_signals();
    fflush(NULL);
    const pid_t pid = fork();
    if (pid < 0) {
        return mu_fail(err, MU_RANK_FAILED, NULL, "cannot start mpirun: %s", strerror(errno));
    }
    if (pid == 0) {
        close(ends[0]);
        exec_mpirun(args, ends[1]);
    }
    mpirun_pid = pid;
    close(ends[1]);
    struct listener listener = {.from = fdopen(ends[0], "r")};
    if (listener.from != NULL) {
        listen_to(&listener);
        fclose(listener.from);
    }
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    mpirun_pid = 0;
    return collect(report, status, &listener, err);
}

int mu_cli_launch(int argc, char **argv, const struct mu_cli_options *options, struct mu_err *err) {
    MU_TRY(check_root(err));
    char program[4096];
    const ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    if (n < 0) {
        return mu_fail(err, MU_IO, "/proc/self/exe", "cannot find this program: %s", strerror(errno));
    }
    program[n] = '\0';
    const char *tmp = getenv("TMPDIR");
    char report[4096], ranks[24];
    snprintf(report, sizeof report, "%s/muster-XXXXXX", tmp != NULL ? tmp : "/tmp");
    snprintf(ranks, sizeof ranks, "%ld", options->ranks);
    const int fd = mkstemp(report);
    if (fd < 0) {
        return mu_fail(err, MU_IO, report, "cannot make a temporary file: %s", strerror(errno));
    }
    close(fd);
    set_environment(options->ranks, report);
    char **args = make_arguments(argc, argv, program, ranks, err);
    const int code = args != NULL ? run_mpirun(args, report, err) : err->code;
    mu_free(args);
    unlink(report);
    return code;
}
