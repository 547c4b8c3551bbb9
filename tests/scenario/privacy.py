"""muster privacy: the calculator's answers against other implementations' (tests/reference), and what it refuses."""

import json
import unittest

from scenario import Scenario


class Privacy(Scenario):
    def ask(self, *arguments):
        return json.loads(self.good("privacy", *arguments, "--json").out)

    def test_epsilon(self):
        row = ("epsilon", "--sigma", 1.1, "--q", 256 / 60000, "--steps", 14041, "--delta", 1e-5)
        rdp = self.ask(*row)
        self.assertAlmostEqual(rdp["epsilon"], 2.594463015, places=6)
        self.assertAlmostEqual(rdp["order"], 8.1)
        self.assertEqual((rdp["sigma"], rdp["delta"], rdp["accountant"]), (1.1, 1e-5, "rdp"))
        self.assertEqual((rdp["sampling"], rdp["adjacency"]), ("poisson", "add_remove"))
        pld = self.ask(*row, "--accountant", "pld")
        self.assertAlmostEqual(pld["epsilon"], 2.379736384, delta=1e-3)
        zcdp = self.ask(*row, "--accountant", "zcdp")
        self.assertGreater(zcdp["epsilon"], 100 * pld["epsilon"])
        self.assertTrue(self.ask(*row, "--accountant", "gdp")["approximate"])

    def test_fixed_size(self):
        fixed = self.ask("epsilon", "--sigma", 2, "--q", 0.01, "--steps", 1000, "--delta", 1e-5, "--sampling", "fixed")
        self.assertAlmostEqual(fixed["epsilon"], 1.445298242, places=5)
        self.assertEqual((fixed["sampling"], fixed["adjacency"]), ("fixed", "replace_one"))

    def test_sigma_keeps_its_promise(self):
        for accountant, sigma in (("rdp", 1.5131), ("pld", 1.4146)):
            row = ("--q", 0.01, "--steps", 1000, "--delta", 1e-5, "--accountant", accountant)
            answer = self.ask("sigma", "--epsilon", 1, *row)
            self.assertAlmostEqual(answer["sigma"], sigma, delta=2e-4)
            back = self.ask("epsilon", "--sigma", answer["sigma"], *row)
            self.assertLessEqual(back["epsilon"], 1)
            self.assertEqual(back["epsilon"], answer["epsilon"])
            self.assertGreater(self.ask("epsilon", "--sigma", 0.999 * answer["sigma"], *row)["epsilon"], 1)

    def test_no_noise_costs_everything(self):
        self.assertIsNone(self.ask("epsilon", "--sigma", 0, "--delta", 1e-5)["epsilon"])
        self.assertEqual(self.ask("epsilon", "--sigma", 1, "--q", 0, "--delta", 1e-5)["epsilon"], 0)

    def test_text(self):
        out = self.good("privacy", "epsilon", "--sigma", 1, "--q", 0.001, "--steps", 1000, "--delta", 1e-8).out
        for words in ("epsilon     1.25", "accountant  rdp, order 13", "add_remove", "sampling poisson"):
            self.assertIn(words, out)
        out = self.good("privacy", "epsilon", "--sigma", 0.2, "--steps", 1000, "--delta", 1e-5).out
        self.assertIn("edge of the grid", out)
        out = self.good("privacy", "sigma", "--epsilon", 3, "--steps", 10, "--delta", 1e-5, "--sampling", "fixed").out
        self.assertIn("of the 3 allowed", out)
        self.assertIn("twice the clip", out)

    def test_refusals(self):
        epsilon = ("epsilon", "--sigma", 1, "--delta", 1e-5)
        for code, words, arguments in (
            (2, "expected: epsilon or sigma", ()),
            (2, "expected: epsilon or sigma", ("delta",)),
            (2, "needs --sigma", ("epsilon", "--delta", 1e-5)),
            (2, "needs --epsilon", ("sigma", "--delta", 1e-5)),
            (2, "needs --delta", ("epsilon", "--sigma", 1)),
            (2, "give --sigma only", (*epsilon, "--epsilon", 1)),
            (2, 'got "much"', ("epsilon", "--sigma", "much")),
            (2, "expected a whole number", (*epsilon, "--steps", 0)),
            (2, "expected a whole number", (*epsilon, "--steps", 1.5)),
            (2, "expected poisson or fixed", (*epsilon, "--sampling", "shuffle")),
            (2, "no accountant is called", (*epsilon, "--accountant", "sum")),
            (2, "unknown option --nonsense", (*epsilon, "--nonsense")),
            (2, "--q needs a value", (*epsilon, "--q")),
            (3, "delta must be within (0, 1)", ("epsilon", "--sigma", 1, "--delta", 0)),
            (3, "delta must be within (0, 1)", ("epsilon", "--sigma", 1, "--delta", 1)),
            (3, "epsilon must be greater than 0", ("sigma", "--epsilon", 0, "--delta", 1e-5)),
            (3, "a sampling rate must be in 0..1", (*epsilon, "--q", 1.5)),
            (3, "a noise multiplier must be", ("epsilon", "--sigma", -1, "--delta", 1e-5)),
            (3, "pld has no bound for sampling of fixed size",
             (*epsilon, "--q", 0.1, "--sampling", "fixed", "--accountant", "pld")),
        ):
            with self.subTest(arguments=arguments):
                self.assert_refused(self.muster("privacy", *arguments), code, words)


if __name__ == "__main__":
    unittest.main()
