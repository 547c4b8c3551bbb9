'use strict';
// The table of points: sorted and filtered.

const table = { sort: 0, up: true, rows: [], heads: [] };

function setUpTable() {
  const heads = ['name', ...axisNames, 'seed', 'state', 'note', 'accuracy', 'best', 'loss', 'epsilon_spent', 'noise_key', 'time_s', 'target_s', 'updates',
    'dropped', 'bytes', 'variation'];
  const timed = moves('time_s');
  const rows = data.runs.map((run) => [
    run.name, ...run.axes.map((v) => (v !== null && typeof v === 'object' ? JSON.stringify(v) : v)), run.seed,
    run.ended_by ? `${run.state} (${run.ended_by})` : run.state, data.statistics?.notes?.[run.name],
    run.final?.test_accuracy, run.best?.test_accuracy?.value ?? run.best?.test_accuracy, run.final?.test_loss ?? last(run, 'test_loss'),
    last(run, 'epsilon'), run.noise_key ?? null, timed ? run.total?.time_s : null, timed ? run.to_target?.time_s : null, run.total?.updates, run.total?.dropped,
    run.total && run.total.bytes_up + run.total.bytes_down, decodes(run) || run.variation == null ? null : +run.variation.toFixed(6),
  ].map((v) => (v === undefined || (typeof v === 'number' && !Number.isFinite(v)) ? null : v)));
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
    if (typeof a[c] === 'number' && typeof b[c] === 'number') return sign * (a[c] - b[c]);
    return sign * String(a[c]).localeCompare(String(b[c]), 'en', { numeric: true });
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
