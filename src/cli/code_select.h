/* muster code select. */
#ifndef MUSTER_CLI_CODE_SELECT_H
#define MUSTER_CLI_CODE_SELECT_H

#include "muster/base/err.h"
#include "muster/comm/comm.h"

/* argv[0] is "select". */
int mu_cli_code_select(int argc, char **argv, struct mu_comm **comm, struct mu_err *err);

#endif
