"""Interruption: Ctrl-C and SIGTERM end a run in good order, twice ends it at once, and nothing is left behind."""

import os
import pathlib
import signal
import time
import unittest

from scenario import Scenario, blobs, endless, read_status, read_summary, write_config

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
        """Before the ranks are up there is nobody to ask: the run ends, and neither hangs nor goes on."""
        write_config(endless())
        for i in range(14):
            delay = 0.03 * i
            process = self.start("run", "config.json", "-q", "-o", f"out{i}", "-n", 2)
            time.sleep(delay)
            process.send_signal(signal.SIGINT)
            result = self.finish(process, timeout=10)
            self.assertIn(result.code, (130, -signal.SIGINT), f"after {delay} s: {result}")
            self.assertLessEqual(result.err.count("\n"), 1, str(result))
            status = read_status(f"out{i}")
            self.assertIn(status and status["state"], (None, "stopped", "failed"), f"after {delay} s: {status}")
            self.no_processes_within(10)

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
