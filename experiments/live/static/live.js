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

// Records are one run's steps.csv and epochs.csv, by columns. The lines come as they stand in the files.
class Records {
  constructor() { this.tables = { steps: new Map(), epochs: new Map() }; }

  columns({ table, names }) { this.tables[table] = new Map(names.map((name) => [name, []])); }

  lines({ table, text }) {
    const columns = [...this.tables[table].values()];
    for (const line of text.split('\n')) {
      if (line === '') continue;
      line.split(',').forEach((cell, i) => columns[i].push(numberOf(cell)));
    }
    if (table === 'epochs') this.placeEpochs();
  }

  // placeEpochs says after which step each epoch ended: the last one known of it.
  placeEpochs() {
    const steps = this.column('steps', 'step');
    const of = this.column('steps', 'epoch');
    const last = new Map();
    of.forEach((epoch, i) => last.set(epoch, steps[i]));
    this.tables.epochs.set('step', this.column('epochs', 'epoch').map((epoch) => last.get(epoch) ?? NaN));
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
