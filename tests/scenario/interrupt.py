"""Interruption: Ctrl-C and SIGTERM end a run in good order, twice ends it at once, and nothing is left behind."""

import os
import pathlib
import signal
import subprocess
import time
import unittest

from scenario import MUSTER, Scenario, blobs, endless, read_status, read_summary, write_config

# A shell's background jobs ignore it, and what they start would until it is awake.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Stand-ins for mpirun. The first has children in sessions of their own, one of them orphaned already, and can only be
# killed, as the real one in some moments of its start.
STUBBORN = """trap '' INT TERM USR1 USR2
setsid sh -c 'sleep 300 & sleep 300' &
(setsid sleep 300 &)
sleep 300
"""
# The second takes a second to be ready, and notes the signals that it gets.
LATE = r"""trap 'echo TERM >> signals; exit 1' TERM
trap 'echo USR1 >> signals; printf "muster-report\037end\037130\037\037\037\n" >&2; exit 0' USR1
trap 'echo USR2 >> signals; printf "muster-report\037end\037143\037\037\037\n" >&2; exit 0' USR2
sleep 1
printf 'muster-report\037ready\n' >&2
while :; do sleep 0.05; done
"""
# The third dies before rank 0 has reported its end, which was a good one.
TOLD = r"""trap 'echo "muster: interrupted after step 3; go on with: muster run" >&2; kill -9 $$' USR1
printf 'muster-report\037ready\n' >&2
while :; do sleep 0.05; done
"""
# The fourth dies and leaves its ranks behind.
DYING = """(setsid sleep 300 &)
setsid sh -c 'sleep 300' &
exit 1
"""

# The fifth writes more than a pipe holds.
FLOOD = r"""head -c 300000 /dev/zero | tr '\000' x &
trap 'printf "muster-report\037end\037130\037\037\037\n" >&2; touch ended; exit 0' USR1
printf 'muster-report\037ready\n' >&2
touch ready
while :; do sleep 0.05; done
"""

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
WAYS = {"alone": [], "two ranks": ["-n", 2], "three ranks": ["-n", 3]}


