"""What a result directory says about a run is enough to run it again, and true (design.md, section 9)."""

import hashlib
import json
import pathlib
import unittest

from scenario import Scenario, blobs, read_status, read_summary, write_config


class Reproduce(Scenario):
    def test_the_echoed_config_gives_the_same_model(self):
        # Only what has no default is written, and one option comes from the command line.
        config = blobs(world={"duration_s": {"kind": "exponential", "mean": 2}, "dropout": 0.2})
        self.good("run", write_config(config), "-q", "-o", "first", "--set", "client.optimizer.lr=0.02")
        self.good("run", "first/config.json", "-q", "-n", 2, "-o", "again")
        first, again = pathlib.Path("first"), pathlib.Path("again")
        self.assertEqual(read_summary(first)["model_sha256"], read_summary(again)["model_sha256"])
        for name in ("config.json", "steps.jsonl", "model.npz"):
            self.assertEqual((first / name).read_bytes(), (again / name).read_bytes(), name)
        # The override is part of what is echoed: without it the model is another.
        self.good("run", "config.json", "-q", "-o", "plain")
        self.assertNotEqual(read_summary(first)["model_sha256"], read_summary("plain")["model_sha256"])

    def test_the_echo_of_a_strategy_without_training_can_be_run(self):
        """What it must not give (client.batch_size, say), its own config.json does not give."""
        for kind in ("gc", "coded_auto", "dp_gd"):
            strategy = {"kind": kind, "probe": 4} if kind == "coded_auto" else {"kind": kind}
            config = write_config(blobs(server={"strategy": strategy}) | {"client": {}})
            first, again = pathlib.Path(f"{kind}-first"), pathlib.Path(f"{kind}-again")
            self.good("run", config, "-q", "-o", first)
            self.good("run", first / "config.json", "-q", "-o", again)
            self.good("run", first / "config.json", "-q", "-o", first, "--resume")
            for name in ("config.json", "steps.jsonl", "model.npz"):
                self.assertEqual((first / name).read_bytes(), (again / name).read_bytes(), name)
            refused = self.muster("run", config, "-q", "-o", "refused", "--set", "client.batch_size=32")
            self.assert_refused(refused, 3, "/client/batch_size")
            self.assertFalse(pathlib.Path("refused").exists())

    def test_check_prints_what_a_run_echoes(self):
        write_config(blobs())
        self.good("run", "config.json", "-q", "-o", "out")
        printed = self.good("check", "config.json", "--config").out
        self.assertEqual(printed, pathlib.Path("out/config.json").read_text())

    def test_the_hash_is_that_of_the_file(self):
        self.good("run", write_config(blobs()), "-q", "-o", "out")
        model = pathlib.Path("out/model.npz").read_bytes()
        self.assertEqual(hashlib.sha256(model).hexdigest(), read_summary("out")["model_sha256"])
        result = self.command("sha256sum", "out/model.npz")
        self.assertEqual(result.out.split()[0], read_summary("out")["model_sha256"])

    def test_the_files_of_a_run_agree(self):
        self.good("run", write_config(blobs(output={"trace": True})), "-q", "-o", "out")
        lines = {
            name: [json.loads(line) for line in pathlib.Path("out", name).read_text().splitlines()]
            for name in ("metrics.jsonl", "steps.jsonl", "trace.jsonl")
        }
        summary, status = read_summary("out"), read_status("out")
        self.assertEqual([m["step"] for m in lines["metrics.jsonl"]], [0, 2, 4, 5])
        self.assertEqual([s["step"] for s in lines["steps.jsonl"]], [1, 2, 3, 4, 5])
        self.assertEqual(summary["total"]["updates"], sum(j["status"] == "used" for j in lines["trace.jsonl"]))
        self.assertEqual(summary["final"]["test_loss"], lines["metrics.jsonl"][-1]["test_loss"])
        self.assertEqual(summary["ended_by"], "steps")
        self.assertEqual((status["state"], status["step"]), ("done", 5))
        for step in lines["steps.jsonl"]:
            self.assertAlmostEqual(sum(step["weights"]), 1, delta=1e-12)
            jobs = {j["job"]: j for j in lines["trace.jsonl"] if j["step"] == step["step"]}
            self.assertEqual(sorted(jobs), sorted(step["jobs"]))
            for job, client, weight in zip(step["jobs"], step["clients"], step["weights"]):
                self.assertEqual((jobs[job]["client"], jobs[job]["weight"]), (client, weight))


if __name__ == "__main__":
    unittest.main()
