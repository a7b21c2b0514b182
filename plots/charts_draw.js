'use strict';

// inkOf are the page's colours, light or dark.
function inkOf(e) {
  const style = getComputedStyle(e);
  const of = (name, otherwise) => style.getPropertyValue(name).trim() || otherwise;
  return { ink: of('--ink', '#222222'), muted: of('--muted', '#555555'), line: of('--line', '#e4e4e4'), page: of('--page', '#ffffff'), dark: matchMedia('(prefers-color-scheme: dark)').matches };
}

// visible is a colour on this page: on a dark one black becomes its ink, and what is nearly as dark is mixed with white.
function visible(color, ink) {
  if (!ink.dark) return color;
  if (color === '#000000') return ink.ink;
  const parts = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
  const light = (0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]) / 255;
  return light > 0.3 ? color : `rgb(${parts.map((v) => Math.round(v + 0.4 * (255 - v))).join(' ')})`;
}

// ticks are round values between low and high, about five.
function ticks(low, high, log) {
  const out = [];
  if (log) {
    const from = Math.ceil(Math.log10(low) - 1e-9);
    const to = Math.floor(Math.log10(high) + 1e-9);
    const every = Math.max(1, Math.ceil((to - from + 1) / 6));
    for (let e = from; e <= to; e += every) out.push(10 ** e);
    if (out.length > 1) return out;
    return [low, Math.sqrt(low * high), high];
  }
  const rough = (high - low) / 5;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((f) => f * unit).find((s) => s >= rough) || rough;
  for (let v = Math.ceil(low / step) * step; v <= high + step / 1e6; v += step) out.push(Math.abs(v) < step / 1e6 ? 0 : v);
  return out;
}

function drawYAxis(context, plot, values, y, ink) {
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  for (const v of values) {
    context.strokeStyle = ink.line;
    context.beginPath();
    context.moveTo(plot.left, Math.round(y(v)) + 0.5);
    context.lineTo(plot.left + plot.width, Math.round(y(v)) + 0.5);
    context.stroke();
    context.fillStyle = ink.muted;
    context.fillText(formatValue(v), plot.left - 6, y(v));
  }
}

function drawXAxis(context, plot, range, x, ink, name) {
  const bottom = plot.top + plot.height;
  context.strokeStyle = ink.muted;
  context.beginPath();
  context.moveTo(plot.left, bottom + 0.5);
  context.lineTo(plot.left + plot.width, bottom + 0.5);
  context.stroke();
  context.fillStyle = ink.muted;
  context.textAlign = 'center';
  context.textBaseline = 'top';
  const values = ticks(range[0], range[1], false).filter((v, i, all) => plot.width > 400 || i % 2 === all.length % 2);
  for (const v of values) if (x(v) < plot.left + plot.width - 45) context.fillText(formatValue(v), x(v), bottom + 6);
  context.textAlign = 'right';
  context.fillText(name, plot.left + plot.width, bottom + 6);
}

// verticalLine is a cursor, or the mark of a change.
function verticalLine(context, plot, at, dash, label) {
  if (at < plot.left - 0.5 || at > plot.left + plot.width + 0.5) return;
  context.save();
  context.setLineDash(dash);
  context.beginPath();
  context.moveTo(Math.round(at) + 0.5, plot.top);
  context.lineTo(Math.round(at) + 0.5, plot.top + plot.height);
  context.stroke();
  if (label) {
    context.fillStyle = context.strokeStyle;
    const fits = at < plot.left + plot.width / 2;
    context.textAlign = fits ? 'left' : 'right';
    context.textBaseline = 'top';
    context.fillText(label, at + (fits ? 4 : -4), plot.top);
  }
  context.restore();
}

