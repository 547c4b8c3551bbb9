'use strict';
// The page's charts, tables and controls.

const $ = (id) => document.getElementById(id);
const charts = new Map(); // by the id of the element that holds it

function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

// A new chart in `holder`, in place of the one that was there.
function draw(holder, label, config) {
  charts.get(holder.id)?.destroy();
  holder.replaceChildren();
  const canvas = make('canvas', { tabIndex: 0 });
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', label);
  holder.append(canvas);
  charts.set(holder.id, new Chart(canvas, config));
  return charts.get(holder.id);
}

// A heading and a place for a chart, added to `parent`.
function figure(parent, id, title) {
  const plot = make('div', { className: 'plot', id });
  parent.append(make('div', { className: 'figure' }, make('h3', { textContent: title }), plot));
  return plot;
}

function axis(title, more) {
  return {
    title: { display: true, text: title, color: style('--soft') },
    ticks: { color: style('--soft'), maxRotation: 0, autoSkipPadding: 12, callback: (v) => short(v) },
    grid: { color: style('--line'), drawBorder: false },
    ...more,
  };
}

function lineOptions(x, y, more = {}) {
  return {
    animation: false, maintainAspectRatio: false, parsing: false, normalized: true,
    interaction: { mode: 'nearest', intersect: false, axis: 'xy' },
    elements: { point: { radius: 0, hitRadius: 8, hoverRadius: 4 }, line: { borderWidth: 2, tension: 0 } },
    scales: { x: axis(x, { type: 'linear' }), y: axis(y, more.y) },
    plugins: {
      legend: { display: more.legend === true, labels: { color: style('--ink'), boxWidth: 14 } },
      tooltip: { filter: (item) => !item.dataset.quiet, callbacks: {
        title: (items) => (items.length ? `${x}: ${short(items[0].parsed.x)}` : ''),
        label: (item) => `${item.dataset.label}: ${short(item.parsed.y)}`, ...more.tooltip } },
    },
  };
}

function curveSets(y) {
  const sets = [];
  for (const group of groups) {
    const b = group.shown && band(group, $('x').value, y);
    if (!b) continue;
    const i = group.index, base = { label: group.label, borderColor: colour(i), borderDash: dash(i) };
    if (b.runs > 1 && !$('bands').checked) {
      b.each.forEach((points) => sets.push({ ...base, data: points, borderWidth: 1.3 }));
      continue;
    }
    if (b.low) {
      sets.push({ ...base, data: b.low, borderWidth: 0, quiet: true, pointHitRadius: 0 });
      sets.push({ ...base, data: b.high, borderWidth: 0, quiet: true, pointHitRadius: 0, fill: '-1', backgroundColor: faint(i, 0.16) });
    }
    sets.push({ ...base, data: b.mean });
  }
  return sets;
}

const curveKinds = [['test_accuracy', 'test accuracy'], ['test_loss', 'test loss'], ['train_loss', 'training loss']];
const hasColumn = (name) => data.runs.some((run) => finite(Array.from(column(run.metrics, name) || [])).length > 0);

// A world without durations takes no simulated time, or a nanosecond an event: nothing to draw against.
const moves = (name) => data.runs.some((run) => {
  const values = finite(Array.from(column(run.metrics, name) || []));
  return values.some((v) => Math.abs(v - values[0]) > (name === 'time_s' ? 1e-5 : 0));
});

function drawCurves() {
  const x = quantities[$('x').value]?.label ?? 'step';
  for (const [name, label] of curveKinds) {
    const holder = $(`curve-${name}`);
    if (!holder) continue;
    const loss = name.endsWith('loss');
    const options = lineOptions(x, label, { y: loss && $('log').checked ? { type: 'logarithmic' } : {} });
    draw(holder, `${label} against ${x}`, { type: 'line', data: { datasets: curveSets(name) }, options });
  }
  drawFrontier();
}

