/* muster verify: check the results of a run that has ended. */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "muster/run/run.h"

void mu_cli_print_verified(const struct mu_verified *v) {
    printf("verified: %llu jobs, %llu steps, %llu evaluations\n", (unsigned long long)v->jobs,
           (unsigned long long)v->steps, (unsigned long long)v->evaluations);
}

static int verify(const char *directory, struct mu_comm *comm, struct mu_err *err) {
    char config[4400];
    if (snprintf(config, sizeof config, "%s/config.json", directory) >= (int)sizeof config) {
        return mu_fail(err, MU_USAGE, "verify", "the directory's name is too long");
    }
    struct mu_scenario scenario = {0};
    struct mu_stage stage = {0};
    struct mu_verified found = {0};
    MU_TRY(mu_scenario_read(config, 0, NULL, comm, &scenario, err));
    int code = mu_stage_new(&stage, config, &scenario, comm, err);
    if (code == MU_OK) {
        code = mu_verify(directory, &stage, &found, err);
        mu_stage_clear(&stage);
    }
    mu_scenario_clear(&scenario);
    if (code == MU_OK) {
        mu_cli_print_verified(&found);
    }
    return code;
}

static int run(int argc, char **argv, struct mu_comm **comm, struct mu_err *err) {
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        mu_cli_help(&mu_cli_verify);
        return MU_OK;
    }
    if (argc != 2 || argv[1][0] == '-') {
        mu_fail(err, MU_USAGE, "verify", "expected one result directory");
        return mu_fail_help(err, "for example: muster verify runs/quickstart-20260101-120000");
    }
    *comm = mu_comm_solo();
    return verify(argv[1], *comm, err);
}

const struct mu_command_line mu_cli_verify = {
    .name = "verify",
    .synopsis = "DIR",
    .summary = "check the results of a run that was made with --verify or with output.trace",
    .options = "  -h, --help             this text\n",
    .run = run,
};