class Interrupt(Scenario):
    def assert_stopped(self, result, code, out):
        self.assert_refused(result, code, "interrupted after step")
        status, summary = read_status(out), read_summary(out)
        self.assertEqual(status["state"], "stopped")
        self.assertEqual(summary["ended_by"], "interrupted")
        self.assertIn(f"interrupted after step {summary['total']['steps']};", result.err)
        self.assertGreater(summary["total"]["steps"], 0)
        for name in ("metrics.csv", "metrics.jsonl", "steps.jsonl", "model.npz", "manifest.json"):
            self.assertTrue((pathlib.Path(out) / name).stat().st_size > 0, name)
        steps = pathlib.Path(out, "steps.jsonl").read_text()
        self.assertEqual(steps.count("\n"), summary["total"]["steps"])

    def test_one_signal_ends_in_good_order(self):
        write_config(endless())
        for way, ranks in WAYS.items():
            for number, code in CODES.items():
                with self.subTest(way, signal=number.name):
                    out = f"{way} {number.name}"
                    process = self.start("run", "config.json", "-q", "-o", out, *ranks)
                    self.wait_for_step(out, 2)
                    self.assertEqual(read_status(out)["state"], "running")
                    process.send_signal(number)
                    self.assert_stopped(self.finish(process, timeout=60), code, out)
                    self.no_processes_within(10)

    def test_ctrl_c_of_a_terminal(self):
        """A terminal sends SIGINT to the whole foreground group, so to every process that muster keeps in it."""
        write_config(endless())
        process = self.start("run", "config.json", "-q", "-o", "out", "-n", 2, start_new_session=True)
        self.wait_for_step("out", 2)
        os.killpg(process.pid, signal.SIGINT)
        self.assert_stopped(self.finish(process, timeout=60), 130, "out")
        self.no_processes_within(10)

    def test_a_signal_to_the_process_that_status_names(self):
        """Whoever watches a run from outside knows only its directory."""
        write_config(endless())
        for ranks in ([], ["-n", 2]):
            out = f"out{len(ranks)}"
            process = self.start("run", "config.json", "-q", "-o", out, *ranks)
            self.wait_for_step(out, 2)
            os.kill(read_status(out)["pid"], signal.SIGTERM)
            self.assert_stopped(self.finish(process, timeout=60), 143, out)

    def test_two_signals_end_at_once(self):
        # A step that takes minutes.
        write_config(blobs(data={"samples": 400000, "features": 100}, model={"hidden": [500]}, client={"local_epochs": 90}))
        for way, ranks in (("alone", []), ("two ranks", ["-n", 2])):
            with self.subTest(way):
                process = self.start("run", "config.json", "-q", "-o", way, *ranks)
                self.wait_for_step(way, 0)
                time.sleep(0.3)
                process.send_signal(signal.SIGINT)
                time.sleep(0.5)
                self.assertIsNone(process.poll(), "one signal waits for the step")
                process.send_signal(signal.SIGINT)
                start = time.monotonic()
                result = self.finish(process, timeout=60)
                self.assertLess(time.monotonic() - start, 3)
                self.assertIn(result.code, (130, -signal.SIGINT), str(result))
                self.assertLessEqual(result.err.count("\n"), 1, str(result))
                self.no_processes_within(10)
                self.assertFalse(os.path.exists(f"{way}/summary.json"))

    def test_a_signal_at_any_moment_of_the_start(self):
        """mpirun must not be killed while it starts, for that may hang: the ranks stop as soon as there are some. Three
        runs at a time, so that the moments are spread."""
        write_config(endless())
        for i in range(12):
            delay, number = 0.03 * i, (signal.SIGINT, signal.SIGTERM)[i % 2]
            outs = [f"out{i}.{k}" for k in range(3)]
            processes = [self.start("run", "config.json", "-q", "-o", out, "-n", 2) for out in outs]
            time.sleep(delay)
            start = time.monotonic()
            for process in processes:
                process.send_signal(number)
            for process, out in zip(processes, outs):
                result = self.finish(process, timeout=10)
                status = read_status(out)
                if result.code == -number:  # before the program was awake
                    self.assertIsNone(status)
                    continue
                self.assertEqual(result.err.count("\n"), 1, str(result))
                if "before the run began" in result.err:  # it had its two seconds: the machine is busy
                    self.assertGreater(time.monotonic() - start, 1.9, str(result))
                    continue
                self.assert_refused(result, CODES[number], "interrupted after step")
                self.assertEqual(status["state"], "stopped", f"after {delay} s")
            self.no_processes_within(10)

    def test_a_run_interrupted_before_its_first_step_goes_on(self):
        write_config(endless())
        process = self.start("run", "config.json", "-q", "-o", "part", "-n", 2, "--set", "stop.steps=5")
        self.wait_for(lambda: len(self.processes()) >= 2, what="mpirun")
        process.send_signal(signal.SIGINT)
        self.assert_refused(self.finish(process, timeout=10), 130, "interrupted after step", "; go on with: muster run")
        self.good("run", "config.json", "-q", "-o", "part", "-n", 2, "--set", "stop.steps=5", "--resume")
        self.good("run", "config.json", "-q", "-o", "whole", "--set", "stop.steps=5")
        self.assertEqual(read_summary("part")["model_sha256"], read_summary("whole")["model_sha256"])

    def with_mpirun(self, script):
        """A stand-in, first on PATH."""
        path = self.directory / "bin" / "mpirun"
        path.parent.mkdir(exist_ok=True)
        path.write_text("#!/bin/sh\n" + script)
        path.chmod(0o755)
        self.environment["PATH"] = f"{path.parent}:{os.environ['PATH']}"
        write_config(endless())

    def test_an_mpirun_that_does_not_end_is_killed_with_all_that_it_started(self):
        self.with_mpirun(STUBBORN)
        # Signals, and the least and most seconds from the first to the end: 2 to get ready, 3 after SIGTERM; or 2.
        for numbers, least, most in (([signal.SIGINT], 4.5, 7), ([signal.SIGTERM, signal.SIGINT], 1.9, 4)):
            with self.subTest(numbers):
                process = self.start("run", "config.json", "-q", "-o", "out", "-n", 2)
                self.wait_for(lambda: len(self.processes()) >= 7, what="launcher, stand-in and five others")
                start = time.monotonic()
                for number in numbers:
                    process.send_signal(number)
                    time.sleep(0.1)
                result = self.finish(process, timeout=15)
                self.assertEqual(self.processes(), [], "left behind")
                self.assert_refused(result, CODES[numbers[0]], "interrupted before the run began")
                self.assertTrue(least < time.monotonic() - start < most, f"{time.monotonic() - start} s: {result}")

    def test_a_request_waits_until_the_ranks_are_ready(self):
        self.with_mpirun(LATE)
        for number, request in ((signal.SIGINT, "USR1"), (signal.SIGTERM, "USR2")):
            with self.subTest(number.name):
                process = self.start("run", "config.json", "-q", "-o", "out", "-n", 2)
                self.wait_for(lambda: len(self.processes()) >= 3, what="launcher, stand-in and its sleep")
                process.send_signal(number)
                result = self.finish(process, timeout=10)
                self.assertEqual((result.code, result.err), (CODES[number], ""), str(result))
                self.assertEqual(pathlib.Path("signals").read_text().split(), [request])
                pathlib.Path("signals").unlink()
                self.assertEqual(self.processes(), [], "left behind")

    def test_an_interruption_is_explained_once(self):
        self.with_mpirun(TOLD)
        process = self.start("run", "config.json", "-q", "-o", "out", "-n", 2)
        self.wait_for(lambda: len(self.processes()) >= 3, what="launcher, stand-in and its sleep")
        process.send_signal(signal.SIGINT)
        result = self.finish(process, timeout=10)
        self.assertEqual(result.err, "muster: interrupted after step 3; go on with: muster run\n")
        self.assertEqual(result.code, 130)

    def test_ranks_do_not_outlive_an_mpirun_that_died(self):
        self.with_mpirun(DYING)
        result = self.muster("run", "config.json", "-q", "-o", "out", "-n", 2)
        self.assertEqual(self.processes(), [], "left behind")
        self.assert_refused(result, 6, "mpirun ended with code 1")
        # The real one, in the middle of a run.
        self.environment["PATH"] = os.environ["PATH"]
        process = self.start("run", "config.json", "-q", "-o", "out", "-n", 2)
        self.wait_for_step("out", 1)
        mpirun = int(pathlib.Path(f"/proc/{self.ranks()[0]}/stat").read_text().rpartition(")")[2].split()[1])
        os.kill(mpirun, signal.SIGKILL)
        result = self.finish(process, timeout=10)
        self.assertEqual(self.processes(), [], "left behind")
        self.assert_refused(result, 6, "mpirun ended with code 137")
        self.assertEqual(read_status("out")["state"], "failed")

    def test_children_that_the_launcher_had_before_are_left_alone(self):
        """A shell that becomes muster by exec may have some."""
        self.with_mpirun(DYING)
        script = f"sleep 300 2>/dev/null & exec {MUSTER} run config.json -q -o out -n 2"
        self.assert_refused(self.command("sh", "-c", script, stdout=subprocess.DEVNULL), 6, "mpirun ended")
        self.assertEqual(len(self.processes()), 1, "the sleep")
        self.end_processes()

    def test_a_reader_that_goes_away_ends_the_run_in_good_order(self):
        """muster run -n 2 ... | head -1"""
        write_config(endless())
        process = self.start("run", "config.json", "-o", "out", "-n", 2)
        self.assertTrue(process.stdout.readline().startswith("step 0/"))
        process.stdout.close()
        result = self.finish(process, timeout=10)
        self.assertEqual((result.code, result.err.count("\n")), (128 + signal.SIGPIPE, 1), str(result))
        self.assertIn("interrupted after step", result.err)
        self.assertEqual(read_status("out")["state"], "stopped")
        self.assertEqual(self.processes(), [], "left behind")

    def test_a_reader_that_stands_still_holds_up_no_signal(self):
        self.with_mpirun(FLOOD)
        process = self.start("run", "config.json", "-o", "out", "-n", 2)
        self.wait_for(lambda: os.path.exists("ready"), what="the stand-in")
        process.send_signal(signal.SIGINT)
        self.wait_for(lambda: os.path.exists("ended"), seconds=4, what="the end in good order")
        time.sleep(0.5)
        self.assertIsNone(process.poll(), "the rest of the output waits for its reader")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=4), 130)
        self.assertEqual(self.processes(), [], "left behind")

    def test_nothing_is_left_when_the_launcher_is_killed(self):
        write_config(endless())
        process = self.start("run", "config.json", "-q", "-o", "out", "-n", 2)
        self.wait_for_step("out", 2)
        self.assertGreaterEqual(len(self.processes()), 4, "launcher, mpirun and two ranks: the search finds them")
        process.send_signal(signal.SIGKILL)
        self.no_processes_within(3)

    def test_an_interrupted_run_is_the_beginning_of_the_whole_one(self):
        write_config(endless())
        process = self.start("run", "config.json", "-q", "-o", "part", "-n", 2)
        self.wait_for_step("part", 3)
        process.send_signal(signal.SIGINT)
        self.finish(process)
        steps = read_summary("part")["total"]["steps"]
        self.good("run", "config.json", "-q", "-o", "whole", "--set", f"stop.steps={steps}")
        self.assertEqual(read_summary("part")["model_sha256"], read_summary("whole")["model_sha256"])
        for name in ("steps.jsonl",):
            part, whole = (pathlib.Path(d, name).read_text() for d in ("part", "whole"))
            self.assertEqual(part, whole)
        # The control: one step fewer is another model.
        self.good("run", "config.json", "-q", "-f", "-o", "whole", "--set", f"stop.steps={steps - 1}")
        self.assertNotEqual(read_summary("part")["model_sha256"], read_summary("whole")["model_sha256"])


if __name__ == "__main__":
    unittest.main()
