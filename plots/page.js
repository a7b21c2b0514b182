'use strict';

// Heads of columns become buttons that sort; cells without a number, or without text, stay last in either direction.
function makeSortable(table) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  table.classList.add('sortable');
  heads.forEach((head, column) => {
    const numeric = head.classList.contains('number');
    const button = document.createElement('button');
    button.type = 'button';
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener('click', () => {
      const descending = head.getAttribute('aria-sort') === 'ascending';
      heads.forEach((other) => other.removeAttribute('aria-sort'));
      head.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
      body.append(...sortRows([...body.rows], column, numeric, descending));
    });
  });
}

function sortRows(rows, column, numeric, descending) {
  const keyed = rows.map((row) => {
    const cell = row.cells[column];
    return { row, key: numeric ? parseKey(cell.dataset.key) : cell.textContent.trim() };
  });
  const missing = (key) => key === '' || Number.isNaN(key);
  const sign = descending ? -1 : 1;
  keyed.sort((a, b) => {
    if (missing(a.key) || missing(b.key)) return missing(a.key) - missing(b.key);
    if (a.key === b.key) return 0;
    return sign * (numeric ? (a.key < b.key ? -1 : 1) : a.key.localeCompare(b.key, 'en', { numeric: true }));
  });
  return keyed.map((k) => k.row);
}

// Go writes infinities as +Inf and -Inf.
function parseKey(key) {
  if (key === '') return NaN;
  return Number(key.replace('Inf', 'Infinity'));
}

function addCopyButton(box) {
  const code = box.querySelector('code');
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'copy';
  button.textContent = 'Copy';
  button.setAttribute('aria-live', 'polite');
  button.addEventListener('click', async () => {
    button.textContent = (await copy(code)) ? 'Copied' : 'Press Ctrl+C';
    setTimeout(() => { button.textContent = 'Copy'; }, 2000);
  });
  box.append(button);
}

// A page opened as a file has no clipboard in some browsers; there the text is selected and copied the old way.
async function copy(code) {
  try {
    await navigator.clipboard.writeText(code.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(code);
    return document.execCommand('copy');
  }
}

document.querySelectorAll('table').forEach(makeSortable);
document.querySelectorAll('.code').forEach(addCopyButton);

// Escape closes an enlarged picture.
addEventListener('keydown', (event) => {
  const open = document.querySelector('figure:target');
  if (event.key === 'Escape' && open) open.querySelector('.close').click();
});
