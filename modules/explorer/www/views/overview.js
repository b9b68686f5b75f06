// SPDX-License-Identifier: MIT

import { bytes, card, count, duration, h, table } from '../dom.js';

const FIGURES = [
  ['sockets', 'sockets open'],
  ['messages_in', 'messages in'],
  ['messages_out', 'messages out'],
  ['requests', 'requests'],
  ['requests_failed', 'failed'],
  ['cache_hits', 'cache hits'],
  ['cache_bytes', 'in the cache', bytes],
  ['workers', 'worker threads'],
];

export default function open(main, { follow }) {
  const title = h('p', { class: 'soft' });
  const figures = h('div', { class: 'figures' });
  const all = h('div');
  let before = null;

  main.append(
    h('div', { class: 'title' }, h('h1', {}, 'Overview'), title),
    h('section', { class: 'card', 'aria-label': 'What counts most' }, figures),
    card('All counters and gauges', null, all),
  );

  function rate(now, name) {
    if (!before || !(name in before.values)) return '';
    const perSecond = (now.values[name] - before.values[name]) / ((now.at - before.at) / 1000);
    return perSecond >= 0.5 ? `${count(Math.round(perSecond))} a second` : '';
  }

  follow('/server', {}, (server) => {
    title.textContent = `Version ${server.version}, process ${server.pid}, ${server.state}, since ${duration(server.uptime_ms)}. `
      + `${server.modules} modules, ${server.loops} event loops, ${server.listeners.join(', ')}`;
  });
  follow('/stats', {}, ({ stats, uptime_ms: at }) => {
    const values = Object.fromEntries(stats.map(({ name, value }) => [name, value]));
    const gauges = new Set(stats.filter(({ gauge }) => gauge).map(({ name }) => name));
    const now = { values, at };

    figures.replaceChildren(...FIGURES.filter(([name]) => name in values).map(([name, label, show = count]) =>
      h('div', { class: 'figure' }, h('b', {}, show(values[name])), h('span', {}, label),
        h('i', {}, gauges.has(name) ? '' : rate(now, name)))));
    all.replaceChildren(table(['counter', { number: 'value' }, { number: 'now' }, 'what it counts'],
      stats.map(({ name, value, gauge, help }) =>
        [h('code', {}, name), { number: count(value) }, { number: gauge ? '' : rate(now, name) }, help]), 'Nothing is counted.'));
    before = now;
  });
}
