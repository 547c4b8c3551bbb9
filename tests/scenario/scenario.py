"""What the scenario tests share: the program as a user starts it, in a directory of the test's own.

CTest gives the program and the source tree in MUSTER and MUSTER_SOURCE; by hand:
MUSTER=build/release/muster MUSTER_SOURCE=. python3 tests/scenario/commands.py -v"""

import fcntl
import json
import os
import pathlib
import pty
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import termios
import time
import unittest
import uuid

MUSTER = str(pathlib.Path(os.environ["MUSTER"]).resolve())
SOURCE = pathlib.Path(os.environ["MUSTER_SOURCE"]).resolve()
FASHION_MNIST = pathlib.Path("/usr/share/datasets/fashion-mnist")

# Every process of a test carries this mark in its environment, so that those left behind can be found.
MARK = "MUSTER_SCENARIO"

for variable in ("OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"):
    os.environ.setdefault(variable, "1")


def scratch():
    """Where the tests write: memory, where there is enough, since a disk that others keep busy can hold up the flush of a
    result file for a minute."""
    try:
        space = os.statvfs("/dev/shm")
        if os.access("/dev/shm", os.W_OK) and space.f_bavail * space.f_frsize > 2**30:
            return "/dev/shm"
    except OSError:
        pass
    return None


def own_mpirun(ranks):
    """The beginning of the command of a user who starts mpirun."""
    return ["mpirun", "--oversubscribe", "-n", str(ranks)]


class Result:
    def __init__(self, arguments, code, out, err):
        self.arguments, self.code, self.out, self.err = arguments, code, out, err

    def __str__(self):
        return f"{' '.join(self.arguments)}\nexit code {self.code}\n--- stdout\n{self.out}--- stderr\n{self.err}"


class Scenario(unittest.TestCase):
    """Each test runs in an empty directory, which is removed afterwards, and leaves no process behind."""

    program = MUSTER

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="scenario-", dir=scratch()))
        self.mark = uuid.uuid4().hex
        self.environment = {**os.environ, MARK: self.mark}
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        before = os.getcwd()
        os.chdir(self.directory)
        self.addCleanup(os.chdir, before)

    def tearDown(self):
        # Before the clean-ups, which wait for what was started.
        self.end_processes()

    def processes(self):
        """Ids of this test's processes that are alive."""
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            try:
                if f"{MARK}={self.mark}".encode() in (entry / "environ").read_bytes():
                    if (entry / "stat").read_text().rpartition(")")[2].split()[0] != "Z":
                        found.append(int(entry.name))
            except OSError:
                pass
        return found

    def ranks(self):
        """Ids of this test's processes that are ranks of mpirun, in the order of their ranks."""
        found = {}
        for pid in self.processes():
            try:
                for item in pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                    if item.startswith(b"OMPI_COMM_WORLD_RANK="):
                        found[int(item.partition(b"=")[2])] = pid
            except OSError:
                pass
        return [found[rank] for rank in sorted(found)]

    def end_processes(self):
        left = self.processes()
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        return left

    def no_processes_within(self, seconds):
        end = time.monotonic() + seconds
        while self.processes():
            if time.monotonic() > end:
                self.fail(f"processes left behind: {self.processes()}")
            time.sleep(0.05)

    def start(self, *arguments, under=(), **options):
        """A muster that goes on, to be ended by finish()."""
        process = subprocess.Popen(
            [*under, MUSTER, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, errors="replace", env=self.environment, **options)  # fmt: skip
        self.addCleanup(lambda: process.stdout.closed or process.communicate())
        return process

    def finish(self, process, timeout=30):
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.end_processes()
            out, err = process.communicate()
            self.fail(f"did not end within {timeout} s\n{Result(process.args, process.returncode, out, err)}")
        return Result(process.args, process.returncode, out, err)

    def command(self, *arguments, timeout=60, **options):
        """Any command, to its end."""
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, **options}
        arguments = [str(a) for a in arguments]
        done = subprocess.run(arguments, text=True, errors="replace", env=self.environment, timeout=timeout, **options)
        return Result(arguments, done.returncode, done.stdout or "", done.stderr or "")

    def muster(self, *arguments, **options):
        return self.command(MUSTER, *arguments, **options)

    def mpirun(self, ranks, *arguments, **options):
        """A user's own mpirun, which may print its banners."""
        return self.command(*own_mpirun(ranks), MUSTER, *arguments, **options)

    def on_terminal(self, *arguments, columns=100, timeout=60):
        """What the program writes to a terminal, and its exit code."""
        own, its = pty.openpty()
        fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        process = subprocess.Popen([MUSTER, *map(str, arguments)], stdin=its, stdout=its, stderr=its,
                                   env={**self.environment, "LC_ALL": "C.UTF-8"}, close_fds=True)  # fmt: skip
        os.close(its)
        written, end = b"", time.monotonic() + timeout
        while time.monotonic() < end:
            if select.select([own], [], [], 0.5)[0]:
                try:
                    part = os.read(own, 65536)
                except OSError:  # the other side is closed
                    break
                written += part
                if not part:
                    break
        os.close(own)
        return process.wait(timeout=10), written.decode(errors="replace").replace("\r\n", "\n")

    def good(self, *arguments, **options):
        result = self.muster(*arguments, **options)
        self.assertEqual(result.code, 0, str(result))
        return result

    def assert_refused(self, result, code, *words):
        """The rule for errors: the code, nothing on standard output, one line of cause and at most one of help."""
        self.assertEqual(result.code, code, str(result))
        self.assertEqual(result.out, "", str(result))
        lines = result.err.splitlines()
        self.assertIn(len(lines), (1, 2), str(result))
        for line in lines:
            self.assertTrue(line.startswith("muster: "), str(result))
        for word in words:
            self.assertIn(word, lines[0], str(result))

    def repaired(self, config):
        """A config without what its strategy refuses: plain sgd if it is defined for no other optimizer of the clients;
        no local work if they only return gradients; rows for everybody if all must have some."""
        repairs = {
            "/client/optimizer": lambda: config["client"].update(optimizer={"kind": "sgd", "lr": 0.05}),
            "/client": lambda: config.update(client={}),
            "/data/partition": lambda: config["data"].update(partition={"kind": "quantity", "sigma": 0.5}),
        }  # fmt: skip
        for pointer, repair in repairs.items():
            refusal = self.muster("check", write_config(config))
            if refusal.code == 3 and f": {pointer}" in refusal.err:
                repair()
        return config

    def wait_for(self, condition, seconds=20, what="the condition"):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                self.fail(f"{what} did not come within {seconds} s")
            time.sleep(0.01)

    def wait_for_step(self, directory, step=1):
        """Until a run's status says that this many steps are done."""
        self.wait_for(lambda: (read_status(directory) or {}).get("step", -1) >= step, what=f"step {step}")


