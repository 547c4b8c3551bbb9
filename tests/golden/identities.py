"""Strategies that must be one another, to the bit, on a real model in float32."""
import unittest

from runs import quadratic, run


def blobs(strategy, steps, durations=1, **sections):
    config = {
        "data": {"source": "blobs", "samples": 600, "test_samples": 100, "features": 8, "classes": 4, "clients": 6,
                 "partition": {"kind": "dirichlet", "alpha": 0.3}},
        "model": {"kind": "mlp", "hidden": [16]},
        "client": {"optimizer": {"kind": "sgd", "lr": 0.1}, "batch_size": 16, "local_epochs": 1},
        "server": {"strategy": strategy},
        "world": {"duration_s": durations},
        "stop": {"steps": steps},
    }  # fmt: skip
    config.update(sections)
    return config


class Identities(unittest.TestCase):
    def test_fedfix_with_one_window_per_job_is_fedavg(self):
        fedavg = run(blobs({"kind": "fedavg", "fraction": 1}, 12))
        fedfix = run(blobs({"kind": "fedfix", "window_s": 1}, 12))
        self.assertEqual(fedfix.sha256, fedavg.sha256)
        self.assertEqual([s["time_s"] for s in fedfix.steps], [s["time_s"] for s in fedavg.steps])
        longer = run(blobs({"kind": "fedfix", "window_s": 1}, 12, durations=1.000000001))
        self.assertNotEqual(longer.sha256, fedavg.sha256)

    def test_fedbuff_that_waits_for_all_is_fedavg_with_equal_weights(self):
        tau = [5, 3, 2, 2, 1, 4]
        fedavg = run(blobs({"kind": "fedavg", "fraction": 1, "weights": "uniform"}, 12, tau))
        fedbuff = run(blobs({"kind": "fedbuff", "buffer_size": 6, "redispatch": "at_update"}, 12, tau))
        self.assertEqual(fedbuff.sha256, fedavg.sha256)
        self.assertEqual([s["time_s"] for s in fedbuff.steps], [s["time_s"] for s in fedavg.steps])
        immediate = run(blobs({"kind": "fedbuff", "buffer_size": 6}, 12, tau))
        self.assertNotEqual(immediate.sha256, fedavg.sha256)

    def test_async_of_equally_fast_clients_weighs_m_p(self):
        r = run(blobs({"kind": "async"}, 60))
        wanted = r.summary["participation"]["wanted_weights"]
        for step in r.steps:
            for client, weight in zip(step["clients"], step["weights"]):
                self.assertAlmostEqual(weight, 6 * wanted[client], delta=1e-12)
        self.assertGreater(max(wanted) - min(wanted), 0.05)  # or it would prove nothing

    def test_fedbuff_of_one_update_without_discount_is_async_with_equal_weights(self):
        tau = [5, 3, 2, 2, 1, 4]
        one = run(blobs({"kind": "fedbuff", "buffer_size": 1, "staleness": {"kind": "constant"}}, 60, tau))
        other = run(blobs({"kind": "async", "weights": "identical"}, 60, tau))
        self.assertEqual(one.sha256, other.sha256)
        self.assertEqual(one.steps, other.steps)

    def test_short_windows_come_to_async_order(self):
        """A window shorter than any gap between arrivals steps once per arrival, in their order."""
        fedfix = run(quadratic({"kind": "fedfix", "window_s": 0.25}, 80))
        order = [c for s in fedfix.steps for c in s["clients"]]
        asynchronous = run(quadratic({"kind": "async"}, len(order)))
        self.assertEqual(order, [c for s in asynchronous.steps for c in s["clients"]])


class Ranks(unittest.TestCase):
    def test_every_strategy_has_the_same_bits_on_any_number_of_ranks(self):
        tau = {"kind": "half_normal", "min": 0.5, "sd": 2}
        strategies = [
            {"kind": "fedavg", "cohort": 3, "deadline_s": 3},
            {"kind": "fedavg", "cohort": 3, "over_selection": 1.5},
            {"kind": "fedasync", "concurrency": 4},
            {"kind": "fedbuff", "buffer_size": 3, "concurrency": 4},
            {"kind": "fedfix", "window_s": 1, "weights": "rate"},
            {"kind": "async"},
            {"kind": "delay_adaptive", "concurrency": 5},
            {"kind": "ringmaster", "threshold": 3},
            {"kind": "rennala", "batch": 4},
            {"kind": "ca2fl", "buffer_size": 3, "concurrency": 5},
            {"kind": "fadas", "buffer_size": 3, "concurrency": 5},
        ]
        for i, strategy in enumerate(strategies):
            config = blobs(strategy, 15, tau)
            if strategy["kind"] == "fadas":
                config["server"]["optimizer"] = {"kind": "amsgrad", "lr": 0.05}
            one = run(config)
            for ranks in (2, 3) if i % 2 else (7,):
                other = run(config, ranks)
                self.assertEqual(other.sha256, one.sha256, strategy)
                self.assertEqual(other.steps, one.steps, strategy)
            config["seed"] = 2
            self.assertNotEqual(run(config).sha256, one.sha256, strategy)


if __name__ == "__main__":
    unittest.main()
