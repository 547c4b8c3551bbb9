/* muster info: what this program is built on and where it runs. */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "muster/train/model.h"

static int run(int argc, char **argv, struct mu_comm **comm, struct mu_err *err) {
    if (argc > 1 && strcmp(argv[1], "--help") != 0 && strcmp(argv[1], "-h") != 0) {
        return mu_fail(err, MU_USAGE, "info", "unknown option %s", argv[1]);
    }
    if (argc > 1) {
        mu_cli_help(&mu_cli_info);
        return MU_OK;
    }
    *comm = mu_cli_comm();
    if (mu_comm_rank(*comm) == 0) {
        printf("muster       %s (%s)\n", MUSTER_VERSION, MUSTER_COMMIT);
        printf("BLAS         %s\n", mu_blas_version());
        printf("BLAS kernel  %s\n", mu_blas_kernel());
        printf("MPI          %s\n", mu_comm_library());
        printf("ranks        %d on %d host%s\n", mu_comm_size(*comm), mu_comm_hosts(*comm),
               mu_comm_hosts(*comm) > 1 ? "s" : "");
    }
    return MU_OK;
}

const struct mu_command_line mu_cli_info = {
    .name = "info",
    .synopsis = "",
    .summary = "print versions, BLAS kernel, MPI, ranks and hosts",
    .options = "",
    .run = run,
};
