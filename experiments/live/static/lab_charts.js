'use strict';

// depthColor is that of layer i of n; the palest end of the map would not be seen on white.
function depthColor(i, n) {
  const [r, g, b] = viridis(n < 2 ? 0 : 0.88 * i / (n - 1));
  return `#${[r, g, b].map((v) => v.toString(16).padStart(2, '0')).join('')}`;
}

// LabCharts are the charts and the pictures of a lab's runs.
class LabCharts {
  constructor() {
    this.charts = new Charts(byId('charts'));
    this.runs = [];
  }

  // begin shows what a lab is going to train.
  begin(lab) {
    this.charts.clear();
    this.lossPanel = this.charts.panel({ title: 'Loss of each step', log: true });
    this.fvuPanel = this.charts.panel({ title: 'FVU on held-out images', lines: [{ y: 1, label: 'mean image' }, { y: 0.5, label: 'learned' }] });
    byId('runs').replaceChildren();
    this.runs = lab.runs.map((run, i) => this.run(lab, run, i));
    for (const change of lab.changes) this.mark(change);
    this.charts.draw();
  }

  run(lab, run, i) {
    const several = lab.runs.some((other) => other !== run && other.arm === run.arm);
    const name = several ? `${run.arm}, seed ${run.seed}` : run.arm;
    const color = ARM_COLORS[i];
    const out = { name, records: new Records(), color, layers: null };
    out.loss = this.lossPanel.line(`loss${i}`, name, color);
    out.fvu = this.fvuPanel.line(`fvu${i}`, name, color, { width: 2 });
    out.outcome = element('p', { class: 'outcome', role: 'status' }, '');
    out.speed = element('p', {}, '');
    out.originals = element('img', { alt: `${name}: held-out images` });
    out.outputs = element('img', { alt: `${name}: what the model makes of them` });
    out.originals.hidden = out.outputs.hidden = true;
    out.box = element('article', { class: 'run', 'aria-label': name }, element('h3', {}, name),
      element('p', {}, i === 0 ? `${run.optimizer}; loss ${run.loss}; ${run.values.toLocaleString('en')} values are trained` : `differs from the first in: ${run.differs.join(', ') || 'nothing'}`),
      out.outcome, element('div', { class: 'images' }, out.originals, out.outputs), out.speed);
    out.box.style.setProperty('--arm', color);
    byId('runs').append(out.box);
    return out;
  }

  // panels are made when the layers' names are known.
  panels(run) {
    const into = (options) => {
      const panel = this.charts.panel({ ...options, id: `${run.name} ${options.title}` });
      run.box.append(panel.figure);
      return panel;
    };
    const layers = run.records.layers('steps', 'gradient_norm');
    run.map = into({ title: 'Gradient norms, first layer on top', map: true, height: Math.max(120, 20 * layers.length + 34) });
    run.norms = into({ title: 'Gradient norm by layer', log: true, height: 160 });
    run.ratios = into({ title: 'Update ratio by layer', log: true, height: 160, lines: [{ y: 0.001, label: 'usual' }] });
    run.layers = layers.map((layer, i) => {
      const color = depthColor(i, layers.length);
      return { layer, map: run.map.line(layer, layer, color), norm: run.norms.line(layer, layer, color), ratio: run.ratios.line(layer, layer, color) };
    });
  }

  unitPanel(run) {
    const layers = run.records.layers('epochs', 'dead');
    run.unitsPanel = this.charts.panel({ title: 'Dead units (lines) and saturated values (dashes)', id: `${run.name} units`, height: 130 });
    run.box.append(run.unitsPanel.figure);
    run.units = layers.map((layer, i) => {
      const color = depthColor(i, layers.length);
      return { layer, dead: run.unitsPanel.line(`${layer}/dead`, `${layer} dead`, color), saturated: run.unitsPanel.line(`${layer}/saturated`, `${layer} saturated`, color, { dash: [4, 3] }) };
    });
  }

  columns(event) {
    const run = this.runs[event.run];
    run.records.columns(event);
    if (event.table === 'steps') this.panels(run); else this.unitPanel(run);
  }

  lines(event) {
    const run = this.runs[event.run];
    run.records.lines(event);
    const of = (table, name) => run.records.column(table, name);
    const set = (series, x, y) => Object.assign(series, { x, y });
    if (event.table === 'steps') {
      const x = of('steps', 'step');
      set(run.loss, x, of('steps', 'loss'));
      for (const l of run.layers) {
        const norms = of('steps', `${l.layer}/gradient_norm`);
        set(l.map, x, norms);
        set(l.norm, x, norms);
        set(l.ratio, x, of('steps', `${l.layer}/update_ratio`));
      }
    } else {
      const x = of('epochs', 'step');
      set(run.fvu, x, of('epochs', 'heldout_fvu'));
      for (const u of run.units) {
        set(u.dead, x, of('epochs', `${u.layer}/dead`));
        set(u.saturated, x, of('epochs', `${u.layer}/saturated`));
      }
    }
    this.charts.draw();
  }

  pictures(event) {
    const run = this.runs[event.run];
    const image = event.kind === 'images' ? run.originals : run.outputs;
    image.src = `data:image/png;base64,${event.png}`;
    image.hidden = false;
  }

  outcome(event) { say(this.runs[event.run].outcome, `After epoch ${event.epoch}: ${event.outcome} (${event.why})`); }

  speed(event) { say(this.runs[event.run].speed, `${Math.round(event.images_per_second).toLocaleString('en')} images/s`); }

  failed(event) { say(this.runs[event.run].outcome, `It cannot be trained: ${event.warning}`); }

  mark(change) {
    this.charts.marks.push({ x: change.step, label: change.what.replace(/^from step \d+: /, '') });
    this.charts.draw();
  }
}
