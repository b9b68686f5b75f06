// SPDX-License-Identifier: MIT
//
// Which view is shown: the one that the address names, #/sockets?path=/chat

import { follow } from './api.js';
import { h } from './dom.js';

const VIEWS = ['overview', 'spaces', 'requests', 'sockets', 'topics', 'cache', 'modules', 'settings', 'log'];
const main = document.getElementById('view');
const links = Object.fromEntries(VIEWS.map((name) => [name, h('a', { href: `#/${name}` }, name)]));
let close = [];
let turn = 0;

document.getElementById('views').append(...Object.values(links));

function showLink(state, reason = '') {
  document.documentElement.dataset.link = state;
  document.getElementById('link').textContent = state === 'lost' ? `not connected: ${reason}` : '';
}

function parse() {
  const [, name, parameters] = /^#\/([a-z]+)(?:\?(.*))?$/.exec(location.hash) ?? [];
  return { name: VIEWS.includes(name) ? name : 'overview', parameters: Object.fromEntries(new URLSearchParams(parameters)) };
}

async function show() {
  const { name, parameters } = parse();
  const mine = ++turn;
  const { default: open } = await import(`./views/${name}.js`);
  if (mine !== turn) return;

  close.forEach((end) => end());
  close = [];
  for (const [other, link] of Object.entries(links)) {
    if (other === name) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  document.title = `${name} · Fulcra explorer`;
  main.replaceChildren();
  open(main, {
    parameters,
    follow: (path, given, changed) => {
      const end = follow(path, given, changed, showLink);
      close.push(end);
      return end;
    },
    atEnd: (end) => close.push(end),
  });
  main.focus({ preventScroll: true });
}

addEventListener('hashchange', show);
show();
