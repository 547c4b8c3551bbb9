"""Input that is wrong: exit code 3 (2 for the command line), one line that names cause and place and at most one of help,
nothing on standard output, no banner of mpirun, one copy on any number of ranks, and no directory left behind."""

import gzip
import json
import os
import pathlib
import struct
import unittest

from scenario import Scenario, blobs, write_config


def changed(path, value):
    """The small scenario with the option at a dotted path replaced."""
    config = blobs()
    at = config
    *parents, last = path.split(".")
    for name in parents:
        at = at.setdefault(name, {})
    at[last] = value
    return json.dumps(config).encode()


GOOD = json.dumps(blobs()).encode()

# name: (content, words of the first line beside the file's name)
FILES = {
    "unknown key": (changed("server.bufer", 1), ["/server/bufer: unknown key"]),
    "did you mean": (changed("server.stratgey", {}), ['/server/stratgey: unknown key; did you mean "strategy"?']),
    "wrong type": (changed("client.batch_size", "ten"), ["/client/batch_size: expected an integer", '"ten"']),
    "out of range": (changed("client.optimizer.lr", -1), ["/client/optimizer/lr: expected a number greater than 0", "-1"]),
    "not an integer": (changed("stop.steps", 1.5), ["/stop/steps: expected an integer", "1.5"]),
    "unknown kind": (changed("model.kind", "mpl"), ["/model/kind", '"mpl"', 'did you mean "mlp"?']),
    "duplicate key": (b'{"seed": 1, ' + GOOD[1:], ["/seed: duplicate key"]),
    "truncated": (GOOD[: len(GOOD) // 2], [":1:"]),
    "not UTF-8": (GOOD.replace(b'"blobs"', b'"bl\xffbs"', 1), [":1:", "not UTF-8"]),
    "NUL byte": (b'{"a": "\0"}', [":1:", "NUL"]),
    "deep arrays": (b"[" * 1_000_000, [":1:", "nested deeper"]),
    "deep objects": (b'{"a":' * 1_000_000, [":1:", "nested deeper"]),
    "empty file": (b"", ["empty"]),
    "text after the end": (GOOD + b" x", [":1:"]),
    "not an object": (b"[1, 2]", ["expected an object, got an array"]),
    "infinite number": (changed("seed", 0).replace(b'"seed": 0', b'"seed": 1e999'), ["1e999"]),
    "nothing ends the run": (changed("stop", {}), ["/stop"]),
}

# Found only when the data is there, so with ranks that are up.
DATA = {
    "cohort above clients": (changed("server.strategy.cohort", 13), ["/server/strategy/cohort", "13", "12"]),
    "clients above rows": (changed("data.clients", 601), ["/data/clients", "601 clients for 600"]),
    "missing data": (changed("data", {"source": "idx", "path": "nowhere"}), ["nowhere", "No such file"]),
    "wrong magic": (changed("data", {"source": "idx", "path": "wrong"}), ["wrong/train-", "magic"]),
    "truncated data": (changed("data", {"source": "idx", "path": "short"}), ["short/train-"]),
    "empty table": (changed("data", {"source": "csv", "path": "empty.csv"}), ["empty.csv"]),
    "model and task": (changed("model", {"kind": "linear"}), ["/model/kind"]),
    "missing durations": (changed("world.duration_s", {"kind": "empirical", "file": "no"}), ["/world/duration_s/file"]),
}


def write_idx(directory, magic, cut=0):
    """Four images of 2 x 2 pixels in the files of MNIST."""
    directory = pathlib.Path(directory)
    directory.mkdir()
    for part in ("train", "t10k"):
        images = struct.pack(">IIII", magic, 4, 2, 2) + bytes(range(16))
        labels = struct.pack(">II", 0x801, 4) + bytes([0, 1, 0, 1])
        (directory / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(images[: len(images) - cut]))
        (directory / f"{part}-labels-idx1-ubyte").write_bytes(labels)


class BadInput(Scenario):
    def assert_nothing_is_left(self, before):
        self.assertEqual(sorted(os.listdir(".")), before)

    def check_refusal(self, code, words, *arguments, ranks=(None, 2)):
        """`muster run` of these arguments is refused on any number of ranks, with the same words."""
        texts = set()
        for n in ranks:
            before = sorted(os.listdir("."))
            result = self.muster("run", *arguments, *([] if n is None else ["-n", n]))
            self.assert_refused(result, code, *words)
            self.assert_nothing_is_left(before)
            texts.add(result.err)
        self.assertEqual(len(texts), 1, texts)

    def test_configs(self):
        for name, (content, words) in FILES.items():
            with self.subTest(name):
                pathlib.Path("bad.json").write_bytes(content)
                self.check_refusal(3, ["muster: bad.json", *words], "bad.json", "-o", "out")
                self.check_refusal(3, ["muster: bad.json", *words], "bad.json")
                self.assert_refused(self.muster("check", "bad.json"), 3, "bad.json", *words)

    def test_data(self):
        write_idx("wrong", 0x123)
        write_idx("short", 0x803, cut=3)
        pathlib.Path("empty.csv").write_text("")
        for name, (content, words) in DATA.items():
            with self.subTest(name):
                pathlib.Path("bad.json").write_bytes(content)
                self.check_refusal(3, words, "bad.json", "-o", "out")
                self.assert_refused(self.muster("check", "bad.json"), 3, *words)

    def test_what_is_refused_is_what_is_wrong(self):
        """The control: the same files without their mistakes are accepted."""
        write_idx("right", 0x803)
        pathlib.Path("good.json").write_bytes(GOOD)
        self.good("run", "good.json", "-o", "out")
        for clients in (12, 600):
            self.good("check", "good.json", "--set", f"data.clients={clients}")
        self.good("check", "good.json", "--set", 'data={"source": "idx", "path": "right", "clients": 2}',
                  "--set", "server.strategy.cohort=2")  # fmt: skip

    def test_files_that_are_none(self):
        os.mkdir("directory.json")
        os.mkfifo("pipe.json")
        for path, words in (
            ("directory.json", ["is a directory"]),
            ("absent.json", ["No such file"]),
            ("pipe.json", ["not a regular file"]),
            ("/dev/zero", ["not a regular file"]),
        ):
            with self.subTest(path):
                self.check_refusal(3, [f"muster: {path}: ", *words], path, "-o", "out")

    def test_command_lines(self):
        write_config(blobs(), "good.json")
        for words, arguments in (
            (["--frobnicate"], ["run", "good.json", "--frobnicate"]),
            (["-Z"], ["run", "-qZ", "good.json"]),
            (["-n"], ["check", "good.json", "-n", "2"]),
            (["--config"], ["run", "good.json", "--config"]),
            (["-n", '"0"'], ["run", "good.json", "-n", "0"]),
            (["-n", '"two"'], ["run", "good.json", "-n", "two"]),
            (["-o", "needs a value"], ["run", "good.json", "-o"]),
            (["a config is missing"], ["run"]),
            (["a config is missing"], ["run", ""]),
            (["more than one config"], ["run", "good.json", "good.json"]),
            (["frobnicate", "not a command"], ["frobnicate"]),
            (['no list of "frob"'], ["list", "frob"]),
            (["--frob"], ["schema", "--frob"]),
            (["--frob"], ["info", "--frob"]),
        ):
            with self.subTest(arguments):
                before = sorted(os.listdir("."))
                self.assert_refused(self.muster(*arguments), 2, *words)
                self.assert_nothing_is_left(before)
        self.assertEqual(self.muster().code, 2)

    def test_set(self):
        write_config(blobs(), "good.json")
        for code, assignment, words in (
            (2, "seed", ["--set seed", "path=value"]),
            (2, "a..b=1", ["--set a..b=1"]),
            (2, "=1", ["--set =1"]),
            (2, "seed=" + "[" * 100_000, ["--set seed="]),
            (2, "model.hidden.7=3", ["--set model.hidden.7=3"]),
            (2, "model.hidden=[1,", ["--set model.hidden=[1,"]),
            (3, "seed=ten", ["good.json: /seed", '"ten"']),
            (3, "seeed=1", ["good.json: /seeed", 'did you mean "seed"?']),
            (3, "server.strategy.kind=fedagv", ["/server/strategy/kind", 'did you mean "fedavg"?']),
        ):
            with self.subTest(assignment[:40]):
                self.check_refusal(code, words, "good.json", "-o", "out", "--set", assignment)

    def test_one_copy_under_a_users_own_mpirun(self):
        for content, words in (FILES["wrong type"], DATA["clients above rows"]):
            pathlib.Path("bad.json").write_bytes(content)
            before = sorted(os.listdir("."))
            result = self.mpirun(2, "run", "bad.json", "-o", "out")
            own = [line for line in result.err.splitlines() if line.startswith("muster: ")]
            self.assertEqual(result.code, 3, str(result))
            self.assertEqual(result.out, "", str(result))
            self.assertEqual(len(own), 1, str(result))
            for word in words:
                self.assertIn(word, own[0])
            self.assert_nothing_is_left(before)


if __name__ == "__main__":
    unittest.main()
