'use strict';

// sortable makes the heads of a table's columns buttons that sort. Cells without a number, or without text, stay last in either direction.
function sortable(table) {
  const heads = [...table.tHead.rows[0].cells];
  table.classList.add('sortable');
  heads.forEach((head, column) => {
    const button = element('button', { type: 'button' }, ...head.childNodes);
    head.append(button);
    button.addEventListener('click', () => {
      const sign = head.getAttribute('aria-sort') === 'ascending' ? -1 : 1;
      heads.forEach((other) => other.removeAttribute('aria-sort'));
      head.setAttribute('aria-sort', sign < 0 ? 'descending' : 'ascending');
      table.tBodies[0].append(...sorted([...table.tBodies[0].rows], column, head.classList.contains('number'), sign));
    });
  });
}

function sorted(rows, column, numeric, sign) {
  const key = (row) => {
    const text = row.cells[column].dataset.key ?? row.cells[column].textContent.trim();
    return numeric ? Number.parseFloat(text) : text;
  };
  const missing = (k) => k === '' || Number.isNaN(k);
  return rows.map((row) => ({ row, k: key(row) })).sort((a, b) => {
    if (missing(a.k) || missing(b.k)) return missing(a.k) - missing(b.k);
    return sign * (numeric ? a.k - b.k : a.k.localeCompare(b.k, 'en', { numeric: true }));
  }).map(({ row }) => row);
}

// filterable shows only the rows of a table that hold the text of a field.
function filterable(input, body) {
  const filter = () => {
    const text = input.value.toLowerCase();
    for (const row of body.rows) row.hidden = !row.textContent.toLowerCase().includes(text);
  };
  input.addEventListener('input', filter);
  return filter;
}

// cells makes a row of texts and elements.
function tableRow(cells) {
  return element('tr', {}, ...cells.map((cell) => {
    const td = element('td', { class: cell.numeric ? 'number' : 'short' }, cell.content ?? cell);
    if (cell.key !== undefined) td.dataset.key = cell.key;
    return td;
  }));
}
