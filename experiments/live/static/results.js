'use strict';

const charts = new Charts(byId('charts'));
const switches = new Switches(charts, { arm: byId('arm-switches'), seed: byId('seed-switches') });
const shown = { source: null, runs: [], panels: {} };
const filterList = filterable(byId('filter'), byId('list'));
const filterRuns = filterable(byId('run-filter'), byId('runs'));

function fail(error) { say(byId('error'), error ? error.message : ''); }

// list shows what lies in the folder.
async function list() {
  const all = await (await ask('/api/results')).json();
  all.sort((a, b) => (a.changed < b.changed ? 1 : -1));
  say(byId('status'), all.length ? '' : 'There is no study, run or diagnosis in this folder yet. Let dcae run or dcae diagnose write into it.');
  byId('list').replaceChildren(...all.map((f) => {
    const link = element('a', { href: `#${encodeURIComponent(f.path)}` }, f.name || f.path);
    const runs = f.runs ? `${f.finished} of ${f.runs}${f.running ? ', running' : ''}` : '';
    return tableRow([f.kind, { content: link }, f.says, { content: runs, numeric: true }, { content: new Date(f.changed).toLocaleString(), key: f.changed }]);
  }));
  filterList();
  return all;
}

// show shows what lies at a path of the folder.
async function show(path, all) {
  if (shown.source) shown.source.close();
  const f = all.find((other) => other.path === path);
  byId('shown').hidden = !f;
  if (!f) return;
  byId('name').textContent = f.name;
  byId('question').textContent = f.says;
  byId('page').hidden = !f.page;
  if (f.page) {
    const address = `/files/${[...(f.path === '.' ? [] : f.path.split('/')), 'report.html'].map(encodeURIComponent).join('/')}`;
    byId('frame').src = address;
    byId('page-link').href = address;
  }
  byId('curves').hidden = f.kind === 'diagnosis' || f.kind === 'damaged';
  say(byId('live'), '');
  if (!byId('curves').hidden) follow(path);
}

function follow(path) {
  shown.source = watch(`/api/follow/${path.split('/').map(encodeURIComponent).join('/')}`, {
    study: begin,
    columns: (event) => shown.runs[event.run].records.columns(event),
    lines,
    result,
    warning: (event) => say(byId('live'), event.warning),
    restart: () => setTimeout(() => follow(path), 1000),
  }, (gone) => { if (gone === false) say(byId('live'), 'The connection is lost; it is taken up again …'); else sayLive(); });
}

// begin makes room for a study's runs.
function begin(study) {
  charts.clear();
  const arms = [...new Set(study.runs.map((r) => r.arm))];
  const seeds = [...new Set(study.runs.map((r) => r.seed))];
  const panel = (title, more = {}) => charts.panel({ title, ...more });
  shown.panels = {
    loss: panel('Loss', { log: true }),
    held: panel('MSE on held-out images', { log: true }),
    fvu: panel('FVU on held-out images', { lines: [{ y: 1, label: 'mean image' }, { y: 0.5, label: 'learned' }] }),
    first: panel('Gradient norm, first layer', { log: true }),
    last: panel('Gradient norm, last layer', { log: true }),
    ratio: panel('Update ratio, first layer', { log: true }),
  };
  shown.runs = study.runs.map((r) => {
    const color = armColor(arms.indexOf(r.arm));
    const series = {};
    for (const [name, p] of Object.entries(shown.panels)) series[name] = p.line(`${r.arm}/${r.seed}`, `${r.arm}, seed ${r.seed}`, color, { arm: r.arm, seed: String(r.seed), opacity: seeds.length > 1 ? 0.75 : 1 });
    return { ...r, series, records: new Records(), result: null };
  });
  switches.set('arm', arms, armColor);
  switches.set('seed', seeds.map(String));
  byId('runs').replaceChildren();
  charts.draw();
}

function lines(event) {
  const run = shown.runs[event.run];
  run.records.lines(event);
  const of = (table, name) => run.records.column(table, name);
  const set = (name, x, y) => Object.assign(run.series[name], { x, y });
  if (event.table === 'steps') {
    const x = of('steps', 'step');
    const layers = run.records.layers('steps', 'gradient_norm');
    set('loss', x, of('steps', 'loss'));
    set('first', x, of('steps', `${layers[0]}/gradient_norm`));
    set('last', x, of('steps', `${layers[layers.length - 1]}/gradient_norm`));
    set('ratio', x, of('steps', `${layers[0]}/update_ratio`));
  }
  const x = of('epochs', 'step');
  set('held', x, of('epochs', 'heldout_mse'));
  set('fvu', x, of('epochs', 'heldout_fvu'));
  charts.draw();
  sayLive();
}

function result(event) {
  const r = event.result;
  shown.runs[event.run].result = r;
  const number = (v) => ({ content: formatValue(numberOf(String(v))), numeric: true, key: numberOf(String(v)) });
  byId('runs').append(tableRow([r.arm, number(r.seed), r.outcome, number(r.test_fvu), number(r.test_mse), number(r.steps), r.why]));
  filterRuns();
  sayLive();
}

function sayLive() {
  const finished = shown.runs.filter((r) => r.result).length;
  if (shown.runs.length) say(byId('live'), finished === shown.runs.length ? `All ${finished} runs are finished.` : `${finished} of ${shown.runs.length} runs are finished; what is added is shown as it comes.`);
}

async function begins() {
  const all = await list();
  await show(decodeURIComponent(location.hash.slice(1)), all);
}
document.querySelectorAll('table').forEach(sortable);
addEventListener('hashchange', () => begins().catch(fail));
begins().catch(fail);
