"""Whom the model ends up serving: the numbers of specs/async.md, section 1.2, and their likes for random durations.

The surrogate objective of a strategy is sum p~_i L_i with p~_i the clients' shares of all weights used, so for losses
(x - a_i)^2 / 2 the iterates settle around sum p~_i a_i. A wrong schedule and a wrong weight both show there."""
import unittest

from runs import quadratic, run

TARGETS = (1, 2, 6)
STEPS = 40000
QUIET = {"evaluate": {"every_steps": 37}, "output": {"trace": False, "steps": False}}  # 37 has no factor of any cycle
FEDBUFF_IDLE = {"kind": "fedbuff", "buffer_size": 2, "redispatch": "at_update", "staleness": {"kind": "constant"}}


def late_mean(r, after):
    values = [m["model"][0] for m in r.metrics if m["step"] > after]
    return sum(values) / len(values)


class ConstantDurations(unittest.TestCase):
    """tau = (5, 3, 2), lr 0.001, 40,000 steps, the mean over the last 3,000."""

    def settle(self, strategy, optimum, shares, rates):
        r = run(quadratic(strategy, STEPS, lr=1e-3, **QUIET))
        self.assertAlmostEqual(late_mean(r, STEPS - 3000), optimum, delta=1e-3)
        part = r.summary["participation"]
        for got, expected in zip(part["implied_weights"], shares):
            self.assertAlmostEqual(got, expected, delta=2e-4)
        for got, expected in zip(part["rates"], rates):
            self.assertAlmostEqual(got, expected, delta=2e-4)
        self.assertEqual(part["wanted_weights"], [1 / 3] * 3)
        distance = sum(abs(s - 1 / 3) for s in shares) / 2
        self.assertAlmostEqual(part["total_variation"], distance, delta=2e-4)
        self.assertAlmostEqual(sum(s * a for s, a in zip(shares, TARGETS)), optimum, delta=1e-9)

    def test_fedfix_corrected(self):
        self.settle({"kind": "fedfix", "window_s": 2}, 3, [1 / 3] * 3, [1 / 3, 1 / 2, 1])

    def test_fedfix_uncorrected(self):
        shares = [2 / 11, 3 / 11, 6 / 11]  # in proportion to 1/3, 1/2, 1
        self.settle({"kind": "fedfix", "window_s": 2, "weights": "uncorrected"}, 4, shares, [1 / 3, 1 / 2, 1])

    def test_async_corrected(self):
        self.settle({"kind": "async"}, 3, [1 / 3] * 3, [6 / 31, 10 / 31, 15 / 31])

    def test_async_identical(self):
        shares = [6 / 31, 10 / 31, 15 / 31]  # in proportion to 1/5, 1/3, 1/2
        self.settle({"kind": "async", "weights": "identical"}, 116 / 31, shares, shares)

    def test_fedbuff_that_idles(self):
        self.settle(FEDBUFF_IDLE, 3.75, [1 / 4, 1 / 4, 1 / 2], [1 / 2, 1 / 2, 1])


class RandomDurations(unittest.TestCase):
    """60 clients, 20 of each kind, durations (5, 3, 2) times uniform 0.5..1.5: by counting, a job takes 3, 2 and 1.5
    windows of 2 s in the mean. The standard error of the mean iterate is about 4e-4."""

    def settle(self, strategy):
        r = run(
            quadratic(
                strategy,
                STEPS,
                lr=2e-3,
                durations=[5, 3, 2] * 20,
                targets=TARGETS * 20,
                world={"jitter": {"kind": "uniform", "low": 0.5, "high": 1.5}},
                **QUIET,
            )
        )
        return late_mean(r, 8000), r.summary["participation"]["total_variation"]

    def test_corrected(self):
        for weights in ("corrected", "expected", "rate"):
            mean, distance = self.settle({"kind": "fedfix", "window_s": 2, "weights": weights})
            self.assertAlmostEqual(mean, 3, delta=1.5e-3, msg=weights)
            self.assertLess(distance, 0.01)

    def test_uncorrected(self):
        mean, distance = self.settle({"kind": "fedfix", "window_s": 2, "weights": "uncorrected"})
        self.assertAlmostEqual(mean, 32 / 9, delta=1.5e-3)  # shares 2/9, 3/9, 4/9
        self.assertAlmostEqual(distance, 1 / 9, delta=0.01)

    def test_async(self):
        mean, distance = self.settle({"kind": "async"})
        self.assertAlmostEqual(mean, 3, delta=3e-3)
        self.assertLess(distance, 0.01)


class Dropout(unittest.TestCase):
    """Client 2 loses half of its jobs: only weights by the rate of participation make up for that."""

    def settle(self, weights):
        strategy = {"kind": "fedfix", "window_s": 2, "weights": weights}
        r = run(
            quadratic(
                strategy,
                STEPS,
                lr=2e-3,
                durations=[5, 3, 2] * 20,
                targets=TARGETS * 20,
                world={"dropout": [0, 0, 0.5] * 20},
                **QUIET,
            )
        )
        return late_mean(r, 8000)

    def test_rate_corrects_losses(self):
        self.assertAlmostEqual(self.settle("rate"), 3, delta=5e-3)
        self.assertAlmostEqual(self.settle("corrected"), (1 + 2 + 3) / 2.5, delta=1e-2)


if __name__ == "__main__":
    unittest.main()
