#!/usr/bin/env python3
"""DIFF2 against DP-GD on the table of tests/bench/friedman.py: p = 10 workers, an mlp of 10 softplus units, R = 2000
rounds, epsilon 3 and 5 at delta 1e-5. The protocol is that of specs/privacy.md section 1.7: for each clip (and restart
interval) the learning rates 1, 1/2, ... 2^-9 are tried and the first that does not diverge is kept (not a number, or 5
evaluations in a row above 1.05 times the best train loss); the choice with the least train loss on one noise seed is run
with five others. All of that looks at the train loss, so it is selection without privacy.

    MUSTER=build/muster python3 tests/bench/diff2_study.py [--full] [--table FILE.csv] > table.md

--full takes the whole grid (an hour on two cores) instead of its middle; --table another CSV with the target
last, say that of California Housing, whose rows are standardised and split 80 / 20."""

import argparse
import ast
import concurrent.futures
import itertools
import json
import math
import os
import pathlib
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import zipfile

MUSTER = os.path.abspath(os.environ.get("MUSTER", "build/muster"))
SOURCE = pathlib.Path(__file__).resolve().parents[2]
ROUNDS, SEEDS, WORKERS = 2000, 5, 10


def read_npz(path):
    """The arrays of an .npz of float64, as flat lists."""
    arrays = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            data = archive.read(name)
            length = struct.unpack("<H", data[8:10])[0]
            shape = ast.literal_eval(data[10:10 + length].decode())["shape"]
            count = math.prod(shape)
            arrays[name.removesuffix(".npy")] = (shape, struct.unpack(f"<{count}d", data[10 + length:]))
    return arrays


def squared_gradient_norm(model, rows):
    """Of the mean of (f(x) - y)^2 / 2 over the rows."""
    (shape_in, w1), (_, w2) = sorted((a for a in model.values() if len(a[0]) == 2), key=lambda a: -math.prod(a[0]))
    (_, b1), (_, b2) = sorted((a for a in model.values() if len(a[0]) == 1), key=lambda a: -math.prod(a[0]))
    units, inputs = len(b1), len(rows[0]) - 1
    rows_are_units = shape_in == (units, inputs)
    weight = [[w1[u * inputs + i] if rows_are_units else w1[i * units + u] for i in range(inputs)] for u in range(units)]
    g_w1 = [[0.0] * inputs for _ in range(units)]
    g_b1, g_w2, g_b2 = [0.0] * units, [0.0] * units, 0.0
    for row in rows:
        z = [b1[u] + sum(weight[u][i] * row[i] for i in range(inputs)) for u in range(units)]
        h = [math.log1p(math.exp(-abs(v))) + max(v, 0) for v in z]
        error = b2[0] + sum(w2[u] * h[u] for u in range(units)) - row[inputs]
        g_b2 += error
        for u in range(units):
            g_w2[u] += error * h[u]
            back = error * w2[u] / (1 + math.exp(-z[u]))
            g_b1[u] += back
            for i in range(inputs):
                g_w1[u][i] += back * row[i]
    every = [g_b2, *g_b1, *g_w2, *itertools.chain(*g_w1)]
    return sum(g * g for g in every) / len(rows) ** 2


