"""Whole runs of muster for tests: a config as a dict goes in, result files come out. Standard library only.

MUSTER in the environment is the program. A run with more than one rank goes through `muster run -n`."""
import json
import os
import subprocess
import tempfile

MUSTER = os.environ.get("MUSTER", "muster")
ENVIRONMENT = dict(
    os.environ,
    OMPI_ALLOW_RUN_AS_ROOT="1",
    OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
    OMPI_MCA_rmaps_base_oversubscribe="1",
)
TOLERANCE = 1e-9


class Failed(Exception):
    """The program did not end with 0."""

    def __init__(self, code, text):
        super().__init__(f"exit code {code}: {text}")
        self.code = code
        self.text = text


class Run:
    """What a run wrote."""

    def __init__(self, directory):
        self.metrics = read_lines(directory, "metrics.jsonl")
        self.steps = read_lines(directory, "steps.jsonl")
        self.trace = read_lines(directory, "trace.jsonl")
        with open(os.path.join(directory, "summary.json"), encoding="utf-8") as file:
            self.summary = json.load(file)
        with open(os.path.join(directory, "model.npz"), "rb") as file:
            self.model = file.read()
        self.sha256 = self.summary["model_sha256"]

    def iterates(self):
        """The first number of the model at every evaluation, the start included."""
        return [record["model"][0] for record in self.metrics]

    def schedule(self):
        """[(time, {client: version it started from})] of every step."""
        return [
            (step["time_s"], {c: step["step"] - 1 - s for c, s in zip(step["clients"], step["staleness"])})
            for step in self.steps
        ]

    def arrivals(self):
        """[(time, client, version)] of the jobs that ended with an update, in the order of events."""
        kept = [job for job in self.trace if job["status"] in ("used", "dropped")]
        kept.sort(key=lambda job: (job["arrive_s"], job["client"], job["job"]))
        return [(job["arrive_s"], job["client"], job["version"]) for job in kept]


def read_lines(directory, name):
    path = os.path.join(directory, name)
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def call(command, config, *more):
    """Runs `muster command config`; raises Failed."""
    with tempfile.TemporaryDirectory() as scratch:
        path = os.path.join(scratch, "config.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(config, file)
        done = subprocess.run([MUSTER, command, path, *more], env=ENVIRONMENT, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise Failed(done.returncode, done.stderr)
    return done.stdout


def run(config, ranks=1):
    with tempfile.TemporaryDirectory() as scratch:
        directory = os.path.join(scratch, "out")
        more = ["-o", directory, "--quiet"] + (["-n", str(ranks)] if ranks > 1 else [])
        call("run", config, *more)
        return Run(directory)


def quadratic(strategy, stop, *, durations=(5, 3, 2), targets=(1, 2, 6), lr=0.1, local_steps=1, **sections):
    """The workload of theory: client i has loss (x - a_i)^2 / 2, and every client weighs the same."""
    config = {
        "data": {"source": "quadratic", "targets": list(targets)},
        "model": {"kind": "vector"},
        "client": {"optimizer": {"kind": "sgd", "lr": lr}, "batch_size": "full", "local_steps": local_steps},
        "server": {"strategy": strategy, "importance": "uniform"},
        "stop": stop if isinstance(stop, dict) else {"steps": stop},
        "evaluate": {"every_steps": 1},
        "output": {"trace": True},
    }
    if durations is not None:
        config["world"] = {"duration_s": list(durations) if isinstance(durations, (list, tuple)) else durations}
    for name, value in sections.items():
        config[name] = {**config.get(name, {}), **value}
    return config


def close(a, b, tolerance=TOLERANCE):
    """Whether two lists of numbers agree, element by element."""
    return len(a) == len(b) and all(abs(x - y) <= tolerance for x, y in zip(a, b))
