'use strict';
// What the page knows: the data as typed arrays, means over seeds, colours. No drawing here.

const data = JSON.parse(document.getElementById('data').textContent);

// A column is a digit, 4 or 8, and base64 of little-endian floats of that width.
function unpack(text) {
  const raw = atob(text.slice(1));
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return text[0] === '8' ? new Float64Array(bytes.buffer) : new Float32Array(bytes.buffer);
}

// A table's columns are unpacked when they are first asked for.
const unpacked = new WeakMap();
function column(table, name) {
  if (!table) return undefined;
  if (!unpacked.has(table)) unpacked.set(table, {});
  const done = unpacked.get(table);
  if (!(name in done)) {
    if (name === 'bytes') {
      const up = column(table, 'bytes_up'), down = column(table, 'bytes_down');
      done[name] = up && down ? up.map((value, i) => value + down[i]) : undefined;
    } else {
      done[name] = name in table ? unpack(table[name]) : undefined;
    }
  }
  return done[name];
}

const groups = [];
for (const run of data.runs) {
  (groups[run.group] ||= { label: run.label, runs: [], shown: true, index: run.group }).runs.push(run);
}
groups.forEach((group, i) => { group.shown = i < 12; });

const axisNames = data.axes.map((path) => {
  const parts = path.split('/').slice(1);
  const last = parts[parts.length - 1];
  return ['kind', 'source', 'value'].includes(last) && parts.length > 1 ? parts[parts.length - 2] : last;
});

const quantities = {
  step: { label: 'step' },
  time_s: { label: 'simulated time (s)' },
  bytes: { label: 'traffic (bytes)' },
  epsilon: { label: 'privacy spent (epsilon)' },
  updates: { label: 'updates used' },
  samples: { label: 'samples trained on' },
  wall_s: { label: 'real time (s)' },
};

// The rows where both are known, as arrays.
function curve(run, x, y) {
  const xs = column(run.metrics, x), ys = column(run.metrics, y);
  const at = [], value = [];
  if (xs && ys) {
    for (let i = 0; i < xs.length; i++) {
      if (Number.isFinite(xs[i]) && Number.isFinite(ys[i])) { at.push(xs[i]); value.push(ys[i]); }
    }
  }
  return { x: at, y: value };
}

function interpolate(c, at, from) {
  let r = Math.max(1, from);
  while (r < c.x.length - 1 && c.x[r] < at) r++;
  const width = c.x[r] - c.x[r - 1];
  const value = width > 0 ? c.y[r - 1] + (c.y[r] - c.y[r - 1]) * (at - c.x[r - 1]) / width : c.y[r];
  return [value, r];
}

// Mean, lowest and highest over a group's runs, where all of them have values; one run is itself, as are runs that
// have no stretch in common, or a single value each: then there is no mean.
function band(group, x, y) {
  const curves = group.runs.map((run) => curve(run, x, y)).filter((c) => c.x.length > 0);
  if (curves.length === 0) return null;
  const points = (c) => c.x.map((at, i) => ({ x: at, y: c.y[i] }));
  if (curves.length === 1) return { runs: 1, mean: points(curves[0]), each: [points(curves[0])] };
  const low = Math.max(...curves.map((c) => c.x[0]));
  const high = Math.min(...curves.map((c) => c.x[c.x.length - 1]));
  const n = 150, result = { runs: curves.length, mean: [], low: [], high: [], each: curves.map(points) };
  if (!(low < high)) return { ...result, mean: null, low: null };
  const rows = curves.map(() => 1);
  for (let p = 0; p < n; p++) {
    const at = low + (high - low) * p / (n - 1);
    let sum = 0, least = Infinity, most = -Infinity;
    curves.forEach((c, i) => {
      const [value, r] = interpolate(c, at, rows[i]);
      rows[i] = r;
      sum += value; least = Math.min(least, value); most = Math.max(most, value);
    });
    result.mean.push({ x: at, y: sum / curves.length });
    result.low.push({ x: at, y: least });
    result.high.push({ x: at, y: most });
  }
  return result;
}

const finite = (values) => values.filter((v) => typeof v === 'number' && Number.isFinite(v));
const mean = (values) => (values.length ? values.reduce((a, b) => a + b, 0) / values.length : NaN);
function deviation(values) {
  const m = mean(values);
  return values.length > 1 ? Math.sqrt(values.reduce((a, b) => a + (b - m) ** 2, 0) / (values.length - 1)) : NaN;
}

function last(run, name) {
  const values = column(run.metrics, name);
  return values && values.length ? values[values.length - 1] : NaN;
}

const hasColumn = (name) => data.runs.some((run) => finite(Array.from(column(run.metrics, name) || [])).length > 0);

// A world without durations takes no simulated time, or a nanosecond an event: nothing to draw against.
const moves = (name) => data.runs.some((run) => {
  const values = finite(Array.from(column(run.metrics, name) || []));
  return values.some((v) => Math.abs(v - values[0]) > (name === 'time_s' ? 1e-5 : 0));
});

// 1234567 -> "1.23M"; four digits at most.
function short(value) {
  if (typeof value !== 'number' || !Number.isFinite(value)) return '\u2013';
  const size = Math.abs(value);
  for (const [limit, unit] of [[1e12, 'T'], [1e9, 'G'], [1e6, 'M'], [1e4, 'k']]) {
    if (size >= limit) return `${+(value / (unit === 'k' ? 1e3 : limit)).toPrecision(3)}${unit}`;
  }
  return String(+value.toPrecision(4));
}

// Okabe and Ito's colours, which colour-blind readers can tell apart, a little brighter on dark; dashes beyond.
const palette = {
  light: ['#0072b2', '#d55e00', '#008a64', '#b0518f', '#a87400', '#3f9bd6', '#5b5b5b'],
  dark: ['#4aa8e8', '#ff8a3c', '#2fc99b', '#e39bc9', '#f0b429', '#8fd0f7', '#b8b8b8'],
};
const dashes = [[], [7, 3], [2, 3], [9, 3, 2, 3]];
let theme = 'light';
const colour = (i) => palette[theme][i % 7];
const dash = (i) => dashes[Math.floor(i / 7) % 4];
const faint = (i, alpha) => colour(i) + Math.round(alpha * 255).toString(16).padStart(2, '0');
const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
