"""muster code: what check reports of a code, what select chooses, and what they refuse."""

import json
import pathlib
import unittest

from scenario import Scenario, blobs, write_config


class Code(Scenario):
    def check(self, *arguments):
        return json.loads(self.good("code", "check", *arguments, "--json").out)

    def test_frc_is_exact_and_plain(self):
        report = self.check(24, 3)
        self.assertEqual((report["code"], report["load"], report["held_most"]), ("frc", 4 / 24, 4))
        for attack in (report["random"], report["contiguous"]):
            self.assertEqual((attack["failures"], attack["amplification"], attack["residual"]), (0, 1, 0))

    def test_cyclic_keeps_the_best_of_its_draws(self):
        one = self.check(32, 5, "--code", "cyclic", "--seeds", 1)
        best = self.check(32, 5, "--code", "cyclic", "--seeds", 40, "--seed", 1)
        self.assertEqual((one["draws"], one["draw"], best["draws"]), (1, 0, 40))
        self.assertLess(best["draw"], 40)
        self.assertLess(best["random"]["amplification"], one["random"]["amplification"])
        for report in (one, best):
            self.assertEqual(report["random"]["failures"] + report["contiguous"]["failures"], 0)
            self.assertLess(report["random"]["residual"], 1e-9)
            self.assertGreater(report["random"]["condition"], 1)
            self.assertEqual(report["contiguous"]["sets"], 32)

    def test_the_same_seed_gives_the_same_numbers(self):
        reports = [self.check(32, 5, "--seed", seed) for seed in (3, 3, 4)]
        for report in reports:
            del report["build_s"], report["decode_s"]
        self.assertEqual(reports[0], reports[1])
        self.assertNotEqual(reports[0]["random"], reports[2]["random"])

    def test_approximate_codes_have_errors(self):
        for code in ("bernoulli", "sbm", "expander"):
            report = self.check(24, 5, "--code", code)
            self.assertFalse(report["exact"])
            self.assertGreater(report["random"]["error"], 1e-3)

    def test_more_stragglers_than_tolerated(self):
        report = self.check(24, 3, "--attack", 4)
        self.assertEqual(report["contiguous"]["failures"], 6)  # whole groups
        self.assertEqual(report["contiguous"]["residual"], 1)

    def test_options_of_a_code(self):
        report = self.check(24, 3, "--code", '{"kind": "sbm", "p": 1, "q": 0}')
        self.assertEqual((report["code"], report["load"]), ("sbm", 4 / 24))

    def test_text(self):
        out = self.good("code", "check", 16, 4).out
        for word in ("cyclic, n = 16, s = 4, exact", "draw", "amplification", "random", "contiguous", "float32"):
            self.assertIn(word, out)

    def select(self, rows, *arguments, clients=8):
        config = blobs(data={"clients": clients}, model={"kind": "none", "hidden": None})
        path = write_config(config)
        pathlib.Path("probe.csv").write_text("".join(",".join(map(str, row)) + "\n" for row in rows))
        return self.muster("code", "select", path, "--probe", "probe.csv", *arguments)

    def test_selection_from_a_probe(self):
        # One straggler in every round, each time another one: gc with s = 1 ends rounds at 2 s, uncoded at 9 s.
        rows = [[9 if worker == r % 8 else 1 for worker in range(8)] for r in range(16)]
        run = self.select(rows, "--alpha", 0, "--vector-s", 0, "--jobs", 10, "--models", 1, "--json")
        report = json.loads(run.out)
        estimates = {s["scheme"]: s for s in report["schemes"]}
        self.assertEqual((report["workers"], report["rounds"], report["best"]), (8, 16, "gc"))
        self.assertEqual((estimates["uncoded"]["estimated_s"], estimates["uncoded"]["waited"]), (90, 10))
        self.assertEqual((estimates["gc"]["s"], estimates["gc"]["estimated_s"]), (1, 20))
        # Where work costs much, the code does not pay.
        run = self.select(rows, "--alpha", 1000, "--jobs", 10, "--models", 1, "--json")
        self.assertEqual(json.loads(run.out)["best"], "uncoded")

    def test_a_measured_probe_and_its_text(self):
        world = {"duration_s": {"kind": "exponential", "mean": 1}}
        path = write_config(blobs(model={"kind": "none", "hidden": None}, world=world))
        out = self.good("code", "select", path, "--rounds", 20, "--jobs", 20, "--wait-out", "minimal").out
        for word in ("12 workers, 20 rounds", "uncoded", "sr_sgc", "lambda=", "<- best"):
            self.assertIn(word, out)

    def test_probes_that_are_refused(self):
        good = [1] * 8
        for rows, words in (
            ([good, [1] * 7], ("probe.csv:2", "7 times", "8")),
            ([good, [1] * 7 + ["slow"]], ("probe.csv:2", "worker 7", '"slow"')),
            ([[-1] * 8], ("probe.csv:1", '"-1"')),
            ([["nan"] * 8], ("probe.csv:1", '"nan"')),
            ([], ("probe.csv", "no rounds")),
            ([[1] * 9], ("9 workers", "8 clients")),
        ):
            with self.subTest(rows=rows):
                run = self.select(rows)
                self.assertEqual((run.code, run.out), (3, ""))
                for word in words:
                    self.assertIn(word, run.err)

    def test_refusals(self):
        for code, words, arguments in (
            (3, "5 does not divide 12", (12, 4, "--code", "frc")),
            (3, "s must be in 0..11", (12, 12)),
            (3, 'did you mean "frc"', (12, 3, "--code", "crc")),
            (3, "at most 4096 workers", (5000, 3, "--code", "cyclic")),
            (2, "expected a whole number in 1..1000000", (0, 0)),
            (2, "expected a whole number in 0..1000000", (12, "three")),
            (2, "12 stragglers of 12 workers leave nobody", (12, 3, "--attack", 12)),
            (2, "unknown option --nonsense", (12, 3, "--nonsense")),
            (2, "--seeds needs a value", (12, 3, "--seeds")),
            (2, "not JSON", (12, 3, "--code", "{")),
        ):
            with self.subTest(arguments=arguments):
                self.assert_refused(self.muster("code", "check", *arguments), code, words)
        self.assert_refused(self.muster("code"), 2, "expected: check N S")
        self.assert_refused(self.muster("code", "check", 3), 2, "expected: check N S")


if __name__ == "__main__":
    unittest.main()
