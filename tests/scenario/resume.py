"""Runs that are killed, interrupted or damaged, and go on: to the bits of a run that nothing ever happened to, on any
number of ranks; and what --resume refuses (design.md, sections 8 and 9)."""

import hashlib
import json
import os
import pathlib
import random
import resource
import shlex
import shutil
import signal
import tempfile
import time
import unittest

from same_bits import NEEDED, differences, rows_of
from scenario import Scenario, blobs, read_status, read_summary, write_config

# A checkpoint waits for the disk half a dozen times; in memory a run can be saved every few milliseconds.
if os.access("/dev/shm", os.W_OK | os.X_OK):
    tempfile.tempdir = "/dev/shm"

KILLS = 24
UPDATES = 300
WORLDS = [
    {"duration_s": {"kind": "exponential", "mean": 2}, "dropout": 0.1},
    {"compute": {"seconds_per_sample": 0.01}, "network": {"latency_s": 0.2},
     "stragglers": {"kind": "gilbert_elliott", "p": 0.1, "q": 0.5, "slowdown": 5},
     "availability": {"kind": "on_off", "on_s": 9, "off_s": 3}},
]  # fmt: skip
# Beside the defaults: updates in a buffer, jobs cancelled at a deadline or stopped at a step.
OPTIONS = {
    "fedavg": {"cohort": 6, "deadline_s": 3}, "fedbuff": {"buffer_size": 4}, "ca2fl": {"buffer_size": 4},
    "fadas": {"buffer_size": 4}, "rennala": {"batch": 4}, "fedfix": {"window_s": 2}, "ringmaster": {"threshold": 4},
}  # fmt: skip


def config_of(strategy="fedavg", world=WORLDS[0], **sections):
    """Some 300 jobs of 2 or 3 ms each, saved often."""
    options = {**NEEDED.get(strategy, {}), **OPTIONS.get(strategy, {})}
    return blobs(
        name="resume", data={"samples": 8000, "features": 10}, model={"hidden": [16]},
        client={"optimizer": {"kind": "sgd", "lr": 0.05}}, server={"strategy": {"kind": strategy, **options}},
        world=world, stop={"steps": None, "updates": UPDATES}, evaluate={"every_steps": 2},
        output={"trace": True, "checkpoint_every_steps": 3}, **sections)  # fmt: skip


def checkpoints(directory):
    return sorted(p for p in (pathlib.Path(directory) / "checkpoint").glob("step-*"))


def fingerprint(directory):
    """Every file below a directory with its content."""
    files = [p for p in pathlib.Path(directory).rglob("*") if p.is_file()]
    return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def damage(path):
    """A stretch of wrong bytes, longer than what the archive has between two arrays and nobody reads."""
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle:middle + 500] = bytes(b ^ 0x10 for b in data[middle:middle + 500])
    path.write_bytes(data)


class Resume(Scenario):
    def setUp(self):
        super().setUp()
        # What MPI leaves behind when it is killed is to go with the test's directory.
        scratch = self.directory / "mpi"
        scratch.mkdir()
        for name in "orte_tmpdir_base", "btl_vader_backing_directory", "osc_sm_backing_directory":
            self.environment[f"OMPI_MCA_{name}"] = str(scratch)

    def ranks_option(self, n):
        return ["-n", n] if n > 1 else []

    def assert_same_run(self, reference, directory):
        self.assertEqual(differences(reference, directory), [])
        self.assertEqual(read_summary(reference)["model_sha256"], read_summary(directory)["model_sha256"])
        self.assertEqual(read_status(directory)["state"], "done")

    def kill(self, process):
        """SIGKILL for the launcher, mpirun and every rank."""
        self.end_processes()
        process.communicate()
        self.no_processes_within(10)

    def start_and_kill(self, arguments, directory, step, delay):
        """Kills a run `delay` seconds after it has come to a step. True if it was still at work."""
        process = self.start("run", *arguments, "-o", directory, "-q")
        end = time.monotonic() + 30
        while process.poll() is None and (read_status(directory) or {}).get("step", -1) < step:
            self.assertLess(time.monotonic(), end, f"step {step} did not come")
            time.sleep(0.002)
        time.sleep(delay)
        in_time = process.poll() is None
        self.kill(process)
        return in_time

    def interrupt(self, *arguments, step=10, number=signal.SIGINT):
        process = self.start("run", *arguments)
        self.wait_for_step("out", step)
        process.send_signal(number)
        return self.finish(process)