function drawFrontier() {
  const reached = groups.filter((g) => g.shown).map((group) => ({ group, points: group.runs
    .map((run) => ({ x: last(run, 'epsilon'), y: last(run, 'test_accuracy'), run }))
    .filter((p) => p.x > 0 && Number.isFinite(p.x) && Number.isFinite(p.y)) })).filter((g) => g.points.length);
  $('frontier').hidden = !hasColumn('epsilon');
  if ($('frontier').hidden) return;
  const sets = reached.map(({ group, points }) => ({ label: group.label, data: points, showLine: false,
    pointRadius: 5, pointHoverRadius: 7, backgroundColor: colour(group.index), borderColor: colour(group.index) }));
  const means = reached.map(({ points }) => ({ x: mean(points.map((p) => p.x)), y: mean(points.map((p) => p.y)) }))
    .sort((a, b) => a.x - b.x || b.y - a.y);
  let best = -Infinity;
  const front = means.filter((p) => (p.y > best ? ((best = p.y), true) : false));
  sets.push({ label: 'frontier of the means', data: front, borderColor: style('--soft'), borderDash: [4, 4], borderWidth: 1.5 });
  const options = lineOptions('epsilon', 'test accuracy', {});
  const spent = reached.flatMap((g) => g.points.map((p) => p.x));
  Object.assign(options.scales.x, { type: 'logarithmic', min: Math.min(...spent) * 0.8, max: Math.max(...spent) * 1.25 });
  draw($('frontier-plot'), 'test accuracy against epsilon', { type: 'line', data: { datasets: sets }, options });
}

function swatch(i) {
  const box = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  box.setAttribute('width', 26); box.setAttribute('height', 8); box.setAttribute('aria-hidden', 'true');
  const line = document.createElementNS('http://www.w3.org/2000/svg', 'line');
  for (const [key, value] of Object.entries({ x1: 0, x2: 26, y1: 4, y2: 4, stroke: colour(i), 'stroke-width': 3, 'stroke-dasharray': dash(i).join(' ') })) line.setAttribute(key, value);
  box.append(line);
  return box;
}

function fillLegend() {
  $('legend').replaceChildren(...groups.map((group) => {
    const button = make('button', { type: 'button' }, swatch(group.index), group.label);
    button.setAttribute('aria-pressed', group.shown);
    button.onclick = () => {
      group.shown = !group.shown;
      button.setAttribute('aria-pressed', group.shown);
      drawCurves();
    };
    return button;
  }));
}

function setUpCurves() {
  const choices = Object.keys(quantities).filter(moves);
  $('x').append(...choices.map((name) => new Option(quantities[name].label, name)));
  if (choices.includes('time_s')) $('x').value = 'time_s';
  for (const [name, label] of curveKinds) {
    if (hasColumn(name)) figure($('curve-charts'), `curve-${name}`, label[0].toUpperCase() + label.slice(1));
  }
  const seeds = groups.some((g) => g.runs.length > 1);
  $('bands').parentElement.hidden = !seeds;
  for (const id of ['x', 'bands', 'log']) $(id).onchange = drawCurves;
  for (const [id, shown] of [['all', true], ['none', false]]) {
    $(id).parentElement.hidden = groups.length < 2;
    $(id).onclick = () => { groups.forEach((g) => { g.shown = shown; }); fillLegend(); drawCurves(); };
  }
  fillLegend();
}

// --- configurations: one row each, over seeds ---

function spread(values, digits) {
  const known = finite(values);
  if (known.length === 0) return '\u2013';
  const text = digits ? mean(known).toFixed(digits) : short(mean(known));
  return known.length > 1 ? `${text} \u00b1 ${digits ? deviation(known).toFixed(digits) : short(deviation(known))}` : text;
}

// Where a run first reaches an accuracy: as the run itself noted it, or by its evaluations. null: it does not.
function reach(run, target, key) {
  const noted = run.to_target;
  if (noted && Math.abs(noted.target_accuracy - target) < 1e-9) return noted[key] ?? null;
  const accuracy = column(run.metrics, 'test_accuracy') || [];
  const at = accuracy.findIndex((a) => a >= target - 1e-7);
  return at < 0 ? null : column(run.metrics, key)?.[at] ?? null;
}

function reachedText(group, target, key) {
  const values = finite(group.runs.map((run) => reach(run, target, key)));
  if (values.length === 0) return 'not reached';
  return spread(values) + (values.length < group.runs.length ? ` (${values.length} of ${group.runs.length})` : '');
}

