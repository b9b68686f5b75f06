// SPDX-License-Identifier: MIT

import { card, h } from '../dom.js';

export default function open(main, { follow }) {
  const level = h('select', { 'aria-label': 'Least important level' }, ['debug', 'info', 'warning', 'error'].map((name) => h('option', { selected: name === 'info' }, name)));
  const lines = h('div', { class: 'log', tabindex: '0', role: 'log' });
  let end = null;

  function refollow() {
    end?.();
    end = follow('/log', { lines: '300', level: level.value }, (answer) => {
      const atEnd = lines.scrollHeight - lines.scrollTop - lines.clientHeight < 60;
      lines.replaceChildren(...answer.lines.map((line) => h('div', { class: line.level }, line.text)));
      if (atEnd) lines.scrollTop = lines.scrollHeight;
    });
  }

  level.addEventListener('change', refollow);
  main.append(h('div', { class: 'title' }, h('h1', {}, 'Log'), h('p', { class: 'soft' }, 'The last lines that the server wrote.')), card('Lines', level, lines));
  refollow();
}
