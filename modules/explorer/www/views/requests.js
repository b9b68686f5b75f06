// SPDX-License-Identifier: MIT

import { get, put, remove } from '../api.js';
import { body, bytes, card, field, h, micros, tag } from '../dom.js';

const SHOWN = 200;
const KINDS = new Set(['hit', 'shared', 'kept']);

const kindOf = ({ error, cache }) => (error ? 'failed' : KINDS.has(cache) ? cache : '');

function request(tree, one) {
  const whole = Math.max(1, tree.us);
  const bar = h('i', { class: kindOf(one) });
  bar.style.left = `${Math.min(99, 100 * one.start_us / whole)}%`;
  bar.style.width = `${Math.min(100, 100 * one.us / whole)}%`;
  const line = h('div', { class: 'line' }, h('span', { class: 'verb' }, one.verb),
    h('span', { class: 'identifier' }, one.identifier), h('span', { class: 'time' }, micros(one.us)));
  const facts = h('div', { class: 'line soft' }, one.endpoint && `by ${one.endpoint}`, one.space && ` in ${one.space}`, ` on ${one.thread}`);
  const verdict = h('div', { class: 'line' }, one.cache && tag(one.cache, kindOf(one)), one.explanation && h('span', { class: 'soft' }, one.explanation),
    one.error && h('span', { class: 'problem' }, one.error));
  const item = h('li', {}, line, facts, (one.cache || one.error || one.explanation) && verdict, h('div', { class: 'track' }, bar));
  item.style.paddingInlineStart = `${1 + one.depth * 1.2}rem`;
  return item;
}

function picture(tree, close) {
  return card(`Tree ${tree.number}: ${micros(tree.us)}`, h('button', { class: 'quiet tiny', onclick: close }, 'Put away'),
    h('ol', { class: 'waterfall' }, tree.requests.map((one) => request(tree, one))));
}

export default function open(main, { follow, parameters, atEnd }) {
  const match = field('Identifiers in which is found (a regular expression)', { placeholder: '^res:/demo/', value: parameters.match ?? '' });
  const socket = field('Of the socket', { placeholder: 'id', value: parameters.socket ?? '' });
  const failed = h('input', { type: 'checkbox' });
  const toggle = h('button', {}, 'Trace');
  const problem = h('p', { class: 'problem', role: 'alert' });
  const state = h('span', { class: 'small soft', role: 'status' });
  const list = h('ol', { class: 'trees', tabindex: '0', 'aria-label': 'Trees of requests, the newest first' });
  const shown = h('div', { class: 'two' });
  const form = h('form', { class: 'row' }, match, socket, h('label', { class: 'check' }, failed, 'failures alone'), toggle,
    h('button', { type: 'button', class: 'quiet', onclick: forget }, 'Forget all'));
  let trees = [];
  let last = 0;
  let tracing = false;
  let picked = []; // numbers, at most two

  function show() {
    shown.replaceChildren(...picked.map((number) => trees.find((tree) => tree.number === number)).filter(Boolean)
      .map((tree) => picture(tree, () => pick(tree.number))));
    for (const button of list.querySelectorAll('button')) {
      button.setAttribute('aria-pressed', picked.includes(Number(button.dataset.number)));
    }
  }

  function pick(number) {
    picked = picked.includes(number) ? picked.filter((other) => other !== number) : [...picked, number].slice(-2);
    show();
  }

  function row(tree) {
    const root = tree.requests[0];
    return h('li', {}, h('button', { 'data-number': `${tree.number}`, 'aria-pressed': 'false', onclick: () => pick(tree.number) },
      h('span', { class: 'verb' }, root.verb), h('span', { class: 'identifier' }, root.identifier),
      h('span', { class: 'soft' }, `${tree.requests.length} · ${micros(tree.us)}`)), tree.error && tag('failed'));
  }

  function received(answer) {
    tracing = answer.tracing;
    toggle.textContent = tracing ? 'Stop' : 'Trace';
    state.textContent = `${tracing ? 'tracing; ' : ''}${bytes(answer.bytes)} of ${bytes(answer.max_bytes)} kept`;
    const fresh = answer.trees.filter(({ number }) => number > last);
    if (answer.trees.length === 0 && trees.length > 0 && answer.bytes === 0) trees = [];
    if (fresh.length) last = fresh.at(-1).number;
    trees = [...trees, ...fresh].slice(-SHOWN);
    list.replaceChildren(...trees.map(row).reverse());
    if (trees.length === 0) list.replaceChildren(h('li', { class: 'empty' }, tracing ? 'Nothing that fits has happened yet.' : 'Nothing is traced. Say what, or simply press Trace.'));
    show();
  }

  async function submit(event) {
    event.preventDefault();
    problem.textContent = '';
    try {
      received(tracing ? await remove('/traces') : await put('/traces', {
        match: match.lastChild.value, socket: socket.lastChild.value, failed: failed.checked && 'true',
      }));
    } catch (error) {
      problem.textContent = error.message;
    }
  }

  async function forget() {
    await remove('/traces', { forget: 'true' });
    trees = [];
    picked = [];
    received(await get('/traces'));
  }

  form.addEventListener('submit', submit);
  atEnd(() => { if (tracing) remove('/traces').catch(() => {}); });
  main.append(
    h('div', { class: 'title' }, h('h1', {}, 'Requests'),
      h('p', { class: 'soft' }, 'Every request, the requests that it made, who answered, what the cache did. Pick two to compare them.')),
    card('Trace', state, body(form, problem,
      h('p', { class: 'key' }, h('span', {}, h('i', { class: 'hit' }), 'from the cache'), h('span', {}, h('i', { class: 'kept' }), 'evaluated and kept'),
        h('span', {}, h('i'), 'evaluated, not kept'), h('span', {}, h('i', { class: 'failed' }), 'failed'))), list),
    shown,
  );
  follow('/traces', { limit: `${SHOWN}` }, received);
}