function fillGroups() {
  const classifies = hasColumn('test_accuracy'), target = $('target').value / 100;
  const heads = ['configuration', 'runs', 'final accuracy', 'best accuracy', 'final loss'];
  if (classifies) heads.push('time to target (s)', 'updates to target', 'bytes to target');
  const rows = groups.map((g) => [g.label, g.runs.length, spread(g.runs.map((r) => r.final?.test_accuracy), 4),
    spread(g.runs.map((r) => r.best?.test_accuracy?.value ?? r.best?.test_accuracy), 4), spread(g.runs.map((r) => r.final?.test_loss)),
    ...(classifies ? ['time_s', 'updates', 'bytes'].map((key) => reachedText(g, target, key)) : [])]);
  const keep = heads.map((_, c) => rows.some((row) => row[c] !== '\u2013'));
  $('groups').replaceChildren(
    make('thead', {}, make('tr', {}, ...heads.map((h, c) => [h, c]).filter(([, c]) => keep[c])
      .map(([h, c]) => make('th', { textContent: h, className: c ? '' : 'text', scope: 'col' })))),
    make('tbody', {}, ...rows.map((row, r) => make('tr', {}, ...row.map((v, c) => [v, c]).filter(([, c]) => keep[c])
      .map(([v, c]) => {
        const cell = make('td', { className: c ? '' : 'text' });
        if (c === 0) cell.append(swatch(groups[r].index), ' ');
        cell.append(String(v));
        return cell;
      })))));
}

function setUpGroups() {
  const noted = data.runs.map((run) => run.to_target?.target_accuracy).find((v) => v != null);
  $('target').value = noted != null ? +(noted * 100).toPrecision(6) : 80;
  $('target').parentElement.parentElement.hidden = !hasColumn('test_accuracy');
  $('target').oninput = fillGroups;
  const several = groups.some((g) => g.runs.length > 1);
  $('groups-note').textContent = several ? 'Mean \u00b1 standard deviation over seeds. "2 of 3" counts the runs that reached the target, and the mean is theirs alone.' : '';
  fillGroups();
}

// --- what the study computed over all its points: statistics.json ---

function fillRows(table, heads, rows) {
  table.replaceChildren(
    make('thead', {}, make('tr', {}, ...heads.map((h, c) => make('th', { textContent: h, scope: 'col', className: c ? '' : 'text' })))),
    make('tbody', {}, ...rows.map((row) => make('tr', {}, ...row.map((v, c) => make('td', { textContent: v, className: c ? '' : 'text' }))))));
}

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
  const sets = shown.map((s, i) => ({ label: s.name, data: profileSteps(s.ratios, most), stepped: 'before', borderColor: colour(i), borderDash: dash(i), backgroundColor: colour(i) }));
  const options = lineOptions('times the fastest (tau)', 'share of scenarios', { y: { min: 0, max: 1.02 }, legend: true });
  Object.assign(options.scales.x, { min: 1, max: most });
  draw($('profile-plot'), 'performance profile: share of scenarios solved within tau times the fastest', { type: 'line', data: { datasets: sets }, options });
}

function setUpComparison() {
  const found = data.statistics;
  $('comparison').hidden = !found?.groups || !found.strategies;
  if ($('comparison').hidden) return;
  const target = (t) => (t.median == null ? 'not reached' : short(t.median)) + (t.reached < t.n ? ` (${t.reached} of ${t.n})` : '');
  fillRows($('spreads'), ['configuration', 'seeds', 'test accuracy', 'test loss', 'time to target (s)'], found.groups.map((g) => [g.group, g.test_loss.n, interval(g.test_accuracy),
    interval(g.test_loss), found.profiles ? target(g.target_time_s) : '\u2013']));
  const several = found.strategies.length > 1;
  $('profile').hidden = !found.profiles || !several;
  $('paired').hidden = !found.paired.length;
  const order = [...found.strategies].sort((a, b) => b.score - a.score);
  fillRows($('scores'), ['strategy', 'score', 'fastest in', 'reached in'], order.map((s) => [s.name, short(s.score), finite(s.ratios).filter((r) => r === 1).length, finite(s.ratios).length]));
  $('profile-note').textContent = `Over ${found.scenarios.length} scenarios. The score is AlgoPerf's: the area under the profile for tau from 1 to 4, divided by 3.${found.strategies.length > 12 ? ' The first 12 strategies are drawn.' : ''}`;
  fillRows($('pairs'), ['difference', 'metric', 'seeds', 'mean', 'more : less', 'sign test p'], found.paired.map((p) => [`${p.a} \u2212 ${p.b}`, p.metric.replace('_', ' '), p.n, interval(p), `${p.more} : ${p.less}`, short(p.sign_p)]));
}

