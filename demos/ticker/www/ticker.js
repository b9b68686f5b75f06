// SPDX-License-Identifier: MIT

import { FulcraSocket } from '/fulcra.js';
import { showState } from '/demo/common/state.js';
import { Strip, newTag } from '/demo/common/strip.js';

const HISTORY = 60;
const MORE = 100;
const SVG = 'http://www.w3.org/2000/svg';
const element = (id) => document.getElementById(id);
const tag = newTag();
const strip = new Strip(element('strip'), tag);
const connection = new FulcraSocket(`/demo/ticker?strip=${tag}`);
const plain = new URL('/demo/ticker', connection.url); // the strip is about one socket
const cells = new Map(); // symbol -> { amount, change, line, history }
let extra = [];          // { socket, dot, latest }
let latest = '';         // the bytes that the first socket got last
let rendered = 0;        // what the server had counted then

// --- prices ---

function makeCell(symbol) {
  const box = document.createElement('div');
  const name = document.createElement('dt');
  const value = document.createElement('dd');
  const amount = document.createElement('span');
  const change = document.createElement('span');
  const picture = document.createElementNS(SVG, 'svg');
  const line = document.createElementNS(SVG, 'polyline');

  box.className = 'price';
  amount.className = 'amount';
  name.textContent = symbol;
  picture.setAttribute('viewBox', '0 0 100 20');
  picture.setAttribute('preserveAspectRatio', 'none');
  picture.setAttribute('aria-hidden', 'true');
  picture.append(line);
  value.append(amount, change);
  box.append(name, value, picture);
  element('prices').append(box);
  return { amount, change, line, history: [] };
}

function showPrice({ symbol, cents, change }) {
  if (!cells.has(symbol)) cells.set(symbol, makeCell(symbol));
  const cell = cells.get(symbol);
  const sign = change < 0 ? '▼' : '▲';

  cell.amount.textContent = (cents / 100).toFixed(2);
  cell.change.textContent = change === 0 ? '' : `${sign} ${(Math.abs(change) / 100).toFixed(2)}`;
  cell.change.className = `change ${change < 0 ? 'down' : 'up'}`;
  cell.history.push(cents);
  if (cell.history.length > HISTORY) cell.history.shift();
  cell.line.setAttribute('points', points(cell.history));
}

function points(history) {
  const low = Math.min(...history);
  const range = Math.max(...history) - low || 1;
  const step = 100 / (HISTORY - 1);
  return history.map((cents, index) =>
    `${(index * step).toFixed(1)},${(18 - 16 * (cents - low) / range).toFixed(1)}`).join(' ');
}

// --- rendered once ---

const count = (number, noun) => `${number} ${noun}${number === 1 ? '' : 's'}`;

function received(text) {
  const { prices, stats } = JSON.parse(text);
  const times = rendered && stats.rendered > rendered ? stats.rendered - rendered : 1;

  latest = text;
  rendered = stats.rendered;
  prices.forEach(showPrice);
  element('rendered').textContent = count(times, 'time');
  element('sockets').textContent = count(stats.sockets, 'socket');
  flash(dots[0]);
  setTimeout(compare, 100);
}

// The other sockets have theirs by now: the same bytes, or it would say so.
function compare() {
  const open = extra.filter(({ socket }) => socket.readyState === WebSocket.OPEN);
  const same = open.filter((other) => other.latest === latest).length;
  element('check').textContent = open.length === 0 ? ''
    : `This page holds ${open.length + 1} of them, and ${same + 1} have the same bytes.`;
}

// --- a hundred more ---

const dots = [makeDot()];

function makeDot() {
  const dot = document.createElement('i');
  element('dots').append(dot);
  return dot;
}

function flash(dot) {
  dot.className = 'lit';
  requestAnimationFrame(() => requestAnimationFrame(() => { dot.className = 'open'; }));
}

function openOne() {
  const one = { socket: new WebSocket(plain), dot: makeDot(), latest: '' };
  one.socket.onopen = () => { one.dot.className = 'open'; };
  one.socket.onmessage = ({ data }) => {
    one.latest = data;
    flash(one.dot);
  };
  one.socket.onclose = () => {
    one.dot.remove();
    extra = extra.filter((other) => other !== one);
    showButtons();
  };
  return one;
}

function showButtons() {
  element('more').disabled = connection.state !== 'open' || extra.length > 0;
  element('fewer').disabled = extra.length === 0;
}

element('more').addEventListener('click', () => {
  extra = Array.from({ length: MORE }, openOne);
  showButtons();
});
element('fewer').addEventListener('click', () => extra.forEach(({ socket }) => socket.close(1000)));

connection.addEventListener('message', ({ detail }) => received(detail));
connection.addEventListener('state', ({ detail }) => {
  dots[0].className = detail === 'open' ? 'open' : '';
  rendered = 0;
  showButtons();
  strip.poke();
});
showState(element('state'), connection);
connection.open();
