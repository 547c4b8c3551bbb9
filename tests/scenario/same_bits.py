"""The same config gives the same bits on any number of ranks: every strategy, every server optimizer, in float32 and
float64, with clients of unequal size (design.md, section 3). A new row of a registry is tested without a line here."""

import csv
import json
import pathlib
import unittest

from scenario import FASHION_MNIST, Scenario, blobs, read_summary, write_config

RANKS = (2, 3, 7)
# Options of strategies that have no default for them.
NEEDED = {"fedfix": {"window_s": 3}, "ringmaster": {"threshold": 4},
          "sr_sgc": {"B": 1, "W": 2, "lambda": 5}, "m_sgc": {"B": 1, "W": 2, "lambda": 4},
          "coded_auto": {"probe": 4}}  # fmt: skip
FILES = ["config.json", "metrics.jsonl", "metrics.csv", "steps.jsonl", "trace.jsonl", "summary.json", "model.npz"]


def rows_of(listing):
    """The kinds that `muster list` prints, a line each below the list's name."""
    return [line.split()[0] for line in listing.splitlines()[1:] if line.strip()]


def content(path):
    """A result file without what depends on the machine."""
    if path.name == "summary.json":
        return {key: value for key, value in json.loads(path.read_text()).items() if key != "wall"}
    if path.name == "metrics.csv":
        rows = list(csv.DictReader(path.read_text().splitlines()))
        return [{key: value for key, value in row.items() if key != "wall_s"} for row in rows]
    if path.name == "metrics.jsonl":
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        return [{key: value for key, value in row.items() if key != "wall_s"} for row in rows]
    return path.read_bytes()


def differences(a, b):
    """Result files of two runs that do not say the same."""
    return [name for name in FILES if content(pathlib.Path(a) / name) != content(pathlib.Path(b) / name)]


# One world per feature that can change who trains when.
WORLDS = {
    "compute and network": {
        "compute": {"seconds_per_sample": 0.01, "speed": {"kind": "choice", "values": [1, 0.1], "weights": [0.8, 0.2]}},
        "network": {"down_mbps": 20, "up_mbps": {"kind": "lognormal", "mu": 1, "sigma": 0.5}, "latency_s": 0.05},
        "jitter": {"kind": "uniform", "low": 0.9, "high": 1.1},
    },
    "per client": {"duration_s": {"kind": "gamma", "shape": 2, "scale": 3}, "duration_per": "client"},
    "a list": {"duration_s": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]},
    "bernoulli": {"duration_s": 2, "stragglers": {"kind": "bernoulli", "p": 0.3, "slowdown": 5}},
    "gilbert_elliott": {"duration_s": 2, "stragglers": {"kind": "gilbert_elliott", "p": 0.2, "q": 0.5, "extra_s": 7}},
    "fixed": {"duration_s": 2, "stragglers": {"kind": "fixed", "fraction": 0.3, "slowdown": 4}},
    "rack": {"duration_s": 2, "stragglers": {"kind": "rack", "rack_size": 4, "p": 0.3, "extra_s": 4}},
    "on_off": {"duration_s": 2, "availability": {"kind": "on_off", "on_s": 30, "off_s": 10}},
    "diurnal": {"duration_s": 2, "availability": {"kind": "diurnal", "period_s": 40, "duty": 0.6}},
    "dropout": {"duration_s": {"kind": "exponential", "mean": 3}, "dropout": 0.2},
}