// --- one run ---

// The first four are the numbers of jobs.c.
const statusNames = ['used', 'late', 'dropped', 'failed', 'used, straggled'];
const statusColours = () => (theme === 'dark' ? ['#4aa8e8', '#f0b429', '#ff7a5c', '#e6eaf0', '#c98bdb'] : ['#0072b2', '#e69f00', '#d5381e', '#000000', '#8e4aa8']);

function barOptions(x, y, more = {}) {
  const options = lineOptions(x, y, more);
  options.parsing = true;
  options.scales.x = axis(x, { type: 'category', grid: { display: false }, ...more.x });
  options.scales.x.ticks = { color: style('--soft'), maxRotation: 0, autoSkipPadding: 8 };
  options.interaction = { mode: 'index', intersect: false };
  options.plugins.tooltip.callbacks.title = (items) => (items.length ? `${x} ${items[0].label}` : '');
  return options;
}

function drawStaleness(parent, run) {
  if (!run.staleness) return;
  const counts = Array.from(unpack(run.staleness));
  const labels = counts.map((_, i) => (i === 63 ? '63+' : String(i)));
  draw(figure(parent, 'staleness', 'Staleness of the updates used'), 'updates by staleness', { type: 'bar',
    data: { labels, datasets: [{ label: 'updates', data: counts, backgroundColor: colour(0), categoryPercentage: 1, barPercentage: 0.9 }] },
    options: barOptions('staleness', 'updates') });
}

function drawParticipation(parent, run) {
  const wanted = column(run.clients, 'wanted_weight'), implied = column(run.clients, 'implied_weight');
  if (!wanted || !implied) return;
  const client = column(run.clients, 'client');
  const order = Array.from(wanted.keys()).sort((a, b) => wanted[b] - wanted[a] || implied[b] - implied[a]);
  const title = `Participation (total variation ${short(run.variation)})`;
  draw(figure(parent, 'participation', title), 'share of each client in the steps, against the share wanted', { type: 'bar',
    data: { labels: order.map((i) => client[i]), datasets: [
      { type: 'line', label: 'wanted', data: order.map((i) => wanted[i]), borderColor: colour(1), borderWidth: 2, stepped: 'middle', pointRadius: 0 },
      { label: 'share in steps', data: order.map((i) => implied[i]), backgroundColor: faint(0, 0.75), categoryPercentage: 1, barPercentage: 0.95 }] },
    options: barOptions('client', 'share of all weights', { legend: true }) });
}

function drawFairness(parent, run) {
  const accuracy = finite(Array.from(column(run.fairness, 'accuracy') || [])).sort((a, b) => a - b);
  if (!accuracy.length) return;
  const bins = new Array(20).fill(0);
  accuracy.forEach((a) => { bins[Math.min(19, Math.floor(a * 20))]++; });
  draw(figure(parent, 'fairness', `Accuracy per client (mean ${short(mean(accuracy))}, worst tenth below ${short(accuracy[Math.floor(accuracy.length / 10)])})`), 'clients by accuracy', { type: 'bar',
    data: { labels: bins.map((_, i) => `${i * 5}\u2013${i * 5 + 5} %`), datasets: [{ label: 'clients', data: bins, backgroundColor: colour(2), categoryPercentage: 1, barPercentage: 0.95 }] },
    options: barOptions('accuracy', 'clients') });
}

