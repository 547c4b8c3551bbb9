"""What the documentation promises, held against the program. Run by CTest in the root of the source tree:
docs.py CHECK MUSTER MUSTER_WITH_RELAY"""

import json
import pathlib
import re
import shlex
import sqlite3
import subprocess
import sys
import tempfile

ROOT = pathlib.Path.cwd()
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# Bottom to top, as the build has them.
LAYERS = [*re.search(r"set\(MUSTER_LAYERS ([\w ]+)\)", (ROOT / "launch/cmake/MusterLayers.cmake").read_text())[1].split(), "cli"]
failures = []


def fail(text):
    failures.append(text)


def run(*command):
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)


def first_line(result):
    return (result.stderr or result.stdout).strip().split("\n")[0]


def blocks(page, *languages):
    """(first line's number, text) of each fenced block in one of the languages."""
    fence = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
    text = page.read_text()
    for m in fence.finditer(text):
        if m.group(1) in languages:
            yield text.count("\n", 0, m.start()) + 2, m.group(2)


def reference(muster, _):
    """docs/config.md is what the field tables say."""
    if run(muster, "schema", "--markdown").stdout != (ROOT / "docs/config.md").read_text():
        fail("docs/config.md is out of date: muster schema --markdown > docs/config.md")
    json.loads(run(muster, "schema").stdout)
    studies = (ROOT / "docs/studies.md").read_text()
    for key in json.loads(run(muster, "schema", "--sweep").stdout)["properties"]:
        if f"\n| `{key}` |" not in studies:
            fail(f"docs/studies.md: no row for {key}, which a sweep file may have")


def check_of(config):
    """The command that says whether a config, or the points of a study, are good."""
    return ("sweep", config, "--dry-run") if config.startswith("configs/studies/") else ("check", config)


def shown_configs(page):
    """(first line's number, config or sweep) of each complete one that the page shows."""
    for first, text in blocks(page, "json"):
        try:
            shown = json.loads(text)
        except json.JSONDecodeError:  # a part of one
            continue
        if "base" in shown or "data" in shown:
            yield first, shown


def check_shown(muster, shown):
    """None, or what is wrong with a config or sweep of a page."""
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "my.json"
        if isinstance(shown.get("base"), str):
            shown = {**shown, "base": str(ROOT / shown["base"])}  # the reader's file is in the root of the clone
        path.write_text(json.dumps(shown))
        result = run(muster, *(("sweep", str(path), "--dry-run") if "base" in shown else ("check", str(path))))
        return None if result.returncode == 0 else first_line(result)


def configs(muster, with_relay):
    """Every config that is shipped, or shown as a whole, is one that muster accepts; one page is about a strategy of its own."""
    kinds = set()
    for page in PAGES:
        for first, shown in shown_configs(page):
            kinds.add("base" in shown)
            wrong = check_shown(with_relay, shown)
            if wrong is not None:
                fail(f"{page.relative_to(ROOT)}:{first}: {wrong}")
    if kinds != {True, False}:
        fail("the pages show no config, or no sweep")
    found = sorted((ROOT / "configs").rglob("*.json"))
    if len(found) < 10:
        fail(f"only {len(found)} configs")
    for path in found:
        result = run(muster, *check_of(str(path.relative_to(ROOT))))
        if result.returncode != 0:
            fail(f"{path.relative_to(ROOT)}: {first_line(result)}")


def muster_arguments(line):
    """The arguments of the muster command in a line of a shell block, or None if there is none."""
    words = shlex.split(line, comments=True)
    for i, word in enumerate(words):
        if word in (">", "|", ">>", "&&", ";", "<", "2>"):
            words = words[:i]
            break
    for i, word in enumerate(words):
        if word == "muster" or word.endswith("/muster"):
            return words[i + 1 :]
    return None


def check_command(muster, arguments):
    """None, or what is wrong with a command; nothing is trained."""
    if "--help" in arguments or arguments in ([], ["--version"]):
        result = run(muster, *arguments)
        return None if result.returncode == 0 else first_line(result)
    if arguments[0] == "report":
        arguments = [a for a in arguments if not a.startswith("runs/")]  # the reader's own
        result = run(muster, *arguments, "--help")
        return None if result.returncode == 0 else first_line(result)
    if arguments[0] not in ("run", "check", "sweep"):
        result = run(muster, *arguments)
        return None if result.returncode == 0 else first_line(result)
    result = run(muster, *arguments, "--help")
    if result.returncode != 0:
        return first_line(result)
    config = next((a for a in arguments[1:] if a.endswith(".json")), None)
    if config is None:
        return "no config"
    if not config.startswith("configs/"):
        return None  # the reader's own, or that of a result directory
    assignments = [arguments[i + 1] for i, a in enumerate(arguments) if a == "--set"]
    # A path is the reader's own.
    sets = [x for a in assignments if not a.startswith("data.path=") for x in ("--set", a)]
    result = run(muster, *check_of(config), *sets)
    return None if result.returncode == 0 else first_line(result)


