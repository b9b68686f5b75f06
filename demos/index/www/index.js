// SPDX-License-Identifier: MIT
//
// One line of life in each card: the demos themselves, asked.

import { FulcraSocket } from '/fulcra.js';

const line = (name) => document.getElementById(`live-${name}`);

function show(name, ...parts) {
  line(name).replaceChildren(...parts.map((part) => {
    const span = document.createElement('span');
    span.textContent = part;
    return span;
  }));
}

async function hello() {
  const response = await fetch('/demo/hello/visitor');
  if (response.ok) show('hello', `“${await response.text()}”`);
}

async function members() {
  const response = await fetch('/demo/grouptherapy/members', { cache: 'no-store' });
  if (!response.ok) return;
  const count = (await response.json()).members.length;
  show('grouptherapy', count === 0 ? 'nobody is here yet' : `${count} here now`);
}

function ticker() {
  const connection = new FulcraSocket('/demo/ticker');
  connection.addEventListener('message', ({ detail }) => {
    const { prices } = JSON.parse(detail);
    show('ticker', ...prices.slice(0, 2).map(({ symbol, cents }) => `${symbol} ${(cents / 100).toFixed(2)}`));
  });
  connection.open();
}

// Followed: told when it changes.
function board() {
  const connection = new FulcraSocket('/demo/board/stats');
  connection.addEventListener('message', ({ detail }) => {
    const { computed, sockets } = JSON.parse(detail);
    show('board', `computed ${computed}×`, `${sockets} looking`);
  });
  connection.open();
}

// The time of one message there and back, now and then.
function echo() {
  const connection = new FulcraSocket('/demo/echo');
  let sentAt;
  const send = () => {
    sentAt = performance.now();
    if (!document.hidden) connection.send('there and back');
  };
  connection.addEventListener('state', () => { if (connection.state === 'open') send(); });
  connection.addEventListener('message', () => {
    show('echo', `there and back in ${(performance.now() - sentAt).toFixed(1)} ms`);
    setTimeout(send, 3000);
  });
  connection.open();
}

hello();
members();
setInterval(() => { if (!document.hidden) members(); }, 5000);
ticker();
board();
echo();
