'use strict';

// The page's own curves, as they stand in it.
(() => {
  const data = document.getElementById('curve-data');
  if (!data) return;
  const curves = JSON.parse(data.textContent);
  document.getElementById('curves').hidden = false;
  const charts = new Charts(document.getElementById('curve-charts'));
  const switches = new Switches(charts, { arm: document.getElementById('curve-arms'), seed: document.getElementById('curve-seeds') });
  const panels = curves.panels.map((p) => charts.panel(p));
  const numbers = (values) => values.map((v) => (v === null ? NaN : v));
  for (const l of curves.lines) {
    const series = panels[l.panel].line(`${l.arm}/${l.seed}`, `${l.arm}, seed ${l.seed}`, armColor(curves.arms.indexOf(l.arm)), { arm: l.arm, seed: l.seed, opacity: 0.75 });
    Object.assign(series, { x: numbers(l.x), y: numbers(l.y) });
  }
  switches.set('arm', curves.arms, armColor);
  switches.set('seed', [...new Set(curves.lines.map((l) => l.seed))]);
  charts.draw();
})();
