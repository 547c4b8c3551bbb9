'use strict';
// Accuracy and losses against a quantity of the reader's choice, and accuracy against epsilon.

// A line through one point is nothing to see.
const dots = (points, i) => (points.length === 1 ? { pointRadius: 4, backgroundColor: colour(i) } : {});

function curveSets(y) {
  const sets = [];
  for (const group of groups) {
    const b = group.shown && band(group, $('x').value, y);
    if (!b) continue;
    const i = group.index, base = { label: group.label, borderColor: colour(i), borderDash: dash(i) };
    if (!b.mean || (b.runs > 1 && !$('bands').checked)) {
      b.each.forEach((points) => sets.push({ ...base, data: points, borderWidth: 1.3, ...dots(points, i) }));
      continue;
    }
    if (b.low) {
      sets.push({ ...base, data: b.low, borderWidth: 0, quiet: true, pointHitRadius: 0 });
      sets.push({ ...base, data: b.high, borderWidth: 0, quiet: true, pointHitRadius: 0, fill: '-1', backgroundColor: faint(i, 0.16) });
    }
    sets.push({ ...base, data: b.mean, ...dots(b.mean, i) });
  }
  return sets;
}

const curveKinds = [['test_accuracy', 'test accuracy'], ['test_loss', 'test loss'], ['train_loss', 'training loss']];

function drawCurves() {
  const x = quantities[$('x').value]?.label ?? 'step';
  for (const [name, label] of curveKinds) {
    const holder = $(`curve-${name}`);
    if (!holder) continue;
    const loss = name.endsWith('loss');
    const options = lineOptions(x, label, { y: loss && $('log').checked ? { type: 'logarithmic' } : {} });
    draw(holder, `${label} against ${x}`, { type: 'line', data: { datasets: curveSets(name) }, options });
  }
}

// A run at its end: what it spent, what it reached.
function endOf(run) {
  const x = last(run, 'epsilon'), y = last(run, 'test_accuracy');
  return x > 0 && Number.isFinite(x) && Number.isFinite(y) ? [{ x, y, run }] : [];
}

// By rising epsilon, without those that another equals or beats in accuracy for no more epsilon, give or take 1 %.
function undominated(points) {
  const front = [];
  for (const p of points.sort((a, b) => a.x - b.x || b.y - a.y)) {
    if (front.length && p.y <= front.at(-1).y) continue;
    while (front.length && p.x <= 1.01 * front.at(-1).x) front.pop();
    front.push(p);
  }
  return front;
}

// Of all configurations, also those whose curves are not shown: a method without its best is not what it is.
function drawFrontier() {
  $('frontier').hidden = !hasColumn('epsilon');
  if ($('frontier').hidden) return;
  const sets = [], spent = [];
  data.families.forEach((label, i) => {
    const ends = groups.map((g) => g.runs.filter((r) => r.family === i).flatMap(endOf)).filter((e) => e.length);
    if (!ends.length) return;
    spent.push(...ends.flat().map((p) => p.x));
    const front = undominated(ends.map((e) => ({ x: mean(e.map((p) => p.x)), y: mean(e.map((p) => p.y)) })));
    sets.push({ label, data: ends.flat(), showLine: false, pointRadius: 4, pointHoverRadius: 6, backgroundColor: colour(i), borderColor: colour(i) });
    sets.push({ label, data: front, quiet: true, borderColor: colour(i), borderDash: dash(i), borderWidth: 1.8 });
  });
  const options = lineOptions('epsilon', 'test accuracy', { legend: true,
    tooltip: {
      title: (items) => (items.length ? items[0].raw.run.name : ''),
      label: (item) => `epsilon ${short(item.raw.x)}: ${short(item.raw.y)}`,
    } });
  options.plugins.legend.labels.filter = (item, chart) => !chart.datasets[item.datasetIndex].quiet;
  Object.assign(options.scales.x, { type: 'logarithmic', min: Math.min(...spent) * 0.8, max: Math.max(...spent) * 1.25 });
  draw($('frontier-plot'), 'test accuracy against epsilon', { type: 'line', data: { datasets: sets }, options });
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
