"""How a run that fails ends: exit code, one line, and status.json for whoever watches (design.md, sections 8 and 9)."""

import json
import os
import pathlib
import resource
import signal
import subprocess
import time
import unittest

from scenario import Scenario, blobs, endless, read_status, read_summary, write_config

NOBODY = 65534


def has_mounts():
    """Whether a file system of our own can be mounted, out of everyone else's sight."""
    try:
        command = ["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"]
        return subprocess.run(command, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


class ExitCodes(Scenario):
    def diverging(self):
        return blobs(client={"optimizer": {"kind": "sgd", "lr": 1e9}}, stop={"steps": 200})

    def test_a_model_that_diverges(self):
        path = write_config(self.diverging())
        for ranks in ([], ["-n", 2], ["-n", 3]):
            with self.subTest(ranks=ranks):
                result = self.muster("run", path, "-q", "-f", "-o", "out", *ranks)
                self.assert_refused(result, 4)
                status = read_status("out")
                self.assertEqual((status["state"], status["error"]["code"]), ("failed", 4))
                self.assertIn(status["error"]["text"], result.err)
                self.assertFalse(os.path.exists("out/summary.json"))
                # What was measured before is there to be looked at.
                first = json.loads(pathlib.Path("out/metrics.jsonl").read_text().splitlines()[0])
                self.assertEqual(first["step"], 0)
        # The control: the same run with small steps does not.
        sane = ["--set", "client.optimizer.lr=0.01"]
        self.good("run", path, "-q", "-f", "-o", "out", *sane)
        self.assertNotIn("error", read_status("out"))

    def test_a_file_in_the_way(self):
        write_config(blobs())
        pathlib.Path("file").write_text("mine")
        for ranks in ([], ["-n", 2]):
            for place in ("file", "file/below"):
                result = self.muster("run", "config.json", "-q", "-o", place, *ranks)
                self.assert_refused(result, 5, "file", "not a directory")
        self.assertEqual(pathlib.Path("file").read_text(), "mine")

    def test_a_directory_that_may_not_be_written(self):
        write_config(blobs())
        os.chmod(".", 0o755)
        os.mkdir("locked", mode=0o555)
        for ranks in ([], ["-n", 2]):
            # Root may write everywhere.
            user = {} if os.geteuid() != 0 else {"user": NOBODY}
            try:
                result = self.muster("run", "config.json", "-q", "-o", "locked/out", *ranks, **user)
            except PermissionError:
                self.skipTest("the program is where nobody but root may run it")
            self.assert_refused(result, 5, "locked/out", "Permission denied")

    @unittest.skipUnless(has_mounts(), "no right to mount a small file system")
    def test_a_disk_that_is_full(self):
        write_config(blobs(output={"trace": True}, stop={"steps": 300}))
        os.mkdir("small")
        for ranks in ([], ["-n", "2"]):
            script = 'mount -t tmpfs -o size=48k none small && "$@"; code=$?; cp small/out/status.json .; exit $code'
            command = ["unshare", "-m", "sh", "-c", script, "sh", self.program, "run", "config.json", "-q"]
            result = self.command(*command, "-o", "small/out", *ranks)
            result.err = "".join(line for line in result.err.splitlines(True) if not line.startswith("cp: "))
            self.assert_refused(result, 5, "small/out/", "No space left on device")

    def test_a_file_that_may_not_grow(self):
        write_config(blobs(stop={"steps": 300}))
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))  # noqa: E731
        result = self.muster("run", "config.json", "-q", "-o", "out", preexec_fn=limit)
        self.assert_refused(result, 5, "out/", "File too large")
        self.assertEqual(read_status("out")["state"], "failed")

    def test_output_that_cannot_be_written(self):
        write_config(blobs())
        for arguments in (["list"], ["schema"], ["check", "config.json"], ["info"], ["--help"], ["--version"],
                          ["run", "--help"], ["schema", "--markdown"], ["run", "config.json", "-o", "out"],
                          ["run", "config.json", "-o", "out2", "-n", 2]):  # fmt: skip
            with self.subTest(arguments), open("/dev/full", "w") as full:
                result = self.muster(*arguments, stdout=full)
                self.assert_refused(result, 5, "standard output", "cannot write")
        # A closed one, too; and who prints nothing needs none.
        for quiet, code in ((), 5), (("-q",), 0):
            for ranks in ((), ("-n", 2)):
                result = self.muster("run", "config.json", "-f", "-o", "out", *quiet, *ranks, preexec_fn=lambda: os.close(1))
                self.assertEqual(result.code, code, str(result))

    def test_a_rank_that_is_killed(self):
        write_config(endless())
        for ranks, victim in ((2, 1), (3, 0), (3, 2)):
            with self.subTest(ranks=ranks, victim=victim):
                out = f"out{ranks}{victim}"
                process = self.start("run", "config.json", "-q", "-o", out, "-n", ranks)
                self.wait_for_step(out, 2)
                os.kill(self.ranks()[victim], signal.SIGKILL)
                start = time.monotonic()
                result = self.finish(process)
                self.assertLess(time.monotonic() - start, 5)
                self.assert_refused(result, 6, f"rank {victim} ", "signal 9")
                status = read_status(out)
                self.assertEqual((status["state"], status["error"]["code"]), ("failed", 6))
                self.assertIn(status["error"]["text"], result.err)
                self.assertFalse(os.path.exists(f"{out}/summary.json"))
                self.no_processes_within(2)

    def test_a_run_that_needs_mpirun_where_there_is_none(self):
        write_config(blobs())
        self.environment["PATH"] = self.directory.as_posix()
        self.assert_refused(self.muster("run", "config.json", "-q", "-n", 2, "-o", "out"), 2, "mpirun is not installed")
        self.assertFalse(os.path.exists("out"))

    @unittest.skipUnless(os.geteuid() == 0, "mpirun refuses root alone")
    def test_root_without_leave(self):
        write_config(blobs())
        for name in ("OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"):
            self.environment.pop(name, None)
        self.assert_refused(self.muster("run", "config.json", "-q", "-n", 2, "-o", "out"), 2, "root")
        self.good("run", "config.json", "-q", "-o", "out")

    def test_a_code_from_mpirun_is_its_own(self):
        """Under a user's own mpirun the message is the same, once; the code is what mpirun makes of it."""
        result = self.mpirun(2, "run", write_config(self.diverging()), "-q", "-o", "out")
        self.assertEqual(sum(line.startswith("muster: ") for line in result.err.splitlines()), 1, str(result))
        self.assertNotEqual(result.code, 0)
        self.assertEqual(read_status("out")["state"], "failed")

    def test_the_end_is_reported_every_time(self):
        """The launcher learns the code from a line of rank 0's: it must never be lost on the way."""
        write_config(blobs(stop={"steps": 1}))
        for i in range(12):
            self.good("run", "config.json", "-q", "-n", 2, "-o", f"out{i}")
            self.assertEqual(read_summary(f"out{i}")["ended_by"], "steps")


if __name__ == "__main__":
    unittest.main()
