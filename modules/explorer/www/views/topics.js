// SPDX-License-Identifier: MIT

import { card, count, duration, h, table } from '../dom.js';

export default function open(main, { follow }) {
  const list = h('div');
  const matching = h('span', { class: 'soft' });

  const row = (topic) => [
    h('code', {}, topic.key), { number: count(topic.subscribers) }, { number: count(topic.published) },
    { number: topic.published_at_ms ? `${duration(Math.max(0, Date.now() - topic.published_at_ms))} ago` : 'never' },
  ];

  main.append(h('div', { class: 'title' }, h('h1', {}, 'Topics'), matching),
    card('Topics of this server', null, list));
  follow('/topics', { limit: '200' }, (answer) => {
    matching.textContent = `${count(answer.matching)} in all`;
    list.replaceChildren(table(['key', { number: 'subscribers' }, { number: 'published' }, { number: 'last' }],
      answer.topics.map(row), 'No topic was opened yet.'));
  });
}
