"""muster sweep: the points of a study side by side, with the results that each has alone."""

import csv
import json
import os
import re
import signal
import sqlite3
import time
import unittest

import scenario

BASE = {
    "data": {"source": "blobs", "clients": 20, "samples": 1000, "test_samples": 200},
    "model": {"kind": "softmax"},
    "client": {"optimizer": {"kind": "sgd", "lr": 0.1}},
    "server": {"strategy": {"kind": "fedbuff"}},
    "stop": {"steps": 20},
    "evaluate": {"every_steps": 5},
}
SWEEP = {
    "base": BASE,
    "axes": [
        {"path": "/server/strategy", "values": [{"kind": "fedavg", "cohort": 5}, {"kind": "fedbuff", "concurrency": 8}]},
        {"path": "/server/strategy/buffer_size", "values": [2, 4], "when": {"/server/strategy/kind": "fedbuff"}},
    ],
    "seeds": 2,
}  # fmt: skip
NAMES = [f"{kind}-s{seed}" for kind in ("fedavg", "fedbuff-2", "fedbuff-4") for seed in (1, 2)]


class Sweep(scenario.Scenario):
    def write(self, name="sweep.json", **changes):
        (self.directory / name).write_text(json.dumps({**SWEEP, **changes}))
        return name

    def muster(self, *arguments, code=0):
        out, err = (process := self.start(*arguments)).communicate(timeout=100)
        self.assertEqual(process.returncode, code, out + err)
        return out + err

    def points(self, directory):
        """points.csv without the columns of the machine."""
        with open(self.directory / directory / "points.csv", newline="") as file:
            return [{k: v for k, v in row.items() if k != "wall_s"} for row in csv.DictReader(file)]

    def test_points_are_those_of_the_file(self):
        out = self.muster("sweep", self.write(), "--dry-run")
        self.assertEqual([line.split()[0] for line in out.splitlines()[1:-1]], NAMES)
        self.assertFalse((self.directory / "runs").exists())

    def test_results_are_those_of_each_run_alone(self):
        self.muster("sweep", self.write(), "-o", "one")
        self.muster("sweep", "sweep.json", "-n", 2, "-o", "two")
        self.muster("sweep", self.write("wide.json", ranks_per_point=2), "-n", 3, "-o", "wide")
        rows = self.points("one")
        self.assertEqual([row["point"] for row in rows], NAMES)
        self.assertEqual(rows, self.points("two"))
        self.assertEqual(self.mpirun(2, "sweep", "sweep.json", "-o", "ranks").code, 0)
        self.assertEqual(rows, self.points("ranks"))
        self.assertEqual(rows, self.points("wide"))
        self.assertEqual(len({row["model_sha256"] for row in rows}), len(NAMES))
        for row in rows[::3]:
            self.muster("run", f"one/points/{row['point']}/config.json", "-o", "alone", "--force")
            alone = json.loads((self.directory / "alone/summary.json").read_text())
            self.assertEqual(alone["model_sha256"], row["model_sha256"])
        curves = (self.directory / "one/curves.csv").read_text()
        self.assertEqual(curves, (self.directory / "wide/curves.csv").read_text())
        with sqlite3.connect(self.directory / "one/study.sqlite") as db:
            self.assertEqual([r[0] for r in db.execute("select point from points")], NAMES)
            n = db.execute("select count(*) from curves").fetchone()[0]
        self.assertEqual(n, curves.count("\n") - 1)

    def test_statistics_are_over_the_seeds(self):
        self.muster("sweep", self.write(), "-o", "out", "-q")
        groups = json.loads((self.directory / "out/statistics.json").read_text())["groups"]
        self.assertEqual([g["group"] for g in groups], ["fedavg", "fedbuff-2", "fedbuff-4"])
        loss = [float(row["test_loss"]) for row in self.points("out")[:2]]
        self.assertAlmostEqual(groups[0]["test_loss"]["mean"], sum(loss) / 2, 12)
        self.assertAlmostEqual(groups[0]["test_loss"]["sd"], abs(loss[0] - loss[1]) / 2**0.5, 12)
        self.assertNotAlmostEqual(loss[0], loss[1], 6)

    def test_strategies_are_compared_by_scenario_and_seed(self):
        axes = [
            {"path": "/server/strategy", "values": [{"kind": "fedavg"}, {"kind": "fedbuff", "buffer_size": 2}]},
            {"path": "/world/compute/seconds_per_sample", "values": [0.001, 0.002], "labels": ["quick", "slow"]},
        ]
        base = {**BASE, "stop": {"steps": 20, "target_accuracy": 0.3}}
        self.muster("sweep", self.write(base=base, axes=axes, seeds=3), "-o", "out", "-q")
        found = json.loads((self.directory / "out/statistics.json").read_text())
        self.assertEqual([s["name"] for s in found["strategies"]], ["fedavg", "fedbuff"])
        self.assertEqual([s["name"] for s in found["scenarios"]], ["quick", "slow"])
        self.assertTrue(found["profiles"])
        medians = {g["group"]: g["target_time_s"]["median"] for g in found["groups"]}
        for p, name in enumerate(("quick", "slow")):
            best = min(medians[f"{s}-{name}"] for s in ("fedavg", "fedbuff"))
            for strategy in found["strategies"]:
                self.assertAlmostEqual(strategy["ratios"][p], medians[f"{strategy['name']}-{name}"] / best, 9)
        for s in found["strategies"]:
            self.assertAlmostEqual(s["score"], sum(max(0, 4 - r) / 3 for r in s["ratios"]) / 2, 9)
        self.assertEqual(len(found["paired"]), 4)  # scenarios x metrics
        rows = {row["point"]: float(row["test_loss"]) for row in self.points("out")}
        differences = [rows[f"fedavg-quick-s{s}"] - rows[f"fedbuff-quick-s{s}"] for s in (1, 2, 3)]
        pair = next(p for p in found["paired"] if p["scenario"] == "quick" and p["metric"] == "test_loss")
        self.assertEqual((pair["a"], pair["b"], pair["n"]), ("fedavg-quick", "fedbuff-quick", 3))
        self.assertAlmostEqual(pair["mean"], sum(differences) / 3, 12)
        self.assertGreaterEqual(pair["sign_p"], 0.25)

    def check_view(self, columns, *arguments):
        """The frames of the live view: all within the terminal, and moving while a point runs."""
        code, text = self.on_terminal("sweep", "sweep.json", "-o", "out", "--force", *arguments, columns=columns)
        self.assertEqual(code, 0, text)
        view, _, rest = text.rpartition("\r\x1b[J")
        last = rest.splitlines()[0]
        self.assertTrue(last.startswith("2 of 2 points done, best accuracy 0."), text)
        self.assertIn("2 of 2 points done in ", rest.splitlines()[1])
        frames = [re.sub("\x1b\\[[0-9]+A", "", frame).split("\n") for frame in view.split("\r\x1b[J")[1:]]
        for line in [line for frame in frames for line in frame] + [last]:
            self.assertLess(len(line), columns)
        return frames, last

    def test_the_live_view_moves_while_points_run(self):
        base = {**BASE, "stop": {"steps": 12000}, "evaluate": {"every_steps": 60}}
        self.write(base=base, axes=[], seeds=2)
        for arguments in ([], ["-n", 2]):
            with self.subTest(arguments):
                frames, last = self.check_view(100, *arguments)
                self.assertRegex(last, "[\u2581-\u2588]{2}$")
                running = [frame for frame in frames if re.match("0 of 2 points done, [12] running", frame[0])]
                self.assertGreater(len(running), 1, frames)
                self.assertTrue(any("ETA" in frame[0] for frame in running), frames)
                steps = [int(re.match(r"  s[12]: step (\d+)/12000, accuracy 0\.\d{4} [\u2581-\u2588]+$", frame[1])[1])
                         for frame in running if "accuracy" in frame[1]]  # fmt: skip
                self.assertGreater(len(set(steps)), 1, "the view stands still while a point runs")
                self.assertEqual(max(map(len, frames)), 3 if arguments else 2)
        narrow, _ = self.check_view(40)
        self.assertEqual(max(len(line) for frame in narrow for line in frame), 39)

    def test_without_a_terminal_there_are_plain_lines(self):
        out = self.start("sweep", self.write(axes=[]), "-o", "out").communicate(timeout=60)[0]
        self.assertNotIn("\x1b", out)
        self.assertNotIn("\r", out)
        self.assertFalse(any("\u2581" <= c <= "\u2588" for c in out), out)
        lines = out.splitlines()
        self.assertTrue(lines[0].startswith("0 of 2 points done"), out)
        self.assertTrue(lines[-3].startswith("2 of 2 points done, best accuracy 0."), out)
        self.assertEqual(lines[-1], "results: out")

    def test_a_failure_is_recorded_and_stops_no_other(self):
        hot = {"/model": {"kind": "mlp", "hidden": [32]}, "/client/optimizer/lr": 1e9, "/server/strategy": {"kind": "fedavg"}}
        hot["/stop/steps"] = 60
        patches = [
            {"name": "good", "set": {}},
            {"name": "hot", "set": hot},
            {"name": "crowd", "set": {"/server/strategy": {"kind": "fedavg", "cohort": 500}}},
        ]
        self.muster("sweep", self.write(axes=[], patches=patches, seeds=1), "-n", 2, "-o", "out")
        rows = self.points("out")
        self.assertEqual([row["status"] for row in rows], ["done", "diverged", "failed"])
        self.assertEqual(rows[0]["error"], "")
        self.assertIn("finite", rows[1]["error"])
        self.assertIn("20", rows[2]["error"])

    def test_what_cannot_run_is_listed_at_once(self):
        sweep = {
            "base": {**BASE, "evaluate": {"every_steps": -5}, "sede": 1},
            "basis": 1,
            "patches": [{"name": "cool", "set": {"/client/optimizer/lr": -1}}, {"name": "as it is", "set": {}}],
            "zip": [{"path": "/data/clients", "values": [20, 10]}, {"path": "/stop/steps", "values": [1, 2, 3]}],
            "axes": [
                {"path": "/server/strategy/bufer_size", "values": [1, 2]},
                {"path": "server/strategy", "values": [1, 2]},
                {"path": "/model/kind", "values": ["softmax", "sotfmax"], "labels": ["one"]},
            ],
            "random": {"count": 1, "axes": [{"path": "/client/batch_size", "log_uniform": [0, 8]}]},
            "seeds": [1, -2],
        }
        mistakes = {
            "/basis": "unknown key",
            "/patches/0": "/client/optimizer/lr: expected a number greater than 0",
            "/zip/1": "the axes of a zip must be equally long: 3 values here, 2 in the first",
            "/axes/0": '/server/strategy/bufer_size: unknown key; did you mean "buffer_size"? (16 points: ',
            "/axes/1": "expected a path that is a JSON pointer",
            "/axes/2": "there are not as many labels as values: 1 and 2",
            "/random/axes/0": "log_uniform [low, high] with low > 0",
            "/seeds/1": "a seed is an integer of 0 or more",
            "/base/evaluate/every_steps": "expected an integer",
            "/base/sede": 'unknown key; did you mean "seed"? (16 points: ',
        }
        (self.directory / "sweep.json").write_text(json.dumps(sweep))
        for arguments in (["-o", "out"], ["-n", 2, "-o", "out"], ["--dry-run"], []):
            text = self.muster("sweep", "sweep.json", *arguments, code=3)
            for place, cause in mistakes.items():
                found = [line for line in text.splitlines() if line.startswith(f"muster: sweep.json: {place}: ")]
                self.assertTrue(any(cause in line for line in found), (place, text))
                self.assertEqual(len(found), 2 if place == "/axes/2" else 1, text)
            self.assertIn("/axes/2: /model/kind: ", text)
            self.assertIn('did you mean "softmax"?', text)
            self.assertEqual(text.splitlines()[-1], "muster: sweep.json: 11 mistakes; nothing was started")
            self.assertEqual(len(text.splitlines()), 12, text)
            self.assertEqual([p.name for p in self.directory.iterdir()], ["sweep.json"])

    def test_one_mistake_is_one_line(self):
        for name, cause, changes in (
            ("axis", "/axes/0: /stop/stepz: unknown key", {"axes": [{"path": "/stop/stepz", "values": [1, 2]}]}),
            ("base", "/base/evaluate/every_steps: expected", {"base": {**BASE, "evaluate": {"every_steps": "a"}}}),
            ("when", "/axes/0/when: /world/clock: no point has this key", {
                "axes": [{"path": "/stop/steps", "values": [1, 2], "when": {"/world/clock": "virtual"}}]}),
            ("ranks", "/ranks_per_point: expected an integer", {"ranks_per_point": 0.5}),
        ):  # fmt: skip
            with self.subTest(name):
                lines = self.muster("sweep", self.write(**changes), "-o", "out", code=3).splitlines()
                self.assertEqual(len(lines), 1, lines)
                self.assertTrue(lines[0].startswith(f"muster: sweep.json: {cause}"), lines)
        self.muster("sweep", self.write(), "--dry-run")  # the control

    def test_a_base_of_its_own_is_named(self):
        (self.directory / "base.json").write_text(json.dumps({**BASE, "stop": {}}))
        text = self.muster("sweep", self.write(base="base.json"), code=3)
        self.assertIn("muster: base.json: /stop", text)

    def test_random_points_are_the_sweeps_own(self):
        random = {"count": 3, "axes": [{"path": "/client/optimizer/lr", "log_uniform": [1e-3, 1]}]}
        first = self.muster("sweep", self.write(axes=[], random=random), "--dry-run")
        self.assertEqual(first, self.muster("sweep", "sweep.json", "--dry-run"))
        self.assertNotEqual(first, self.muster("sweep", self.write(axes=[], random=random, seed=2), "--dry-run"))
        self.assertEqual(first.count("-s1 "), 3)

    def done_points(self, directory):
        """The directories of points that have ended; a status is replaced as a whole."""
        states = self.directory.glob(f"{directory}/points/*/status.json")
        return [path.parent for path in states if json.loads(path.read_text())["state"] == "done"]

    def test_a_killed_sweep_goes_on(self):
        base = {**BASE, "stop": {"steps": 400}, "output": {"checkpoint_every_steps": 50}}
        self.muster("sweep", self.write(base=base), "-n", 2, "-o", "whole")
        for name, under, more in (("processes", (), ("-n", 2)), ("ranks", scenario.own_mpirun(2), ())):
            process = self.start("sweep", "sweep.json", *more, "-o", name, under=under, start_new_session=True)
            end = time.monotonic() + 30
            while not (done := self.done_points(name)):
                self.assertLess(time.monotonic(), end)
                time.sleep(0.002)
            self.assertEqual(len(self.processes()), 3 if under else 2, "mpirun is there only if it is wanted")
            self.end_processes()
            process.communicate(timeout=30)
            self.assertFalse((self.directory / name / "points.csv").exists(), "nothing was left to resume")
            before = {p / "summary.json": (p / "summary.json").stat().st_mtime_ns for p in done}
            self.muster("sweep", "sweep.json", "-n", 2, "-o", name, code=5)
            self.muster("sweep", "sweep.json", "-n", 2, "-o", name, "--resume")
            self.assertEqual(self.points(name), self.points("whole"))
            kept = [p for p, then in before.items() if p.stat().st_mtime_ns == then]
            self.assertEqual(kept, list(before), "a finished point was run again")
            other = self.write("other.json", seeds=3)
            self.assertIn("another sweep", self.muster("sweep", other, "-o", name, "--resume", code=3))

    def test_the_death_of_a_process(self):
        """Of the first, which the user has started: all end. Of another: its point fails, and the rest is done."""
        base = {**BASE, "stop": {"steps": 3000}, "output": {"checkpoint_every_steps": 1000}}
        self.muster("sweep", self.write(base=base), "-o", "whole")
        first = self.start("sweep", "sweep.json", "-n", 2, "-o", "first", start_new_session=True)
        self.wait_for(lambda: len(self.processes()) == 2 and self.taken("first") >= 2)
        first.send_signal(signal.SIGKILL)
        first.communicate(timeout=30)
        self.no_processes_within(3)
        process = self.start("sweep", "sweep.json", "-n", 2, "-o", "other", start_new_session=True)
        points = self.directory / "other/points"
        self.wait_for(lambda: len({scenario.read_status(p)["pid"] for p in points.glob("*") if scenario.read_status(p)}) == 2)
        (other,) = set(self.processes()) - {process.pid}
        os.kill(other, signal.SIGKILL)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, out + err)
        self.assertIn(f"{len(NAMES) - 1} of {len(NAMES)} points done, 1 failed", out)
        (failed,) = (row for row in self.points("other") if row["status"] == "failed")
        self.assertIn(f"process {other} was killed by signal 9", failed["error"])
        for name in ("first", "other"):
            self.muster("sweep", "sweep.json", "-n", 2, "-o", name, "--resume")
            self.assertEqual(self.points(name), self.points("whole"))

    def taken(self, directory):
        """How many points the sweep that runs now has taken; the list of them goes with the sweep."""
        try:
            return sum(name.startswith("taken-") for name in os.listdir(self.directory / directory / ".claims"))
        except FileNotFoundError:
            return 0

    def kill_and_resume(self, sweep, directory):
        """Kills the sweep again and again, each time after one more point has been taken, until it gets to its end."""
        kills, more = 0, ()
        while True:
            process = self.start("sweep", sweep, "-n", 2, "-o", directory, *more, start_new_session=True)
            while process.poll() is None and self.taken(directory) <= kills:
                time.sleep(0.001)
            if process.poll() is not None:
                self.assertEqual(process.returncode, 0, process.communicate())
                return kills
            self.end_processes()
            process.communicate(timeout=30)
            kills, more = kills + 1, ("--resume",)

    def test_halving_stops_the_same_points_for_any_ranks_and_after_kills(self):
        lr = {"path": "/client/optimizer/lr", "values": [0.0001, 0.01, 1, 3, 10, 1e9]}
        options = {"rungs": [40, 100], "eta": 2, "metric": "test_loss"}
        base = {**BASE, "server": {"strategy": {"kind": "fedavg", "cohort": 5}}, "stop": {"steps": 400}}
        name = self.write(base=base, axes=[lr], early_stopping=options)
        for ranks in (1, 2, 3):
            self.muster("sweep", name, "-n", ranks, "-o", f"out{ranks}", "-q")
        self.muster("sweep", self.write("wide.json", base=base, axes=[lr], early_stopping=options, ranks_per_point=2),
                    "-n", 3, "-o", "wide", "-q")  # fmt: skip
        rows = self.points("out1")
        for other in ("out2", "out3", "wide"):
            self.assertEqual(rows, self.points(other))
        for seed in ("1", "2"):  # of 6 points the best 3 pass the first rung, and of these the best 1 the second
            mine = [row for row in rows if row["seed"] == seed]
            steps = [40, 100, 400]
            self.assertEqual(sorted(int(row["step"]) for row in mine), [40] * 3 + [100] * 2 + [400])
            for k, step in enumerate(steps[:2]):
                loss = {row["point"]: self.loss_at("out1", row["point"], step) for row in mine if int(row["step"]) >= step}
                for row in mine:
                    rank = sorted(loss.values()).index(loss[row["point"]]) if row["point"] in loss else -1
                    stopped = (row["status"], row["stopped_by"], row["stopped_at"]) == ("stopped", "halving", str(step))
                    self.assertEqual(rank >= (3, 1)[k], stopped, row)
        self.assertGreater(self.kill_and_resume(name, "killed"), 1)
        self.assertEqual(rows, self.points("killed"))
        best = next(row for row in rows if row["status"] == "done")
        self.muster("run", f"out1/points/{best['point']}/config.json", "-o", "alone", "-q")
        alone = json.loads((self.directory / "alone/summary.json").read_text())
        self.assertEqual(alone["model_sha256"], best["model_sha256"])
        found = {g["group"]: g for g in json.loads((self.directory / "out1/statistics.json").read_text())["groups"]}
        self.assertEqual(found["0.0001"]["stopped"], 2)
        self.assertEqual(found["0.0001"]["test_loss"]["n"], 0, "what a stopped point had is no final result")

    def loss_at(self, directory, point, step):
        with open(self.directory / directory / "curves.csv", newline="") as file:
            return next(float(r["value"]) for r in csv.DictReader(file)
                        if (r["point"], r["step"], r["metric"]) == (point, str(step), "test_loss"))  # fmt: skip

    def test_a_search_keeps_the_first_value_that_does_not_diverge(self):
        base = {**BASE, "server": {"strategy": {"kind": "fedavg", "cohort": 20}}, "stop": {"steps": 60}}
        base["evaluate"] = {"every_steps": 2, "train": "full"}
        search = {"path": "/client/optimizer/lr", "values": [1e6, 1e5, 1, 0.5]}
        name = self.write(base=base, search=search, axes=[{"path": "/client/local_steps", "values": [5, 10]}])
        self.muster("sweep", name, "-n", 1, "-o", "one", "-q")
        rows = self.points("one")
        for steps in ("5", "10"):
            for seed in ("1", "2"):
                mine = [r for r in rows if (r["/client/local_steps"], r["seed"]) == (steps, seed)]
                kept = [r["search"] for r in mine].index("kept")
                self.assertEqual([r["status"] for r in mine], ["diverged"] * kept + ["done"] + ["skipped"] * (3 - kept))
                self.assertGreater(kept, 0, "the rule was never met")
        self.assertEqual({r["group"] for r in rows}, {"5", "10"})
        self.muster("sweep", name, "-n", 3, "-o", "three", "-q")
        self.assertEqual(rows, self.points("three"))
        self.assertGreater(self.kill_and_resume(name, "killed"), 0)
        self.assertEqual(rows, self.points("killed"))
        groups = json.loads((self.directory / "one/statistics.json").read_text())["groups"]
        self.assertEqual([g["test_loss"]["n"] for g in groups], [2, 2])
        self.assertFalse([r for r in rows if "private" in r["note"]])
        private = {**base, "privacy": {"kind": "record", "clip": 1, "noise_multiplier": 1, "insecure_noise_seed": 1}}
        self.muster("sweep", self.write(base=private, search=search, axes=[], seeds=1), "-o", "private", "-q")
        self.assertTrue(all("epsilon does not include" in r["note"] for r in self.points("private")))

    def test_dominated_points_are_stopped_and_bad_rules_refused(self):
        speed = {"path": "/client/local_epochs", "values": [1, 2]}
        lr = {"path": "/client/optimizer/lr", "values": [0.001, 0.5]}
        base = {**BASE, "server": {"strategy": {"kind": "fedavg", "cohort": 5}}}
        base["world"] = {"compute": {"seconds_per_sample": 0.01}}
        options = {"rungs": [10], "dominated": True, "metric": "test_loss"}
        self.muster("sweep", self.write(base=base, axes=[speed, lr], seeds=1, early_stopping=options), "-o", "out")
        rows = {row["point"]: row for row in self.points("out")}
        self.assertEqual(rows["1-0.001-s1"]["stopped_by"], "dominated")
        self.assertIn("dominated by 1-0.5-s1", rows["1-0.001-s1"]["note"])
        self.assertEqual(rows["1-0.5-s1"]["status"], "done")
        for wrong, text in (
            ({"rung": [10]}, '/early_stopping/rung: unknown key; did you mean "rungs"?'),
            ({"rungs": [10]}, "nothing is to be decided there"),
            ({"rungs": [10, 5], "eta": 2}, "ascending"),
            ({"eta": 2}, "no rungs"),
        ):
            self.assertIn(text, self.muster("sweep", self.write(early_stopping=wrong), "-o", "no", code=3))
        search = {"path": "/client/optimizer/lr", "values": [1, 2]}
        text = self.muster("sweep", self.write(search=search, early_stopping=options), "-o", "no", code=3)
        self.assertIn("/search: a search tries its values one after the other", text)

    def test_a_point_that_lost_its_results_is_run_again(self):
        """As after a machine has lost its power: runs of a study do not wait for the disk."""
        self.muster("sweep", self.write(), "-n", 2, "-o", "out")
        rows = self.points("out")
        lost, bare, whole = (self.directory / "out/points" / name for name in (NAMES[0], NAMES[3], NAMES[5]))
        (lost / "model.npz").write_bytes(b"")
        (bare / "summary.json").write_bytes(b"")
        models = [(d / "model.npz").stat().st_mtime_ns for d in (lost, bare, whole)]
        self.muster("sweep", "sweep.json", "-n", 2, "-o", "out", "--resume")
        self.assertEqual(self.points("out"), rows)
        again = [(d / "model.npz").stat().st_mtime_ns != then for d, then in zip((lost, bare, whole), models)]
        self.assertEqual(again, [True, True, False])

    def test_an_interrupted_sweep_says_how_to_go_on(self):
        """Whenever the signal comes after the directory is there, to whichever processes: a terminal asks all of them."""
        base = {**BASE, "stop": {"steps": 20000}}
        self.write(base=base)
        for i in range(8):
            name, number = f"out{i}", (signal.SIGINT, signal.SIGTERM)[i % 2]
            process = self.start("sweep", "sweep.json", "-n", 2, "-o", name, start_new_session=True)
            self.wait_for((self.directory / name / "points").exists)
            time.sleep((0, 0, 0.003, 0.01, 0.03, 0.1, 0.3, 0.5)[i])
            os.kill(process.pid, number) if i % 4 < 2 else os.killpg(process.pid, number)
            out, err = process.communicate(timeout=30)
            self.assertEqual(process.returncode, 128 + number, out + err)
            self.assertEqual(err.count("\n"), 1, err)
            self.assertIn(f"go on with: muster sweep sweep.json -n 2 -o {name} --resume", err)
            self.assertIn("missing", [row["status"] for row in self.points(name)])
            self.no_processes_within(3)


if __name__ == "__main__":
    unittest.main()
