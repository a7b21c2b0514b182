'use strict';

// Colours of arms and of maps: those of the pictures (color.go).
const ARM_COLORS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000', '#8c6d31', '#6a3d9a', '#888888'];
const VIRIDIS = ['#440154', '#482878', '#3e4a89', '#31688e', '#26828e', '#1f9e89', '#35b779', '#6ece58', '#b5de2b', '#fde725'];

const MARGIN = { left: 58, right: 12, top: 8, bottom: 26 };

// formatValue is a number as an axis or a reading shows it.
function formatValue(v) {
  if (v === undefined || Number.isNaN(v)) return '–';
  if (!Number.isFinite(v)) return v > 0 ? '∞' : '−∞';
  const size = Math.abs(v);
  if (v === 0 || size >= 1e-3 && size < 1e5) return String(Number(v.toPrecision(4)));
  return Number(v.toPrecision(3)).toExponential();
}

function element(tag, attributes = {}, ...children) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) e.setAttribute(name, value);
  e.append(...children);
  return e;
}

// nearest is the index of the value in the rising list xs that is nearest to x.
function nearest(xs, x) {
  let low = 0;
  let high = xs.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (xs[middle] < x) low = middle + 1; else high = middle;
  }
  return low > 0 && x - xs[low - 1] <= xs[low] - x ? low - 1 : low;
}

