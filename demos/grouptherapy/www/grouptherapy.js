// SPDX-License-Identifier: MIT

import { FulcraSocket } from '/fulcra.js';
import { showState } from '/demo/common/state.js';
import { Strip, newTag } from '/demo/common/strip.js';

const SHOWN = 300;
const element = (id) => document.getElementById(id);
const tag = newTag();
const strip = new Strip(element('strip'), tag);
const connection = new FulcraSocket(`/demo/grouptherapy?strip=${tag}`);
const members = new Set();
let wanted = null; // the name to join under, also after a reconnect
let me = null;     // the name under which we have joined

function say(message) {
  if (connection.send(JSON.stringify(message))) strip.poke();
}

// --- what the server says ---

const handlers = {
  welcome({ you, members: names, recent }) {
    me = you;
    element('problem').textContent = '';
    members.clear();
    names.forEach((name) => members.add(name));
    element('talk').replaceChildren();
    recent.forEach(handlers.say);
    note(`You are here as ${you}`);
    show();
    element('text').focus();
  },
  join({ name }) {
    members.add(name);
    note(`${name} came in`);
    show();
  },
  leave({ name }) {
    members.delete(name);
    note(`${name} left`);
    show();
  },
  say({ from, text, at }) {
    const item = document.createElement('li');
    item.className = from === me ? 'said mine' : 'said';
    item.append(signature(from, at), make('p', text));
    append(item);
  },
  error({ code, message }) {
    element('problem').textContent = `${message} (${code})`;
    if (!me) wanted = null;
  },
};

function signature(from, at) {
  const line = document.createElement('div');
  const name = make('b', '');
  const when = make('time', new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }));
  line.className = 'who';
  when.dateTime = new Date(at).toISOString();
  name.append(make('bdi', from));
  line.append(name, when);
  return line;
}

function make(type, text) {
  const result = document.createElement(type);
  result.textContent = text;
  return result;
}

function note(text) {
  const item = make('li', text);
  item.className = 'note';
  append(item);
}

function append(item) {
  const talk = element('talk');
  const atEnd = talk.scrollHeight - talk.scrollTop - talk.clientHeight < 80;
  talk.append(item);
  while (talk.children.length > SHOWN) talk.firstChild.remove();
  if (atEnd) talk.scrollTop = talk.scrollHeight;
}

// --- the page ---

function show() {
  const isOpen = connection.state === 'open';
  element('join').hidden = me !== null;
  element('say').hidden = me === null;
  element('enter').disabled = element('send').disabled = !isOpen;
  element('here-title').textContent = me ? `${members.size} here` : 'Who is here';
  element('members').replaceChildren(...[...members].sort().map((name) => {
    const item = document.createElement('li');
    item.append(make('bdi', name), name === me ? ' (you)' : '');
    item.className = name === me ? 'me' : '';
    return item;
  }));
}

// Before joining: the same list, as a resource.
async function look() {
  if (me) return;
  const response = await fetch('members', { cache: 'no-store' });
  if (!response.ok || me) return;
  members.clear();
  (await response.json()).members.forEach((name) => members.add(name));
  show();
}

element('join').addEventListener('submit', (event) => {
  event.preventDefault();
  element('problem').textContent = '';
  wanted = element('name').value;
  say({ type: 'join', name: wanted });
});
element('say').addEventListener('submit', (event) => {
  event.preventDefault();
  element('problem').textContent = '';
  say({ type: 'say', text: element('text').value });
  element('text').value = '';
});

connection.addEventListener('message', ({ detail }) => {
  const message = JSON.parse(detail);
  handlers[message.type]?.(message);
  strip.poke();
});
connection.addEventListener('state', ({ detail }) => {
  me = null;
  if (detail === 'open' && wanted) say({ type: 'join', name: wanted });
  else if (detail === 'open') look().catch(() => {});
  show();
  strip.poke();
});
showState(element('state'), connection);
show();
connection.open();
