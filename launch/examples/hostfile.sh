#!/bin/sh
# Several machines that reach each other by ssh without a password.
#   launch/examples/hostfile.sh CONFIG
# The host file has a line per machine: "name slots=8". muster and the data must be at the same paths everywhere.
set -eu
config=${1:?usage: hostfile.sh CONFIG}
hostfile=${HOSTFILE:-hosts}
muster=${MUSTER:-$PWD/build/release/muster}

# One rank for each slot. On machines with several networks name the one that connects them, for example
# --mca btl_tcp_if_include 10.0.0.0/24 --mca oob_tcp_if_include 10.0.0.0/24.
export OMPI_MCA_orte_execute_quiet=1 OMPI_MCA_odls_base_sigkill_timeout=5
exec mpirun --hostfile "$hostfile" -x OPENBLAS_CORETYPE "$muster" run "$config"