class SameBits(Scenario):
    def config(self, strategy="fedavg", **sections):
        # Durations differ by client, so that strategies without rounds see arrivals in an order that is not trivial.
        return blobs(
            server={"strategy": {"kind": strategy, **NEEDED.get(strategy, {})}},
            world={"duration_s": {"kind": "uniform", "low": 1, "high": 9}},
            output={"trace": True},
            **sections,
        )

    def strategy_config(self, strategy, **sections):
        return self.repaired(self.config(strategy, **sections))

    def assert_same_on_any_number_of_ranks(self, config, ranks=RANKS):
        path = write_config(config)
        self.good("run", path, "-q", "-f", "-o", "one")
        # What never trains has the same bits, too.
        self.assertGreater(read_summary("one")["total"]["updates"], 0)
        for n in ranks:
            with self.subTest(ranks=n):
                self.good("run", path, "-q", "-f", "-n", n, "-o", "many")
                self.assertEqual(differences("one", "many"), [])

    def test_every_strategy_in_float32(self):
        names = rows_of(self.good("list", "strategies").out)
        self.assertGreaterEqual(set(names), {"fedavg", "scaffold", "fednova"})
        for name in names:
            with self.subTest(strategy=name):
                self.assert_same_on_any_number_of_ranks(self.strategy_config(name))

    def test_every_strategy_in_float64(self):
        # The other model, precision and local work; two numbers of ranks, since the paths through comm are the same.
        for name in rows_of(self.good("list", "strategies").out):
            with self.subTest(strategy=name):
                softmax = {"kind": "softmax", "precision": "float64", "hidden": None}
                config = self.strategy_config(name, model=softmax, client={"optimizer": {"kind": "momentum"}})
                self.assert_same_on_any_number_of_ranks(config, ranks=(3,))

    def test_every_server_optimizer(self):
        names = rows_of(self.good("list", "server-optimizers").out)
        self.assertGreaterEqual(set(names), {"sgd", "momentum", "adagrad", "adam", "yogi"})
        for name in names:
            with self.subTest(optimizer=name):
                config = self.config()
                config["server"]["optimizer"] = {"kind": name}
                self.assert_same_on_any_number_of_ranks(config, ranks=(2, 7))

    def test_every_world(self):
        for name, world in WORLDS.items():
            for strategy in ("fedavg", "fedbuff"):
                with self.subTest(world=name, strategy=strategy):
                    config = self.config(strategy)
                    config["world"] = world
                    self.assert_same_on_any_number_of_ranks(config, ranks=(2,) if strategy == "fedavg" else (3,))

    @unittest.skipUnless(FASHION_MNIST.is_dir(), "Fashion-MNIST is not installed")
    def test_real_data(self):
        config = self.config(client={"batch_size": 32}, model={"hidden": [32]}, stop={"steps": 2})
        config["data"] = {"source": "fashion-mnist", "clients": 300, "partition": {"kind": "dirichlet", "alpha": 0.3}}
        self.assert_same_on_any_number_of_ranks(config)

    def test_a_users_own_mpirun(self):
        path = write_config(self.config())
        self.good("run", path, "-q", "-f", "-o", "one")
        self.good("run", path, "-q", "-n", 1, "-o", "launched")
        for n, name in ((1, "own1"), (2, "own2")):
            result = self.mpirun(n, "run", path, "-q", "-o", name)
            self.assertEqual(result.code, 0, str(result))
            self.assertEqual(result.out + result.err, "", str(result))
            self.assertEqual(differences("one", name), [])
        self.assertEqual(differences("one", "launched"), [])
        manifest = json.loads(pathlib.Path("own2/manifest.json").read_text())
        self.assertEqual(manifest["ranks"], 2)

    def test_another_seed_gives_other_bits(self):
        path = write_config(self.config())
        self.good("run", path, "-q", "-f", "-o", "one")
        self.good("run", path, "-q", "-o", "other", "--set", "seed=4")
        self.assertNotEqual(read_summary("one")["model_sha256"], read_summary("other")["model_sha256"])
        self.assertEqual(differences("one", "other"), FILES)

    def test_the_comparison_sees_one_digit(self):
        self.good("run", write_config(self.config()), "-q", "-o", "one")
        self.good("run", "config.json", "-q", "-o", "two")
        self.assertEqual(differences("one", "two"), [])
        path = pathlib.Path("two/metrics.csv")
        text = path.read_text()
        digit = text.rstrip().rfind(",") - 1
        path.write_text(text[:digit] + ("1" if text[digit] != "1" else "2") + text[digit + 1 :])
        self.assertEqual(differences("one", "two"), ["metrics.csv"])


if __name__ == "__main__":
    unittest.main()
