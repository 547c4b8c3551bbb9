"""Where results go: nothing is overwritten unasked, nothing else is touched (design.md, section 9)."""

import json
import os
import pathlib
import re
import unittest

from scenario import Scenario, blobs, read_status, read_summary, write_config

ALWAYS = {"config.json", "manifest.json", "metrics.jsonl", "metrics.csv", "status.json", "summary.json", "model.npz",
          "partition.csv"}  # fmt: skip


class RunDirectory(Scenario):
    def test_the_files_of_a_run(self):
        write_config(blobs())
        for steps, trace, more in (
            ("true", "false", {"steps.jsonl"}),
            ("false", "true", {"trace.jsonl"}),
            ("false", "false", set()),
        ):
            self.good("run", "config.json", "-q", "-f", "-o", "out", "--set", f"output.steps={steps}",
                      "--set", f"output.trace={trace}")  # fmt: skip
            # --force has also cleared the file of the run before that this one does not write.
            self.assertEqual(set(os.listdir("out")) - {"checkpoint"}, ALWAYS | more)

    def test_a_directory_that_is_not_empty(self):
        write_config(blobs())
        os.mkdir("out")
        pathlib.Path("out/notes.txt").write_text("mine")
        for ranks in ([], ["-n", 2]):
            result = self.muster("run", "config.json", "-q", "-o", "out", *ranks)
            self.assert_refused(result, 5, "muster: out: ", "not empty")
            self.assertIn("--force", result.err)
            self.assertEqual(os.listdir("out"), ["notes.txt"])
        self.good("run", "config.json", "-q", "-o", "out", "--force")
        self.assertEqual(pathlib.Path("out/notes.txt").read_text(), "mine")
        self.assertEqual(read_status("out")["state"], "done")

    def test_an_empty_directory_and_missing_parents(self):
        write_config(blobs())
        os.mkdir("out")
        self.good("run", "config.json", "-q", "-o", "out")
        self.good("run", "config.json", "-q", "-o", "a/b/c/")
        self.assertTrue(os.path.exists("a/b/c/summary.json"))

    def test_force_replaces_the_results(self):
        write_config(blobs())
        self.good("run", "config.json", "-q", "-o", "out")
        before = read_summary("out")["model_sha256"]
        self.good("run", "config.json", "-q", "-o", "out", "-f", "--set", "seed=9")
        self.assertNotEqual(read_summary("out")["model_sha256"], before)
        self.assertEqual(json.loads(pathlib.Path("out/config.json").read_text())["seed"], 9)

    def test_a_refused_config_does_not_cost_the_old_results(self):
        write_config(blobs())
        self.good("run", "config.json", "-q", "-o", "out")
        before = {name: pathlib.Path("out", name).read_bytes() for name in ALWAYS}
        for bad in ("seed=x", "data.clients=601"):
            self.assertEqual(self.muster("run", "config.json", "-f", "-o", "out", "--set", bad).code, 3)
        self.assertEqual({name: pathlib.Path("out", name).read_bytes() for name in ALWAYS}, before)

    def test_the_default_name(self):
        write_config(blobs(name="a/../b ü 20%"))
        out = self.good("run", "config.json").out
        self.good("run", "config.json", "-q")
        names = sorted(os.listdir("runs"))
        self.assertEqual(len(names), 2, names)
        for name in names:
            self.assertTrue(re.fullmatch(r"a-\.\.-b-+20--\d{8}-\d{6}(-2)?", name), name)
            self.assertEqual(read_summary(f"runs/{name}")["name"], "a/../b ü 20%")
        self.assertIn(f"results: runs/{names[0]}", out)
        self.assertEqual(sorted(os.listdir(".")), ["config.json", "runs"])

    def test_names_that_need_care(self):
        write_config(blobs(), "my config.json")
        for name in ("-dash", "with space", "quote'\"", "ü"):
            self.good("run", "my config.json", "-q", "-n", 2, f"--output=./{name}")
            self.assertTrue(os.path.exists(f"{name}/summary.json"), name)


if __name__ == "__main__":
    unittest.main()
