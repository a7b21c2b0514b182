'use strict';

// The settings of a model that the form offers. A study may have others; they stay as they are.
const FIELDS = [
  { name: 'model', label: 'model', list: 'models-list' },
  { name: 'convolutions', label: 'convolutions a side', least: 1, of: 'stack' },
  { name: 'filters', label: 'filters', least: 1, of: 'stack' },
  { name: 'layers', label: 'layers', least: 1, of: 'plain' },
  { name: 'units', label: 'units of each', least: 1, of: 'plain' },
  { name: 'convolutional', label: 'kind of layers', values: ['true'], words: ['convolutions'], empty: 'dense', read: (v) => (v ? 'true' : ''), write: () => true, of: 'plain' },
  { name: 'variational', label: 'variational', values: ['sum', 'mean'], words: ['errors summed', 'errors averaged'], empty: 'no', of: 'plain' },
  { name: 'activation', label: 'activation', options: 'activations' },
  { name: 'output_activation', label: 'output activation', options: 'activations' },
  { name: 'initializer', label: 'initializer', options: 'initializers', read: (v) => v && v.name, write: (v) => ({ name: v }) },
  { name: 'batch_normalization', label: 'batch normalization', values: ['true', 'false'], words: ['everywhere', 'nowhere'], read: (v) => (v === undefined ? '' : String(v)), write: (v) => v === 'true' },
  { name: 'decoder', label: 'decoder', values: ['transposed', 'upsampling'] },
  { name: 'bottleneck', label: 'bottleneck', least: 1 },
  { name: 'width', label: 'width factor' },
  { name: 'optimizer', label: 'optimizer', options: 'optimizers' },
  { name: 'learning_rate', label: 'learning rate' },
  { name: 'schedule', label: 'schedule', values: ['{"name":"cosine_decay","decay_steps":1000}', '{"name":"exponential_decay","decay_steps":200,"decay_rate":0.9}', '{"name":"cosine_decay","decay_steps":1000,"warmup_steps":100}'], words: ['cosine over 1000 steps', '0.9 each 200 steps', 'warm-up of 100, cosine'], read: (v) => v && JSON.stringify(v), write: JSON.parse },
  { name: 'clipnorm', label: 'clip norm' },
  { name: 'loss', label: 'loss', options: 'losses' },
  { name: 'scale', label: 'images scaled', values: ['unit', 'none', 'standardize', 'minmax'], words: ['to 0..1', 'not at all', 'to mean 0, deviation 1', 'to their range'] },
];

// Form shows a study's settings, and calls changed with the study when they are others.
class Form {
  constructor(choices, changed) {
    this.choices = choices;
    this.changed = changed;
    const common = { data: (p, v) => { p.data = { ...p.data, source: v }; }, images: (p, v) => { p.budget.images = Number(v); }, epochs: (p, v) => { p.budget.epochs = Number(v); }, batch: (p, v) => { p.budget.batch = Number(v); }, seeds: (p, v) => { p.seeds = v; delete p.groups[0].seeds; } };
    for (const [id, set] of Object.entries(common)) byId(id).addEventListener('change', (event) => this.edit((p) => set(p, event.target.value)));
    byId('common').addEventListener('submit', (event) => event.preventDefault());
    byId('add').addEventListener('click', () => this.edit((p) => {
      const arms = p.groups[0].arms;
      const last = arms[arms.length - 1];
      let n = arms.length + 1;
      while (arms.some((a) => a.name === `model-${n}`)) n++;
      arms.push({ ...structuredClone(last), name: `model-${n}` });
    }));
    document.body.append(element('datalist', { id: 'models-list' }, ...choices.models.map((m) => element('option', { value: m }))));
  }

  // edit hands over a copy of the study with one thing changed.
  edit(change) {
    const study = structuredClone(this.study);
    change(study);
    this.changed(study);
  }

  show(study) {
    this.study = study;
    byId('data').value = study.data.source;
    byId('images').value = study.budget.images || '';
    byId('epochs').value = study.budget.epochs;
    byId('batch').value = study.budget.batch;
    byId('seeds').value = seedsOf(study);
    const arms = study.groups.flatMap((g) => g.arms);
    const active = document.activeElement && document.activeElement.id;
    byId('arms').replaceChildren(...study.groups.flatMap((g) => g.arms.map((arm) => this.arm(g, arm, arms.length))));
    if (active && byId(active)) byId(active).focus();
  }

  arm(group, arm, arms) {
    const box = element('fieldset', {}, element('legend', {}, arm.name));
    const fields = element('div', { class: 'fields' });
    const at = (p) => p.groups.flatMap((g) => g.arms).find((a) => a.name === arm.name);
    const model = arm.model || 'stack';
    for (const field of FIELDS) {
      if (field.of && field.of !== model) continue;
      const input = this.input(field, arm);
      input.id = `${arm.name}/${field.name}`;
      input.addEventListener('change', () => this.edit((p) => {
        const to = at(p);
        delete to.factors;
        if (input.value === '') delete to[field.name];
        else if (field.write) to[field.name] = field.write(input.value);
        else to[field.name] = input.type === 'number' ? Number(input.value) : input.value;
        if (field.name === 'model') for (const f of FIELDS) if (f.of && f.of !== (input.value || 'stack')) delete to[f.name];
      }));
      fields.append(element('label', {}, field.label, input));
    }
    box.append(fields);
    if (arms > 1) {
      const remove = element('button', { type: 'button', 'aria-label': `Remove ${arm.name}` }, 'Remove');
      remove.addEventListener('click', () => this.edit((p) => {
        for (const g of p.groups) g.arms = g.arms.filter((a) => a.name !== arm.name);
        p.groups = p.groups.filter((g) => g.arms.length);
        const left = p.groups.flatMap((g) => g.arms.map((a) => a.name));
        for (const g of p.groups) if (!left.includes(g.control)) g.control = left[0];
      }));
      box.append(element('p', {}, remove));
    }
    return box;
  }

  input(field, arm) {
    const value = field.read ? field.read(arm[field.name]) : arm[field.name];
    if (field.list) {
      const input = element('input', { list: field.list, value: value ?? 'stack' });
      return input;
    }
    const values = field.values || this.choices[field.options];
    if (!values) {
      const input = element('input', { type: 'number', step: field.least ? 1 : 'any', min: field.least ?? 0, placeholder: 'as the model has it' });
      if (value !== undefined) input.value = value;
      return input;
    }
    const options = value && !values.includes(value) ? [...values, value] : values;
    const select = element('select', {}, element('option', { value: '' }, field.empty || 'as the model has it'));
    options.forEach((v, i) => select.append(element('option', { value: v }, (field.words && field.words[i]) || v)));
    select.value = value ?? '';
    return select;
  }
}

// seedsOf writes a study's seeds as 1-3,7.
function seedsOf(study) {
  const seeds = study.groups[0].seeds || study.seeds;
  return Array.isArray(seeds) ? seeds.join(',') : String(seeds);
}
