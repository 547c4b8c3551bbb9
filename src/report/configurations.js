'use strict';
// The table of configurations: one row each, over seeds.

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

// A run that a sweep has stopped early, or that was given up, is not at its end.
const cutOff = (run) => run.ended_by === 'paused' || run.ended_by === 'diverged';

function fillGroups() {
  const classifies = hasColumn('test_accuracy'), target = $('target').value / 100;
  const heads = ['configuration', 'runs', 'final accuracy', 'best accuracy', 'final loss'];
  const costs = [['time_s', 'time to target (s)'], ['updates', 'updates to target'], ['bytes', 'bytes to target']]
    .filter(([key]) => classifies && moves(key));
  heads.push(...costs.map(([, head]) => head));
  const ends = (g, key, digits) => spread(g.runs.filter((r) => !cutOff(r)).map((r) => r.final?.[key]), digits);
  const rows = groups.map((g) => [g.label, g.runs.length, ends(g, 'test_accuracy', 4),
    spread(g.runs.map((r) => r.best?.test_accuracy?.value ?? r.best?.test_accuracy), 4), ends(g, 'test_loss'),
    ...costs.map(([key]) => reachedText(g, target, key))]);
  fillRows($('groups'), heads, rows.map((row, r) => [[swatch(groups[r].index), ' ', row[0]], ...row.slice(1)]));
}

function setUpGroups() {
  const noted = data.runs.map((run) => run.to_target?.target_accuracy).find((v) => v != null);
  $('target').value = noted != null ? +(noted * 100).toPrecision(6) : 80;
  $('target').parentElement.parentElement.hidden = !hasColumn('test_accuracy');
  $('target').oninput = fillGroups;
  const several = groups.some((g) => g.runs.length > 1);
  const notes = [];
  if (several) {
    notes.push('Mean \u00b1 standard deviation over seeds.',
      '"2 of 3" counts the runs that reached the target, and the mean is theirs alone.');
  }
  if (data.runs.some(cutOff)) notes.push('Runs that were stopped early, or given up as diverged, have no final result.');
  $('groups-note').textContent = notes.join(' ');
  fillGroups();
}
