'use strict';

// Switches are boxes that take a chart's series in and out by something that they have, such as arm or seed: {arm: box, seed: box}.
class Switches {
  constructor(charts, boxes) {
    this.charts = charts;
    this.boxes = boxes;
    charts.isShown = (s) => Object.keys(this.boxes).every((kind) => this.isOn(kind, s[kind]));
  }

  // set makes a switch for each name; color gives the colour that stands beside it.
  set(kind, names, color) {
    this.boxes[kind].replaceChildren(...names.map((name, i) => {
      const box = element('input', { type: 'checkbox', checked: '', 'data-name': name });
      box.addEventListener('change', () => this.charts.draw());
      const swatch = element('span', { class: 'swatch' });
      if (color) swatch.style.background = visible(color(i), inkOf(document.body));
      return element('label', {}, box, ...(color ? [swatch] : []), name);
    }));
  }

  isOn(kind, name) {
    const box = [...this.boxes[kind].querySelectorAll('input')].find((b) => b.dataset.name === name);
    return !box || box.checked;
  }
}

function armColor(i) { return ARM_COLORS[i % ARM_COLORS.length]; }
