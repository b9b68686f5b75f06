// SPDX-License-Identifier: MIT

import { remove } from '../api.js';
import { bytes, card, count, duration, h, table } from '../dom.js';

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
    h('code', {}, socket.id), h('code', {}, socket.path), socket.user ?? '', socket.address ?? '',
    { number: duration(socket.age_ms ?? 0) }, { number: count(socket.inbound_messages ?? socket.inbound_bytes ?? 0) },
    { number: bytes(socket.outbound_bytes ?? 0) },
    h('span', { class: 'entry' }, h('a', { class: 'small', href: `#/requests?socket=${encodeURIComponent(socket.id)}` }, 'trace'),
      h('button', { class: 'quiet tiny', onclick: () => close(socket.id) }, 'Close')),
  ];

  function refollow() {
    end?.();
    end = follow('/sockets', { path: path.value, limit: '200' }, (answer) => {
      matching.textContent = `${count(answer.matching)} open`;
      list.replaceChildren(table(['id', 'path', 'user', 'from', { number: 'age' }, { number: 'waiting in' }, { number: 'waiting out' }, ''],
        answer.sockets.map(row), 'No socket is open.'));
    });
  }

  path.addEventListener('change', refollow);
  main.append(h('div', { class: 'title' }, h('h1', {}, 'Sockets'), matching), problem, card('Open WebSockets', path, list));
  refollow();
}
