// SPDX-License-Identifier: MIT

import { remove } from '../api.js';
import { bytes, card, count, duration, h, table, tag } from '../dom.js';

export default function open(main, { follow, parameters }) {
  const path = h('input', { type: 'search', placeholder: '/demo/echo', 'aria-label': 'Path', value: parameters.path ?? '' });
  const problem = h('p', { class: 'problem', role: 'alert' });
  const list = h('div');
  const matching = h('span', { class: 'soft' });
  let end = null;

  async function close(id) {
    problem.textContent = '';
    try {
      await remove(`/sockets/${encodeURIComponent(id)}`, { reason: 'closed by an administrator' });
    } catch (error) {
      problem.textContent = error.message;
    }
  }

  const row = (socket) => [
    [h('code', {}, socket.path), h('div', { class: 'soft small' }, h('code', {}, socket.id), ' ', socket.address)],
    socket.user, { number: duration(socket.age_ms) },
    { number: `${count(socket.waiting)} in, ${bytes(socket.outbound_bytes)} out` },
    socket.state === 'open'
      ? h('span', { class: 'entry' }, h('a', { class: 'small', href: `#/requests?socket=${encodeURIComponent(socket.id)}` }, 'trace'),
        h('button', { class: 'quiet tiny', onclick: () => close(socket.id) }, 'Close'))
      : tag(socket.state),
  ];

  function refollow() {
    end?.();
    end = follow('/sockets', { path: path.value, limit: '200' }, (answer) => {
      matching.textContent = `${count(answer.matching)} open`;
      list.replaceChildren(table(['path', 'user', { number: 'age' }, { number: 'queue' }, ''],
        answer.sockets.map(row), 'No socket is open.'));
    });
  }

  path.addEventListener('change', refollow);
  main.append(h('div', { class: 'title' }, h('h1', {}, 'Sockets'), matching), problem, card('Open WebSockets', path, list));
  refollow();
}
