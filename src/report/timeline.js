'use strict';
// What each client did when: zoomable.

// The first four are the numbers of jobs.c.
const statusNames = ['used', 'late', 'dropped', 'failed', 'used, straggled'];
const statusColours = {
  light: ['#0072b2', '#e69f00', '#d5381e', '#000000', '#8e4aa8'],
  dark: ['#4aa8e8', '#f0b429', '#ff7a5c', '#e6eaf0', '#c98bdb'],
};

const view = { run: null, from: 0, to: 1, least: 0, most: 1, first: 0, rows: 40 };

function timelineSets(jobs) {
  const client = column(jobs, 'client'), start = column(jobs, 'dispatch_s'), arrive = column(jobs, 'arrive_s');
  const end = column(jobs, 'end_s'), status = column(jobs, 'status');
  const bars = { grouped: false, barPercentage: 0.9, categoryPercentage: 1 };
  const sets = statusNames.map((name, i) => ({ ...bars, label: name, data: [], backgroundColor: statusColours[theme][i], minBarLength: 1 }));
  const held = { ...bars, label: 'arrived, waits for the step', data: [], backgroundColor: style('--held'), barPercentage: 0.4 };
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
    'A job straggles if it takes more than twice the median. Drag to move, Ctrl and the wheel to zoom; ' +
    'with the focus on the chart: + \u2212 \u2190 \u2192 0.';
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
    const action = {
      '+': () => zoom(0.5), '=': () => zoom(0.5), '-': () => zoom(2), 0: () => setWindow(view.least, view.most),
      ArrowLeft: () => pan(-0.25), ArrowRight: () => pan(0.25),
    }[event.key];
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
