// SPDX-License-Identifier: MIT

import { card, h, table, tag } from '../dom.js';

const text = (value) => (Array.isArray(value) ? value.join(', ') : `${value}`);

export default function open(main, { follow }) {
  const filter = h('input', { type: 'search', placeholder: 'filter', 'aria-label': 'Filter settings' });
  const list = h('div');
  let settings = [];

  function show() {
    const wanted = settings.filter(({ name, help }) => `${name} ${help}`.toLowerCase().includes(filter.value.toLowerCase()));
    list.replaceChildren(table(['setting', 'value', 'from', 'what it is'], wanted.map(({ name, value, origin, default: usual, help }) => [
      h('code', {}, name), h('span', {}, h('code', {}, text(value)), origin === 'default' ? null : h('div', { class: 'small soft' }, usual === '' ? 'unset otherwise' : `otherwise ${text(usual)}`)),
      tag(origin, origin === 'default' ? '' : 'yes'), help]), 'No setting fits.'));
  }

  filter.addEventListener('input', show);
  main.append(h('div', { class: 'title' }, h('h1', {}, 'Settings'), h('p', { class: 'soft' }, 'As they are in force now, and where each comes from.')),
    card('Settings', filter, list));
  follow('/settings', {}, (answer) => {
    settings = answer.settings;
    show();
  });
}
