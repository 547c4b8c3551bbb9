"""Runs with privacy: the same bits on any number of ranks, the ledger and the secret key across a resume, and what is
refused."""

import json
import pathlib
import stat
import unittest

from scenario import Scenario, blobs, read_summary, write_config

UNIFORM = {"data": {"partition": {"kind": "iid"}}}


def client_level(**privacy):
    return blobs(
        **UNIFORM, client={"optimizer": {"kind": "sgd", "lr": 0.1}, "local_epochs": 1},
        server={"strategy": {"kind": "fedavg", "cohort": 6, "sampling": "poisson", "weights": "uniform"}},
        stop={"steps": 12}, evaluate={"every_steps": 4},
        privacy={"kind": "client", "noise_multiplier": 1, "delta": 1e-5, "clip": 0.5, "insecure_noise_seed": 9,
                 **privacy})  # fmt: skip


def buffered(**privacy):
    config = client_level(**privacy)
    config["server"] = {"strategy": {"kind": "fedbuff", "buffer_size": 3, "concurrency": 5}}
    config["world"] = {"duration_s": {"kind": "exponential", "mean": 1}}
    return config


def record_level(**privacy):
    config = client_level(**privacy)
    config["privacy"] = {**config["privacy"], "kind": "record", "clip": 1}
    config["server"] = {"strategy": {"kind": "fedavg", "cohort": 6}}
    return config


def differences(restart=3, **privacy):
    config = record_level(**privacy)
    config["client"] = {}
    config["server"] = {
        "strategy": {"kind": "diff2", "restart": restart}, "optimizer": {"kind": "sgd", "lr": 0.5}}  # fmt: skip
    config["world"] = {"duration_s": {"kind": "exponential", "mean": 1}, "dropout": 0.1}
    return config


def walks(**privacy):
    config = differences(**privacy)
    config["server"]["strategy"].update(routine="bvr_l_sgd", local_steps=4, batch_size=8, lr=0.1)
    config["server"]["optimizer"] = {"kind": "sgd", "lr": 1}
    return config


METHODS = {
    "client": client_level(),
    "exact": client_level(mechanism={"kind": "discrete_gaussian"}),
    "adaptive": client_level(adaptive={"enabled": True}, noise_multiplier=0.5),
    "tree": client_level(tree={"kind": "honaker"}),
    "buffer": buffered(),
    "buffered tree": buffered(tree={"kind": "binary", "restart_steps": 2}),
    "exact shares": buffered(noise="per_worker", mechanism={"kind": "discrete_gaussian"}),
    "record": record_level(),
    "diff2": differences(),
    "walks": walks(),
    "shares": differences(noise="per_worker"),
    "walking shares": walks(noise="per_worker"),
    "buffered shares": buffered(noise="per_worker"),
}


def evaluations(directory):
    lines = pathlib.Path(directory, "metrics.jsonl").read_text().splitlines()
    return [{k: v for k, v in json.loads(line).items() if k != "wall_s"} for line in lines]