function drawRounds(parent, run) {
  if (!run.rounds) return;
  const step = column(run.rounds, 'step'), sets = [];
  const points = (values) => Array.from(step, (s, i) => ({ x: s, y: values[i] })).filter((p) => Number.isFinite(p.y));
  const round = column(run.rounds, 'round_s'), deadline = column(run.rounds, 'deadline_s'), waited = column(run.rounds, 'waited');
  if (round) sets.push({ label: 'length of the round', data: points(round), borderColor: colour(0), borderWidth: 1.5 });
  const fastest = column(run.rounds, 'fastest_s');
  if (fastest) sets.push({ label: 'fastest client', data: points(fastest), borderColor: colour(2), borderWidth: 1 });
  if (deadline) sets.push({ label: 'deadline', data: points(deadline), borderColor: colour(1), borderWidth: 1.5, borderDash: [5, 3] });
  if (waited && (round || deadline)) {
    const late = points(round || deadline).filter((p, i) => waited[i] > 0);
    sets.push({ label: 'waited beyond it', data: late, showLine: false, pointRadius: 3, backgroundColor: colour(4), borderColor: colour(4) });
  } else if (waited) {
    sets.push({ label: 'waited for', data: points(waited), borderColor: colour(4), borderWidth: 1.5 });
  }
  if (!sets.length) return;
  draw(figure(parent, 'rounds', 'Rounds: deadlines and waits'), 'length of each round', { type: 'line',
    data: { datasets: sets }, options: lineOptions('step', 's', { legend: true }) });
}

function drawPartition(parent, run) {
  if (!run.classes) return;
  const names = Object.keys(run.classes).filter((name) => name !== 'client');
  const client = column(run.classes, 'client');
  draw(figure(parent, 'partition', 'The partition: rows of each class, by client'), 'rows of each class by client', { type: 'bar',
    data: { labels: Array.from(client), datasets: names.map((name, i) => ({ label: name.replace('class_', 'class '), data: Array.from(column(run.classes, name)),
      backgroundColor: `hsl(${(i * 360 / names.length + 210) % 360} ${i % 2 ? 45 : 65}% ${theme === 'dark' ? 58 - (i % 3) * 8 : 48 + (i % 3) * 9}%)`, categoryPercentage: 1, barPercentage: 0.96 })) },
    options: (() => {
      const options = barOptions('client', 'rows', { legend: names.length <= 12 });
      options.scales.x.stacked = options.scales.y.stacked = true;
      return options;
    })() });
}

// --- the time line: zoomable ---

const view = { run: null, from: 0, to: 1, least: 0, most: 1, first: 0, rows: 40 };

function timelineSets(jobs) {
  const client = column(jobs, 'client'), start = column(jobs, 'dispatch_s'), arrive = column(jobs, 'arrive_s');
  const end = column(jobs, 'end_s'), status = column(jobs, 'status');
  const sets = statusNames.map((name, i) => ({ label: name, data: [], backgroundColor: statusColours()[i], grouped: false, barPercentage: 0.9, categoryPercentage: 1, minBarLength: 1 }));
  const held = { label: 'arrived, waits for the step', data: [], backgroundColor: style('--held'), grouped: false, barPercentage: 0.4, categoryPercentage: 1 };
  const narrow = 1.5 * (view.to - view.from) / Math.max(300, $('gantt').clientWidth); // a pixel and a half
  const until = {};
  for (let i = 0; i < client.length; i++) {
    const stop = Number.isFinite(arrive[i]) ? arrive[i] : end[i];
    const row = client[i];
    if (row < view.first || row >= view.first + view.rows || Math.max(stop, end[i] || 0) < view.from || start[i] > view.to) continue;
    if (stop < (until[row] ?? -Infinity) + narrow && stop - start[i] < narrow) continue; // not a pixel
    until[row] = stop;
    sets[status[i] === 0 && stop - start[i] > view.straggles ? 4 : status[i]].data.push({ x: [start[i], stop], y: String(row) });
    if (status[i] === 0 && end[i] - stop > narrow) held.data.push({ x: [stop, end[i]], y: String(row) });
  }
  return [...sets, held].filter((set) => set.data.length);
}

