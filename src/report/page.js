'use strict';
// The page as a whole. The last of the files, since it starts them all.

function setTheme(name) {
  theme = name;
  document.documentElement.dataset.theme = name;
  $('theme').textContent = name === 'dark' ? 'Light' : 'Dark';
  $('theme').setAttribute('aria-label', `switch to ${name === 'dark' ? 'light' : 'dark'} colours`);
}

function drawAll() {
  fillLegend();
  drawCurves();
  drawFrontier();
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
