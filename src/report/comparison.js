'use strict';
// What the study computed over all its points: statistics.json.

const interval = (s) => (s?.mean == null ? '\u2013' : s.half_width_95 == null ? short(s.mean) : `${short(s.mean)} \u00b1 ${short(s.half_width_95)}`);

// The steps of a profile: the share of scenarios within x times the best, up to `most`.
function profileSteps(ratios, most) {
  const known = finite(ratios).sort((a, b) => a - b);
  const points = [{ x: 1, y: known.filter((r) => r <= 1).length / ratios.length }];
  known.forEach((r, i) => { if (r > 1 && r <= most) points.push({ x: r, y: (i + 1) / ratios.length }); });
  return [...points, { x: most, y: points[points.length - 1].y }];
}

function drawProfile() {
  const all = data.statistics?.strategies ?? [], shown = all.slice(0, 12);
  if (!data.statistics?.profiles || all.length < 2) return;
  const ratios = shown.flatMap((s) => finite(s.ratios));
  const most = Math.max(4, ...ratios.filter((r) => r <= 20)) * 1.02;
  const sets = shown.map((s, i) => ({ label: s.name, data: profileSteps(s.ratios, most), stepped: 'before', borderColor: colour(i),
    borderDash: dash(i), backgroundColor: colour(i) }));
  const options = lineOptions('times the fastest (tau)', 'share of scenarios', { y: { min: 0, max: 1.05 }, legend: true });
  Object.assign(options.scales.x, { min: 1, max: most });
  draw($('profile-plot'), 'performance profile: share of scenarios solved within tau times the fastest',
    { type: 'line', data: { datasets: sets }, options });
}

function setUpComparison() {
  const found = data.statistics;
  $('comparison').hidden = !found?.groups || !found.strategies;
  if ($('comparison').hidden) return;
  const target = (t) => (t.median == null ? 'not reached' : short(t.median)) + (t.reached < t.n ? ` (${t.reached} of ${t.n})` : '');
  fillRows($('spreads'), ['configuration', 'seeds', 'test accuracy', 'test loss', 'time to target (s)'],
    found.groups.map((g) => [g.group, g.test_loss.n, interval(g.test_accuracy), interval(g.test_loss),
      found.profiles ? target(g.target_time_s) : '\u2013']));
  const several = found.strategies.length > 1;
  $('profile').hidden = !found.profiles || !several;
  const pairs = found.paired.filter((p) => p.n > 1); // of one seed there is nothing to say
  $('paired').hidden = !pairs.length;
  const order = [...found.strategies].sort((a, b) => b.score - a.score);
  fillRows($('scores'), ['strategy', 'score', 'fastest in', 'reached in'], order.map((s) => [s.name, short(s.score),
    finite(s.ratios).filter((r) => r === 1).length, finite(s.ratios).length]));
  $('profile-note').textContent = `Over ${found.scenarios.length} scenario${found.scenarios.length > 1 ? 's' : ''}. ` +
    'The score is AlgoPerf\u2019s: the area under the profile for tau from 1 to 4, divided by 3.' +
    (found.strategies.length > 12 ? ' The first 12 strategies are drawn.' : '');
  fillRows($('pairs'), ['difference', 'metric', 'seeds', 'mean', 'more : less', 'sign test p'],
    pairs.map((p) => [`${p.a} \u2212 ${p.b}`, p.metric.replace('_', ' '), p.n, interval(p), `${p.more} : ${p.less}`, short(p.sign_p)]));
}
