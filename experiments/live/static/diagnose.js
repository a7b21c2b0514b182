'use strict';

const job = { id: null, source: null };

function fail(error) { say(byId('error'), error ? error.message : ''); }

// send sends files one after another, and returns the path of a single one, or of the folder that several are put into.
async function send(files) {
  const folder = files.length > 1 ? `${files[0].name} and ${files.length - 1} more` : '';
  let group = '';
  let path = '';
  for (const [i, file] of [...files].entries()) {
    say(byId('status'), `Sending ${file.name} (${i + 1} of ${files.length}) …`);
    const sent = await (await ask(`/api/uploads?name=${encodeURIComponent(file.name)}&folder=${encodeURIComponent(folder)}&group=${group}`, file)).json();
    group = sent.group;
    path = path || sent.path;
  }
  say(byId('status'), '');
  return folder ? path.slice(0, path.lastIndexOf('/')) : path;
}

// look shows what is read from a model or images.
async function look(kind) {
  const box = byId(`${kind}-read`);
  box.hidden = true;
  const name = byId(kind).value.trim();
  if (!name) return;
  try {
    const asked = { look: true, [kind]: name, scale: byId('scale').value, resize: byId('resize').value };
    const { text } = await (await ask('/api/diagnoses', JSON.stringify(asked))).json();
    box.textContent = text;
    box.hidden = false;
    fail(null);
  } catch (error) {
    fail(error);
  }
}

// takes lets files be dropped, or chosen, for a model or images.
function takes(kind) {
  const drop = byId(`${kind}-drop`);
  const take = async (files) => {
    if (!files.length) return;
    try {
      byId(kind).value = await send(kind === 'model' ? [files[0]] : files);
      await look(kind);
    } catch (error) {
      fail(error);
    }
  };
  drop.addEventListener('dragover', (event) => {
    event.preventDefault();
    drop.classList.add('over');
  });
  drop.addEventListener('dragleave', () => drop.classList.remove('over'));
  drop.addEventListener('drop', (event) => {
    event.preventDefault();
    drop.classList.remove('over');
    take(event.dataTransfer.files);
  });
  byId(`${kind}-file`).addEventListener('change', (event) => take(event.target.files));
  byId(kind).addEventListener('change', () => look(kind));
}

byId('form').addEventListener('submit', async (event) => {
  event.preventDefault();
  fail(null);
  const asked = { seconds: Number(byId('seconds').value) };
  for (const name of ['model', 'images', 'scale', 'resize']) asked[name] = byId(name).value.trim();
  try {
    job.id = (await (await ask('/api/diagnoses', JSON.stringify(asked))).json()).id;
  } catch (error) {
    fail(error);
    return;
  }
  byId('log').replaceChildren();
  byId('answer-box').hidden = true;
  byId('tried-box').hidden = byId('stop').hidden = false;
  byId('start').disabled = true;
  if (job.source) job.source.close();
  job.source = watch(`/api/diagnoses/${job.id}/events`, {
    state: (e) => say(byId('status'), e.state === 'waiting' ? `Waiting for its turn. ${queueWords(e.queue)}` : 'Diagnosing …'),
    progress: (line) => {
      byId('log').append(element('li', {}, line));
      byId('log').scrollTop = byId('log').scrollHeight;
    },
    answer,
    failed: (why) => {
      fail(new Error(why));
      ended('');
    },
    end: () => ended(byId('status').textContent.endsWith('…') ? '' : byId('status').textContent),
  });
});

byId('stop').addEventListener('click', () => ask(`/api/diagnoses/${job.id}/stop`, '').catch(fail));

function ended(text) {
  say(byId('status'), text);
  byId('stop').hidden = true;
  byId('start').disabled = false;
}

// repair says what a change is good for, and with how many random seeds the model learned with it.
function repair(fix) {
  const changes = fix.changes.join('; ');
  if (fix.narrows) return `It takes more images; what helps until they are there: ${changes}.`;
  return `What ${fix.likely ? 'probably ' : ''}repairs it: ${changes} (learned with ${fix.learned.replace('/', ' of ')} random seeds).`;
}

// answer shows the verdict, its reasons, the code and the files.
function answer({ diagnosis, files }) {
  const first = diagnosis.verdict !== 'unknown' && diagnosis.causes && diagnosis.causes[0]; // causes of an unknown verdict are suspicions
  byId('answer').textContent = `${diagnosis.name} is ${diagnosis.verdict}${diagnosis.truncated ? ' (the time ended first)' : ''}${first ? `: ${first.cause.replaceAll('_', ' ')}` : ''}.${diagnosis.fix ? ` ${repair(diagnosis.fix)}` : ''}`;
  byId('evidence').replaceChildren(...(diagnosis.causes || []).flatMap((c) => c.evidence || []).map((line) => element('li', {}, line)));
  const code = diagnosis.fix && [diagnosis.fix.data, diagnosis.fix.keras || diagnosis.fix.pytorch].filter(Boolean).join('\n');
  byId('code-box').hidden = !code;
  byId('code').textContent = code || '';
  const address = (file) => `/api/diagnoses/${job.id}/files/${encodeURIComponent(file)}`;
  byId('files').replaceChildren(...files.map((file) => element('a', { href: address(file), download: file }, file)));
  const page = files.includes('report.html');
  byId('frame').hidden = !page;
  if (page) byId('frame').src = address('report.html');
  byId('answer-box').hidden = false;
  ended('');
}

takes('model');
takes('images');
offerFiles().catch(fail);
