"""Every symbol that libmuster.a exports begins with mu_ (style: function prefixes), every public header compiles alone,
and what `cmake --install` puts in place is enough to build a program on.

usage: symbols.py SOURCE_DIR BUILD_DIR C_COMPILER   (run by CTest as architecture/symbols)
"""
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import unittest

ROOT, BUILD, COMPILER = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
del sys.argv[1:]

PROGRAM = """
#include <stdio.h>
#include "muster/base/rng.h"
#include "muster/comm/comm.h"
int main(void) {
    struct mu_comm *comm = mu_comm_solo();
    struct mu_rng rng;
    mu_rng_init(&rng, 1, MU_STREAM_INIT, 0, 0);
    printf("%d %u\\n", mu_comm_size(comm), mu_rng_u32(&rng) & 0);
    mu_comm_stop(comm);
    return 0;
}
"""
DEPENDENCIES = ["openblas", "ompi-c", "libcjson", "zlib", "libzip", "libmd"]


def exported(objects):
    """Global symbols defined in an archive or object file."""
    text = subprocess.run(["nm", "-g", "--defined-only", objects], check=True, capture_output=True, text=True).stdout
    return re.findall(r"^[0-9a-f]+ [A-TV-Z] (\w+)$", text, re.MULTILINE)


def strangers(names):
    return [name for name in names if not name.startswith(("mu_", "__asan", "__odr_asan"))]


class Symbols(unittest.TestCase):
    def test_exported_symbols_carry_the_prefix(self):
        names = exported(BUILD / "libmuster.a")
        self.assertGreater(len(names), 300)
        self.assertEqual(strangers(names), [])

    def test_a_symbol_without_the_prefix_is_caught(self):
        with tempfile.TemporaryDirectory() as folder:
            source, target = pathlib.Path(folder, "a.c"), pathlib.Path(folder, "a.o")
            source.write_text("int helper(void);\nint helper(void) { return 0; }\n")
            subprocess.run([COMPILER, "-c", source, "-o", target], check=True)
            self.assertEqual(strangers(exported(target)), ["helper"])

    def test_every_public_header_compiles_alone(self):
        headers = sorted((ROOT / "include").glob("muster/*/*.h"))
        self.assertGreater(len(headers), 20)
        for header in headers:
            with self.subTest(header.name):
                done = subprocess.run(
                    [COMPILER, "-std=c17", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I", ROOT / "include",
                     "-x", "c", "-"],
                    input=f'#include "{header}"\n#include "{header}"\n', capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_an_installed_library_is_enough_to_build_on(self):
        with tempfile.TemporaryDirectory() as folder:
            prefix = pathlib.Path(folder)
            subprocess.run(["cmake", "--install", BUILD, "--prefix", prefix], check=True, capture_output=True)
            self.assertTrue((prefix / "bin/muster").is_file())
            (prefix / "p.c").write_text(PROGRAM)
            flags = subprocess.run(["pkg-config", "--cflags", "--libs", *DEPENDENCIES], check=True,
                                   capture_output=True, text=True).stdout
            archive = next(prefix.glob("lib/**/libmuster.a"))
            subprocess.run([COMPILER, "-std=c17", "-I", prefix / "include", prefix / "p.c", archive,
                            *shlex.split(flags), "-lcsv", "-lm", "-o", prefix / "p"], check=True)
            done = subprocess.run([prefix / "p"], check=True, capture_output=True, text=True)
            self.assertEqual(done.stdout, "1 0\n")


unittest.main()
