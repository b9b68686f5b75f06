// SPDX-License-Identifier: MIT
//
// Elements from code. Texts are texts: nothing that comes from the server is
// ever parsed as HTML.

/** h('td', { class: 'number', onclick: f }, 'text', element, ...) */
export function h(type, properties = {}, ...children) {
  const element = document.createElement(type);
  for (const [name, value] of Object.entries(properties)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name in element && typeof value !== 'string') element[name] = value;
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const tag = (text, kind = text) => h('span', { class: `tag ${kind}` }, text);

export function card(title, controls, ...children) {
  return h('section', { class: 'card' },
    h('header', {}, h('h2', {}, title), controls), ...children);
}

export const body = (...children) => h('div', { class: 'body' }, ...children);

/** A labelled input. */
export function field(label, properties = {}) {
  return h('label', { class: 'grow' }, label,
    h('input', { type: 'text', spellcheck: 'false', autocomplete: 'off', ...properties }));
}

/** rows of cells; a cell is a text, an element, or { number } */
export function table(headings, rows, empty) {
  if (rows.length === 0) return h('p', { class: 'empty' }, empty);
  const cell = (type) => (content) => (typeof content === 'object' && content !== null && 'number' in content
    ? h(type, { class: 'number' }, content.number)
    : h(type, {}, content ?? ''));
  return h('div', { class: 'scroll' }, h('table', {},
    h('thead', {}, h('tr', {}, headings.map(cell('th')))),
    h('tbody', {}, rows.map((row) => h('tr', {}, row.map(cell('td')))))));
}

/** Numbers and times, short. */
export const count = (number) => new Intl.NumberFormat().format(number);

export function bytes(number) {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  let unit = 0;
  while (number >= 1024 && unit < units.length - 1) {
    number /= 1024;
    unit++;
  }
  return `${unit ? number.toFixed(1) : number} ${units[unit]}`;
}

export function duration(ms) {
  const seconds = Math.floor(ms / 1000);
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor(seconds / 60) % 60} min`;
}

export const micros = (us) => (us < 10_000 ? `${us} µs` : `${(us / 1000).toFixed(1)} ms`);