def read_status(directory):
    """status.json, or None while there is none: it is replaced as a whole, so what is there is complete."""
    try:
        return json.loads((pathlib.Path(directory) / "status.json").read_text())
    except FileNotFoundError:
        return None


def read_summary(directory):
    return json.loads((pathlib.Path(directory) / "summary.json").read_text())


def write_config(config, name="config.json"):
    pathlib.Path(name).write_text(json.dumps(config))
    return name


def blobs(**sections):
    """A small scenario with clients of very different sizes; sections replace or, as objects, extend those here;
    None takes an option out."""
    config = {
        "name": "blobs",
        "seed": 3,
        "data": {
            "source": "blobs", "samples": 600, "test_samples": 300, "features": 6, "classes": 4, "separation": 3,
            "clients": 12, "partition": {"kind": "dirichlet", "alpha": 0.3},
        },
        "model": {"kind": "mlp", "hidden": [8]},
        "client": {"optimizer": {"kind": "adam", "lr": 0.01}, "batch_size": 7, "local_epochs": 2},
        "server": {"strategy": {"kind": "fedavg", "cohort": 5}},
        "stop": {"steps": 5},
        "evaluate": {"every_steps": 2},
    }  # fmt: skip
    for name, section in sections.items():
        if isinstance(section, dict):
            section = {key: value for key, value in {**config.get(name, {}), **section}.items() if value is not None}
        config[name] = section
    return config


def endless():
    """A scenario that takes minutes, in short steps, each of which is evaluated."""
    return blobs(
        name="endless", data={"samples": 20000, "features": 20}, model={"hidden": [32]},
        stop={"steps": 1000000}, evaluate={"every_steps": 1})  # fmt: skip


if __name__ == "__main__":
    raise SystemExit("this is a module; run one of the other files")
