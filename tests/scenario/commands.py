"""The subcommands other than run, and what a run prints."""

import json
import os
import pathlib
import pty
import re
import unittest

from scenario import Scenario, blobs, write_config

try:
    import jsonschema
except ImportError:
    jsonschema = None

LISTS = {
    "strategies": "fedavg",
    "models": "softmax",
    "optimizers": "nesterov",
    "schedules": "cosine",
    "server-optimizers": "yogi",
    "sources": "fashion-mnist",
    "partitions": "dirichlet",
    "distributions": "half_normal",
}


class Commands(Scenario):
    def test_help_of_each(self):
        usage = self.good("--help").out
        names = re.findall(r"^  muster ([a-z]+) ", usage, re.M)
        self.assertGreaterEqual(set(names), {"run", "check", "list", "schema", "info", "code"})
        for name in names:
            for flag in ("--help", "-h"):
                result = self.good(name, flag)
                self.assertTrue(result.out.startswith(f"usage: muster {name} "), str(result))
                self.assertEqual(result.err, "")
        self.assertEqual(self.muster().err, usage)

    def test_version(self):
        self.assertRegex(self.good("--version").out, r"^muster \d+\.\d+\.\d+\n$")

    def test_info(self):
        out = self.good("info").out
        for word in ("muster ", "BLAS kernel", "OpenBLAS", "MPI", "ranks        1 on 1 host\n"):
            self.assertIn(word, out)
        result = self.mpirun(2, "info")
        self.assertEqual(result.out.count("BLAS kernel"), 1, str(result))
        self.assertIn("ranks        2 on 1 host\n", result.out)

    def test_each_list(self):
        everything = self.good("list").out
        names = [block.split("\n")[0] for block in everything.split("\n\n")]
        self.assertGreaterEqual(set(names), set(LISTS))
        for name in names:
            out = self.good("list", name).out
            self.assertIn(out, everything)
            self.assertTrue(out.startswith(name + "\n"))
            self.assertGreater(out.count("\n"), 1)
        for name, row in LISTS.items():
            self.assertRegex(self.good("list", name).out, rf"(?m)^  {row} ")

    def test_schema(self):
        schema = json.loads(self.good("schema").out)
        self.assertIn("$schema", schema)
        self.assertGreaterEqual(set(schema["properties"]), {"data", "model", "client", "server", "world", "stop"})
        self.assertIn("fedavg", json.dumps(schema))
        if jsonschema is not None:
            validator = jsonschema.validators.validator_for(schema)
            validator.check_schema(schema)
            validator(schema).validate(blobs())
            with self.assertRaises(jsonschema.ValidationError):
                validator(schema).validate(blobs(stop={"steps": "ten"}))

    def test_schema_of_sweeps(self):
        schema = json.loads(self.good("schema", "--sweep").out)
        self.assertGreaterEqual(set(schema["properties"]), {"base", "axes", "early_stopping"})
        self.assertIn("fedavg", json.dumps(schema))
        self.assertEqual(self.muster("schema", "--sweep", "--markdown").code, 2)
        if jsonschema is not None:
            validator = jsonschema.validators.validator_for(schema)
            validator.check_schema(schema)
            studies = sorted(pathlib.Path(os.environ["MUSTER_SOURCE"], "configs/studies").glob("*.json"))
            self.assertGreaterEqual(len(studies), 6)
            for path in studies:
                validator(schema).validate(json.loads(path.read_text()))
            for broken in (blobs(), {"base": blobs(), "seed": "1"}, {"base": blobs(world=1)}, {"base": blobs(), "axis": []}):
                with self.assertRaises(jsonschema.ValidationError):
                    validator(schema).validate(broken)

    def test_check(self):
        write_config(blobs())
        out = self.good("check", "config.json").out
        config, end = json.JSONDecoder().raw_decode(out)
        # Defaults are filled in, and what was given is there.
        self.assertEqual(config["client"]["proximal_mu"], 0)
        self.assertEqual(config["data"]["partition"]["alpha"], 0.3)
        self.assertIn("parameters", out[end:])
        self.assertIn("clients    12 (dirichlet)", out[end:])
        self.assertEqual(json.loads(self.good("check", "config.json", "--config").out), config)
        self.assertEqual(os.listdir("."), ["config.json"])

    def test_set(self):
        write_config(blobs())
        out = self.good(
            "check", "config.json", "--config",
            "--set", "seed=77", "--set", "model.hidden=[3, 4]", "--set", "/client/optimizer/lr=0.25",
            "--set", "name=a = b", "--set", "output.trace=true", "--set", "client.batch_size=full",
            "--set", 'server.strategy={"kind": "fedavg", "fraction": 0.5}', "--set", "model.hidden.1=5",
            "--set", "stop.time_s=1e3", "--set", "seed=78")  # fmt: skip
        config = json.loads(out.out)
        self.assertEqual(config["seed"], 78)
        self.assertEqual(config["model"]["hidden"], [3, 5])
        self.assertEqual(config["client"]["optimizer"]["lr"], 0.25)
        self.assertEqual(config["client"]["batch_size"], "full")
        self.assertEqual((config["name"], config["output"]["trace"]), ("a = b", True))
        self.assertEqual(config["server"]["strategy"]["fraction"], 0.5)
        self.assertEqual(config["stop"]["time_s"], 1000)

    def test_set_reaches_the_ranks(self):
        write_config(blobs())
        self.good("run", "config.json", "-q", "-n", 2, "-o", "out", "--set", "name=two words", "--set", "stop.steps=3")
        summary = json.loads(pathlib.Path("out/summary.json").read_text())
        self.assertEqual((summary["name"], summary["total"]["steps"]), ("two words", 3))

    def test_progress(self):
        write_config(blobs())
        for i, ranks in enumerate(([], ["-n", 2])):
            result = self.good("run", "config.json", "-o", f"plain{i}", *ranks)
            lines = result.out.splitlines()
            self.assertEqual(result.err, "")
            self.assertEqual([re.match(r"step (\d+)/5, ", line).group(1) for line in lines[:-2]], ["0", "2", "4", "5"])
            self.assertTrue(lines[-2].startswith("test accuracy "), str(result))
            self.assertEqual(lines[-1], f"results: plain{i}")
            self.assertNotIn("\r", result.out)
            quiet = self.good("run", "config.json", "-q", "-o", f"quiet{i}", *ranks)
            self.assertEqual(quiet.out + quiet.err, "")

    def test_progress_on_a_terminal(self):
        write_config(blobs())
        for i, ranks in enumerate(([], ["-n", 2])):
            main, terminal = pty.openpty()
            self.addCleanup(os.close, main)
            self.assertEqual(self.muster("run", "config.json", "-o", f"out{i}", *ranks, stdout=terminal).code, 0)
            os.close(terminal)
            text = os.read(main, 100000).decode()
            # One line, rewritten.
            self.assertEqual(text.count("\r\x1b[K"), 4, repr(text))
            self.assertEqual(text.count("\n"), 3, repr(text))
            code, text = self.on_terminal("run", "config.json", "-o", f"blocks{i}", *ranks)
            self.assertEqual(code, 0, text)
            self.assertRegex(text, "ETA 0 s [\u2581-\u2588]{4}\n")  # the last line: four evaluations


if __name__ == "__main__":
    unittest.main()
