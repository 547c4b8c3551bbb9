'use strict';
// What every part of the page draws with: elements, charts, tables.

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

// On a log scale 1, 2 and 5 of each power of ten: more would run into each other.
function tickText(v) {
  const digits = v / 10 ** Math.floor(Math.log10(v) + 1e-9);
  return this.type === 'logarithmic' && ![1, 2, 5].some((d) => Math.abs(digits - d) < 1e-6) ? '' : short(v);
}

function axis(title, more) {
  return {
    title: { display: true, text: title, color: style('--soft') },
    ticks: { color: style('--soft'), maxRotation: 0, autoSkipPadding: 12, includeBounds: false, callback: tickText },
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

function barOptions(x, y, more = {}) {
  const options = lineOptions(x, y, more);
  options.parsing = true;
  options.scales.x = axis(x, { type: 'category', grid: { display: false }, ...more.x });
  options.scales.x.ticks = { color: style('--soft'), maxRotation: 0, autoSkipPadding: 8 };
  options.interaction = { mode: 'index', intersect: false };
  options.plugins.tooltip.callbacks.title = (items) => (items.length ? `${x} ${items[0].label}` : '');
  return options;
}

function swatch(i) {
  const box = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  box.setAttribute('width', 26); box.setAttribute('height', 8); box.setAttribute('aria-hidden', 'true');
  const line = document.createElementNS('http://www.w3.org/2000/svg', 'line');
  const look = { x1: 0, x2: 26, y1: 4, y2: 4, stroke: colour(i), 'stroke-width': 3, 'stroke-dasharray': dash(i).join(' ') };
  for (const [key, value] of Object.entries(look)) line.setAttribute(key, value);
  box.append(line);
  return box;
}

// A column of nothing but dashes is left out.
function fillRows(table, heads, rows) {
  const keep = heads.map((_, c) => rows.some((row) => row[c] !== '\u2013'));
  const line = (tag, more, row) => make('tr', {}, ...row.map((v, c) => [v, c]).filter(([, c]) => keep[c])
    .map(([v, c]) => make(tag, { ...more, className: c ? '' : 'text' }, ...[v].flat().map((part) => (part instanceof Node ? part : String(part))))));
  table.replaceChildren(make('thead', {}, line('th', { scope: 'col' }, heads)), make('tbody', {}, ...rows.map((row) => line('td', {}, row))));
}
