# shellcheck shell=sh disable=SC2034
# Sourced by launch/quickstart, launch/test and .ci/run: the working directory, and what they share.
set -eu
cd "$(dirname "$0")/.."

# Ninja rebuilds faster than make; a build directory that exists keeps the generator it has.
if [ -z "${CMAKE_GENERATOR-}" ] && command -v ninja >/dev/null; then
    export CMAKE_GENERATOR=Ninja
fi

jobs=$(nproc 2>/dev/null || echo 2)

say() {
    printf '\n== %s\n' "$*"
}

# mpirun refuses to run as root unless it is told twice; the variables end with this script.
allow_root() {
    if [ "$(id -u)" -eq 0 ] && [ -z "${OMPI_ALLOW_RUN_AS_ROOT-}" ]; then
        echo "running as root: OMPI_ALLOW_RUN_AS_ROOT=1 and OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 are set for this script only"
        export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    fi
}
