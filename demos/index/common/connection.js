// SPDX-License-Identifier: MIT
//
// A WebSocket that comes back. It is in one of four states, and says so with
// a "state" event:
//
//   connecting   the handshake is under way
//   open         messages go through; each that comes is a "message" event
//   waiting      it was lost; the next attempt is at .retryAt
//   closed       it ended in a way that trying again would not change

export const CLOSE_TEXTS = {
  1000: 'closed',
  1001: 'the server stopped',
  1002: 'protocol error',
  1003: 'kind of message not accepted',
  1006: 'the connection was lost',
  1007: 'not valid UTF-8',
  1008: 'refused by policy',
  1009: 'the message was too large',
  1011: 'the server failed',
  1012: 'the server restarts',
  1013: 'the server is busy',
  4001: 'the session ended',
  4003: 'forbidden',
  4008: 'this page read too slowly',
};

const FINAL = new Set([1000, 1008, 4001, 4003]);
const FIRST_DELAY = 500;
const LONGEST_DELAY = 30_000;
const STABLE = 2_000;

// The more attempts have failed, the longer the wait; and never the same for
// everybody, or all clients of a restarted server would come at once.
export function delayBefore(attempt, random = Math.random) {
  const ceiling = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** attempt);
  return ceiling * (0.5 + random() / 2);
}

export class Connection extends EventTarget {
  constructor(path, parameters = {}) {
    super();
    this.url = new URL(path, location.href);
    this.url.protocol = this.url.protocol.replace('http', 'ws');
    for (const [name, value] of Object.entries(parameters)) {
      this.url.searchParams.set(name, value);
    }
    this.attempt = 0;
    this.state = 'closed';
    this.reason = '';
    addEventListener('online', () => this.#hurry());
    document.addEventListener('visibilitychange', () => this.#hurry());
  }

  open() {
    if (this.state === 'open' || this.state === 'connecting') return;
    clearTimeout(this.timer);
    this.socket = new WebSocket(this.url);
    this.socket.binaryType = 'arraybuffer';
    this.socket.onopen = () => this.#opened();
    this.socket.onmessage = (event) => this.#emit('message', event.data);
    this.socket.onclose = (event) => this.#ended(event);
    this.#become('connecting');
  }

  // False where the message could not be sent.
  send(data) {
    if (this.state !== 'open') return false;
    this.socket.send(data);
    return true;
  }

  #opened() {
    this.openedAt = performance.now();
    this.reason = '';
    this.#become('open');
  }

  #ended({ code, reason }) {
    const lasted = this.openedAt ? performance.now() - this.openedAt : 0;
    this.openedAt = 0;
    if (lasted > STABLE) this.attempt = 0;
    this.code = code;
    this.reason = reason || CLOSE_TEXTS[code] || `closed with ${code}`;
    if (FINAL.has(code)) {
      this.#become('closed');
      return;
    }
    const delay = delayBefore(this.attempt++);
    this.retryAt = performance.now() + delay;
    this.timer = setTimeout(() => this.open(), delay);
    this.#become('waiting');
  }

  // The network is back, or somebody looks at the page again.
  #hurry() {
    if (this.state === 'waiting' && !document.hidden) this.open();
  }

  #become(state) {
    this.state = state;
    this.#emit('state', state);
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

// Keeps `element` saying how `connection` is, with a button where it can be
// hurried up; the lever in the page's head tilts with it.
export function showState(element, connection) {
  const text = document.createElement('span');
  const countdown = document.createElement('span');
  const button = document.createElement('button');
  let timer;

  text.setAttribute('role', 'status');
  button.type = 'button';
  button.className = 'quiet tiny';
  button.textContent = 'Connect now';
  button.addEventListener('click', () => connection.open());
  element.replaceChildren(text, countdown, button);

  // Beside the status, so that it is not read out every second.
  function count() {
    const left = Math.ceil((connection.retryAt - performance.now()) / 1000);
    countdown.textContent = connection.state === 'waiting' ? `Next attempt in ${Math.max(1, left)} s` : '';
  }

  function update() {
    const { state, reason } = connection;
    const words = { connecting: 'Connecting…', open: 'Connected' };
    text.textContent = words[state] ?? sentence(reason || 'not connected');
    element.dataset.state = state;
    document.documentElement.dataset.link = state;
    button.hidden = state in words;
    clearInterval(timer);
    if (state === 'waiting') timer = setInterval(count, 250);
    count();
  }

  connection.addEventListener('state', update);
  update();
}

function sentence(text) {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
