#!/usr/bin/env python3
"""How close a sweep of 64 small points (softmax on Fashion-MNIST, 20 steps) on 2 ranks comes to its ideal: the sum of the
points' own times, divided by 2. Everything is of one and the same run: of `muster sweep -n 2`, whose ranks are
processes without MPI, and, with --mpirun, of `mpirun -n 2 muster sweep`.

A point's own time is what `muster run` of it takes inside a process that has the data at hand: building its clients, model
and world and its directory (summary.json's wall.setup_s; of a rank's first point, which may load the data, the median of
the others), then the engine and the writing of its results, from config.json to status.json ("done"). The engine alone
(wall.run_s) is shown beside it. Not in it, and so what the ratio charges the sweep for: starting processes, loading the
data, taking turns, waiting for the other rank at the end, and collecting the results.

    MUSTER=build/muster python3 tests/bench/sweep.py [--runs 5] [--mpirun] [--directory DIR on a disk]"""

import argparse
import collections
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

MUSTER = os.path.abspath(os.environ.get("MUSTER", "build/muster"))
POINTS, RANKS, TARGET, START_UP_S = 64, 2, 0.9, 0.05
SWEEP = {
    "base": {
        "data": {"source": "fashion-mnist", "clients": 100},
        "model": {"kind": "softmax"},
        "client": {"optimizer": {"kind": "sgd", "lr": 0.1}, "batch_size": 32, "local_epochs": 1},
        "server": {"strategy": {"kind": "fedavg", "cohort": 10}},
        "stop": {"steps": 20},
        "evaluate": {"every_steps": 10},
    },
    "axes": [{"path": "/client/optimizer/lr", "values": [round(0.01 * 1.06**k, 6) for k in range(POINTS)]}],
}

Times = collections.namedtuple("Times", "wall inside own engine start_up between collect")


def seconds(path):
    return path.stat().st_mtime_ns * 1e-9


def measure(sweep, directory, mpirun):
    ranks = ["-n", str(RANKS)]
    command = [*(["mpirun", *ranks] if mpirun else []), MUSTER, "sweep", sweep, *([] if mpirun else ranks)]
    before = time.monotonic()
    subprocess.run([*command, "-o", directory, "-q"], check=True)
    wall = time.monotonic() - before
    own, engine, ranks = 0, 0, collections.defaultdict(list)
    for point in directory.glob("points/*"):
        status = json.loads((point / "status.json").read_text())
        assert status["state"] == "done", point
        start, end = seconds(point / "config.json"), seconds(point / "status.json")
        spent = json.loads((point / "summary.json").read_text())["wall"]
        own += end - start
        engine += spent["run_s"]
        ranks[status["pid"]].append((start, end, spent["run_s"], spent["setup_s"]))
    assert sum(map(len, ranks.values())) == POINTS and len(ranks) == RANKS
    # From the end of one point's engine to the end of the next one's, less that engine: the first point of a rank, which
    # loads the data, is left out.
    between, start_up, setup = [], [], []
    for points in ranks.values():
        points.sort()
        for (_, last, _, _), (start, end, run, own_setup) in zip(points, points[1:]):
            setup.append(own_setup)
            between.append(start - last - own_setup)
            start_up.append(end - last - run)
    own += sum(setup) + RANKS * statistics.median(setup)
    inside = seconds(directory / "statistics.json") - seconds(directory / "plan.json")
    last = max(end for points in ranks.values() for _, end, _, _ in points)
    collect = seconds(directory / "statistics.json") - last
    return Times(wall, inside, own / RANKS, engine / RANKS, sum(start_up) / len(start_up), sum(between) / len(between),
                 collect)  # fmt: skip


def verdict(good):
    return "reached" if good else "MISSED"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--mpirun", action="store_true")
    parser.add_argument("--directory", default=None)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="muster-bench-", dir=options.directory) as name:
        sweep = pathlib.Path(name, "sweep.json")
        sweep.write_text(json.dumps(SWEEP))
        runs = [measure(sweep, pathlib.Path(name, f"run{i}"), options.mpirun) for i in range(options.runs)]
    t = min(runs)  # the least wall time; all figures are of that run
    ratio = t.own / t.wall
    ranks = "ranks of mpirun" if options.mpirun else "processes"
    print(f"sweep: {POINTS} points of 20 steps, {RANKS} {ranks}, the quickest of {len(runs)} runs "
          f"({', '.join(f'{r.wall:.2f}' for r in runs)} s, ratios {', '.join(f'{r.own / r.wall:.2f}' for r in runs)})")  # fmt: skip
    print(f"  wall, as the user sees it        {t.wall:6.3f} s")
    print(f"  wall, from plan to statistics    {t.inside:6.3f} s")
    print(f"  points' own time / {RANKS}             {t.own:6.3f} s   (engine alone {t.engine:.3f} s)")
    print(f"  collecting the results           {t.collect:6.3f} s")
    print(f"  per point: {1e3 * t.start_up:.1f} ms beside its engine, {1e3 * t.between:.1f} ms of it between two points; "
          f"at most {1e3 * START_UP_S:.0f} ms: {verdict(t.start_up <= START_UP_S)}")  # fmt: skip
    for what, value in (("as the user sees it", ratio), ("from plan to statistics", t.own / t.inside)):
        print(f"  ratio {what:25s} {value:6.3f}     at least {TARGET}: {verdict(value >= TARGET)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
