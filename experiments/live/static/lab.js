'use strict';

// The lab: what is trained is the server's business. The page holds the study, which stands in the address, too.
const lab = { id: null, source: null, state: 'paused', story: null, study: null, asked: 0 };
const charts = new LabCharts();
let form;

const firstStudy = {
  name: 'lab', question: 'What does it come to?', data: { source: 'mnist' }, seeds: '1', budget: { epochs: 6, images: 6000, batch: 32, validation_images: 500 },
  groups: [{ name: 'lab', control: 'model-1', arms: [{ name: 'model-1', model: 'improved' }] }],
};

function fail(error) { say(byId('error'), error ? error.message : ''); }

// openLab makes a lab of a study, in place of the one that there is. It pauses before its first step. The answer is false where there is none,
// or where another was asked for meanwhile.
async function openLab(study) {
  fail(null);
  closeLab();
  show(study);
  const asked = ++lab.asked;
  try {
    const made = await (await ask('/api/lab', JSON.stringify(study))).json();
    if (asked !== lab.asked) {
      end(made.id);
      return false;
    }
    lab.id = made.id;
    show(made.study);
    follow(made.id);
    return true;
  } catch (error) {
    if (asked === lab.asked) fail(error);
    return false;
  }
}

// start opens a lab and sets it going.
async function start(study) { if (await openLab(study)) act('go'); }

function end(id) { ask(`/api/lab/${id}/close`, '').catch(() => {}); } // it ends by itself, too

function closeLab() {
  if (lab.source) lab.source.close();
  if (lab.id) end(lab.id);
  Object.assign(lab, { id: null, source: null, state: 'paused' });
  byId('go').textContent = 'Start';
  byId('go').disabled = byId('step').disabled = false;
}

// show puts a study into the form and the address.
function show(study) {
  lab.study = study;
  history.replaceState(null, '', `#${encodeURIComponent(JSON.stringify(bare(study)))}`);
  form.show(study);
  const arms = study.groups.flatMap((g) => g.arms.map((a) => a.name));
  byId('change-arm').replaceChildren(element('option', { value: '' }, 'all models'), ...arms.map((name) => element('option', { value: name }, name)));
  byId('forget').hidden = !study.groups.some((g) => g.arms.some((a) => a.changes && a.changes.length));
}

// bare leaves out what the server fills in by itself.
function bare(study) {
  const out = structuredClone(study);
  for (const g of out.groups) {
    delete g.settings;
    for (const a of g.arms) delete a.factors;
  }
  return out;
}

function follow(id) {
  lab.source = watch(`/api/lab/${id}/events`, {
    lab: (event) => charts.begin(event),
    columns: (event) => charts.columns(event),
    lines: (event) => charts.lines(event),
    pictures: (event) => charts.pictures(event),
    outcome: (event) => charts.outcome(event),
    speed: (event) => charts.speed(event),
    change: (event) => charts.mark(event),
    failed: (event) => charts.failed(event),
    state: showState,
  }, (gone) => {
    if (gone === null) return;
    say(byId('status'), gone ? 'The connection is lost. Reset begins anew.' : 'The connection is lost; it is taken up again …');
  });
}

function showState(event) {
  lab.state = event.state;
  const words = { paused: `Paused after step ${event.step}.`, waiting: `Waiting for its turn. ${queueWords(event.queue)}`, running: 'Training …', ended: `All steps are done, ${event.step} of them.` };
  say(byId('status'), words[event.state]);
  byId('go').textContent = event.state === 'running' || event.state === 'waiting' ? 'Pause' : 'Start';
  byId('go').disabled = byId('step').disabled = event.state === 'ended';
}

async function act(action, body = '') {
  fail(null);
  try {
    if (!lab.id && !await openLab(lab.study)) return null;
    return await (await ask(`/api/lab/${lab.id}/${action}`, body)).json();
  } catch (error) {
    fail(error);
    return null;
  }
}

byId('go').addEventListener('click', () => act(byId('go').textContent === 'Pause' ? 'pause' : 'go'));
byId('step').addEventListener('click', () => act('step'));
byId('reset').addEventListener('click', () => openLab(lab.study));
byId('seed').addEventListener('click', () => {
  const study = structuredClone(lab.study);
  const next = seedsOf(study).replaceAll(/\d+/g, (n) => String(Number(n) + (lab.study.groups[0].seeds || lab.study.seeds).length));
  delete study.groups[0].seeds;
  openLab({ ...study, seeds: next });
});
byId('forget').addEventListener('click', () => {
  const study = structuredClone(lab.study);
  for (const g of study.groups) for (const a of g.arms) delete a.changes;
  openLab(study);
});
byId('export').addEventListener('click', async () => {
  try {
    const text = await (await ask('/api/lab/study', JSON.stringify(bare(lab.study)))).text();
    save(`${lab.study.name}.yaml`, new Blob([text], { type: 'text/yaml' }));
  } catch (error) {
    fail(error);
  }
});

byId('change').addEventListener('submit', async (event) => {
  event.preventDefault();
  const arms = byId('change-arm').value ? [byId('change-arm').value] : lab.study.groups.flatMap((g) => g.arms.map((a) => a.name));
  const change = { [byId('change-what').value]: Number(byId('change-value').value) };
  const query = arms.map((arm) => `arm=${encodeURIComponent(arm)}`).join('&');
  const made = await act(`change?${query}`, JSON.stringify({ step: 1, ...change }));
  if (made) show(made.study);
});

byId('file').addEventListener('change', async (event) => {
  const file = event.target.files[0];
  if (!file) return;
  try {
    const { path } = await (await ask(`/api/uploads?name=${encodeURIComponent(file.name)}`, file)).json();
    const study = structuredClone(lab.study);
    const arm = study.groups[0].arms[0];
    for (const name of ['factors', ...FIELDS.filter((f) => f.of).map((f) => f.name)]) delete arm[name];
    arm.model = path;
    openLab(study);
  } catch (error) {
    fail(error);
  }
});

function tell(story) {
  lab.story = story;
  byId('story').hidden = false;
  say(byId('story-text'), story.look);
  say(byId('mend-text'), story.mend);
  for (const b of byId('stories').children) b.setAttribute('aria-pressed', b.textContent === story.title);
}

async function begin() {
  const choices = await (await ask('/api/lab/choices')).json();
  form = new Form(choices, openLab);
  offerFiles().catch(fail);
  for (const story of choices.stories) {
    const button = element('button', { type: 'button' }, story.title);
    button.addEventListener('click', () => {
      tell(story);
      start(story.study);
    });
    byId('stories').append(button);
  }
  byId('mend').addEventListener('click', () => start(lab.story.mended));
  let study = firstStudy;
  if (location.hash.length > 1) {
    try {
      study = JSON.parse(decodeURIComponent(location.hash.slice(1)));
      const told = choices.stories.find((s) => s.name === study.name);
      if (told) tell(told);
    } catch {
      fail(new Error('The address holds no study; this is the usual one.'));
    }
  }
  await openLab(study);
}

// The lab ends soon after its page: whoever comes back finds the same study.
addEventListener('pagehide', () => { if (lab.source) lab.source.close(); });
addEventListener('hashchange', () => location.reload());
begin().catch(fail);
