// SPDX-License-Identifier: MIT

import { FulcraSocket } from '/fulcra.js';
import { showState } from '/demo/common/state.js';
import { Strip, newTag } from '/demo/common/strip.js';
import { Talk, showNames } from '/demo/common/talk.js';

const SESSION_ENDED = 4001;
const element = (id) => document.getElementById(id);
const tag = newTag();
const talk = new Talk(element('talk'));
const strip = new Strip(element('strip'), tag);
const connection = new FulcraSocket(`/demo/members/room?strip=${tag}`);
const me = element('me').textContent;
const members = new Set();

// --- what the server says ---

const handlers = {
  welcome({ members: names, recent }) {
    members.clear();
    names.forEach((name) => members.add(name));
    talk.clear();
    recent.forEach(handlers.say);
    talk.note('Only members read this');
    show();
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
  error({ message }) {
    element('problem').textContent = message;
  },
};

function show() {
  element('here-title').textContent = `${members.size} logged in`;
  showNames(element('members'), members, me);
}

// --- the end of the session, in whichever tab or place it was ended ---

// The login form, with a token for the session that the next login begins in.
// One tab after the other: each is then given the same session.
async function fetchLogin() {
  const response = await fetch('/demo/members/login', { cache: 'no-store' });
  const page = new DOMParser().parseFromString(await response.text(), 'text/html');
  return page.getElementById('login-card');
}

async function showLogin() {
  const one = (task) => (navigator.locks ? navigator.locks.request('members-login', task) : task());
  const card = await one(fetchLogin);
  if (!card) {
    location.assign('/demo/members/'); // somebody is logged in again
    return;
  }
  document.querySelector('h1').textContent = 'Members';
  document.querySelector('.lead').textContent = '';
  element('strip').hidden = true;
  element('members-card').replaceWith(document.adoptNode(card));
  element('login').addEventListener('submit', submitLogin);
  element('problem').textContent = 'The session has ended: you are logged out.';
}

// Another tab may have begun another session since the form was fetched.
async function submitLogin(event) {
  event.preventDefault();
  const form = event.target;
  const card = await fetchLogin();
  if (!card) {
    location.assign('/demo/members/');
    return;
  }
  form.elements.csrf.value = card.querySelector('[name="csrf"]').value;
  form.submit();
}

// A server that was started again knows of no sessions.
async function look() {
  const { status } = await fetch('/demo/members/', { method: 'HEAD', cache: 'no-store' });
  if (status === 401) location.assign('/demo/members/login');
}

// --- the page ---

element('say').addEventListener('submit', (event) => {
  event.preventDefault();
  element('problem').textContent = '';
  if (connection.send(JSON.stringify({ type: 'say', text: element('text').value }))) strip.poke();
  element('text').value = '';
});

connection.addEventListener('message', ({ detail }) => {
  const message = JSON.parse(detail);
  handlers[message.type]?.(message);
  strip.poke();
});
connection.addEventListener('state', ({ detail }) => {
  if (detail === 'closed' && connection.code === SESSION_ENDED) {
    showLogin();
    return;
  }
  element('send').disabled = detail !== 'open';
  if (detail === 'waiting') look().catch(() => {});
  strip.poke();
});
showState(element('state'), connection);
show();
connection.open();