// Charts are panels with one x axis in common: a cursor that reads the values of all of them, and zoom. With a mouse a drag zooms and a double
// click shows all again; with the keyboard arrows move the cursor, + and - zoom, and 0 shows all.
class Charts {
  constructor(box, xName = 'step') {
    this.box = box;
    this.xName = xName;
    this.panels = [];
    this.cursor = null; // an x value
    this.zoom = null; // [from, to]
    this.marks = []; // {x, label}: vertical lines
    this.isShown = () => true; // whether a series is drawn
    this.pending = false;
    new ResizeObserver(() => this.draw()).observe(box);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.draw());
  }

  panel(options) {
    const panel = new Panel(this, options);
    this.panels.push(panel);
    this.box.append(panel.figure);
    return panel;
  }

  clear() {
    this.panels = [];
    this.box.replaceChildren();
    this.cursor = this.zoom = null;
    this.marks = [];
  }

  // draw draws all panels with the next frame, however often it is asked to.
  draw() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      for (const panel of this.panels) panel.draw();
    });
  }

  // range is the x axis' now.
  range() {
    if (this.zoom) return this.zoom;
    let [from, to] = [Infinity, -Infinity];
    for (const panel of this.panels) {
      for (const s of panel.series) {
        if (s.x.length === 0 || !this.isShown(s)) continue;
        from = Math.min(from, s.x[0]);
        to = Math.max(to, s.x[s.x.length - 1]);
      }
    }
    if (from > to) return [0, 1];
    return from === to ? [from - 0.5, to + 0.5] : [from, to];
  }

  setZoom(from, to) {
    this.zoom = to - from > 1e-9 ? [from, to] : null;
    this.draw();
  }

  setCursor(x) {
    this.cursor = x;
    this.draw();
  }

  key(event) {
    const [from, to] = this.range();
    const at = this.cursor === null ? from : this.cursor;
    const by = (to - from) / (event.shiftKey ? 10 : 100);
    const zoomed = (factor) => this.setZoom(at - (at - from) * factor, at + (to - at) * factor);
    const actions = {
      ArrowLeft: () => this.setCursor(Math.max(from, at - by)),
      ArrowRight: () => this.setCursor(Math.min(to, at + by)),
      Home: () => this.setCursor(from),
      End: () => this.setCursor(to),
      '+': () => zoomed(0.5),
      '=': () => zoomed(0.5),
      '-': () => zoomed(2),
      0: () => this.setZoom(0, 0),
      Escape: () => this.setZoom(0, 0),
    };
    if (!actions[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    actions[event.key]();
  }
}

// Panel is one chart. Its series are {key, label, color, x, y} with x rising, or in a map one row each, the first on top.
class Panel {
  constructor(charts, { title, log = false, map = false, height = 190, lines = [], id = title }) {
    Object.assign(this, { charts, title, log, map, height, lines, id, series: [] });
    this.canvas = element('canvas', { tabindex: 0, role: 'img', 'aria-label': `${title}. Arrow keys move the cursor, + and - zoom, 0 shows all.` });
    this.reading = element('p', { class: 'reading', 'aria-live': 'polite' });
    this.figure = element('figure', { class: 'chart' }, element('figcaption', {}, element('span', { class: 'chart-title' }, title), this.tools()), this.canvas, this.reading);
    this.listen();
  }

  tools() {
    const box = element('span', { class: 'tools' });
    const button = (text, name, action) => {
      const b = element('button', { type: 'button', 'aria-label': `${this.title}: ${name}` }, text);
      b.addEventListener('click', action);
      box.append(b);
      return b;
    };
    if (!this.map) {
      const b = button('log', 'logarithmic axis', () => {
        this.log = !this.log;
        b.setAttribute('aria-pressed', this.log);
        this.charts.draw();
      });
      b.setAttribute('aria-pressed', this.log);
    }
    button('CSV', 'save the values as CSV', () => save(`${this.id}.csv`, new Blob([this.csv()], { type: 'text/csv' })));
    button('PNG', 'save the picture', () => this.png((blob) => save(`${this.id}.png`, blob)));
    return box;
  }

  listen() {
    const at = (event) => {
      const box = this.canvas.getBoundingClientRect();
      const [from, to] = this.charts.range();
      const share = (event.clientX - box.left - MARGIN.left) / (box.width - MARGIN.left - MARGIN.right);
      return from + Math.max(0, Math.min(1, share)) * (to - from);
    };
    this.canvas.addEventListener('pointerdown', (event) => {
      if (event.pointerType === 'mouse') this.drag = at(event);
    });
    this.canvas.addEventListener('pointermove', (event) => this.charts.setCursor(at(event)));
    this.canvas.addEventListener('pointerleave', () => {
      this.drag = undefined;
      this.charts.setCursor(null);
    });
    this.canvas.addEventListener('pointerup', (event) => {
      const [from, to] = this.charts.range();
      const end = at(event);
      if (this.drag !== undefined && Math.abs(end - this.drag) > (to - from) / 50) this.charts.setZoom(Math.min(this.drag, end), Math.max(this.drag, end));
      this.drag = undefined;
    });
    this.canvas.addEventListener('dblclick', () => this.charts.setZoom(0, 0));
    this.canvas.addEventListener('keydown', (event) => this.charts.key(event));
  }

  line(key, label, color, more = {}) {
    const series = { key, label, color, x: [], y: [], ...more };
    this.series.push(series);
    return series;
  }

  shown() { return this.series.filter((s) => this.charts.isShown(s)); }

  // yRange is that of the values in sight.
  yRange([from, to]) {
    let [low, high] = [Infinity, -Infinity];
    const take = (v) => {
      if (!Number.isFinite(v) || this.log && v <= 0) return;
      low = Math.min(low, v);
      high = Math.max(high, v);
    };
    for (const s of this.shown()) {
      for (let i = 0; i < s.x.length; i++) if (s.x[i] >= from && s.x[i] <= to) take(s.y[i]);
    }
    if (low <= high) for (const l of this.lines) take(l.y);
    if (low > high) return this.log ? [0.1, 1] : [0, 1];
    if (this.log) return low === high ? [low / 2, high * 2] : [low, high];
    const pad = (high - low || Math.abs(high) || 1) * 0.05;
    return [low >= 0 ? Math.max(0, low - pad) : low - pad, high + pad];
  }

  draw(context = this.resized(), ink = inkOf(this.canvas)) {
    const { width } = this.box;
    const range = this.charts.range();
    const left = MARGIN.left;
    const plot = { left, top: MARGIN.top, width: Math.max(10, width - left - MARGIN.right), height: this.height - MARGIN.top - MARGIN.bottom };
    const x = (v) => plot.left + (v - range[0]) / (range[1] - range[0]) * plot.width;
    context.clearRect(0, 0, width, this.height);
    context.font = '12px system-ui, sans-serif';
    context.lineWidth = 1;
    if (this.map) drawMap(context, this.shown(), plot, range, ink); else this.drawLines(context, plot, range, x, ink);
    drawXAxis(context, plot, range, x, ink, this.charts.xName);
    context.strokeStyle = ink.ink;
    for (const mark of this.charts.marks) verticalLine(context, plot, x(mark.x), [2, 3], mark.label);
    if (this.charts.cursor !== null) verticalLine(context, plot, x(this.charts.cursor), []);
    this.read();
  }

  resized() {
    const ratio = devicePixelRatio || 1;
    const width = this.figure.clientWidth || 300;
    this.box = { width };
    if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== Math.round(this.height * ratio)) {
      this.canvas.width = Math.round(width * ratio);
      this.canvas.height = Math.round(this.height * ratio);
      this.canvas.style.width = `${width}px`;
      this.canvas.style.height = `${this.height}px`;
    }
    const context = this.canvas.getContext('2d');
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    return context;
  }

  drawLines(context, plot, range, x, ink) {
    const [low, high] = this.yRange(range);
    const scale = this.log ? Math.log10 : (v) => v;
    const y = (v) => plot.top + plot.height - (scale(v) - scale(low)) / (scale(high) - scale(low)) * plot.height;
    drawYAxis(context, plot, ticks(low, high, this.log), y, ink);
    context.save();
    context.beginPath();
    context.rect(plot.left, 0, plot.width, plot.top + plot.height + 2);
    context.clip();
    context.setLineDash([6, 4]);
    for (const l of this.lines) {
      context.strokeStyle = context.fillStyle = ink.muted;
      context.beginPath();
      context.moveTo(plot.left, y(l.y));
      context.lineTo(plot.left + plot.width, y(l.y));
      context.stroke();
    }
    for (const s of this.shown()) drawSeries(context, s, x, this.log ? (v) => (v > 0 ? y(v) : NaN) : y, range, ink);
    for (const l of this.lines) writeOver(context, l.label, plot.left + plot.width - 4, y(l.y) - 4, ink);
    context.restore();
  }

  // read tells the values at the cursor.
  read() {
    const at = this.charts.cursor;
    const list = this.shown();
    if (at === null || !list.some((s) => s.x.length)) {
      if (this.reading.childNodes.length) this.reading.replaceChildren();
      return;
    }
    const parts = [];
    list.slice(0, 12).forEach((s, k) => {
      if (s.x.length === 0) return;
      const i = nearest(s.x, at);
      if (k === 0) parts.push(element('span', {}, `${this.charts.xName} ${formatValue(s.x[i])}`));
      const swatch = element('span', { class: 'swatch' });
      if (!this.map) swatch.style.background = visible(s.color, inkOf(this.canvas));
      parts.push(element('span', {}, ...(this.map ? [] : [swatch]), `${s.label} ${formatValue(s.y[i])}`));
    });
    if (list.length > 12) parts.push(element('span', {}, `and ${list.length - 12} more`));
    this.reading.replaceChildren(...parts);
  }

  // csv is the series in sight, a line for each x value.
  csv() {
    const list = this.shown();
    const quote = (text) => (/[",\n]|^[=+@-]/.test(text) ? `"${(/^[=+@-]/.test(text) ? "'" : '') + text.replaceAll('"', '""')}"` : text);
    const rows = new Map();
    list.forEach((s, k) => s.x.forEach((x, i) => {
      if (!rows.has(x)) rows.set(x, new Array(list.length).fill(''));
      rows.get(x)[k] = s.y[i];
    }));
    const lines = [...rows].sort((a, b) => a[0] - b[0]).map(([x, cells]) => [x, ...cells].join(','));
    return `${[this.charts.xName, ...list.map((s) => quote(s.label))].join(',')}\n${lines.join('\n')}\n`;
  }

  // png draws on white, twice as large.
  png(done) {
    const copy = element('canvas');
    copy.width = this.box.width * 2;
    copy.height = this.height * 2;
    const context = copy.getContext('2d');
    context.scale(2, 2);
    this.draw(context, { ink: '#222222', muted: '#555555', line: '#e4e4e4', dark: false });
    context.globalCompositeOperation = 'destination-over';
    context.fillStyle = '#ffffff';
    context.fillRect(0, 0, this.box.width, this.height);
    copy.toBlob(done);
  }
}

// save hands a file to the user.
function save(name, blob) {
  const link = element('a', { href: URL.createObjectURL(blob), download: name.replace(/[^A-Za-z0-9._-]+/g, '-') });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
