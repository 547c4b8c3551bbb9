/* muster list: what there is to choose from. */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "muster/config/doc.h"
#include "muster/run/scenario.h"

static int run(int argc, char **argv, struct mu_comm **comm, struct mu_err *err) {
    (void)comm;
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        mu_cli_help(&mu_cli_list);
        return MU_OK;
    }
    if (argc > 2) {
        return mu_fail(err, MU_USAGE, "list", "more than one list was asked for");
    }
    return mu_group_list(&mu_scenario_group, argc > 1 ? argv[1] : NULL, stdout, err);
}

const struct mu_command_line mu_cli_list = {
    .name = "list",
    .synopsis = "[strategies|models|...]",
    .summary = "list strategies, models, optimizers, partitions, distributions, ...",
    .options = "",
    .run = run,
};