function drawTimeline() {
  const jobs = view.run.jobs;
  const labels = view.clients.filter((c) => c >= view.first && c < view.first + view.rows).map(String);
  const options = lineOptions('simulated time (s)', 'client', { legend: true });
  Object.assign(options, { indexAxis: 'y', parsing: true, interaction: { mode: 'nearest', intersect: true, axis: 'xy' } });
  options.scales.x = axis('simulated time (s)', { type: 'linear', min: view.from, max: view.to });
  options.scales.y = axis('client', { type: 'category', labels, offset: true, grid: { display: false } });
  options.scales.y.ticks = { color: style('--soft'), autoSkip: true, font: { size: 10 } };
  options.plugins.tooltip.callbacks.title = (items) => (items.length ? `client ${items[0].label}` : '');
  options.plugins.tooltip.callbacks.label = (item) => `${item.dataset.label}: ${item.raw.x.map((t) => +t.toPrecision(7)).join(' \u2013 ')} s`;
  $('gantt').style.height = `${Math.max(180, labels.length * 13 + 110)}px`;
  const chart = draw($('gantt'), 'what each client did when', { type: 'bar', data: { labels, datasets: timelineSets(jobs) }, options });
  attachZoom(chart);
  const shown = column(jobs, 'client').length;
  $('timeline-note').textContent = `Clients ${labels[0] ?? '\u2013'} to ${labels[labels.length - 1] ?? '\u2013'} of ${view.clients.length} with jobs; ` +
    (shown < view.run.jobs_total ? `the first ${shown} of ${view.run.jobs_total} jobs. ` : `${shown} jobs. `) +
    'A job straggles if it takes more than twice the median. Drag to move, Ctrl and the wheel to zoom; with the focus on the chart: + \u2212 \u2190 \u2192 0.';
}

function setWindow(from, to) {
  const all = view.most - view.least, width = Math.min(all, Math.max(all * 1e-6, to - from));
  view.from = Math.min(Math.max(view.least, from), view.most - width);
  view.to = view.from + width;
  if (view.pending) return;
  view.pending = true;
  requestAnimationFrame(() => {
    view.pending = false;
    const chart = charts.get('gantt');
    if (!chart) return;
    Object.assign(chart.options.scales.x, { min: view.from, max: view.to });
    chart.data.datasets = timelineSets(view.run.jobs);
    chart.update('none');
  });
}

function zoom(factor, at = (view.from + view.to) / 2) {
  setWindow(at - (at - view.from) * factor, at + (view.to - at) * factor);
}
const pan = (part) => setWindow(view.from + part * (view.to - view.from), view.to + part * (view.to - view.from));

function attachZoom(chart) {
  const canvas = chart.canvas;
  canvas.addEventListener('wheel', (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    zoom(event.deltaY > 0 ? 1.25 : 0.8, chart.scales.x.getValueForPixel(event.offsetX));
  }, { passive: false });
  canvas.style.touchAction = 'pan-y';
  canvas.addEventListener('pointerdown', (event) => {
    const from = view.from, to = view.to, start = event.clientX;
    const scale = (to - from) / (chart.chartArea.right - chart.chartArea.left);
    canvas.setPointerCapture(event.pointerId);
    canvas.onpointermove = (move) => setWindow(from - (move.clientX - start) * scale, to - (move.clientX - start) * scale);
    canvas.onpointerup = canvas.onpointercancel = () => { canvas.onpointermove = null; };
  });
  canvas.addEventListener('keydown', (event) => {
    const action = { '+': () => zoom(0.5), '=': () => zoom(0.5), '-': () => zoom(2), ArrowLeft: () => pan(-0.25), ArrowRight: () => pan(0.25), 0: () => setWindow(view.least, view.most) }[event.key];
    if (action) { action(); event.preventDefault(); }
  });
}

