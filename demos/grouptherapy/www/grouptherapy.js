// SPDX-License-Identifier: MIT

import { FulcraSocket } from '/fulcra.js';
import { showState } from '/demo/common/state.js';
import { Strip, newTag } from '/demo/common/strip.js';
import { Talk, showNames } from '/demo/common/talk.js';

const element = (id) => document.getElementById(id);
const tag = newTag();
const talk = new Talk(element('talk'));
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
    talk.clear();
    recent.forEach(handlers.say);
    talk.note(`You are here as ${you}`);
    show();
    element('text').focus();
  },
  join({ name }) {
    members.add(name);
    talk.note(`${name} came in`);
    show();
  },
  leave({ name }) {
    members.delete(name);
    talk.note(`${name} left`);
    show();
  },
  say(message) {
    talk.say(message, message.from === me);
  },
  error({ code, message }) {
    element('problem').textContent = `${message} (${code})`;
    if (!me) wanted = null;
  },
};

// --- the page ---

function show() {
  const isOpen = connection.state === 'open';
  element('join').hidden = me !== null;
  element('say').hidden = me === null;
  element('enter').disabled = element('send').disabled = !isOpen;
  element('here-title').textContent = me ? `${members.size} here` : 'Who is here';
  showNames(element('members'), members, me);
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