class PrivateRuns(Scenario):
    def run_on(self, name, ranks, config, *more):
        self.good("run", write_config(config, f"{name}.json"), "-n", ranks, "-o", f"{name}-{ranks}", "--quiet", *more)
        return f"{name}-{ranks}"

    def test_bits_do_not_depend_on_ranks(self):
        for name, config in METHODS.items():
            with self.subTest(name):
                one, two = self.run_on(name, 1, config), self.run_on(name, 2, config)
                self.assertEqual(read_summary(one)["model_sha256"], read_summary(two)["model_sha256"])
                self.assertEqual(evaluations(one), evaluations(two))
                spent = [e["epsilon"] for e in evaluations(one)]
                self.assertEqual(spent[0], 0)
                self.assertGreater(spent[-1], 0)
                self.assertEqual(spent, sorted(spent))
                last = evaluations(one)[-1]
                self.assertEqual(last["epsilon_per_worker"], read_summary(one)["privacy"]["epsilon_per_worker"])
                if "shares" in name:
                    self.assertGreater(last["epsilon_per_worker"], last["epsilon"])
                self.assertEqual(last["noise_key"], "insecure_noise_seed")
                for file in ("status.json", "manifest.json"):
                    self.assertEqual(json.loads(pathlib.Path(one, file).read_text())["noise_key"], "insecure_noise_seed")
                table = pathlib.Path(one, "metrics.csv").read_text().splitlines()
                self.assertTrue(table[0].endswith(",noise_key") and table[-1].endswith(",insecure_noise_seed"))
                grade = "exact" if "exact" in name else "simulation-grade"
                self.assertEqual(read_summary(one)["privacy"]["noise"], grade)
                for key in ("accountant", "unit", "adjacency", "sampling"):
                    self.assertEqual(last[key], read_summary(one)["privacy"][key])
                self.assertTrue(read_summary(one)["privacy"]["insecure_noise_seed"])

    def test_a_resumed_run_keeps_its_ledger(self):
        for name, config in METHODS.items():
            with self.subTest(name):
                whole = self.run_on(name + "-whole", 1, {**config, "output": {"checkpoint_every_steps": 5}})
                broken = self.run_on(name + "-broken", 1, {**config, "output": {"checkpoint_every_steps": 5}})
                for file in ("summary.json", "model.npz"):
                    pathlib.Path(broken, file).unlink()
                status = json.loads(pathlib.Path(broken, "status.json").read_text())
                pathlib.Path(broken, "status.json").write_text(json.dumps({**status, "state": "running"}))
                self.good("run", f"{name}-broken.json", "-n", 2, "-o", broken, "--resume", "--quiet")
                self.assertEqual(read_summary(whole)["model_sha256"], read_summary(broken)["model_sha256"])
                self.assertEqual(evaluations(whole)[-1], evaluations(broken)[-1])

    def test_noise_is_fresh_and_its_key_is_kept_to_the_owner(self):
        config = {**client_level(), "output": {"checkpoint_every_steps": 5}}
        del config["privacy"]["insecure_noise_seed"]
        first, second = self.run_on("fresh", 1, config), self.run_on("again", 1, config)
        self.assertNotEqual(read_summary(first)["model_sha256"], read_summary(second)["model_sha256"])
        self.assertFalse(read_summary(first)["privacy"]["insecure_noise_seed"])
        self.assertEqual(evaluations(first)[-1]["noise_key"], "secret")
        keys = list(pathlib.Path(first, "checkpoint").glob("*/noise.key"))
        self.assertTrue(keys)
        for key in keys:
            self.assertEqual(stat.S_IMODE(key.stat().st_mode), 0o600)
        for file in pathlib.Path(first).glob("*.json*"):
            self.assertNotIn(keys[0].read_bytes().hex(), file.read_text())

    def test_who_takes_part_is_as_secret_as_the_noise(self):
        def drawn(name, seed, **privacy):
            config = {**client_level(**privacy), "seed": seed}
            run = self.run_on(name, 1, config)
            return [json.loads(line)["clients"] for line in pathlib.Path(run, "steps.jsonl").read_text().splitlines()]

        self.assertNotEqual(drawn("fresh-a", 1, insecure_noise_seed=None), drawn("fresh-b", 1, insecure_noise_seed=None))
        self.assertEqual(drawn("seed-a", 1), drawn("seed-b", 2))
        self.assertNotEqual(drawn("seed-c", 1), drawn("seed-d", 1, insecure_noise_seed=10))
        # Nothing is claimed for sampling with a tree: the run's seed says who is drawn.
        tree = {"tree": {"kind": "binary"}, "insecure_noise_seed": None}
        self.assertEqual(drawn("tree-a", 1, **tree), drawn("tree-b", 1, **tree))

    def test_a_resumed_run_draws_the_same_clients(self):
        config = {**client_level(insecure_noise_seed=None), "output": {"checkpoint_every_steps": 5}}
        run = self.run_on("secret", 1, config)
        steps = pathlib.Path(run, "steps.jsonl").read_text()
        model = read_summary(run)["model_sha256"]
        for file in ("summary.json", "model.npz"):
            pathlib.Path(run, file).unlink()
        status = json.loads(pathlib.Path(run, "status.json").read_text())
        pathlib.Path(run, "status.json").write_text(json.dumps({**status, "state": "running"}))
        self.good("run", "secret.json", "-n", 2, "-o", run, "--resume", "--quiet")
        self.assertEqual(pathlib.Path(run, "steps.jsonl").read_text(), steps)
        self.assertEqual(read_summary(run)["model_sha256"], model)

    def test_a_sweep_keeps_the_ledger_of_each_point(self):
        base = record_level(accountant="zcdp")
        axes = [{"path": "/privacy/noise_multiplier", "values": [2, 4]}]
        pathlib.Path("sweep.json").write_text(json.dumps({"base": base, "axes": axes}))
        self.good("sweep", "sweep.json", "-o", "swept", "-q")
        for value in (2, 4):
            base["privacy"]["noise_multiplier"] = value
            alone = read_summary(self.run_on(f"alone-{value}", 1, base))
            (point,) = pathlib.Path("swept/points").glob(f"{value}*")
            self.assertEqual(read_summary(point)["privacy"], alone["privacy"])
            self.assertEqual(read_summary(point)["model_sha256"], alone["model_sha256"])

    def test_participations_are_bounded(self):
        run = self.run_on("bounded", 1, buffered(participations=2))
        rates = read_summary(run)["participation"]["rates"]
        steps = read_summary(run)["total"]["steps"]
        self.assertLessEqual(max(rates) * steps, 2 + 1e-9)

    def test_a_client_is_in_one_leaf_of_a_tree(self):
        for name, config in (("buffer", buffered), ("rounds", client_level)):
            config = config(tree={"kind": "binary", "restart_steps": 2})
            if name == "rounds":
                config["server"]["strategy"]["cohort"] = 3
            run = self.run_on("leaves-" + name, 1, config)
            steps = [json.loads(line)["clients"] for line in pathlib.Path(run, "steps.jsonl").read_text().splitlines()]
            trees = [steps[t] + steps[t + 1] for t in range(0, len(steps) - 1, 2)]
            for clients in trees:
                self.assertEqual(len(clients), len(set(clients)))
            self.assertGreater(len(trees), 2)
            self.assertGreater(sum(map(len, trees)), len(set(sum(trees, []))))  # they come back in later trees

    def refuse(self, config, *words):
        self.assert_refused(self.muster("run", write_config(config), "-o", "never"), 3, *words)
        self.assertFalse(pathlib.Path("never").exists())

    def test_bad_options(self):
        self.refuse(client_level(delta=1), "/privacy/delta")
        self.refuse(client_level(delta=0), "/privacy/delta")
        self.refuse(client_level(clip=0), "/privacy/clip")
        self.refuse(client_level(noise_multiplier=None, epsilon=0), "/privacy/epsilon")
        self.refuse(client_level(epsilon=3), "/privacy/")
        weighted = client_level()
        weighted["server"]["strategy"]["weights"] = "samples"
        self.refuse(weighted, "/server/strategy/weights", "client-level")
        drawn = client_level()
        drawn["server"]["strategy"]["sampling"] = "uniform"
        self.refuse(drawn, "/privacy/sampling")
        reachable = client_level(sampling="fixed")
        reachable["server"]["strategy"]["sampling"] = "uniform"
        reachable["world"] = {"duration_s": 1, "availability": {"kind": "on_off", "on_s": 9, "off_s": 3}}
        self.refuse(reachable, "/server/strategy/sampling", "reached")
        fixed = client_level(sampling="fixed")
        self.refuse(fixed, "/privacy/sampling")
        ring = client_level()
        ring["server"]["strategy"] = {"kind": "ringmaster", "threshold": 3}
        self.refuse(ring, "/privacy/kind", "ringmaster")
        endless = client_level(noise_multiplier=None, epsilon=3)
        endless["stop"] = {"updates": 50}
        self.refuse(endless, "/privacy/epsilon", "steps")
        walk = differences()
        walk["server"]["strategy"]["routine"] = "bvr_l_sgd"
        walk["server"]["optimizer"] = {"kind": "adam"}
        self.refuse(walk, "/server/optimizer/kind", "bvr_l_sgd")
        local = differences()
        local["client"] = {"local_steps": 3}
        self.refuse(local, "/client/local_steps", "do not train")


if __name__ == "__main__":
    unittest.main()
