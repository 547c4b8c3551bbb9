#!/bin/bash
# sbatch launch/examples/slurm.sh CONFIG
#SBATCH --job-name=muster
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=16
#SBATCH --cpus-per-task=1
#SBATCH --time=01:00:00
#SBATCH --signal=TERM@120
set -eu
config=${1:?usage: sbatch slurm.sh CONFIG}
muster=${MUSTER:-$SLURM_SUBMIT_DIR/build/release/muster}

srun --mpi=pmix "$muster" run "$config" -o "$SLURM_SUBMIT_DIR/runs/slurm-$SLURM_JOB_ID"
