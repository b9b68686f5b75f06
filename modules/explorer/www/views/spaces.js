// SPDX-License-Identifier: MIT

import { get } from '../api.js';
import { body, card, field, h, tag } from '../dom.js';

function entry({ kind, id, grammar, uri, from, to, wrapped, verbs, run, module, private: hidden, entries = [] }) {
  const target = uri ?? wrapped ?? to;
  const line = h('span', { class: 'entry' }, tag(kind, ''),
    id && h('b', {}, id), grammar && h('code', {}, grammar), from && h('code', {}, from),
    target && h('code', {}, target),
    verbs && h('span', { class: 'small soft' }, verbs.join(' ')), run && h('span', { class: 'small soft' }, run),
    hidden && tag('private', ''));
  line.title = module ?? '';
  return entries.length === 0 ? h('li', {}, line)
    : h('li', {}, h('details', { open: true }, h('summary', {}, line), h('ul', {}, entries.map(entry))));
}

const space = ({ uri, entries }) => h('li', {},
  h('details', {}, h('summary', {}, h('code', {}, uri), ' ', h('span', { class: 'small soft' }, `${entries.length}`)),
    h('ul', {}, entries.map(entry))));

function step({ kind, name, detail, reason, answers, depth }) {
  const line = h('li', { class: answers ? 'answers' : '' }, tag(kind, ''), h('b', {}, name),
    detail && h('code', {}, detail), h('span', { class: 'why' }, answers ? 'answers' : reason ?? ''));
  line.style.paddingInlineStart = `${1 + depth * 1.1}rem`;
  return line;
}

export default function open(main, { follow, parameters }) {
  const tree = h('ul', { class: 'tree' });
  const filter = h('input', { type: 'search', placeholder: 'filter', 'aria-label': 'Filter spaces' });
  const identifier = field('Identifier, or a path', { name: 'identifier', placeholder: 'res:/demo/hello/you', value: parameters.identifier ?? '', required: true });
  const verb = h('select', { 'aria-label': 'Verb' }, ['SOURCE', 'SINK', 'NEW', 'DELETE', 'EXISTS', 'META'].map((name) => h('option', {}, name)));
  const problem = h('p', { class: 'problem', role: 'alert' });
  const answer = h('p', { role: 'status' });
  const steps = h('ol', { class: 'steps', tabindex: '0', 'aria-label': 'Who was asked, in order' });
  const form = h('form', { class: 'row' }, identifier, verb, h('button', {}, 'Resolve'));

  async function resolve(event) {
    event?.preventDefault();
    problem.textContent = '';
    answer.replaceChildren();
    try {
      const found = await get('/resolve', { identifier: identifier.lastChild.value, verb: verb.value });
      steps.replaceChildren(...found.steps.map(step));
      const last = found.steps.filter(({ answers }) => answers).at(-1);
      answer.replaceChildren(last ? h('span', { class: 'good' }, 'Answered by ', h('b', {}, last.name), ` after ${found.steps.length} steps.`)
        : h('span', { class: 'problem' }, 'Nobody answers.'));
      steps.querySelector('.answers')?.scrollIntoView({ block: 'nearest' });
    } catch (error) {
      steps.replaceChildren();
      problem.textContent = error.message;
    }
  }

  function applyFilter() {
    for (const item of tree.children) item.hidden = !item.textContent.includes(filter.value);
  }

  form.addEventListener('submit', resolve);
  filter.addEventListener('input', applyFilter);
  main.append(
    h('div', { class: 'title' }, h('h1', {}, 'Spaces'), h('p', { class: 'soft' }, 'What is published, in the order in which it is asked.')),
    h('div', { class: 'two' },
      card('Published spaces', filter, body(tree)),
      card('Who answers?', null, body(form, problem, answer), steps)),
  );
  follow('/spaces', {}, ({ spaces }) => {
    const opened = new Set([...tree.querySelectorAll(':scope > li > details[open] > summary > code')].map((code) => code.textContent));
    tree.replaceChildren(...spaces.map(space));
    for (const item of tree.children) item.firstChild.open = opened.has(item.querySelector('code').textContent);
    applyFilter();
  });
  if (parameters.identifier) resolve();
}
