'use strict';
// One run: who took part, how stale, how fair, on which rows.

function drawStaleness(parent, run) {
  if (!run.staleness) return;
  const counts = Array.from(unpack(run.staleness));
  const labels = counts.map((_, i) => (i === 63 ? '63+' : String(i)));
  draw(figure(parent, 'staleness', 'Staleness of the updates used'), 'updates by staleness', { type: 'bar',
    data: { labels, datasets: [{ label: 'updates', data: counts, backgroundColor: colour(0), categoryPercentage: 1, barPercentage: 0.9,
      maxBarThickness: 80 }] },
    options: barOptions('staleness', 'updates') });
}

// Answers of a gradient code are sums over several clients' rows: their weights are no shares of data, and may be below 0.
const decodes = (run) => run.rounds && 'residual' in run.rounds;

function drawParticipation(parent, run) {
  const wanted = column(run.clients, 'wanted_weight'), implied = column(run.clients, 'implied_weight');
  if (!wanted || !implied) return;
  const client = column(run.clients, 'client');
  const order = Array.from(wanted.keys()).sort((a, b) => wanted[b] - wanted[a] || implied[b] - implied[a]);
  const title = decodes(run) ? 'Shares of the clients\u2019 answers in the decoded sums' : `Participation (total variation ${short(+run.variation?.toFixed(6))})`;
  draw(figure(parent, 'participation', title), 'share of each client in the steps, against the share wanted', { type: 'bar',
    data: { labels: order.map((i) => client[i]), datasets: [
      ...decodes(run) ? [] : [{ type: 'line', label: 'wanted', data: order.map((i) => wanted[i]), borderColor: colour(1),
        borderWidth: 2, stepped: 'middle', pointRadius: 0 }],
      { label: 'share in steps', data: order.map((i) => implied[i]), backgroundColor: faint(0, 0.75), categoryPercentage: 1, barPercentage: 0.95 }] },
    options: barOptions('client', 'share of all weights', { legend: !decodes(run) }) });
}

function drawFairness(parent, run) {
  const accuracy = finite(Array.from(column(run.fairness, 'accuracy') || [])).sort((a, b) => a - b);
  if (!accuracy.length) return;
  const bins = new Array(20).fill(0);
  accuracy.forEach((a) => { bins[Math.min(19, Math.floor(a * 20))]++; });
  const tenth = accuracy[Math.floor(accuracy.length / 10)];
  const title = `Accuracy per client (mean ${short(mean(accuracy))}, worst tenth below ${short(tenth)})`;
  draw(figure(parent, 'fairness', title), 'clients by accuracy', { type: 'bar',
    data: { labels: bins.map((_, i) => `${i * 5}\u2013${i * 5 + 5} %`),
      datasets: [{ label: 'clients', data: bins, backgroundColor: colour(2), categoryPercentage: 1, barPercentage: 0.95 }] },
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
    data: { datasets: sets }, options: lineOptions('step', 'seconds', { legend: true }) });
}

// Tableau's ten, which are told apart on light and dark; more classes than that go round the hues.
const classColours = ['#4e79a7', '#f28e2b', '#e15759', '#76b7b2', '#59a14f', '#edc948', '#b07aa1', '#ff9da7', '#9c755f', '#bab0ac'];
const classColour = (i, n) => (n <= 10 ? classColours[i] : `hsl(${(i * 360 / n + 210) % 360} ${i % 2 ? 45 : 70}% ${45 + (i % 3) * 9}%)`);

function drawPartition(parent, run) {
  if (!run.classes) return;
  const names = Object.keys(run.classes).filter((name) => name !== 'client');
  const client = column(run.classes, 'client');
  const options = barOptions('client', 'rows', { legend: names.length <= 12 });
  options.scales.x.stacked = options.scales.y.stacked = true;
  options.plugins.legend.labels.boxWidth = 10;
  draw(figure(parent, 'partition', 'The partition: rows of each class, by client'), 'rows of each class by client', { type: 'bar',
    data: { labels: Array.from(client), datasets: names.map((name, i) => ({ label: name.replace('class_', 'class '),
      data: Array.from(column(run.classes, name)), backgroundColor: classColour(i, names.length), categoryPercentage: 1, barPercentage: 0.96 })) },
    options });
}

function drawRun() {
  const run = data.runs[$('run').value], parent = $('run-charts');
  for (const id of ['staleness', 'participation', 'fairness', 'rounds', 'partition']) { charts.get(id)?.destroy(); charts.delete(id); }
  parent.replaceChildren();
  const total = run.total || {};
  $('run-note').textContent = [run.title, `state ${run.state ?? 'unknown'}`, run.ended_by && `ended by ${run.ended_by}`,
    total.steps != null && `${short(total.steps)} steps`, total.updates != null && `${short(total.updates)} updates`,
    total.dropped ? `${short(total.dropped)} jobs dropped` : '', total.time_s > 1e-5 && `${short(total.time_s)} s simulated`,
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
