"""A million clients: little memory, a quick start, and the same bits. The limits are issue 2's; the figures are printed."""

import json
import os
import pathlib
import time
import unittest

from scenario import Scenario, read_status, read_summary, write_config

CLIENTS = 1_000_000
LIMIT_MB, LIMIT_S = 300, 5
CONFIG = {
    "name": "a million clients",
    "seed": 1,
    "data": {"source": "synthetic", "alpha": 0.5, "beta": 0.5, "clients": CLIENTS},
    "model": {"kind": "softmax"},
    "client": {"optimizer": {"kind": "sgd", "lr": 0.05}, "batch_size": 16, "local_epochs": 1},
    "server": {"strategy": {"kind": "fedavg", "cohort": 100}},
    "stop": {"steps": 20},
    "evaluate": {"every_steps": 1},  # so that status.json shows the first step
}


def peak_mb(pid):
    """The most memory that a living process has held, in MB; 0 if it is gone."""
    try:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1000
    except OSError:
        pass
    return 0


class MillionClients(Scenario):
    def measure(self, ranks, out):
        """(peak MB of each rank, seconds from the start of muster to the end of the first step)."""
        begin = time.monotonic()
        process = self.start("run", "config.json", "-q", "-o", out, *ranks)
        first_step, peaks = None, {}
        pids = [] if ranks else [process.pid]
        while process.poll() is None:
            if not pids and read_status(out) is not None:
                pids = self.ranks()  # found once: the search itself costs time
            for pid in pids:
                peaks[pid] = max(peaks.get(pid, 0), peak_mb(pid))
            if first_step is None and (read_status(out) or {}).get("step", 0) >= 1:
                first_step = time.monotonic() - begin
            time.sleep(0.01)
        result = self.finish(process)
        self.assertEqual(result.code, 0, str(result))
        if first_step is None:
            first_step = time.monotonic() - begin
        return list(peaks.values()), first_step

    def test_memory_and_setup(self):
        write_config(CONFIG)
        for name, ranks in (("1 rank", []), ("2 ranks", ["-n", 2])):
            peaks, first_step = self.measure(ranks, name)
            print(f"{name}: peak {', '.join(f'{p:.0f} MB' for p in peaks)}; first step after {first_step:.2f} s")
            self.assertEqual(len(peaks), 2 if ranks else 1)
            # What is measured is muster: it cannot do with less than its bytes per client on rank 0.
            self.assertGreater(max(peaks), 17e-6 * CLIENTS)
            self.assertLess(max(peaks), LIMIT_MB)
            self.assertLess(first_step, LIMIT_S)
        self.assertEqual(read_summary("1 rank")["model_sha256"], read_summary("2 ranks")["model_sha256"])

    def test_the_summary_stays_small(self):
        write_config(CONFIG)
        self.good("run", "config.json", "-q", "-o", "out", "--set", "stop.steps=2")
        participation = read_summary("out")["participation"]
        self.assertEqual(participation["file"], "participation.csv")
        self.assertLess(os.path.getsize("out/summary.json"), 10000)
        with open("out/participation.csv") as file:
            next(file)
            counts = [int(line.split(",")[1]) for line in file]
        self.assertEqual((len(counts), sum(counts)), (CLIENTS, 200))

    def test_fewer_clients_take_less(self):
        """The control: memory is what clients cost, so a hundredth of them costs less."""
        write_config({**CONFIG, "data": {**CONFIG["data"], "clients": CLIENTS // 100}})
        self.assertLess(max(self.measure([], "small")[0]), 40)


if __name__ == "__main__":
    unittest.main()