function setUpTimeline(run) {
  charts.get('gantt')?.destroy();
  charts.delete('gantt');
  $('timeline').hidden = !run.jobs;
  if (!run.jobs) return;
  let most = 0;
  for (const name of ['dispatch_s', 'arrive_s', 'end_s']) for (const t of column(run.jobs, name)) if (t > most) most = t;
  const clients = [...new Set(column(run.jobs, 'client'))].sort((a, b) => a - b);
  Object.assign(view, { run, least: 0, most: most || 1, from: 0, to: most || 1, first: clients[0], clients });
  $('first-client').value = view.first;
  const start = column(run.jobs, 'dispatch_s'), arrive = column(run.jobs, 'arrive_s');
  const durations = finite(Array.from(arrive, (t, i) => t - start[i])).sort((a, b) => a - b);
  view.straggles = 2 * durations[Math.floor(durations.length / 2)];
  // A hundred jobs a row are a grey block: the beginning is more telling.
  const perClient = column(run.jobs, 'client').length / clients.length;
  if (perClient > 40) view.to = view.most * 40 / perClient;
  drawTimeline();
}

function drawRun() {
  const run = data.runs[$('run').value], parent = $('run-charts');
  for (const id of ['staleness', 'participation', 'fairness', 'rounds', 'partition']) { charts.get(id)?.destroy(); charts.delete(id); }
  parent.replaceChildren();
  const total = run.total || {};
  $('run-note').textContent = [run.title, `state ${run.state ?? 'unknown'}`, run.ended_by && `ended by ${run.ended_by}`,
    total.steps != null && `${short(total.steps)} steps`, total.updates != null && `${short(total.updates)} updates`,
    total.dropped ? `${short(total.dropped)} jobs dropped` : '', total.time_s != null && `${short(total.time_s)} s simulated`,
    run.run_s != null && `${short(run.run_s)} s real`, run.error?.text].filter(Boolean).join(' \u00b7 ');
  for (const part of [drawStaleness, drawParticipation, drawFairness, drawRounds, drawPartition]) part(parent, run);
  setUpTimeline(run);
}

function setUpDetail() {
  $('run').append(...data.runs.map((run, i) => new Option(data.runs.length > 1 ? `${run.name}` : run.title || run.name, i)));
  const traced = data.runs.findIndex((run) => run.jobs);
  $('run').value = Math.max(0, traced);
  $('run').onchange = drawRun;
  $('zoom-in').onclick = () => zoom(0.5);
  $('zoom-out').onclick = () => zoom(2);
  $('earlier').onclick = () => pan(-0.25);
  $('later').onclick = () => pan(0.25);
  $('zoom-all').onclick = () => setWindow(view.least, view.most);
  $('first-client').onchange = () => { view.first = Math.max(0, +$('first-client').value || 0); drawTimeline(); };
}

// --- the table of points ---

const table = { sort: 0, up: true, rows: [], heads: [] };

function setUpTable() {
  const heads = ['name', ...axisNames, 'seed', 'state', 'accuracy', 'best', 'loss', 'epsilon_spent', 'time_s', 'target_s', 'updates', 'dropped', 'bytes', 'variation'];
  const rows = data.runs.map((run) => [run.name, ...run.axes.map((v) => (v !== null && typeof v === 'object' ? JSON.stringify(v) : v)), run.seed, run.ended_by ? `${run.state} (${run.ended_by})` : run.state,
    run.final?.test_accuracy, run.best?.test_accuracy?.value ?? run.best?.test_accuracy, run.final?.test_loss ?? last(run, 'test_loss'), last(run, 'epsilon'),
    run.total?.time_s, run.to_target?.time_s, run.total?.updates, run.total?.dropped, run.total && run.total.bytes_up + run.total.bytes_down, run.variation]
    .map((v) => (v === undefined || (typeof v === 'number' && !Number.isFinite(v)) ? null : v)));
  const keep = heads.map((_, c) => c === 0 || rows.some((row) => row[c] !== null));
  table.heads = heads.filter((_, c) => keep[c]);
  table.rows = rows.map((row) => row.filter((_, c) => keep[c]));
  table.text = table.heads.map((_, c) => table.rows.some((row) => typeof row[c] === 'string'));
  $('table').append(make('thead', {}, make('tr', {}, ...table.heads.map((head, c) => {
    const button = make('button', { type: 'button', textContent: head });
    button.onclick = () => { table.up = table.sort === c ? !table.up : true; table.sort = c; fillTable(); };
    return make('th', { className: table.text[c] ? 'text' : '', scope: 'col' }, button);
  }))), make('tbody'));
  $('filter').oninput = fillTable;
  fillTable();
}

