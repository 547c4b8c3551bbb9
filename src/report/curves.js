'use strict';
// Accuracy and losses against a quantity of the reader's choice, and accuracy against epsilon.

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