// drawSeries draws a line, broken where a value is none. Where there are more points than pixels it goes through the smallest and the largest
// of each pixel's.
function drawSeries(context, s, x, y, range, ink) {
  context.strokeStyle = context.fillStyle = visible(s.color, ink);
  context.globalAlpha = s.opacity || 1;
  context.lineWidth = s.width || 1.5;
  context.setLineDash(s.dash || []);
  context.beginPath();
  let on = false;
  let column = { at: NaN };
  const go = (px, py) => {
    if (Number.isFinite(py)) {
      if (on) context.lineTo(px, py); else context.moveTo(px, py);
    }
    on = Number.isFinite(py);
  };
  const flush = () => {
    if (Number.isNaN(column.at)) return;
    go(column.at, column.first);
    if (column.low !== column.high) {
      go(column.at, column.low);
      go(column.at, column.high);
      go(column.at, column.last);
    }
  };
  let points = 0;
  let only = null;
  for (let i = 0; i < s.x.length; i++) {
    if (s.x[i] < range[0] && s.x[i + 1] < range[0]) continue;
    const px = x(s.x[i]);
    const py = y(s.y[i]);
    if (Number.isFinite(py)) {
      points++;
      only = [px, py];
    }
    if (Math.abs(px - column.at) < 0.5 && Number.isFinite(py)) {
      column.low = Math.min(column.low, py);
      column.high = Math.max(column.high, py);
      column.last = py;
    } else {
      flush();
      column = { at: px, first: py, last: py, low: py, high: py };
    }
    if (s.x[i] > range[1]) break;
  }
  flush();
  context.stroke();
  if (points === 1) context.fillRect(only[0] - 2, only[1] - 2, 4, 4);
  context.globalAlpha = 1;
  context.setLineDash([]);
}

function viridis(t) {
  const at = Math.max(0, Math.min(1, t)) * (VIRIDIS.length - 1);
  const i = Math.min(VIRIDIS.length - 2, Math.floor(at));
  const part = (color, k) => parseInt(color.slice(1 + 2 * k, 3 + 2 * k), 16);
  return [0, 1, 2].map((k) => Math.round(part(VIRIDIS[i], k) + (at - i) * (part(VIRIDIS[i + 1], k) - part(VIRIDIS[i], k))));
}

// writeOver writes over lines, to the left of a place.
function writeOver(context, text, x, y, ink) {
  context.setLineDash([]);
  context.textAlign = 'right';
  context.lineWidth = 4;
  context.strokeStyle = ink.page;
  context.strokeText(text, x, y);
  context.lineWidth = 1;
  context.fillStyle = ink.muted;
  context.fillText(text, x, y);
}

// fitting is a text that is no wider than the width: where it would be, its middle is left out, since layers differ at their ends.
function fitting(context, text, width) {
  let out = text;
  for (let kept = text.length - 1; kept > 4 && context.measureText(out).width > width; kept--) {
    const end = Math.ceil(kept / 2);
    out = `${text.slice(0, kept - end)}…${text.slice(text.length - end)}`;
  }
  return out;
}

// drawMap draws rows of colours: the logarithm of each series' values over x. What is zero or no number stays blank.
function drawMap(context, rows, plot, range, ink) {
  let [low, high] = [Infinity, -Infinity];
  for (const s of rows) {
    for (const v of s.y) {
      if (!(v > 0) || !Number.isFinite(v)) continue;
      low = Math.min(low, Math.log10(v));
      high = Math.max(high, Math.log10(v));
    }
  }
  if (rows.length === 0 || low > high) return;
  if (low === high) high = low + 1;
  const width = Math.max(1, Math.floor(plot.width));
  const image = new ImageData(width, rows.length);
  rows.forEach((s, row) => {
    if (s.x.length === 0) return;
    for (let px = 0; px < width; px++) {
      const at = range[0] + (px + 0.5) / width * (range[1] - range[0]);
      if (at > s.x[s.x.length - 1] + 1) break;
      const v = s.y[nearest(s.x, at)];
      if (!(v > 0) || !Number.isFinite(v)) continue;
      image.data.set([...viridis((Math.log10(v) - low) / (high - low)), 255], 4 * (row * width + px));
    }
  });
  const buffer = element('canvas');
  buffer.width = width;
  buffer.height = rows.length;
  buffer.getContext('2d').putImageData(image, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(buffer, plot.left, plot.top, plot.width, plot.height);
  const height = plot.height / rows.length;
  context.fillStyle = ink.muted;
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  const every = Math.max(1, Math.ceil(12 / height));
  context.font = '10px system-ui, sans-serif';
  rows.forEach((s, row) => {
    if (row % every === 0) context.fillText(fitting(context, s.label, plot.left - 5), plot.left - 4, plot.top + (row + 0.5) * height);
  });
  context.font = '12px system-ui, sans-serif';
}
