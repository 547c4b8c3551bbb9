"""muster report: the page in a real browser, the figures, and what is refused."""

import json
import os
import pathlib
import shutil
import sys
import time
import unittest

from browser import CHROMIUM, Browser
from scenario import SOURCE, Scenario

# Where screenshots are kept: beside the build, so that they can be looked at after the test.
ARTEFACTS = pathlib.Path(os.environ.get("MUSTER_ARTEFACTS", "artefacts")).resolve()
in_browser = unittest.skipIf(CHROMIUM is None, "no chromium here; on Debian: apt-get install chromium")

STRATEGIES = {"fedavg": {"kind": "fedavg", "cohort": 5}, "fedbuff": {"kind": "fedbuff", "buffer_size": 3, "concurrency": 8}}


class Report(Scenario):
    def small_study(self):
        for name, strategy in STRATEGIES.items():
            for seed in (1, 2):
                self.good("run", SOURCE / "configs/blobs.json", "--quiet", "--set", f"server.strategy={json.dumps(strategy)}",
                             "--set", f"seed={seed}", "--set", "output.trace=true", "--set", "output.clients=true", "--set", "world.compute.seconds_per_sample=0.002", "--set", 'stop={"steps":20,"target_accuracy":0.999}',
                             "--set", "evaluate.every_steps=1", "-o", f"study/points/{name}-{seed}")
        return pathlib.Path("study")

    # Pixels of a canvas that are not blank, by the id of what holds it.
    INK = """Object.fromEntries([...document.querySelectorAll('canvas')].map(c => {
        const p = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
        let n = 0; for (let i = 3; i < p.length; i += 4) n += p[i] > 0; return [c.parentElement.id, n]; }))"""

    def check_quiet(self, browser):
        self.assertEqual(browser.complaints, [])
        self.assertTrue(all(url.startswith("file:///") and url.endswith("report.html") or url.startswith("data:")
                            for url in browser.requests), browser.requests)

    @in_browser
    def test_page_of_a_study(self):
        study = self.small_study()
        self.good("report", study)
        page = (study / "report.html").resolve()
        with Browser() as b:
            b.open(page)
            ink = b.evaluate(self.INK)
            for name in ("curve-test_accuracy", "curve-test_loss", "staleness", "participation", "fairness", "partition", "gantt"):
                self.assertGreater(ink.get(name, 0), 1000, (name, ink))
            self.assertNotIn("frontier-plot", ink)  # nothing private here
            self.check_axes(b)
            self.check_target(b)
            self.check_legend(b)
            self.check_table(b)
            self.check_timeline(b)
            ARTEFACTS.mkdir(parents=True, exist_ok=True)
            for width in (1200, 400):
                for dark in (False, True):
                    b.open(page, width=width, dark=dark)
                    self.assertLessEqual(b.evaluate("document.documentElement.scrollWidth"), width)
                    self.assertEqual(b.evaluate("document.documentElement.dataset.theme"), "dark" if dark else "light")
                    picture = ARTEFACTS / f"report-{width}-{'dark' if dark else 'light'}.png"
                    b.screenshot(picture)
                    self.assertGreater(picture.stat().st_size, 20000)
            b.evaluate("document.getElementById('theme').click()")
            self.assertEqual(b.evaluate("document.documentElement.dataset.theme"), "light")
            self.check_quiet(b)

    def check_target(self, b):
        """Time to a target by the page is that of the evaluations in the files."""
        for target in (40, 80):
            b.evaluate(f"(() => {{ const t = document.getElementById('target'); t.value = {target}; t.oninput(); }})()")
            times = [next((r["time_s"] for r in map(json.loads, pathlib.Path(f"study/points/fedavg-{s}/metrics.jsonl").read_text().splitlines())
                           if r["test_accuracy"] >= target / 100), None) for s in (1, 2)]  # fmt: skip
            found = b.evaluate(f"groups[0].runs.map(r => reach(r, {target / 100}, 'time_s'))")
            for want, got in zip(times, found):
                self.assertEqual(want is None, got is None, (target, times, found))
                if want is not None:
                    self.assertAlmostEqual(want, got, delta=1e-5 * want)
        b.evaluate("(() => { const t = document.getElementById('target'); t.value = 100; t.oninput(); })()")
        self.assertIn("not reached", b.evaluate("document.getElementById('groups').textContent"))

    def check_axes(self, b):
        self.assertIn("strategy", b.evaluate("document.getElementById('subtitle').textContent"))
        self.assertEqual(b.evaluate("[...document.querySelectorAll('#groups tbody td.text')].map(c => c.textContent.trim())"),
                         ["fedavg", "fedbuff"])
        options = b.evaluate("[...document.getElementById('x').options].map(o => o.value)")
        self.assertTrue({"step", "time_s", "bytes", "updates"} <= set(options), options)
        for x in options:
            b.evaluate(f"(() => {{ const x = document.getElementById('x'); x.value = '{x}'; x.onchange(); }})()")
            most = b.evaluate("charts.get('curve-test_accuracy').scales.x.max")
            # A band ends where the first of its runs does, and the axis goes on to a round number.
            end = b.evaluate(f"Math.max(...groups.map(g => Math.min(...g.runs.map(r => column(r.metrics, '{x}').at(-1)))))")
            # On a busy machine one run may begin, by the wall's clock, after the other has ended: then each is drawn to its own end.
            longest = b.evaluate(f"Math.max(...data.runs.map(r => column(r.metrics, '{x}').at(-1)))") if x == "wall_s" else end
            self.assertTrue(end * 0.999 <= most <= longest * 2, (x, end, most))
        b.evaluate("(() => { const x = document.getElementById('x'); x.value = 'step'; x.onchange(); })()")
        # The mean over two seeds is that of the files.
        value = b.evaluate("charts.get('curve-test_accuracy').data.datasets.filter(d => !d.quiet)[0].data.at(-1).y")
        finals = [json.loads(pathlib.Path(f"study/points/fedavg-{s}/summary.json").read_text())["final"]["test_accuracy"] for s in (1, 2)]
        self.assertAlmostEqual(value, sum(finals) / 2, places=5)
        self.assertNotAlmostEqual(value, sum(finals) / 2 + 1e-3, places=5)

    def check_legend(self, b):
        sets = "charts.get('curve-test_accuracy').data.datasets.length"
        before = b.evaluate(sets)
        self.assertEqual(before, 6)  # low, high and mean of two groups
        b.evaluate("document.querySelector('#legend button').focus()")
        b.press(" ", " ")
        self.assertEqual(b.evaluate("document.querySelector('#legend button').getAttribute('aria-pressed')"), "false")
        self.assertEqual(b.evaluate(sets), 3)
        b.evaluate("document.getElementById('all').click()")
        b.evaluate("document.getElementById('bands').click()")
        self.assertEqual(b.evaluate(sets), 4)  # a line per run
        b.evaluate("document.getElementById('log').click()")
        self.assertEqual(b.evaluate("charts.get('curve-test_loss').scales.y.type"), "logarithmic")

    def check_table(self, b):
        names = "[...document.querySelectorAll('#table tbody tr')].map(r => r.cells[0].textContent)"
        self.assertEqual(b.evaluate(names), ["fedavg-1", "fedavg-2", "fedbuff-1", "fedbuff-2"])
        b.evaluate("document.querySelector('#table th button').click()")
        self.assertEqual(b.evaluate(names)[0], "fedbuff-2")
        for words, count in (("fedbuff", 2), ("seed>1", 2), ("seed>1 fedavg", 1), ("nothing-like-it", 0), ("", 4)):
            b.evaluate(f"(() => {{ const f = document.getElementById('filter'); f.value = '{words}'; f.oninput(); }})()")
            self.assertEqual(len(b.evaluate(names)), count, words)

    def check_timeline(self, b):
        width = "charts.get('gantt').scales.x.max - charts.get('gantt').scales.x.min"
        frame = "new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))"
        before = b.evaluate(width)
        b.evaluate("document.getElementById('zoom-in').click()")
        b.evaluate(frame)
        self.assertAlmostEqual(b.evaluate(width), before / 2, places=6)
        b.evaluate("document.querySelector('#gantt canvas').focus()")
        b.press("+", "+")
        b.evaluate(frame)
        self.assertAlmostEqual(b.evaluate(width), before / 4, places=6)
        b.press("0", "0")
        b.evaluate(frame)
        jobs = len(pathlib.Path("study/points/fedavg-1/trace.jsonl").read_text().splitlines())
        self.assertIn(f"{jobs} jobs", b.evaluate("document.getElementById('timeline-note').textContent"))

    @in_browser
    def test_two_hundred_points_load_in_two_seconds(self):
        self.small_study()
        for i in range(200):
            run = pathlib.Path(f"big/points/p{i:03}")
            run.mkdir(parents=True)
            config = json.loads(pathlib.Path("study/points/fedbuff-1/config.json").read_text())
            config["seed"], config["server"]["strategy"]["buffer_size"] = i % 5, 1 + i // 5
            (run / "config.json").write_text(json.dumps(config))
            for name in ("summary.json", "status.json", "steps.jsonl"):
                shutil.copy(f"study/points/fedbuff-1/{name}", run)
            row = json.loads(pathlib.Path("study/points/fedbuff-1/metrics.jsonl").read_text().splitlines()[-1])
            with (run / "metrics.jsonl").open("w") as out:
                for step in range(500):
                    row.update(step=step, time_s=step * 1.25 + i, test_accuracy=1 - 1 / (2 + step / (9 + i)), test_loss=3 / (1 + step))
                    out.write(json.dumps(row) + "\n")
        begin = time.monotonic()
        self.good("report", "big")
        print(f"written in {time.monotonic() - begin:.2f} s, {pathlib.Path('big/report.html').stat().st_size / 1e6:.1f} MB", file=sys.stderr)
        with Browser() as b:
            took = min(b.open(pathlib.Path("big/report.html").resolve()) for _ in range(3))
            print(f"loaded in {took:.0f} ms", file=sys.stderr)
            self.assertLess(took, 2000)
            self.assertEqual(b.evaluate("document.querySelectorAll('#table tbody tr').length"), 200)
            self.assertEqual(b.evaluate("groups.length"), 40)
            self.assertEqual(b.evaluate("groups.every(g => g.runs.length === 5)"), True)
            self.check_quiet(b)

    @in_browser
    def test_strategies_are_compared(self):
        base = json.loads((SOURCE / "configs/blobs.json").read_text())
        base["stop"] = {"steps": 20, "target_accuracy": 0.3}
        axes = [{"path": "/server/strategy", "values": list(STRATEGIES.values())},
                {"path": "/world/compute/seconds_per_sample", "values": [0.001, 0.002], "labels": ["quick", "slow"]}]
        pathlib.Path("sweep.json").write_text(json.dumps({"base": base, "axes": axes, "seeds": 3}))
        self.good("sweep", "sweep.json", "-o", "swept", "--quiet")
        self.good("report", "swept")
        found = json.loads(pathlib.Path("swept/statistics.json").read_text())
        rows = "[...document.querySelectorAll('#%s tbody tr')].map(r => [...r.cells].map(c => c.textContent))"
        with Browser() as b:
            b.open(pathlib.Path("swept/report.html").resolve())
            ink = b.evaluate(self.INK)
            self.assertGreater(ink["profile-plot"], 1000)
            # Each run ends at its second evaluation, so that it has one training loss: a point, as there is no line.
            losses = b.evaluate("charts.get('curve-train_loss').data.datasets.map(d => [d.data.length, d.pointRadius])")
            self.assertEqual(losses, [[1, 4]] * 12)
            # The area under the drawn steps from 1 to 4, over 3, is the score of the file.
            for i, strategy in enumerate(found["strategies"]):
                steps = b.evaluate(f"charts.get('profile-plot').data.datasets[{i}].data")
                area = sum((min(4, q["x"]) - min(4, p["x"])) * p["y"] for p, q in zip(steps, steps[1:])) / 3
                self.assertAlmostEqual(area, strategy["score"], places=9)
            self.assertNotEqual(found["strategies"][0]["score"], found["strategies"][1]["score"])
            self.assertEqual([r[0] for r in b.evaluate(rows % "spreads")], [g["group"] for g in found["groups"]])
            self.assertTrue(all("\u00b1" in r[3] for r in b.evaluate(rows % "spreads")))
            self.assertEqual(len(b.evaluate(rows % "pairs")), len(found["paired"]))
            b.open(pathlib.Path("swept/report.html").resolve(), width=400, dark=True)
            self.assertLessEqual(b.evaluate("document.documentElement.scrollWidth"), 400)
            b.open(pathlib.Path("swept/report.html").resolve(), width=1200)
            ARTEFACTS.mkdir(parents=True, exist_ok=True)
            b.screenshot(ARTEFACTS / "report-comparison.png")
            self.check_quiet(b)
        pathlib.Path("swept/statistics.json").unlink()  # a report without it has no such section
        self.good("report", "swept")
        with Browser() as b:
            b.open(pathlib.Path("swept/report.html").resolve())
            self.assertEqual(b.evaluate("document.getElementById('comparison').hidden"), True)
            self.check_quiet(b)

    @in_browser
    def test_private_runs_have_a_frontier(self):
        self.private_study()
        self.good("report", "study")
        with Browser() as b:
            b.open(pathlib.Path("study/report.html").resolve())
            self.assertGreater(b.evaluate(self.INK)["frontier-plot"], 1000)
            # A colour for each strategy, and a point of its line for the mean of both seeds.
            self.assertEqual(b.evaluate("data.families"), ["fedavg", "fedbuff"])
            lines = b.evaluate("charts.get('frontier-plot').data.datasets.filter(d => d.quiet).map(d => d.data)")
            ends = [json.loads(pathlib.Path(f"study/points/fedavg-{s}/metrics.jsonl").read_text().splitlines()[-1]) for s in (1, 2)]
            self.assertEqual([len(line) for line in lines], [1, 1])
            b.evaluate("document.getElementById('none').click()")  # of the curves alone
            self.assertEqual(b.evaluate("charts.get('curve-test_loss').data.datasets.length"), 0)
            self.assertEqual(b.evaluate("charts.get('frontier-plot').data.datasets.filter(d => d.quiet).map(d => d.data)"), lines)
            self.assertAlmostEqual(lines[0][0]["x"], (ends[0]["epsilon"] + ends[1]["epsilon"]) / 2, places=5)
            self.assertAlmostEqual(lines[0][0]["y"], (ends[0]["test_accuracy"] + ends[1]["test_accuracy"]) / 2, places=5)
            self.assertEqual(b.evaluate("undominated([{x: 3, y: 0.7}, {x: 1, y: 0.5}, {x: 2.98, y: 0.6}, {x: 2, y: 0.4}]).map(p => p.x)"), [1, 3])
            self.assertIn("epsilon", b.evaluate("[...document.getElementById('x').options].map(o => o.value)"))
            self.check_quiet(b)

    def private_study(self):
        """A study whose metrics have the column that privacy adds."""
        self.small_study()
        for i, run in enumerate(sorted(pathlib.Path("study/points").iterdir())):
            rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
            (run / "metrics.jsonl").write_text("".join(json.dumps({**row, "epsilon": (i + 1) * row["step"] / 10}) + "\n" for row in rows))

    @unittest.skipIf(shutil.which("gnuplot") is None, "no gnuplot here; on Debian: apt-get install gnuplot-nox")
    def test_figures(self):
        self.private_study()
        self.assertIn("4 figures", self.good("report", "study", "--png", "it's a place").out)
        self.assertIn("4 figures", self.good("report", "study", "--svg", "it's a place").out)
        for name in ("accuracy", "loss", "frontier", "timeline"):
            self.assertEqual(pathlib.Path(f"it's a place/{name}.png").read_bytes()[:4], b"\x89PNG")
            self.assertIn("</svg>", pathlib.Path(f"it's a place/{name}.svg").read_text())
        self.assertEqual(len(list(pathlib.Path("it's a place").iterdir())), 8)
        self.assertFalse(pathlib.Path("study/report.html").exists())

    def test_figures_without_gnuplot(self):
        self.small_study()
        self.environment["PATH"] = "/nowhere"
        self.assert_refused(self.muster("report", "study", "--png", "figures"), 5, "gnuplot: is not installed")
        self.good("report", "study")

    @in_browser
    def test_a_name_cannot_break_out_of_the_page(self):
        study = self.small_study()
        name = "</script><script>window.owned = 1</script><b>'\"\u00e9"
        for run in (study / "points").iterdir():
            config = json.loads((run / "config.json").read_text())
            (run / "config.json").write_text(json.dumps({**config, "name": name}))
        self.good("report", "study/points/fedavg-1", "-o", "report.html")
        with Browser() as b:
            b.open(pathlib.Path("report.html").resolve())
            self.assertEqual(b.evaluate("document.getElementById('title').textContent"), name)
            self.assertEqual(b.evaluate("typeof window.owned"), "undefined")
            self.check_quiet(b)

    @in_browser
    def test_a_run_that_was_killed_has_a_report(self):
        study = self.small_study()
        run = study / "points/fedavg-1"
        for name in ("summary.json", "steps.jsonl", "trace.jsonl", "model.npz"):
            (run / name).unlink()
        text = (run / "metrics.jsonl").read_text()
        (run / "metrics.jsonl").write_text(text[:len(text) // 2])  # in the middle of a line
        (run / "status.json").write_text('{"state": "failed", "error": {"text": "rank 1 died"}}')
        self.good("report", "study")
        with Browser() as b:
            b.open((study / "report.html").resolve())
            self.assertIn("failed", b.evaluate("document.querySelector('#table tbody .bad').textContent"))
            self.check_quiet(b)

    def test_what_is_refused(self):
        study = self.small_study()
        self.assert_refused(self.muster("report"), 2, "expected the directory")
        self.assert_refused(self.muster("report", "--what", "study"), 2, "unknown option")
        self.assert_refused(self.muster("report", "nowhere"), 5, "nowhere: there is no such directory")
        pathlib.Path("empty").mkdir()
        self.assert_refused(self.muster("report", "empty"), 5, "empty: has no results")
        self.assert_refused(self.muster("report", "study", "-o", "nowhere/report.html"), 5, "report.html")
        lines = (study / "points/fedavg-1/metrics.jsonl").read_text().splitlines(True)
        (study / "points/fedavg-1/metrics.jsonl").write_text(lines[0] + "what\n" + lines[1])
        self.assert_refused(self.muster("report", "study"), 5, "metrics.jsonl:2: expected a JSON object")
        (study / "points/fedavg-2/config.json").write_text("{")
        self.assert_refused(self.muster("report", "study/points/fedavg-2"), 5, "config.json")


if __name__ == "__main__":
    ended = unittest.main(exit=False)
    sys.exit(1 if not ended.result.wasSuccessful() else 77 if CHROMIUM is None else 0)
