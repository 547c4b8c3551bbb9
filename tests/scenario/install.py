"""What is installed is enough to write a program of one's own against the library."""

import os
import pathlib
import subprocess
import unittest

from scenario import Scenario, blobs, write_config

BUILD = os.environ["MUSTER_BUILD"]
CMAKE = os.environ.get("CMAKE", "cmake")
CC = os.environ.get("CC", "cc")

# What the library stands on, by the names of pkg-config; Random123 is headers only, libcsv has no pkg-config file.
# LAPACKE is a package of its own unless OpenBLAS has it.
LAPACKE = ["lapacke"] if subprocess.run(["pkg-config", "--exists", "lapacke"]).returncode == 0 else []
PACKAGES = ["openblas", *LAPACKE, "ompi-c", "libcjson", "zlib", "libdeflate", "libzip", "libmd"]

PROGRAM = r"""
#include <stdio.h>
#include "muster/base/rng.h"
#include "muster/comm/comm.h"
int main(void) {
    struct mu_comm *comm = mu_comm_solo();
    struct mu_rng rng;
    mu_rng_init(&rng, 1, MU_STREAM_BATCH, 0, 0);
    const double u = mu_rng_uniform(&rng);
    printf("%d %d %d\n", mu_comm_size(comm), mu_comm_rank(comm), u >= 0 && u < 1);
    mu_comm_stop(comm);
    return 0;
}
"""


class Install(Scenario):
    def test_install(self):
        result = self.command(CMAKE, "--install", BUILD, "--prefix", "prefix")
        self.assertEqual(result.code, 0, str(result))
        prefix = pathlib.Path("prefix")
        program = prefix / "bin/muster"
        self.assertRegex(self.command(program, "--version").out, r"^muster \d")
        result = self.command(program, "run", write_config(blobs()), "-q", "-n", 2, "-o", "out")
        self.assertEqual(result.code, 0, str(result))

        installed = sorted(p.relative_to(prefix / "include") for p in (prefix / "include").rglob("*.h"))
        source = pathlib.Path(os.environ["MUSTER_SOURCE"], "include")
        self.assertEqual(installed, sorted(p.relative_to(source) for p in source.rglob("*.h")))

        [library] = prefix.rglob("libmuster.a")
        flags = subprocess.run(["pkg-config", "--libs", *PACKAGES], capture_output=True, text=True, check=True).stdout
        pathlib.Path("three.c").write_text(PROGRAM)
        sanitizers = os.environ.get("MUSTER_SANITIZE")
        extra = [f"-fsanitize={sanitizers}"] if sanitizers else []
        result = self.command(CC, "-std=c17", "-Wall", "-Werror", *extra, "-Iprefix/include", "three.c", "-o", "three",
                              library, *flags.split(), "-lcsv", "-lm")  # fmt: skip
        self.assertEqual(result.code, 0, str(result))
        result = self.command("./three")
        self.assertEqual((result.code, result.out), (0, "1 0 1\n"), str(result))


if __name__ == "__main__":
    unittest.main()