class Kills(Resume):
    def test_killed_at_random_and_resumed_on_other_ranks(self):
        chance = random.Random(20260101)
        strategies = rows_of(self.good("list", "strategies").out)
        self.assertLessEqual(len(strategies), KILLS)
        landed = again = 0
        for i in range(KILLS):
            strategy, world = strategies[i % len(strategies)], WORLDS[i // len(strategies) % 2]
            path = write_config(self.repaired(config_of(strategy, world)), f"{i}.json")
            reference, directory = f"whole{i}", f"killed{i}"
            ranks = [1 + (i + k) % 3 for k in range(3)]
            with self.subTest(kill=i, strategy=strategy, ranks=ranks):
                self.good("run", path, "-o", reference, "-q", *self.ranks_option(1 + (i + 2) % 3))
                steps = read_summary(reference)["total"]["steps"]
                # Every fifth before the first checkpoint, the others anywhere up to the end.
                step = 0 if i % 5 == 0 else chance.randrange(2, steps * 9 // 10)
                first = [path, *self.ranks_option(ranks[0])]
                landed += self.start_and_kill(first, directory, step, chance.uniform(0, 0.03))
                if i % 3 == 1:  # and once more, in the resumed run
                    more = [path, "--resume", *self.ranks_option(ranks[1])]
                    later = (step + steps) // 2
                    again += self.start_and_kill(more, directory, later, chance.uniform(0, 0.03))
                self.good("run", path, "-o", directory, "-q", "--resume", *self.ranks_option(ranks[2]))
                self.assert_same_run(reference, directory)
                self.assertLessEqual(len(checkpoints(directory)), 2)
                left = [p.name for p in pathlib.Path(directory).iterdir() if ".tmp-" in p.name]
                self.assertEqual(left, [])
        # A kill that comes too late tests nothing.
        self.assertGreaterEqual(landed, KILLS * 3 // 4)
        self.assertGreaterEqual(again, 4)

    def test_what_a_resumed_run_knows_of_its_past(self):
        path = write_config(config_of("fedbuff"))
        self.good("run", path, "-o", "whole", "-q")
        result = self.interrupt(path, "-o", "out", "-q")
        self.assertEqual(result.code, 130, str(result))
        manifest = json.loads(pathlib.Path("out/manifest.json").read_text())
        self.assertEqual((manifest["resumes"], manifest["resumed"]), (0, None))
        self.assertTrue(pathlib.Path("out/summary.json").exists())
        self.assertTrue(self.start_and_kill([path, "--resume"], "out", read_summary("out")["total"]["steps"] + 4, 0))
        # What the interrupted run wrote at its end does not describe the run that went on.
        self.assertFalse(pathlib.Path("out/summary.json").exists())
        self.assertFalse(pathlib.Path("out/model.npz").exists())
        self.good("run", path, "-o", "out", "-q", "--resume")
        after = json.loads(pathlib.Path("out/manifest.json").read_text())
        self.assertEqual(after["resumes"], 2)
        self.assertEqual(after["start"], manifest["start"])
        self.assertGreaterEqual(after["resumed"], after["start"])
        wall = [json.loads(line)["wall_s"] for line in pathlib.Path("out/metrics.jsonl").read_text().splitlines()]
        self.assertEqual(wall, sorted(wall))
        self.assert_same_run("whole", "out")


class Interrupted(Resume):
    def test_ctrl_c_prints_the_command_that_goes_on(self):
        # With an option and a name that a shell would not leave alone.
        options = ["--set", "name=\"it's mine\"", "--set", "stop.steps=50"]
        path = write_config(config_of("ca2fl"))
        self.good("run", path, *options, "-o", "whole", "-q")
        process = self.start("run", path, *options, "-n", 2, "-q", "-o", "out dir")
        self.wait_for_step("out dir", 10)
        process.send_signal(signal.SIGINT)
        result = self.finish(process)
        self.assertEqual(result.code, 130, str(result))
        self.assertEqual(len(result.err.splitlines()), 1, str(result))
        words = shlex.split(result.err.partition("go on with: ")[2])
        self.assertEqual(words.pop(0), "muster", str(result))
        self.assertEqual(read_status("out dir")["state"], "stopped")
        self.assertEqual(words[words.index("-n") + 1], "2", "on as many ranks")
        self.good(*words)
        self.assert_same_run("whole", "out dir")

    def test_steps_and_trace_may_be_off(self):
        config = config_of("fedavg")
        config["output"] = {"steps": False, "checkpoint_every_steps": 3}
        path = write_config(config)
        self.good("run", path, "-o", "whole", "-q")
        self.assertEqual(self.interrupt(path, "-o", "out", "-q").code, 130)
        self.good("run", path, "-o", "out", "-q", "--resume", "-n", 2)
        self.assertEqual(read_summary("whole")["participation"], read_summary("out")["participation"])
        self.assertEqual(read_summary("whole")["model_sha256"], read_summary("out")["model_sha256"])
        self.assertFalse(pathlib.Path("out/steps.jsonl").exists() or pathlib.Path("out/trace.jsonl").exists())

    def test_a_replay_goes_on(self):
        wall = config_of("fedbuff", {"clock": "wall", "wall_scale": 0.001, "duration_s": WORLDS[0]["duration_s"]})
        self.good("run", write_config(wall, "wall.json"), "-n", 2, "-o", "wall", "-q")
        replay = config_of("fedbuff", {"duration_s": WORLDS[0]["duration_s"], "replay": "wall/trace.jsonl"})
        path = write_config(replay)
        self.good("run", path, "-o", "whole", "-q")
        self.assertEqual(read_summary("whole")["model_sha256"], read_summary("wall")["model_sha256"])
        self.assertEqual(self.interrupt(path, "-o", "out", "-q").code, 130)
        self.good("run", path, "-o", "out", "-q", "--resume", "-n", 2)
        self.assert_same_run("whole", "out")


class Started(Resume):
    """What --resume finds, and what it then does."""

    def setUp(self):
        super().setUp()
        self.path = write_config(config_of("scaffold"))

    def stop(self, *arguments):
        self.good("run", self.path, "-o", "whole", "-q")
        result = self.interrupt(self.path, "-o", "out", "-q", *arguments)
        self.assertEqual(result.code, 130, str(result))
        self.assertEqual(len(checkpoints("out")), 2)

    def assert_nothing_changed(self, before):
        self.assertEqual(before, fingerprint("out"))

    def test_nothing_to_resume(self):
        self.good("run", self.path, "-o", "out", "-q")
        before = fingerprint("out")
        result = self.good("run", self.path, "-o", "out", "--resume")
        self.assertIn("nothing to resume", result.out)
        self.assertIn("nothing to resume", self.good("run", self.path, "-o", "out", "--resume", "-n", 2).out)
        self.assertEqual(self.good("run", self.path, "-o", "out", "--resume", "-q").out, "")
        self.assert_nothing_changed(before)

    def test_without_a_directory(self):
        self.assert_refused(self.muster("run", self.path, "--resume"), 2, "--resume")
        self.assert_refused(self.muster("run", self.path, "--resume", "-n", 2), 2, "--resume")
        self.assertFalse(pathlib.Path("runs").exists())

    def test_a_new_or_empty_directory_starts_the_run(self):
        self.good("run", self.path, "-o", "whole", "-q")
        os.mkdir("empty")
        for directory in "empty", "deep/new":
            self.good("run", self.path, "-o", directory, "-q", "--resume")
            self.assert_same_run("whole", directory)

    def test_a_directory_of_something_else(self):
        os.mkdir("out")
        pathlib.Path("out/thesis.tex").write_text("mine")
        self.assert_refused(self.muster("run", self.path, "-o", "out", "--resume"), 5, "out", "thesis.tex")
        self.assertEqual(os.listdir("out"), ["thesis.tex"])

    def test_another_config(self):
        self.stop()
        before = fingerprint("out")
        other = [self.path, "-o", "out", "--resume", "--set", "stop.updates=301"]
        self.assert_refused(self.muster("run", *other), 3, "out/config.json", "another config")
        self.assert_refused(self.muster("run", *other, "-n", 2), 3, "out/config.json", "another config")
        self.assert_nothing_changed(before)
        # The run's own config is as good as the one it was started with.
        self.good("run", "out/config.json", "-o", "out", "--resume", "-q")
        self.assert_same_run("whole", "out")

    def test_another_kernel(self):
        self.stop()
        manifest = pathlib.Path("out/manifest.json")
        content = json.loads(manifest.read_text())
        manifest.write_text(json.dumps({**content, "blas_kernel": "Abacus"}))
        before = fingerprint("out")
        result = self.muster("run", self.path, "-o", "out", "--resume", "-q")
        self.assert_refused(result, 3, "out", "Abacus", content["blas_kernel"])
        self.assert_nothing_changed(before)

    def test_other_data(self):
        pathlib.Path("d.csv").write_text("a,b,label\n" + "".join(f"{i % 7},{i % 5},{i % 3}\n" for i in range(400)))
        data = {"source": "csv", "path": "d.csv", "clients": 10}
        config = config_of("fedbuff")
        config.update(data=data, model={"kind": "softmax"}, stop={"steps": 20000}, evaluate={"every_steps": 50})
        path = write_config(config)
        self.assertEqual(self.interrupt(path, "-o", "out", "-q", step=100).code, 130)
        before = fingerprint("out")
        with open("d.csv", "a") as f:
            f.write("1,1,1\n")
        self.assert_refused(self.muster("run", path, "-o", "out", "--resume", "-q"), 3, "the data have changed")
        self.assertEqual({k: v for k, v in before.items() if "status" not in k},
                         {k: v for k, v in fingerprint("out").items() if "status" not in k})  # fmt: skip

    def test_two_at_once(self):
        config = config_of("fedavg")
        config["stop"] = {"steps": 1000000}
        path = write_config(config)
        process = self.start("run", path, "-o", "out", "-q")
        self.wait_for_step("out", 4)
        result = self.muster("run", path, "-o", "out", "-q", "--resume")
        self.assert_refused(result, 5, "out", "another muster")
        process.send_signal(signal.SIGINT)
        self.assertEqual(self.finish(process).code, 130)


class Damaged(Resume):
    def setUp(self):
        super().setUp()
        self.path = write_config(config_of("scaffold"))
        self.good("run", self.path, "-o", "whole", "-q")
        self.assertEqual(self.interrupt(self.path, "-o", "out", "-q", "-n", 2).code, 130)
        self.assertEqual(len(checkpoints("out")), 2)

    def check_warning(self, place, *arguments):
        result = self.good("run", self.path, "-o", "out", "-q", "--resume", *arguments)
        lines = result.err.splitlines()
        self.assertEqual(len(lines), 1, str(result))
        self.assertRegex(lines[0], "^muster: warning: .*damaged")
        self.assertIn(str(place), lines[0])
        self.assert_same_run("whole", "out")

    def test_wrong_bytes(self):
        place = checkpoints("out")[-1] / "engine.npz"
        damage(place)
        self.check_warning(place, "-n", 2)

    def test_a_lost_end(self):
        place = checkpoints("out")[-1] / "engine.npz"
        os.truncate(place, place.stat().st_size * 2 // 3)
        self.check_warning(place)

    def test_a_client_s_vector(self):
        place = sorted(checkpoints("out")[-1].glob("vectors-1-*"))[0]
        damage(place)
        self.check_warning(place, "-n", 3)

    def test_missing_vectors(self):
        place = checkpoints("out")[-1]
        sorted(place.glob("vectors-1-*"))[0].unlink()
        self.check_warning(place, "-n", 2)

    def test_all_of_them(self):
        for place in checkpoints("out"):
            damage(place / "engine.npz")
        result = self.muster("run", self.path, "-o", "out", "-q", "--resume", "-n", 2)
        self.assertEqual(result.code, 5, str(result))
        lines = result.err.splitlines()
        self.assertEqual(len(lines), 4, str(result))
        self.assertTrue(all(line.startswith("muster: warning: ") for line in lines[:2]), str(result))
        self.assertIn("every checkpoint is damaged", lines[2])
        self.assertIn("--force", lines[3])
        status = read_status("out")
        self.assertEqual((status["state"], status["error"]["code"]), ("failed", 5))
        self.assertGreaterEqual(status["step"], 10)

    def test_a_result_file_that_was_cut(self):
        os.truncate("out/steps.jsonl", 100)
        self.assert_refused(self.muster("run", self.path, "-o", "out", "-q", "--resume"), 5, "out/steps.jsonl", "shorter")

    def test_a_full_disk(self):
        """The checkpoint under way is lost, the one before it and the results are not."""
        config = config_of("fedbuff")
        config["model"]["hidden"] = [500]
        path = write_config(config)
        self.good("run", path, "-o", "whole", "-q", "-f")
        shutil.rmtree("out")
        self.assertEqual(self.interrupt(path, "-o", "out", "-q").code, 130)
        newest = checkpoints("out")[-1]
        before = fingerprint(newest)
        limit = (newest / "engine.npz").stat().st_size // 2
        self.assertGreater(limit, 2 * max(p.stat().st_size for p in pathlib.Path("whole").iterdir() if p.is_file()))
        result = self.muster(
            "run", path, "-o", "out", "-q", "--resume",
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))  # fmt: skip
        self.assert_refused(result, 5, "checkpoint/writing-", "File too large")
        self.assertEqual(before, fingerprint(newest))
        self.assertEqual([p.name for p in pathlib.Path("out/checkpoint").iterdir() if "writing" in p.name], [])
        self.assertEqual(read_status("out")["state"], "failed")
        self.good("run", path, "-o", "out", "-q", "--resume")
        self.assert_same_run("whole", "out")


if __name__ == "__main__":
    unittest.main()