class Study:
    def __init__(self, directory, table, standardize):
        self.directory, self.standardize = directory, standardize
        self.train, self.test = table
        self.runs = 0

    def run(self, epsilon, restart, clip, clip_difference, rate, seed, to_the_end):
        """The train losses, whether it diverged, and the directory. Unless to_the_end, a run is stopped once it has."""
        self.runs += 1
        out = self.directory / f"{epsilon}-{restart}-{clip}-{clip_difference}-{rate}-{seed}"
        config = json.loads((SOURCE / "tests/bench/diff2_study.json").read_text())
        config["data"].update(path=str(self.train), standardize=self.standardize)
        if self.test is None:
            del config["data"]["test_path"]
        else:
            config["data"].update(test_path=str(self.test))
        config["server"]["strategy"].update(restart=restart, clip_difference=clip_difference)
        config["server"]["optimizer"]["lr"] = rate
        config["privacy"].update(epsilon=epsilon, clip=clip, insecure_noise_seed=seed)
        config["stop"]["steps"] = ROUNDS
        path = self.directory / f"{out.name}.json"
        path.write_text(json.dumps(config))
        command = [MUSTER, "run", path, "-o", out, "-q"]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as done:
            while True:
                try:
                    done.wait(0.2)
                except subprocess.TimeoutExpired:
                    if to_the_end or not diverged(train_losses(out)):
                        continue
                    done.kill()
                    done.wait()
                break
            if done.returncode not in (0, 4, -signal.SIGKILL):
                sys.exit(done.stderr.read().decode())
        losses = train_losses(out)
        return losses, done.returncode != 0 or diverged(losses), out

    def first_rate(self, epsilon, restart, clip, clip_difference):
        for k in range(10):
            losses, failed, _ = self.run(epsilon, restart, clip, clip_difference, 2.0**-k, 0, False)
            if not failed:
                return losses[-1], (restart, clip, clip_difference, 2.0**-k)
        return math.inf, None


def train_losses(out):
    """As far as they are written: the last line may be half there."""
    try:
        lines = (out / "metrics.jsonl").read_text().split("\n")[:-1]
    except FileNotFoundError:
        return []
    return [json.loads(line)["train_loss"] for line in lines]


def diverged(losses):
    best, bad = math.inf, 0
    for loss in losses:
        if loss is None or not math.isfinite(loss):
            return True
        bad = 0 if loss < best else bad + (loss > 1.05 * best)
        best = min(best, loss)
        if bad >= 5:
            return True
    return False


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--table", type=pathlib.Path)
    options = parser.parse_args()
    clips = (1, 3, 10, 30, 100) if options.full else (1, 3, 10)
    restarts = (6, 20, 60, 200) if options.full else (6, 20, 60)
    with tempfile.TemporaryDirectory(dir="/dev/shm") as scratch, concurrent.futures.ThreadPoolExecutor(2) as pool:
        directory = pathlib.Path(scratch)
        if options.table is None:
            subprocess.run([sys.executable, SOURCE / "tests/bench/friedman.py", directory], check=True)
            study = Study(directory, (directory / "train.csv", directory / "test.csv"), False)
            rows = [[float(v) for v in line.split(",")] for line in study.train.read_text().splitlines()[1:]]
        else:
            study, rows = Study(directory, (options.table.resolve(), None), True), None
        print("| epsilon | method | T | C1 | C2 | rate | train loss | squared gradient norm | test loss |")
        print("|---|---|---|---|---|---|---|---|---|")
        for epsilon in (3, 5):
            grids = {
                "DP-GD": [(1, c, 1) for c in clips],
                "DIFF2-GD": [(t, c1, c2) for t in restarts for c1 in clips for c2 in clips],
            }
            for method, grid in grids.items():
                found = list(pool.map(lambda point: study.first_rate(epsilon, *point), grid))
                _, (restart, clip, clip_difference, rate) = min(found, key=lambda f: f[0])
                runs = list(pool.map(
                    lambda s: study.run(epsilon, restart, clip, clip_difference, rate, s, True), range(1, SEEDS + 1)))
                columns = [[], [], []]
                for losses, _, out in runs:
                    columns[0].append(losses[-1])
                    if rows is not None:
                        columns[1].append(squared_gradient_norm(read_npz(out / "model.npz"), rows))
                    columns[2].append(json.loads((out / "metrics.jsonl").read_text().splitlines()[-1])["test_loss"])
                cells = [f"{statistics.mean(c):.4g} ± {statistics.stdev(c):.2g}" if len(c) > 1 else "" for c in columns]
                second = clip_difference if restart > 1 else ""
                print(f"| {epsilon} | {method} | {restart} | {clip} | {second} | {rate:g} | {' | '.join(cells)} |", flush=True)
        print(f"\n{study.runs} runs", file=sys.stderr)


main()
