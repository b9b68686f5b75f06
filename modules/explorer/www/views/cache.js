// SPDX-License-Identifier: MIT

import { remove } from '../api.js';
import { body, bytes, card, count, field, h } from '../dom.js';

const FIGURES = [
  ['cache_entries', 'answers kept', count], ['cache_bytes', 'bytes', bytes], ['limit_bytes', 'at most', bytes],
  ['cache_hits', 'hits', count], ['cache_misses', 'misses', count], ['cache_shared', 'shared while under way', count],
  ['cache_expired', 'expired', count], ['cache_evicted', 'evicted', count],
  ['cache_turned_away', 'turned away', count], ['keys_cut', 'keys cut', count],
];

export default function open(main, { follow }) {
  const figures = h('div', { class: 'figures' });
  const key = field('Expiry key, or a family of them', { placeholder: 'stock:*', required: true });
  const said = h('p', { role: 'status', class: 'good' });
  const problem = h('p', { class: 'problem', role: 'alert' });
  const form = h('form', { class: 'row' }, key, h('button', {}, 'Cut'));

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    said.textContent = problem.textContent = '';
    try {
      const { key: cut } = await remove('/cache', { key: key.lastChild.value });
      said.textContent = `${cut} was cut: what depended on it is computed anew when it is asked for.`;
    } catch (error) {
      problem.textContent = error.message;
    }
  });
  main.append(h('div', { class: 'title' }, h('h1', {}, 'Cache'),
    h('p', { class: 'soft' }, 'Why an answer is kept or not, and for whom, is with each request under ', h('a', { href: '#/requests' }, 'requests'), '.')),
  h('section', { class: 'card', 'aria-label': 'How it does' }, figures),
  card('Expire', null, body(form, said, problem)));
  follow('/cache', {}, (answer) => figures.replaceChildren(...FIGURES.filter(([name]) => name in answer).map(([name, label, show]) =>
    h('div', { class: 'figure' }, h('b', {}, show(answer[name])), h('span', {}, label)))));
}