def commands(muster, _):
    """Every muster command in a shell block has options that exist and a config that is accepted."""
    n = 0
    for page in PAGES:
        for first, text in blocks(page, "sh", "bash"):
            for offset, line in enumerate(text.replace("\\\n", "  ").split("\n")):
                arguments = muster_arguments(line)
                if arguments is not None:
                    n += 1
                    wrong = check_command(muster, arguments)
                    if wrong is not None:
                        fail(f"{page.relative_to(ROOT)}:{first + offset}: {line.strip()}: {wrong}")
    if n < 5:
        fail(f"only {n} commands were found")


def links(_, __):
    """Relative links lead to files, and to headings, that are there."""
    for page in PAGES:
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
            if "://" in target:
                continue
            name, _, anchor = target.partition("#")
            path = (page.parent / name) if name else page
            if not path.exists():
                fail(f"{page.relative_to(ROOT)}: no {target}")
            elif anchor and path.suffix == ".md":
                text = path.read_text()
                titles = [re.sub(r"[^\w\- ]", "", t.lower()).replace(" ", "-") for t in re.findall(r"^#+ (.*)$", text, re.M)]
                if anchor not in titles and f'id="{anchor}"' not in text:
                    fail(f"{page.relative_to(ROOT)}: no heading {target}")


def real_uses():
    """layer -> layers whose headers its sources and its public headers include."""
    uses = {layer: set() for layer in LAYERS}
    for layer in LAYERS:
        files = [*(ROOT / "src" / layer).rglob("*.[ch]"), *(ROOT / "include/muster" / layer).rglob("*.h")]
        for file in files:
            uses[layer].update(re.findall(r'#include "muster/(\w+)/', file.read_text()))
        uses[layer].discard(layer)
    return uses


def drawn_uses(text):
    """The same, from the rows `| `layer` | ... | a, b |` of the page's table."""
    rows = re.findall(r"^\| `(\w+)` \|.*\| ([a-z, -]*) \|$", text, re.M)
    return {layer: {w for w in re.split(r"[, ]+", used) if w and w != "-"} for layer, used in rows}


def compare_uses(real, drawn):
    for layer in LAYERS:
        if layer not in drawn:
            yield f"no row for {layer}"
            continue
        for other in sorted(real[layer] - drawn[layer]):
            yield f"{layer} includes {other}, which the table does not say"
        for other in sorted(drawn[layer] - real[layer]):
            yield f"the table says that {layer} includes {other}, which it does not"
        for other in sorted(real[layer]):
            if LAYERS.index(other) > LAYERS.index(layer):
                yield f"{layer} includes {other}, a layer above it"


def architecture(_, __):
    """The table of layers in docs/architecture.md is the include graph."""
    page = ROOT / "docs/architecture.md"
    for wrong in compare_uses(real_uses(), drawn_uses(page.read_text())):
        fail(f"docs/architecture.md: {wrong}")
    for file in [*ROOT.glob("src/**/*.[ch]"), *ROOT.glob("include/**/*.h")]:
        if re.search(r"#include [<\"]mpi\.h", file.read_text()) and "src/comm" not in str(file):
            fail(f"{file.relative_to(ROOT)}: only comm includes mpi.h")


def example(_, with_relay):
    """docs/add_a_strategy.md shows docs/examples/relay.c, which is short, compiles and trains."""
    source = (ROOT / "docs/examples/relay.c").read_text()
    if source.count("\n") >= 60:
        fail("docs/examples/relay.c has 60 lines or more")
    shown = [text for _, text in blocks(ROOT / "docs/add_a_strategy.md", "c")]
    if source not in shown:
        fail("docs/add_a_strategy.md does not show docs/examples/relay.c as it is")
    with tempfile.TemporaryDirectory() as directory:
        out = pathlib.Path(directory) / "run"
        result = run(with_relay, "run", "docs/examples/relay.json", "-q", "-o", str(out))
        if result.returncode != 0:
            fail(f"docs/examples/relay.json: {first_line(result)}")
            return
        summary = json.loads((out / "summary.json").read_text())
        metrics = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
        if not metrics[0]["test_accuracy"] < 0.3 < 0.6 < summary["final"]["test_accuracy"]:
            fail(f"relay does not learn: {summary['final']}")
        if summary["total"]["updates"] != summary["total"]["steps"]:
            fail("relay takes one update a step")
    if "relay" not in run(with_relay, "list", "strategies").stdout:
        fail("muster list does not know relay")


STUDY = "runs/stragglers"  # what the pages call the reader's study


