/* The program's subcommands. Only this folder prints, and only on rank 0. */
#ifndef MUSTER_CLI_CLI_H
#define MUSTER_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "muster/base/err.h"
#include "muster/comm/comm.h"

struct cJSON;

struct mu_command_line {
    const char *name;     /* of the subcommand */
    const char *synopsis; /* its arguments */
    const char *summary;  /* one line */
    const char *options;  /* the text of --help, a line per option, or "" */
    /* argv[0] is the subcommand's name. Returns the exit code; a failure is in err and printed by main, on rank 0 of
     * *comm if the command has started one. */
    int (*run)(int argc, char **argv, struct mu_comm **comm, struct mu_err *err);
};

extern const struct mu_command_line mu_cli_run, mu_cli_check, mu_cli_list, mu_cli_schema, mu_cli_info, mu_cli_verify,
    mu_cli_code, mu_cli_report, mu_cli_privacy, mu_cli_sweep;

/* The options that run and check share. */
struct mu_cli_options {
    const char *config;
    const char **set; /* borrowed from argv, the array is the caller's to mu_free */
    size_t n_set;
    long ranks; /* -n; 0: not given */
    const char *directory;
    bool force, resume, quiet, verify, config_only, help;
};

/* Reads options of `allowed` (getopt letters: n o f q c r v); exactly one CONFIG must be given unless help is asked
 * for.
 */
int mu_cli_parse(int argc, char **argv, const char *allowed, struct mu_cli_options *options, struct mu_err *err);

/* Prints "usage: ..." and the options. */
void mu_cli_help(const struct mu_command_line *command);

/* The very command that goes on with what was interrupted, words quoted for a shell; the caller's to free(). NULL if
 * there is no memory. */
char *mu_cli_resume_command(const char *command, const struct mu_cli_options *options, const char *directory);

/* The ranks that this process was started with, or one rank without MPI. */
struct mu_comm *mu_cli_comm(void);

/* Prints an error: one line of cause and place, at most one of help. */
void mu_cli_print_error(const struct mu_err *err);

/* Says what was verified. */
struct mu_verified;
void mu_cli_print_verified(const struct mu_verified *verified);

/* Prints a JSON object and deletes it; NULL means that memory ran out. */
int mu_cli_print_json(struct cJSON *json, struct mu_err *err);

/* Says so if the noise is not secret, so that nobody takes the run for a private one. */
void mu_cli_warn_insecure(bool insecure);

/* Starts mpirun -n ranks on this program with the same arguments and waits for it. Returns muster's own exit code. */
int mu_cli_launch(int argc, char **argv, const struct mu_cli_options *options, struct mu_err *err);

/* True in the ranks that mu_cli_launch started: the launcher prints their errors and gives the exit code, so that they
 * end with 0 and mpirun adds nothing. */
bool mu_cli_is_launched(void);

/* Rank 0 tells the launcher, if there is one, that it may be interrupted. */
void mu_cli_report_ready(void);

/* Rank 0 tells the launcher, if there is one, where the results go. */
void mu_cli_report_directory(const char *directory);

/* Rank 0 of a launched run tells the launcher the exit code, and the error if there is one. */
void mu_cli_report_end(int code, const struct mu_err *err);

/* Whether somebody watches: standard output is a terminal, here or where the launcher is. */
bool mu_cli_on_terminal(void);

/* Notes SIGINT and SIGTERM (and the launcher's SIGUSR1 and SIGUSR2 in their place); a second one kills. */
void mu_cli_catch_signals(void);
bool mu_cli_interrupted(void *unused);
/* 130, 143, or 0 if no signal came. */
int mu_cli_signal_code(void);

#endif
