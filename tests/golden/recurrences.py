"""Strategies against their recurrences, written out here on the quadratic workload with all clients busy.

Each reference is a loop of its own: a heap of (time, client), one number for the model, one per client. A job's update is
lr (a_i - x) for the x it started from."""
import heapq
import math
import unittest

from runs import close, quadratic, run

TAU = (7, 5, 3, 2, 1)
TARGETS = (1, 2, 6, -3, 4)
LR = 0.1
STEPS = 40


class Clients:
    """Who arrives next, from which x and which version; ties go to the lowest client."""

    def __init__(self, x):
        self.heap = []
        self.job = [0] * len(TAU)
        for i in range(len(TAU)):
            self.start(i, 0, x, 0)

    def start(self, i, time, x, version):
        """Also stops the job that the client may have."""
        self.job[i] += 1
        heapq.heappush(self.heap, (time + TAU[i], i, self.job[i], x, version))

    def arrival(self):
        while True:
            time, i, job, x, version = heapq.heappop(self.heap)
            if job == self.job[i]:
                return time, i, LR * (TARGETS[i] - x), version

    def versions(self):
        return {i: v for t, i, job, x, v in self.heap if job == self.job[i]}


def delay_adaptive(weight):
    x, out = 0.0, [0.0]
    clients = Clients(x)
    while len(out) <= STEPS:
        time, i, update, version = clients.arrival()
        w = weight(len(out) - 1 - version)
        if w > 0:
            x += w * update
            out.append(x)
        clients.start(i, time, x, len(out) - 1)
    return out


def ringmaster(threshold, stop):
    x, out = 0.0, [0.0]
    clients = Clients(x)
    while len(out) <= STEPS:
        time, i, update, version = clients.arrival()
        if len(out) - 1 - version < threshold:
            x += update
            out.append(x)
            if stop:
                for j, v in clients.versions().items():
                    if j != i and len(out) - 1 - v >= threshold:
                        clients.start(j, time, x, len(out) - 1)
        clients.start(i, time, x, len(out) - 1)
    return out


def rennala(batch, stop):
    x, out, gathered = 0.0, [0.0], []
    clients = Clients(x)
    while len(out) <= STEPS:
        time, i, update, version = clients.arrival()
        if version == len(out) - 1:
            gathered.append(update)
            if len(gathered) == batch:
                x += sum(gathered) / batch
                out.append(x)
                gathered = []
                for j in range(len(TAU)) if stop else ():
                    clients.start(j, time, x, len(out) - 1)
        if not (stop and not gathered):
            clients.start(i, time, x, len(out) - 1)
    return out


def buffered(size, step):
    """step(x, [(client, update, staleness)]) is the next x; clients go on at once."""
    x, out, held = 0.0, [0.0], []
    clients = Clients(x)
    while len(out) <= STEPS:
        time, i, update, version = clients.arrival()
        held.append((i, update, len(out) - 1 - version))
        if len(held) == size:
            x = step(x, held)
            out.append(x)
            held = []
        clients.start(i, time, x, len(out) - 1)
    return out


def ca2fl(size):
    cache = [0.0] * len(TAU)

    def step(x, held):
        v = sum(cache) / len(cache)
        for i, update, _ in held:
            v += (update - cache[i]) / len(held)
            cache[i] = update
        return x + v

    return buffered(size, step)


def fadas(size, threshold, lr=0.3, beta1=0.9, beta2=0.99, eps=1e-8):
    m = v = top = 0.0

    def step(x, held):
        nonlocal m, v, top
        d = sum(update for _, update, _ in held) / len(held)
        m = beta1 * m + (1 - beta1) * d
        v = beta2 * v + (1 - beta2) * d * d
        top = max(top, v)
        worst = max(staleness for _, _, staleness in held)
        rate = lr if worst <= threshold else min(lr, lr / worst)
        return x + rate * m / (math.sqrt(top) + eps)

    return buffered(size, step)


class Recurrences(unittest.TestCase):
    def same(self, strategy, expected, other, **sections):
        """`other` is the recurrence with one thing changed: the comparison must tell."""
        r = run(quadratic(strategy, STEPS, durations=TAU, targets=TARGETS, lr=LR, **sections))
        self.assertTrue(close(r.iterates(), expected), (r.iterates()[:8], expected[:8]))
        self.assertFalse(close(r.iterates(), other, 1e-6))

    def test_delay_adaptive_ratio(self):
        self.same({"kind": "delay_adaptive"}, delay_adaptive(lambda d: 5 / max(5, d)), delay_adaptive(lambda d: 1))
        self.same({"kind": "delay_adaptive", "threshold": 2.5}, delay_adaptive(lambda d: 2.5 / max(2.5, d)),
                  delay_adaptive(lambda d: 5 / max(5, d)))  # fmt: skip

    def test_delay_adaptive_smoothness(self):
        strategy = {"kind": "delay_adaptive", "rule": "smoothness", "smoothness": 1.5}

        def weight(d):
            return min(1, 1 / (4 * 1.5 * LR * d)) if d > 0 else 1

        self.same(strategy, delay_adaptive(weight), delay_adaptive(lambda d: weight(d + 1)))

    def test_delay_adaptive_drop(self):
        strategy = {"kind": "delay_adaptive", "rule": "drop", "threshold": 4}
        self.same(strategy, delay_adaptive(lambda d: d <= 4), delay_adaptive(lambda d: d < 4))

    def test_ringmaster(self):
        self.same({"kind": "ringmaster", "threshold": 4}, ringmaster(4, True), ringmaster(5, True))
        self.same({"kind": "ringmaster", "threshold": 4, "stop": False}, ringmaster(4, False), ringmaster(4, True))

    def test_ringmaster_that_stops_never_drops(self):
        r = run(quadratic({"kind": "ringmaster", "threshold": 4}, STEPS, durations=TAU, targets=TARGETS))
        self.assertLess(max(s for step in r.steps for s in step["staleness"]), 4)
        self.assertEqual({job["status"] for job in r.trace}, {"used", "late"})

    def test_rennala(self):
        self.same({"kind": "rennala", "batch": 4}, rennala(4, True), rennala(3, True))
        self.same({"kind": "rennala", "batch": 4, "stop": False}, rennala(4, False), rennala(4, True))

    def test_ca2fl(self):
        # Of four arrivals in a buffer some client is there twice or more: tau is 1 for the fastest.
        r = run(quadratic({"kind": "ca2fl", "buffer_size": 4}, STEPS, durations=TAU, targets=TARGETS))
        self.assertTrue(any(len(set(s["clients"])) < 4 for s in r.steps))
        self.same({"kind": "ca2fl", "buffer_size": 4}, ca2fl(4), ca2fl(3))
        plain = buffered(4, lambda x, held: x + sum(u for _, u, _ in held) / 4)
        self.same({"kind": "ca2fl", "buffer_size": 4}, ca2fl(4), plain)

    def test_fadas(self):
        optimizer = {"kind": "amsgrad", "lr": 0.3}
        for threshold in (1, 2):
            self.same({"kind": "fadas", "buffer_size": 2, "delay_threshold": threshold}, fadas(2, threshold),
                      fadas(2, threshold, beta2=0.98), server={"optimizer": optimizer})  # fmt: skip
        self.same({"kind": "fadas", "buffer_size": 2, "delay_threshold": 1}, fadas(2, 1), fadas(2, 1000),
                  server={"optimizer": optimizer})  # fmt: skip


if __name__ == "__main__":
    unittest.main()
