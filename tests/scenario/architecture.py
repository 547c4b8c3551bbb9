"""The build's promises (design.md, section 5): includes point one way, exported names carry the prefix, public headers
compile alone, and a registry row is a file."""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ["MUSTER_SOURCE"])
LIBRARY = os.environ["MUSTER_LIBRARY"]
# Bottom to top, as launch/cmake/MusterLayers.cmake has them; the program is on top.
LAYERS = os.environ["MUSTER_LAYERS"].split(",") + ["cli"]
CC = os.environ.get("CC", "cc")
NM = os.environ.get("NM", "nm")

# Rows whose file has another name, since they share one: src/data/source/cifar.c.
SHARED_FILES = {"cifar10": "cifar", "cifar100": "cifar"}


def files_of(root, layer):
    for folder in (root / "src" / layer, root / "include/muster" / layer):
        yield from sorted([*folder.rglob("*.c"), *folder.rglob("*.h")])


def wrong_includes(root, layers):
    """(file, include) of every include that the architecture forbids."""
    wrong = []
    for rank, layer in enumerate(layers):
        for file in files_of(root, layer):
            public = (root / "include") in file.parents
            for quote, name in re.findall(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', file.read_text(), re.M):
                parts = name.split("/")
                if parts[0] == "muster" and len(parts) == 3:
                    good = parts[1] in layers[: rank + 1]
                elif name == "mpi.h":
                    good = layer == "comm" and not public
                elif quote == "<":
                    good = parts[0] != "muster"
                else:
                    # An internal header: of this layer, and of no concern to a public one.
                    home = (root / "src" / layer).resolve()
                    found = [p for p in ((file.parent / name).resolve(), (home / name).resolve()) if p.is_file()]
                    good = not public and bool(found) and home in found[0].parents
                if not good:
                    wrong.append((str(file.relative_to(root)), name))
    return wrong


def unprefixed(archive):
    """Exported symbols that do not begin with mu_."""
    out = subprocess.run([NM, "-g", "--defined-only", archive], capture_output=True, text=True, check=True).stdout
    names = [line.split()[2] for line in out.splitlines() if len(line.split()) == 3]
    # AddressSanitizer marks every global with a symbol of its own.
    return [name for name in names if not re.match(r"(__odr_asan[._]+)?mu_", name)], len(names)


def compiles_alone(header, include):
    command = [CC, "-std=c17", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I", include, "-x", "c", header]
    # A header as the main file: #pragma once or not, nothing comes before it.
    return subprocess.run([str(c) for c in command], capture_output=True, text=True)


def registry_rows(text):
    """Names in the X-macro lists of a registry.c: #define ROWS(X) X(a) X(b)."""
    joined = text.replace("\\\n", " ")
    return [row for line in re.findall(r"^#define \w+\(X\)(.*)$", joined, re.M) for row in re.findall(r"X\((\w+)\)", line)]


def rows_without_file(registry):
    """Rows of a registry.c whose descriptor is not in a file of that name in its folder or one below."""
    missing = []
    rows = registry_rows(registry.read_text())
    for row in rows:
        files = list(registry.parent.rglob(f"{SHARED_FILES.get(row, row)}.c"))
        if len(files) != 1 or not re.search(rf"^const struct mu_\w+ mu_\w+_{row} = ", files[0].read_text(), re.M):
            missing.append(row)
    return missing, len(rows)


class Architecture(unittest.TestCase):
    def test_includes_point_one_way(self):
        self.assertGreaterEqual(len(LAYERS), 10)
        folders = {p.name for p in (SOURCE / "src").iterdir() if p.is_dir() and any(p.rglob("*.c"))}
        self.assertEqual(folders - set(LAYERS), set(), "a folder of src is no layer")
        public = {p.name for p in (SOURCE / "include/muster").iterdir()}
        self.assertEqual(public - set(LAYERS), set(), "a folder of include/muster is no layer")
        self.assertGreater(sum(1 for layer in LAYERS for _ in files_of(SOURCE, layer)), 100)
        self.assertEqual(wrong_includes(SOURCE, LAYERS), [])

    def test_wrong_includes_are_seen(self):
        tree = {
            "include/muster/base/err.h": "#include <stddef.h>\n",
            "include/muster/base/up.h": '#include "muster/sim/sim.h"\n',
            "include/muster/comm/comm.h": "#include <mpi.h>\n",
            "include/muster/sim/sim.h": '#include "muster/base/err.h"\n',
            "include/muster/sim/inner.h": '#include "inner_impl.h"\n',
            "src/base/err.c": '#include "muster/base/err.h"\n#include "raw.h"\n#  include "muster/comm/comm.h"\n',
            "src/base/raw.h": "",
            "src/base/deep/row.c": '#include "raw.h"\n#include "../raw.h"\n',
            "src/comm/comm.c": '#include <mpi.h>\n#include "muster/comm/comm.h"\n#include "muster/base/err.h"\n',
            "src/sim/sim.c": '#include "mpi.h"\n#include "../base/raw.h"\n#include "raw.h"\n#include <muster/comm/comm.h>\n',
            "src/sim/inner_impl.h": '#include "muster/cli/cli.h"\n',
        }
        with tempfile.TemporaryDirectory() as directory:
            root = pathlib.Path(directory)
            for name, text in tree.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            expected = [
                ("src/base/err.c", "muster/comm/comm.h"),
                ("include/muster/base/up.h", "muster/sim/sim.h"),
                ("include/muster/comm/comm.h", "mpi.h"),
                ("src/sim/inner_impl.h", "muster/cli/cli.h"),
                ("src/sim/sim.c", "mpi.h"),
                ("src/sim/sim.c", "../base/raw.h"),
                ("src/sim/sim.c", "raw.h"),
                ("include/muster/sim/inner.h", "inner_impl.h"),
            ]
            self.assertEqual(sorted(wrong_includes(root, ["base", "comm", "sim", "cli"])), sorted(expected))

    def test_exported_symbols_carry_the_prefix(self):
        wrong, n = unprefixed(LIBRARY)
        self.assertGreater(n, 300)
        self.assertEqual(wrong, [])

    def test_symbols_without_prefix_are_seen(self):
        with tempfile.TemporaryDirectory() as directory:
            source, out = pathlib.Path(directory, "a.c"), pathlib.Path(directory, "a.o")
            source.write_text("int helper(void) { return 1; }\nint count;\nint mu_good;\nstatic int hidden;\n"
                              "int *mu_use(void) { return &hidden; }\n")  # fmt: skip
            subprocess.run([CC, "-c", source, "-o", out], check=True)
            self.assertEqual((sorted(unprefixed(out)[0]), unprefixed(out)[1]), (["count", "helper"], 4))

    def test_public_headers_compile_alone(self):
        headers = sorted((SOURCE / "include/muster").rglob("*.h"))
        self.assertGreater(len(headers), 15)
        for header in headers:
            with self.subTest(str(header.relative_to(SOURCE))):
                result = compiles_alone(header, SOURCE / "include")
                self.assertEqual(result.returncode, 0, result.stderr)
        with tempfile.TemporaryDirectory() as directory:
            header = pathlib.Path(directory, "a.h")
            header.write_text("size_t mu_length(const char *text);\n")
            self.assertNotEqual(compiles_alone(header, SOURCE / "include").returncode, 0, "the control")

    def test_a_registry_row_is_a_file(self):
        registries = sorted((SOURCE / "src").rglob("registry.c"))
        self.assertGreaterEqual(len(registries), 8)
        for registry in registries:
            with self.subTest(str(registry.relative_to(SOURCE))):
                missing, n = rows_without_file(registry)
                self.assertGreaterEqual(n, 2)
                self.assertEqual(missing, [])
        with tempfile.TemporaryDirectory() as directory:
            registry = pathlib.Path(directory, "registry.c")
            registry.write_text("#define ROWS(X) \\\n    X(good) X(absent) \\\n    X(other)\n")
            pathlib.Path(directory, "good.c").write_text("const struct mu_law mu_law_good = {0};\n")
            pathlib.Path(directory, "other.c").write_text("const struct mu_law mu_law_another = {0};\n")
            self.assertEqual(rows_without_file(registry), (["absent", "other"], 3), "the control")


if __name__ == "__main__":
    unittest.main()
