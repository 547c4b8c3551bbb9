#!/bin/sh
# qsub -v CONFIG=configs/quickstart.json launch/examples/pbs.sh
#PBS -N muster
#PBS -l select=2:ncpus=16:mpiprocs=16
#PBS -l walltime=01:00:00
set -eu
cd "$PBS_O_WORKDIR"
muster=${MUSTER:-$PWD/build/release/muster}

# Debian's Open MPI is built without PBS's own interface: the hosts come from the node file, the start from ssh.
export OMPI_MCA_orte_execute_quiet=1 OMPI_MCA_odls_base_sigkill_timeout=5
exec mpirun --hostfile "$PBS_NODEFILE" "$muster" run "${CONFIG:?qsub -v CONFIG=...}" -o "runs/pbs-$PBS_JOBID"