// "fedbuff accuracy>0.8": every word must hold.
function passes(row, words) {
  return words.every((word) => {
    const compare = /^([^<>]+)([<>])(-?[\d.]+(?:e[-+]?\d+)?)$/i.exec(word);
    const c = compare ? table.heads.findIndex((head) => head.toLowerCase() === compare[1]) : -1;
    if (c >= 0) return row[c] !== null && (compare[2] === '<' ? row[c] < +compare[3] : row[c] > +compare[3]);
    return row.some((value) => String(value ?? '').toLowerCase().includes(word));
  });
}

function fillTable() {
  const words = $('filter').value.toLowerCase().split(/\s+/).filter(Boolean);
  const c = table.sort, sign = table.up ? 1 : -1;
  const rows = table.rows.filter((row) => passes(row, words)).sort((a, b) => {
    if (a[c] === null || b[c] === null) return (a[c] === null) - (b[c] === null); // what is not known comes last
    return sign * (typeof a[c] === 'number' && typeof b[c] === 'number' ? a[c] - b[c] : String(a[c]).localeCompare(String(b[c]), 'en', { numeric: true }));
  });
  $('table').tHead.querySelectorAll('th').forEach((th, i) => {
    th.setAttribute('aria-sort', i !== c ? 'none' : table.up ? 'ascending' : 'descending');
    th.firstChild.textContent = table.heads[i] + (i !== c ? '' : table.up ? ' \u25b2' : ' \u25bc');
  });
  const body = document.createDocumentFragment();
  for (const row of rows) {
    body.append(make('tr', {}, ...row.map((value, i) => {
      const bad = table.heads[i] === 'state' && /^failed/.test(value);
      const text = value === null ? '\u2013' : typeof value === 'number' && table.heads[i] !== 'seed' ? short(value) : String(value);
      return make('td', { className: table.text[i] ? 'text' : '' }, bad ? make('span', { className: 'bad', textContent: text }) : text);
    })));
  }
  $('table').tBodies[0].replaceChildren(body);
  $('count').textContent = rows.length === table.rows.length ? `${rows.length} of ${rows.length}` : `${rows.length} of ${table.rows.length}`;
}

// --- the page ---

function setTheme(name) {
  theme = name;
  document.documentElement.dataset.theme = name;
  $('theme').textContent = name === 'dark' ? 'Light' : 'Dark';
  $('theme').setAttribute('aria-label', `switch to ${name === 'dark' ? 'light' : 'dark'} colours`);
}

function drawAll() {
  fillLegend();
  drawCurves();
  drawProfile();
  const { from, to, first, run } = view;
  drawRun();
  if (view.run === run && run) { Object.assign(view, { from, to, first }); if (run.jobs) drawTimeline(); }
}

function start() {
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  const prefers = matchMedia('(prefers-color-scheme: dark)');
  setTheme(prefers.matches ? 'dark' : 'light');
  prefers.onchange = () => { setTheme(prefers.matches ? 'dark' : 'light'); refreshColours(); };
  $('theme').onclick = () => { setTheme(theme === 'dark' ? 'light' : 'dark'); refreshColours(); };
  $('title').textContent = data.runs.length === 1 ? data.runs[0].title || data.title : data.title;
  document.title = `${$('title').textContent} \u2013 muster`;
  const done = data.runs.filter((run) => run.state === 'done').length;
  $('subtitle').textContent = data.runs.length === 1 ? `one run, ${data.runs[0].state ?? 'state unknown'}`
    : `${data.runs.length} runs (${done} done) of ${groups.length} configurations${axisNames.length ? `, which differ in ${axisNames.join(', ')}` : ''}`;
  setUpCurves();
  setUpGroups();
  setUpComparison();
  setUpDetail();
  setUpTable();
  drawAll();
  document.documentElement.dataset.ready = Math.round(performance.now());
}

function refreshColours() {
  drawAll();
  fillGroups();
}

start();
