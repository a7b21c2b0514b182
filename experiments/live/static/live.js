'use strict';

// ask asks the server; an answer that is none becomes an error with the server's words.
async function ask(address, body) {
  let response;
  try {
    response = await fetch(address, body === undefined ? {} : { method: 'POST', body });
  } catch {
    throw new Error('The server does not answer. Is dcae serve still running?');
  }
  if (!response.ok) throw new Error((await response.text()).trim() || response.statusText);
  return response;
}

const byId = (id) => document.getElementById(id);

// queueWords says what goes on and what waits.
function queueWords(queue) {
  const running = queue.running.length ? `Running: ${queue.running.join(', ')}.` : 'Nothing is running.';
  return running + (queue.waiting.length ? ` Waiting: ${queue.waiting.join(', ')}.` : '');
}

// watch listens to a stream of events. The browser connects again by itself, and goes on after the last event that it got.
function watch(address, handlers, lost = () => {}) {
  const source = new EventSource(address);
  for (const [name, handler] of Object.entries(handlers)) source.addEventListener(name, (event) => handler(JSON.parse(event.data)));
  source.addEventListener('end', () => source.close());
  source.onerror = () => lost(source.readyState === EventSource.CLOSED);
  source.onopen = () => lost(null);
  return source;
}

// offerFiles adds the folder's models and images to what can be chosen.
async function offerFiles() {
  const files = await (await ask('/api/files')).json();
  for (const [list, paths] of [['models-list', files.models], ['images-list', files.images]]) byId(list).append(...paths.map((value) => element('option', { value })));
}

// Points that are kept of a table, which is even: about three to a pixel.
const MOST_POINTS = 4000;

// Records are one run's steps.csv and epochs.csv, by columns. The lines come as they stand in the files. Of a table that gets long every second line is
// kept, then every fourth, and so on, and the last one: a page takes no more memory, and no more time to draw, the longer it is open.
class Records {
  constructor() {
    this.tables = { steps: new Map(), epochs: new Map() };
    this.thinned = {};
    this.ends = new Map(); // last step known of each epoch
  }

  columns({ table, names }) {
    this.tables[table] = new Map(names.map((name) => [name, []]));
    this.thinned[table] = { every: 1, seen: 0, extra: false }; // extra: the last line is kept only until the next one comes
  }

  lines({ table, text }) {
    const names = [...this.tables[table].keys()];
    const columns = names.map((name) => this.tables[table].get(name)); // epochs get one more below, which no line has
    const [step, epoch] = [names.indexOf('step'), names.indexOf('epoch')];
    for (const line of text.split('\n')) {
      if (line === '') continue;
      const values = line.split(',').map(numberOf);
      if (table === 'steps') this.ends.set(values[epoch], values[step]);
      this.add(this.thinned[table], columns.slice(0, values.length), values);
    }
    this.tables.epochs.set('step', this.column('epochs', 'epoch').map((e) => this.ends.get(e) ?? NaN)); // either table may come first
  }

  add(t, columns, values) {
    if (t.extra) for (const c of columns) c.pop();
    values.forEach((value, i) => columns[i].push(value));
    t.extra = t.seen % t.every !== 0;
    t.seen += 1;
    if (t.extra || columns[0].length <= MOST_POINTS) return;
    for (const c of columns) {
      for (let i = 0; i < c.length; i += 2) c[i / 2] = c[i];
      c.length = Math.ceil(c.length / 2);
    }
    t.every *= 2;
  }

  column(table, name) { return this.tables[table].get(name) || []; }

  // layers are those that have a column of the quantity, in order.
  layers(table, quantity) {
    return [...this.tables[table].keys()].filter((name) => name.endsWith(`/${quantity}`)).map((name) => name.slice(0, -quantity.length - 1));
  }
}

// Go writes +Inf and -Inf.
function numberOf(text) { return Number(text.replace('Inf', 'Infinity')); }

// say shows a message where a screen reader tells of it.
function say(box, text) {
  if (box.textContent !== text) box.textContent = text;
}
