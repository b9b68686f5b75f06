// SPDX-License-Identifier: MIT

import { FulcraSocket } from '/fulcra.js';
import { showState } from '/demo/common/state.js';
import { Strip, newTag } from '/demo/common/strip.js';

const SHOWN = 40;
const element = (id) => document.getElementById(id);
const tag = newTag();
const strip = new Strip(element('strip'), tag);
const connection = new FulcraSocket(`/demo/echo?strip=${tag}`);
const pending = []; // what was sent and is not back yet, in order

const kind = () => document.querySelector('input[name="kind"]:checked').value;
const samples = { text: element('message').value, bytes: 'de ad be ef 00 ff' };

function parseBytes(text) {
  const digits = text.replace(/\s+/g, '');
  if (!/^([0-9a-f]{2})*$/i.test(digits)) throw new Error('Bytes are pairs of hexadecimal digits, for example: de ad be ef');
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');

function send(message) {
  if (!connection.send(message)) return;
  pending.push({ message, at: performance.now() });
  strip.poke();
}

function isSame(sent, received) {
  if (typeof sent === 'string' || typeof received === 'string') return sent === received;
  return toHex(sent) === toHex(received);
}

function received(data) {
  const sent = pending.shift();
  const message = typeof data === 'string' ? data : new Uint8Array(data);
  const same = sent !== undefined && isSame(sent.message, message);
  const time = sent ? `${(performance.now() - sent.at).toFixed(1)} ms` : '';
  const isText = typeof message === 'string';
  const item = document.createElement('li');
  item.className = same ? '' : 'differs';
  item.append(
    part('span', 'payload', isText ? message : toHex(message)),
    part('span', 'kind', isText ? `text, ${[...message].length} characters` : `binary, ${message.length} bytes`),
    part('span', 'time', time, part('b', '', same ? 'the same' : 'different')),
  );
  element('echoes').prepend(item);
  while (element('echoes').children.length > SHOWN) element('echoes').lastChild.remove();
}

function part(type, name, text, ...more) {
  const result = document.createElement(type);
  result.className = name;
  result.append(text, ...more);
  return result;
}

function compose() {
  const text = element('message').value;
  return kind() === 'bytes' ? parseBytes(text) : text;
}

function submit(count) {
  element('problem').textContent = '';
  try {
    const message = compose();
    for (let i = 0; i < count; i++) send(message);
  } catch (problem) {
    element('problem').textContent = problem.message;
  }
}

element('form').addEventListener('submit', (event) => {
  event.preventDefault();
  submit(1);
});
element('many').addEventListener('click', () => submit(100));
for (const choice of document.querySelectorAll('input[name="kind"]')) {
  choice.addEventListener('change', () => {
    const other = kind() === 'bytes' ? 'text' : 'bytes';
    samples[other] = element('message').value;
    element('message').value = samples[kind()];
    element('hint').textContent = kind() === 'bytes' ? 'Bytes, in hexadecimal' : 'Any text';
    element('problem').textContent = '';
  });
}

connection.addEventListener('message', ({ detail }) => received(detail));
connection.addEventListener('state', ({ detail }) => {
  element('send').disabled = element('many').disabled = detail !== 'open';
  pending.length = 0;
  strip.poke();
});
showState(element('state'), connection);
connection.open();
