/* muster: federated and coded distributed training, simulated on MPI. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <cJSON.h>

#include "cli.h"
#include "muster/base/mem.h"
#include "muster/config/json.h"

static const struct mu_command_line *const commands[] = {
    &mu_cli_run,     &mu_cli_check,  &mu_cli_list,  &mu_cli_verify, &mu_cli_code,
    &mu_cli_privacy, &mu_cli_report, &mu_cli_sweep, &mu_cli_schema, &mu_cli_info};
enum { COMMANDS = sizeof commands / sizeof *commands };

void mu_cli_print_error(const struct mu_err *err) {
    fprintf(stderr, "muster: %s%s%s\n", err->place, err->place[0] != '\0' ? ": " : "", err->text);
    if (err->help[0] != '\0') {
        fprintf(stderr, "muster: %s\n", err->help);
    }
}

int mu_cli_print_json(cJSON *json, struct mu_err *err) {
    if (json == NULL) {
        return mu_fail(err, MU_RANK_FAILED, NULL, "out of memory");
    }
    char *text = NULL;
    const int code = mu_json_print(json, &text, err);
    cJSON_Delete(json);
    if (code == MU_OK) {
        fputs(text, stdout);
    }
    mu_free(text);
    return code;
}

void mu_cli_help(const struct mu_command_line *command) {
    printf("usage: muster %s %s\n\n%s.\n%s%s", command->name, command->synopsis, command->summary,
           command->options[0] != '\0' ? "\n" : "", command->options);
}

static void print_usage(FILE *out) {
    fprintf(out, "muster %s: federated and coded distributed training, simulated on MPI\n\n", MUSTER_VERSION);
    for (size_t i = 0; i < COMMANDS; i++) {
        fprintf(out, "  muster %-7s %-28s %s\n", commands[i]->name, commands[i]->synopsis, commands[i]->summary);
    }
    fprintf(out, "\n  muster COMMAND --help says more. Results, options and examples: docs/ and README.md.\n");
}

static const struct mu_command_line *find(const char *name) {
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i]->name, name) == 0) {
            return commands[i];
        }
    }
    return NULL;
}

/* What was printed must have arrived: `muster schema > /dev/full` is not a success. */
static int flush_output(int code, struct mu_err *err) {
    if (fflush(stdout) != 0 || ferror(stdout)) {
        return code != MU_OK ? code : mu_fail(err, MU_IO, "standard output", "cannot write");
    }
    return code;
}

static int obey(int argc, char **argv, struct mu_comm **comm, struct mu_err *err) {
    const char *name = argv[0];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        print_usage(stdout);
        return MU_OK;
    }
    if (strcmp(name, "--version") == 0) {
        printf("muster %s\n", MUSTER_VERSION);
        return MU_OK;
    }
    const struct mu_command_line *command = find(name);
    if (command == NULL) {
        mu_fail(err, MU_USAGE, NULL, "\"%s\" is not a command", name);
        return mu_fail_help(err, "muster --help lists them");
    }
    return command->run(argc, argv, comm, err);
}

int main(int argc, char **argv) {
    if (argc < 2) {
        print_usage(stderr);
        return MU_USAGE;
    }
    /* A file that may not grow further is an error of writing, like a full disk, not a reason to die. */
    signal(SIGXFSZ, SIG_IGN);
    struct mu_err err = {0};
    struct mu_comm *comm = NULL;
    const int code = flush_output(obey(argc - 1, argv + 1, &comm, &err), &err);
    const bool root = comm == NULL || mu_comm_rank(comm) == 0;
    const bool launched = mu_cli_is_launched();
    if (root && launched) {
        mu_cli_report_end(code, &err);
    } else if (root && err.code != MU_OK) {
        mu_cli_print_error(&err);
    }
    mu_comm_stop(comm);
    return launched ? 0 : code;
}

void mu_cli_warn_insecure(bool insecure) {
    if (insecure) {
        printf("the noise is made from insecure_noise_seed: nobody is protected\n");
    }
}
