"""Includes point one way (docs/architecture.md): a file includes headers of its own layer or of layers below, internal
headers only of its own folder, and only src/comm includes mpi.h. The order of the layers is the build's own list.

usage: layers.py SOURCE_DIR   (run by CTest as architecture/layers)
"""
import pathlib
import re
import sys
import tempfile
import unittest

ROOT = pathlib.Path(sys.argv.pop(1)).resolve()
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def layers(root):
    text = (root / "launch/cmake/MusterLayers.cmake").read_text()
    return re.search(r"set\(MUSTER_LAYERS ([^)]*)\)", text).group(1).split() + ["cli"]


def offences(root):
    """Lines "file: why" for every include that breaks a rule."""
    order = {name: i for i, name in enumerate(layers(root))}
    found = []
    for path in sorted([*root.glob("src/**/*.[ch]"), *root.glob("include/muster/**/*.h")]):
        name = path.relative_to(root)
        layer = name.parts[1] if name.parts[0] == "src" else name.parts[2]
        if layer not in order:
            found.append(f"{name}: no layer of that name")
            continue
        for quote, target in INCLUDE.findall(path.read_text()):
            if target == "mpi.h" and not str(name).startswith("src/comm/"):
                found.append(f"{name}: includes mpi.h")
            elif target.startswith("muster/"):
                other = target.split("/")[1]
                if other not in order or order[other] > order[layer]:
                    found.append(f"{name}: includes {target}, which is not below {layer}")
            elif quote == '"':
                beside = (path.parent / target, root / "src" / layer / target)
                if not any(p.is_file() and p.resolve().is_relative_to(root / "src" / layer) for p in beside):
                    found.append(f"{name}: includes {target}, which is not in its own layer")
    return found


class Layers(unittest.TestCase):
    def test_includes_point_one_way(self):
        self.assertEqual(offences(ROOT), [])

    def test_broken_trees_are_caught(self):
        order = layers(ROOT)
        low, high = order[0], order[-2]
        broken = {
            f"src/{low}/a.c": f'#include "muster/{high}/x.h"\n',
            f"include/muster/{low}/b.h": f'#include "muster/{high}/x.h"\n',
            f"src/{high}/c.c": f'#include "../{low}/internal.h"\n',
            f"src/{high}/d.c": "#include <mpi.h>\n",
            "src/elsewhere/e.c": "\n",
        }
        for name, text in broken.items():
            with self.subTest(name), tempfile.TemporaryDirectory() as folder:
                root = pathlib.Path(folder).resolve()
                for file, content in {
                    "launch/cmake/MusterLayers.cmake": f"set(MUSTER_LAYERS {' '.join(order[:-1])})\n",
                    f"src/{low}/internal.h": "\n",
                    name: text,
                }.items():
                    (root / file).parent.mkdir(parents=True, exist_ok=True)
                    (root / file).write_text(content)
                self.assertEqual(len(offences(root)), 1)

    def test_a_row_of_a_registry_is_a_file(self):
        """Each name in a ROWS list has a file of that name beside the registry, or in a folder below it."""
        registries = [p for p in ROOT.glob("src/**/*.c") if re.search(r"#define ROWS\w*\(X\)", p.read_text())]
        self.assertGreater(len(registries), 8)
        for path in registries:
            lists = re.findall(r"#define ROWS\w*\(X\)((?:[^\n\\]|\\\n|\\)*)", path.read_text())
            for row in re.findall(r"X\((\w+)\)", " ".join(lists)):
                with self.subTest(registry=str(path.relative_to(ROOT)), row=row):
                    self.assertTrue(list(path.parent.glob(f"**/{row}.c")))


unittest.main()