def make_study(muster, directory):
    """Two strategies, two seeds, to a target: what the snippets of the pages ask questions of."""
    base = json.loads((ROOT / "configs/blobs.json").read_text())
    base["stop"] = {"steps": 200, "target_accuracy": 0.75}
    base["evaluate"] = {"every_steps": 1}
    base["world"] = {"compute": {"seconds_per_sample": 0.001}}
    strategies = [{"kind": "fedavg", "cohort": 5}, {"kind": "fedbuff", "buffer_size": 3, "concurrency": 8}]
    sweep = pathlib.Path(directory) / "sweep.json"
    sweep.write_text(json.dumps({"base": base, "axes": [{"path": "/server/strategy", "values": strategies}], "seeds": 2}))
    return run(muster, "sweep", str(sweep), "-o", f"{directory}/{STUDY}", "--quiet")


def ask(directory, query):
    """None, or what is wrong with a query of a page."""
    db = sqlite3.connect(f"{directory}/{STUDY}/study.sqlite")
    try:
        rows = db.execute(query).fetchall()
    except sqlite3.Error as error:
        return str(error)
    finally:
        db.close()
    known = [value for row in rows for value in row[1:] if value is not None]
    return None if rows and known else "finds nothing"


def run_snippet(directory, text):
    """None, or what is wrong with a program of a page; one that needs pandas is run where that is installed."""
    for python in dict.fromkeys((sys.executable, "/usr/bin/python3")):
        if "pandas" not in text or run(python, "-c", "import pandas").returncode == 0:
            result = subprocess.run([python, "-c", text], cwd=directory, capture_output=True, text=True)
            if result.returncode != 0:
                return result.stderr.strip().split("\n")[-1]
            return None if result.stdout.count("\n") >= 2 and "nan" not in result.stdout.lower() else f"prints {result.stdout!r}"
    print("no pandas here; on Debian: apt-get install python3-pandas")
    return None


def snippets(muster, _):
    """The queries and programs about a study give answers."""
    found = {"sql": 0, "python": 0}
    with tempfile.TemporaryDirectory() as directory:
        result = make_study(muster, directory)
        if result.returncode != 0:
            fail(f"the study of the snippets: {first_line(result)}")
            return
        for page in PAGES:
            for first, text in blocks(page, "sql"):
                for query in filter(None, map(str.strip, text.split(";"))):
                    found["sql"] += 1
                    wrong = ask(directory, query)
                    if wrong is not None:
                        fail(f"{page.relative_to(ROOT)}:{first}: {query}: {wrong}")
            for first, text in blocks(page, "python"):
                if STUDY in text:
                    found["python"] += 1
                    wrong = run_snippet(directory, text)
                    if wrong is not None:
                        fail(f"{page.relative_to(ROOT)}:{first}: {wrong}")
        for bad in ("select nothing from points", "select point, value from curves where value > 2e9", "select"):
            if ask(directory, bad) is None:
                fail(f"accepted: {bad}")
        for bad in (f"open('{STUDY}/absent.csv')", "print(1)", "print('a')\nprint('NaN')"):
            if run_snippet(directory, bad) is None:
                fail(f"accepted: {bad}")
    if found["sql"] < 3 or found["python"] < 1:
        fail(f"only {found} were found")


def self(muster, _):
    """The checks above can fail."""
    for bad in (["run", "configs/quickstart.json", "--frobnicate"], ["check", "configs/absent.json"], ["frobnicate"],
                ["run", "configs/quickstart.json", "--set", "server.stratgey.kind=fedavg"], ["run", "-n", "2"],
                ["sweep", "configs/studies/absent.json"], ["sweep", "configs/studies/coding.json", "--frobnicate"]):
        if check_command(muster, bad) is None:
            fail(f"accepted: muster {' '.join(bad)}")
    if check_command(muster, ["run", "configs/blobs.json", "-n", "2", "--set", "seed=2", "-o", "x"]) is not None:
        fail("refused: a good command")
    for bad in ({"data": {"source": "blob"}}, {"base": "configs/blobs.json", "seeds": "3"}, {"base": "configs/absent.json"}):
        if check_shown(muster, bad) is None:
            fail(f"accepted: {bad}")
    real = real_uses()
    if not list(compare_uses(real, {**real, "base": {"comm"}})) or not list(compare_uses(real, {})):
        fail("accepted: a wrong table of layers")
    if list(compare_uses(real, real)):
        fail("refused: a right table of layers")
    if muster_arguments("OMP=1 mpirun -n 2 build/release/muster run a.json > x  # why") != ["run", "a.json"]:
        fail("muster_arguments misreads a line")


if __name__ == "__main__":
    globals()[sys.argv[1]](sys.argv[2], sys.argv[3])
    for line in failures:
        print(line)
    sys.exit(1 if failures else 0)
