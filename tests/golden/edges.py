"""The sixteen edge cases of specs/async.md, section 5, that other simulators stumbled over, as whole runs.

Number 11 (availability traces that depend on the order of look-ups) is a property of the world: tests/unit/world."""
import io
import struct
import time
import unittest
import zipfile

from runs import Failed, call, close, quadratic, run

CONSTANT = {"kind": "constant"}


def by_client(trace):
    jobs = {}
    for job in sorted(trace, key=lambda j: j["job"]):
        jobs.setdefault(job["client"], []).append(job)
    return jobs


class Edges(unittest.TestCase):
    def refused(self, config, place, text):
        """`muster check` finds it, names the place and exits with 3."""
        with self.assertRaises(Failed) as caught:
            call("check", config)
        self.assertEqual(caught.exception.code, 3)
        self.assertIn(place, caught.exception.text)
        self.assertIn(text, caught.exception.text)

    def test_edge_01_equal_times_are_ordered_by_client_and_job(self):
        config = quadratic({"kind": "fedasync"}, 12, durations=[2, 2, 2])
        one = run(config)
        self.assertEqual([s["clients"] for s in one.steps], [[0], [1], [2]] * 4)
        self.assertEqual(run(config, 3).steps, one.steps)
        # Windows that do nothing add events but change no order.
        a = run(quadratic({"kind": "fedfix", "window_s": 2}, 4, durations=[2, 2, 2]))
        b = run(quadratic({"kind": "fedfix", "window_s": 1}, 8, durations=[2, 2, 2], client={"batch_size": "full"}))
        self.assertEqual([s["clients"] for s in b.steps if s["clients"]], [s["clients"] for s in a.steps])

    def test_edge_02_arrivals_at_the_boundary_belong_to_the_window(self):
        at = run(quadratic({"kind": "fedfix", "window_s": 2}, 1, durations=[2, 2, 2]))
        self.assertEqual(at.steps[0]["clients"], [0, 1, 2])
        after = run(quadratic({"kind": "fedfix", "window_s": 2}, 1, durations=[2, 2.000000001, 2]))
        self.assertEqual(after.steps[0]["clients"], [0, 2])
        # The same for the deadline of a round.
        fedavg = {"kind": "fedavg", "fraction": 1, "deadline_s": 2}
        at = run(quadratic(fedavg, 1, durations=[2, 2, 1]))
        self.assertEqual(sorted(at.steps[0]["clients"]), [0, 1, 2])
        after = run(quadratic(fedavg, 1, durations=[2, 2.000000001, 1]))
        self.assertEqual(sorted(after.steps[0]["clients"]), [0, 2])

    def test_edge_02_windows_are_counted_in_integers(self):
        """0.2 s in windows of 0.2 s, a thousand times: in doubles n * 0.2 misses some (specs/async.md 1.3, defect a)."""
        r = run(quadratic({"kind": "fedfix", "window_s": 0.2}, 1000, durations=[0.2, 0.4, 1], evaluate={"every_steps": 0}))
        self.assertTrue(all(2 not in s["clients"] or s["step"] % 5 == 0 for s in r.steps))
        self.assertTrue(all(0 in s["clients"] for s in r.steps))
        self.assertEqual({w for s in r.steps for c, w in zip(s["clients"], s["weights"]) if c == 0}, {1 / 3})

    def test_edge_03_an_empty_window_is_a_step(self):
        r = run(quadratic({"kind": "fedfix", "window_s": 1}, 5))
        self.assertEqual([s["clients"] for s in r.steps], [[], [2], [1], [2], [0]])
        self.assertEqual([s["staleness"] for s in r.steps], [[], [1], [2], [1], [4]])
        self.assertEqual(r.steps[0]["jobs"] + r.steps[0]["weights"], [])
        self.assertEqual(r.iterates()[1], r.iterates()[0])
        self.assertEqual([s["time_s"] for s in r.steps], [1, 2, 3, 4, 5])

    def test_edge_04_stalls_are_refused_or_named(self):
        at_update = {"kind": "fedbuff", "buffer_size": 3, "concurrency": 2, "redispatch": "at_update"}
        self.refused(quadratic(at_update, 5), "/server/strategy/buffer_size", "never fills")
        at_update["buffer_size"] = 2
        self.assertEqual(len(run(quadratic(at_update, 5)).steps), 5)
        for strategy in ({"kind": "fedasync"}, {"kind": "fedavg", "fraction": 1}, {"kind": "rennala", "batch": 2}):
            with self.assertRaises(Failed) as caught:
                run(quadratic(strategy, 5, world={"dropout": 1}))
            self.assertEqual(caught.exception.code, 3)
            self.assertIn("jobs were all lost or late", caught.exception.text)
        with self.assertRaises(Failed) as caught:
            run(quadratic({"kind": "fedavg", "fraction": 1, "deadline_s": 1}, 5))
        self.assertIn("jobs were all lost or late", caught.exception.text)

    def test_edge_04_a_run_that_only_diverges_ends(self):
        for strategy in ({"kind": "fedasync"}, {"kind": "fedbuff", "buffer_size": 2}, {"kind": "fedfix", "window_s": 9}):
            with self.assertRaises(Failed) as caught:
                run(quadratic(strategy, 50, lr=1e5, local_steps=100))
            self.assertEqual(caught.exception.code, 4)

    def test_edge_05_a_dropped_update_frees_its_place(self):
        strategy = {"kind": "fedbuff", "buffer_size": 2, "max_staleness": 0}
        r = run(quadratic(strategy, 30, durations=[50, 3, 2]))
        slow = by_client(r.trace)[0]
        self.assertEqual([j["status"] for j in slow[:1]], ["dropped"])
        r = run(quadratic(strategy, 60, durations=[50, 3, 2]))
        slow = by_client(r.trace)[0]
        self.assertGreaterEqual(len(slow), 2)
        self.assertEqual(slow[1]["dispatch_s"], slow[0]["arrive_s"])
        self.assertGreater(slow[1]["version"], slow[0]["version"])
        self.assertEqual(r.summary["total"]["dropped"], sum(j["status"] == "dropped" for j in r.trace))
        # Where places are filled after the step, a dropped update is still replaced at once.
        strategy.update(redispatch="at_update", concurrency=2, buffer_size=2, max_staleness=0)
        self.assertEqual(len(run(quadratic(strategy, 60, durations=[50, 3, 2])).steps), 60)

    def test_edge_06_a_busy_client_gets_no_second_job(self):
        strategy = {"kind": "fedbuff", "buffer_size": 3, "concurrency": 4}
        r = run(quadratic(strategy, 100, durations={"kind": "exponential", "mean": 1}, targets=range(6)))
        overlaps = 0
        for jobs in by_client(r.trace).values():
            overlaps += sum(b["dispatch_s"] < a["arrive_s"] for a, b in zip(jobs, jobs[1:]))
        self.assertEqual(overlaps, 0)
        changes = sorted([(j["dispatch_s"], 1) for j in r.trace] + [(j["arrive_s"], -1) for j in r.trace])
        flying = most = 0
        for _, change in changes:  # at one time ends sort before beginnings
            flying += change
            most = max(most, flying)
        self.assertEqual(most, 4)
        strategy["concurrency"] = 7
        self.refused(quadratic(strategy, 5, targets=range(6), durations=1), "/server/strategy/concurrency", "only 6 clients")

    def test_edge_07_stale_updates_are_added_not_put_in_place(self):
        r = run(quadratic({"kind": "fedbuff", "buffer_size": 1, "staleness": CONSTANT}, 2))
        self.assertTrue(close(r.iterates(), [0, 0.6, 0.8]))  # 0.6 + 0.1 (2 - 0); a model in place would give 0.2

    def test_edge_08_the_divisor_is_the_buffer_size(self):
        r = run(quadratic({"kind": "fedbuff", "buffer_size": 2, "staleness": {"kind": "polynomial", "exponent": 1}}, 10))
        for step in r.steps:
            for staleness, weight in zip(step["staleness"], step["weights"]):
                self.assertEqual(weight, 1 / (1 + staleness) / 2)
        self.assertTrue(any(sum(s["weights"]) < 1 for s in r.steps))  # not normalised

    def test_edge_09_staleness_counts_server_versions(self):
        r = run(quadratic({"kind": "fedbuff", "buffer_size": 3}, 20))
        jobs = {j["job"]: j for j in r.trace}
        for step in r.steps:
            for job, staleness in zip(step["jobs"], step["staleness"]):
                self.assertEqual(staleness, step["step"] - 1 - jobs[job]["version"])
                steps_between = sum(jobs[job]["dispatch_s"] < s["time_s"] < step["time_s"] for s in r.steps)
                self.assertLessEqual(abs(staleness - steps_between), 1)
        self.assertLess(max(s for step in r.steps for s in step["staleness"]), 3)  # arrivals would come to 5 and more

    def test_edge_10_a_place_is_filled_at_the_time_it_gets_free(self):
        strategy = {"kind": "fedbuff", "buffer_size": 4, "concurrency": 3}
        r = run(quadratic(strategy, 40, durations={"kind": "exponential", "mean": 1}, targets=range(8)))
        ends = {j["arrive_s"] for j in r.trace}
        later = [j for j in r.trace if j["dispatch_s"] > 0]
        self.assertTrue(later and all(j["dispatch_s"] in ends for j in later))

    def test_edge_12_no_job_takes_no_time(self):
        self.refused(quadratic({"kind": "fedasync"}, 5, durations=[1, 0, 2]), "/world/duration_s", "positive")
        self.refused(quadratic({"kind": "fedasync"}, 5, durations=[1, -1, 2]), "/world/duration_s", "positive")
        tiny = run(quadratic({"kind": "fedasync"}, 9, durations=[1e-12] * 3))
        self.assertEqual([s["clients"][0] for s in tiny.steps], [0, 1, 2] * 3)
        self.assertEqual(tiny.summary["total"]["time_s"], 3e-9)

    def test_edge_12_a_world_without_durations_still_serves_everyone(self):
        for strategy in (
            {"kind": "fedasync"}, {"kind": "fedbuff", "buffer_size": 2}, {"kind": "async"}, {"kind": "rennala", "batch": 3},
            {"kind": "fedfix", "window_s": 1}, {"kind": "delay_adaptive"}, {"kind": "ringmaster", "threshold": 9},
            {"kind": "ca2fl", "buffer_size": 3}, {"kind": "fadas", "buffer_size": 3},
        ):  # fmt: skip
            r = run(quadratic(strategy, 30, durations=None))
            counts = [sum(s["clients"].count(c) for s in r.steps) for c in range(3)]
            self.assertLessEqual(max(counts) - min(counts), 1, strategy)
        fedavg = quadratic({"kind": "fedavg", "fraction": 1}, {"time_s": 5}, durations=None)
        self.refused(fedavg, "/stop/time_s", "no time passes")

    def test_edge_13_a_buffer_that_is_not_full_at_the_end(self):
        strategy = {"kind": "fedbuff", "buffer_size": 4}
        dropped = run(quadratic(strategy, {"time_s": 5}))  # arrivals at 2, 3, 4, 5: one step; then 6, 6 and no more
        self.assertEqual(len(dropped.steps), 1)
        dropped = run(quadratic(strategy, {"time_s": 6}))
        self.assertEqual(len(dropped.steps), 1)
        self.assertEqual(dropped.summary["total"]["dropped"], 2)
        self.assertEqual([j["client"] for j in dropped.trace if j["status"] == "dropped"], [1, 2])
        strategy["flush_at_end"] = True
        flushed = run(quadratic(strategy, {"time_s": 6}))
        self.assertEqual([s["clients"] for s in flushed.steps[1:]], [[1, 2]])
        self.assertEqual(flushed.summary["total"]["dropped"], 0)
        self.assertEqual(flushed.metrics[-1]["step"], 2)
        self.assertAlmostEqual(flushed.steps[1]["weights"][0], 1 / 4 / 2**0.5, delta=1e-15)  # staleness 1; the divisor stays

    def test_edge_14_evaluation_changes_nothing(self):
        for strategy in ({"kind": "fedbuff", "buffer_size": 2}, {"kind": "fedfix", "window_s": 2}):
            often = run(quadratic(strategy, 20))
            never = run(quadratic(strategy, 20, evaluate={"every_steps": 0}))
            self.assertEqual(len(never.metrics), 2)
            self.assertEqual((often.sha256, often.trace, often.steps), (never.sha256, never.trace, never.steps))

    def test_edge_15_the_final_model_is_the_last_not_the_best(self):
        r = run(quadratic({"kind": "fedasync", "alpha": 1}, 10, lr=1.9))
        distance = [abs(x - 3) for x in r.iterates()]
        self.assertGreater(distance[-1], min(distance))
        with zipfile.ZipFile(io.BytesIO(r.model)) as npz:
            raw = npz.read(npz.namelist()[0])
        self.assertEqual(struct.unpack("<d", raw[-8:])[0], r.iterates()[-1])

    def test_edge_16_late_work_is_not_computed(self):
        """One of eight clients makes the deadline; trained, the others would take most of the run's time."""

        def cost(deadline_s):
            strategy = {"kind": "fedavg", "fraction": 1, "deadline_s": deadline_s}
            begin = time.monotonic()
            r = run(quadratic(strategy, 6, durations=[1] + [9] * 7, targets=range(8), local_steps=300000))
            self.assertEqual(r.summary["total"]["dropped"], 42 if deadline_s < 9 else 0)
            self.assertLess(sum(r.summary["wall"]["train_s"]), time.monotonic() - begin)
            return sum(r.summary["wall"]["train_s"])

        self.assertLess(cost(5), 0.5 * cost(9))


if __name__ == "__main__":
    unittest.main()
