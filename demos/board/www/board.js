// SPDX-License-Identifier: MIT

import { FulcraSocket } from '/fulcra.js';
import { showState } from '/demo/common/state.js';
import { Strip, newTag } from '/demo/common/strip.js';

const MORE = 100;
const GIVEN = new Set(['hit', 'shared']); // by the cache, not evaluated here
const TEXTS = {
  true: 'The list looks at nothing that belongs to one socket, so its answer is for all of them: they share one computation, and one frame.',
  false: 'The list now looks at its socket, so its answer is for that one alone: each socket waits for a computation of its own, and the server has only so many workers.',
};
const element = (id) => document.getElementById(id);
const money = (cents) => (cents / 100).toFixed(2);
const count = (number, noun) => `${number} ${noun}${number === 1 ? '' : 's'}`;

function make(type, name, ...children) {
  const made = document.createElement(type);
  made.className = name;
  made.append(...children);
  return made;
}

// --- how a message was made: the newest tree of a view's socket ---

class Trace extends Strip {
  tree = [];

  show(records) {
    for (const record of records) {
      if (record.depth === 0) this.tree = [];
      this.tree.push(record);
      if (this.tree[0].verb === 'SOURCE') this.whole = this.tree;
    }
    this.element.hidden = !Object.values(traces).some(({ whole }) => whole);
    this.draw();
  }

  draw() {
    if (traces[traced()] !== this || !this.whole) return;
    const [view, ...steps] = this.whole.map(nameOf);
    element('formula').textContent = steps.length === 0 ? view
      : `${view} = ${steps.join('(')}${')'.repeat(steps.length - 1)}`;
    this.list.replaceChildren(...this.whole.map((record, index) => step(record, this.whole[index + 1], this.whole[0])));
  }
}

function nameOf({ identifier }) {
  const [, type] = /^active:transrept\+type@([^+]*)/.exec(identifier) ?? [];
  return type ?? identifier.replace(/^active:/, '').replace(/\+.*/, '').replace(/^res:.demo.board./, '');
}

// Each step waits for the one in it: what is shown is its own time.
function step(record, inner, root) {
  const { depth, cache, explanation, error, start_us: start } = record;
  const waited = inner?.us ?? 0;
  const us = Math.max(0, record.us - waited);
  const given = GIVEN.has(cache) ? ' given' : '';
  const bar = make('i', given.trim());
  const item = make('li', 'step', make('span', 'identifier', nameOf(record)), make('span', 'time', time(us)),
    make('div', 'track', bar), make('span', 'endpoint', make('span', `verdict${given}`, error ?? cache ?? ''), explanation ? ` ${explanation}` : ''));
  bar.style.left = `${Math.min(98, 100 * (start + waited) / Math.max(1, root.us))}%`;
  bar.style.width = `${Math.min(100, 100 * us / Math.max(1, root.us))}%`;
  item.style.setProperty('--depth', depth);
  return item;
}

const time = (us) => (us < 10_000 ? `${us} µs` : `${Math.round(us / 1000)} ms`);
const traced = () => document.querySelector('input[name="traced"]:checked').value;
const traces = {};

element('traced').addEventListener('change', () => traces[traced()].draw());

// --- one change, and what came of it ---

let stats = { computed: 0, sockets: 0, shared: true };
let served = 0;
let change = null; // { at, computed, messages, last }

function arrived(dot) {
  served += 1;
  element('served').textContent = served;
  flash(dot);
  if (!change) return;
  change.messages += 1;
  change.last = performance.now();
  showChange();
}

function showChange() {
  if (!change || change.messages === 0) return;
  const took = (change.last - change.at) / 1000;
  element('once').replaceChildren('That took ', make('b', '', count(stats.computed - change.computed, 'computation')),
    ' and ', make('b', '', `${took.toFixed(2)} s`), `, for ${count(change.messages, 'message')}.`);
}

// --- the three views ---

const shown = new Map(); // element -> what it shows

function put(where, text) {
  if (shown.get(where) === text) return;
  where.textContent = text;
  if (shown.has(where)) where.getAnimations().forEach((one) => one.cancel());
  where.classList.toggle('lit', shown.has(where));
  shown.set(where, text);
}

const cells = new Map();

function showAll(prices) {
  for (const [symbol, cents] of Object.entries(prices)) {
    if (!cells.has(symbol)) {
      const cell = make('dd', '');
      cells.set(symbol, cell);
      element('all').append(make('div', '', make('dt', '', symbol), cell));
      element('symbol').append(new Option(symbol, symbol, symbol === 'GEAR', symbol === 'GEAR'));
    }
    put(cells.get(symbol), money(cents));
  }
}

