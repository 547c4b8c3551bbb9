"""The golden vectors of specs/async.md, sections 1.5 and 2.4: schedules and iterates, on 1, 2 and 3 ranks."""
import unittest

from runs import close, quadratic, run

FEDBUFF_IDLE = {"kind": "fedbuff", "buffer_size": 2, "redispatch": "at_update", "staleness": {"kind": "constant"}}
POLYNOMIAL = {"kind": "polynomial", "exponent": 0.5}


class Vectors(unittest.TestCase):
    def agree(self, config, check):
        """Runs on 1, 2 and 3 ranks; `check` sees the first, the others must have its bits."""
        first = run(config)
        check(first)
        for ranks in (2, 3):
            other = run(config, ranks)
            self.assertEqual(other.sha256, first.sha256)
            self.assertEqual(other.steps, first.steps)
            self.assertEqual(other.iterates(), first.iterates())
        return first

    def same_iterates(self, run_, expected):
        self.assertTrue(close(run_.iterates(), expected), (run_.iterates(), expected))
        broken = expected[:-1] + [expected[-1] + 1e-7]
        self.assertFalse(close(run_.iterates(), broken))

    def test_fedfix(self):
        expected = [(2, {2: 0}), (4, {1: 0, 2: 1}), (6, {0: 0, 2: 2}), (8, {1: 2, 2: 3}), (10, {2: 4}),
                    (12, {0: 3, 1: 4, 2: 5})]  # fmt: skip
        one = [0, 0.2, 0.526666667, 0.809111111, 1.080362963, 1.244350864, 1.483270527]
        two = [0, 0.38, 0.989266667, 1.496613111, 1.909853836, 2.168896427, 2.328595009]
        for local_steps, iterates in ((1, one), (2, two)):
            def check(r, iterates=iterates):
                self.assertEqual(r.schedule(), expected)
                self.same_iterates(r, iterates)

            self.agree(quadratic({"kind": "fedfix", "window_s": 2}, 6, local_steps=local_steps), check)

    def test_fedfix_expected_is_corrected_for_constant_durations(self):
        a = run(quadratic({"kind": "fedfix", "window_s": 2}, 6))
        b = run(quadratic({"kind": "fedfix", "window_s": 2, "weights": "expected"}, 6))
        c = run(quadratic({"kind": "fedfix", "window_s": 2, "weights": "uncorrected"}, 6))
        self.assertEqual(a.sha256, b.sha256)
        self.assertNotEqual(a.sha256, c.sha256)

    def test_async(self):
        expected = [(2, {2: 0}), (3, {1: 0}), (4, {2: 1}), (5, {0: 0}), (6, {1: 2}), (6, {2: 3}), (8, {2: 6}),
                    (9, {1: 5})]  # fmt: skip
        iterates = [0, 0.413333333, 0.62, 1.004859259, 1.177081481, 1.319681481, 1.663791177, 1.962507785, 2.032807365]

        def check(r):
            self.assertEqual(r.schedule(), expected)
            self.same_iterates(r, iterates)

        self.agree(quadratic({"kind": "async"}, 8), check)

    def test_fedbuff_idle_schedule(self):
        expected = [(3, {1: 0, 2: 0}), (5, {0: 0, 2: 1}), (7, {1: 1, 2: 2}), (10, {0: 2, 2: 3}), (12, {1: 3, 2: 4}),
                    (15, {0: 4, 2: 5})]  # fmt: skip
        self.agree(quadratic(FEDBUFF_IDLE, 6), lambda r: self.assertEqual(r.schedule(), expected))

    def same_arrivals(self, r, entries):
        """entries: (time, client, staleness at its use, x after it)."""
        used = [(t, c, v) for t, c, v in r.arrivals()][: len(entries)]
        self.assertEqual([(t, c) for t, c, _ in used], [(t, c) for t, c, _, _ in entries])
        staleness = [s for step in r.steps for s in step["staleness"]]
        self.assertEqual(staleness[: len(entries)], [s for _, _, s, _ in entries])
        clients = [c for step in r.steps for c in step["clients"]]
        self.assertEqual(clients[: len(entries)], [c for _, c, _, _ in entries])
        after, k = [], 0
        for i in range(len(entries)):
            k += i + 1 >= sum(len(step["clients"]) for step in r.steps[: k + 1])
            after.append(r.iterates()[k])
        expected = [x for _, _, _, x in entries]
        self.assertTrue(close(after, expected), (after, expected))
        self.assertFalse(close(after, expected[:-1] + [expected[-1] - 1e-7]))

    def test_fedbuff_immediate(self):
        entries = [(2, 2, 0, 0), (3, 1, 0, 0.4), (4, 2, 1, 0.4), (5, 0, 1, 0.647487373), (6, 1, 1, 0.647487373),
                   (6, 2, 1, 0.902045815), (8, 2, 0, 0.902045815), (9, 1, 1, 1.204762066)]  # fmt: skip
        strategy = {"kind": "fedbuff", "buffer_size": 2, "concurrency": 3, "staleness": POLYNOMIAL}
        self.agree(quadratic(strategy, 4), lambda r: self.same_arrivals(r, entries))

    def test_fedasync_polynomial(self):
        entries = [(2, 2, 0, 0.36), (3, 1, 1, 0.292117749), (4, 2, 1, 0.560202684), (5, 0, 3, 0.422141879),
                   (6, 1, 2, 0.436262976), (6, 2, 2, 0.667637057), (8, 2, 0, 0.987578833),
                   (9, 1, 2, 0.850766857)]  # fmt: skip
        strategy = {"kind": "fedasync", "alpha": 0.6, "staleness": POLYNOMIAL}
        self.agree(quadratic(strategy, 8, lr=0.1), lambda r: self.same_arrivals(r, entries))

    def test_fedasync_hinge(self):
        entries = [(2, 2, 0, 0.36), (3, 1, 1, 0.264), (4, 2, 1, 0.66), (5, 0, 3, 0.644), (6, 1, 2, 0.632741818),
                   (6, 2, 2, 0.663355901), (8, 2, 0, 0.983554547), (9, 1, 2, 0.971877079)]  # fmt: skip
        strategy = {"kind": "fedasync", "alpha": 0.6, "staleness": {"kind": "hinge", "a": 10, "b": 1}}
        self.agree(quadratic(strategy, 8), lambda r: self.same_arrivals(r, entries))


if __name__ == "__main__":
    unittest.main()