function showTop(prices) {
  const list = element('top');
  Object.entries(prices).forEach(([symbol, cents], index) => {
    if (!list.children[index]) list.append(make('li', '', make('span', 'name'), make('span', '')));
    const [name, price] = list.children[index].children;
    put(name, symbol);
    put(price, money(cents));
  });
}

function showOne(cents) {
  put(element('one'), money(cents));
  if (document.activeElement !== element('price')) element('price').value = money(cents);
}

const SHOW = { all: showAll, top: showTop, stock: showOne };

function follow(view, path) {
  const tag = newTag();
  const connection = new FulcraSocket(`/demo/board/${path}?strip=${tag}`);

  traces[view] = new Trace(element('strip'), tag);
  connection.addEventListener('message', ({ detail }) => {
    SHOW[view](JSON.parse(detail));
    arrived(dots[view]);
    traces[view].poke();
  });
  connection.addEventListener('state', ({ detail }) => { dots[view].className = detail === 'open' ? 'open' : ''; });
  connection.open();
  return connection;
}

// --- a hundred more ---

function makeDot() {
  return element('dots').appendChild(make('i', ''));
}

function flash(dot) {
  dot.className = 'lit';
  requestAnimationFrame(() => requestAnimationFrame(() => { dot.className = 'open'; }));
}

const dots = { all: makeDot(), top: makeDot(), stock: makeDot() };
let extra = [];

function openOne(_, index) {
  const path = ['all', 'top', `stock/${element('symbol').value}`][index % 3];
  const socket = new WebSocket(new URL(`/demo/board/${path}`, views.top.url));
  const one = { socket, dot: makeDot() };
  socket.onopen = () => { one.dot.className = 'open'; };
  socket.onmessage = () => arrived(one.dot);
  socket.onclose = () => {
    one.dot.remove();
    extra = extra.filter((other) => other !== one);
    showButtons();
  };
  return one;
}

function showButtons() {
  const open = views.top.state === 'open';
  element('set').disabled = !open;
  element('more').disabled = !open || extra.length > 0;
  element('fewer').disabled = extra.length === 0;
}

element('more').addEventListener('click', () => {
  change = null;
  extra = Array.from({ length: MORE }, openOne);
  showButtons();
});
element('fewer').addEventListener('click', () => extra.forEach(({ socket }) => socket.close(1000)));

// --- what the visitor changes ---

async function tell(path, text) {
  const response = await fetch(`/demo/board/${path}`, { method: 'PUT', body: text });
  if (!response.ok) throw new Error(`The server refused it (${response.status}).`);
}

element('change').addEventListener('submit', async (event) => {
  event.preventDefault();
  const cents = Math.round(Number(element('price').value.replace(',', '.')) * 100);
  element('problem').textContent = '';
  try {
    if (!(cents >= 1 && cents <= 9_999_999)) throw new Error('A price is a number from 0.01 to 99999.99.');
    change = { at: performance.now(), computed: stats.computed, messages: 0, last: 0 };
    element('once').textContent = 'Computing…';
    await tell(`stock/${element('symbol').value}`, `${cents}`);
  } catch (error) {
    element('problem').textContent = error.message;
  }
});

element('sharing').addEventListener('change', ({ target }) => {
  change = null;
  element('once').textContent = 'Now set a price to see what that takes.';
  tell('sharing', target.value).catch((error) => { element('problem').textContent = error.message; });
});

element('symbol').addEventListener('change', () => {
  change = null;
  views.stock.close();
  shown.delete(element('one'));
  views.stock = follow('stock', `stock/${element('symbol').value}`);
});

// --- what the server counts ---

const counts = new FulcraSocket('/demo/board/stats');
counts.addEventListener('message', ({ detail }) => {
  stats = JSON.parse(detail);
  element('computed').textContent = stats.computed;
  element('sockets').textContent = stats.sockets;
  document.querySelector(`input[value="${stats.shared ? 'on' : 'off'}"]`).checked = true;
  element('sharing-text').textContent = TEXTS[stats.shared];
  showChange();
});

const views = { all: follow('all', 'all'), top: follow('top', 'top'), stock: follow('stock', 'stock/GEAR') };
views.top.addEventListener('state', showButtons);
showState(element('state'), views.top);
counts.open();
