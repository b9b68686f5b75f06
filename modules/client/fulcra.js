// SPDX-License-Identifier: MIT
//
// fulcra.js - a WebSocket that comes back
//
//   import { FulcraSocket } from '/fulcra.js';
//
//   const socket = new FulcraSocket('/chat');
//   socket.addEventListener('message', ({ detail }) => show(detail));
//   socket.addEventListener('state', ({ detail }) => light(detail));
//   socket.remember('room', JSON.stringify({ type: 'join', room: 'tea' }));
//   socket.open();
//   socket.send('hello');
//
// It is in one of four states, and says so with a "state" event:
//
//   connecting   the handshake is under way
//   open         messages go through; each that comes is a "message" event
//   waiting      it was lost; the next attempt is at .retryAt
//   closed       not opened, closed by this page, or ended by the server in a
//                way that trying again would not change
//
// Messages that come while it is not open wait for it, up to `buffer` bytes.
// One that was given to a connection which was then lost may or may not have
// arrived: what must not be lost needs an answer of the application's own.

/** What a close code means (RFC 6455 section 7.4.1; 4000-4999: Fulcra), and
 * whether the same attempt may do better later. */
export const CLOSE_CODES = {
  1000: { text: 'closed', again: false },
  1001: { text: 'the server stopped', again: true },
  1002: { text: 'protocol error', again: true },
  1003: { text: 'kind of message not accepted', again: true },
  1005: { text: 'closed', again: true },
  1006: { text: 'the connection was lost', again: true },
  1007: { text: 'not valid UTF-8', again: true },
  1008: { text: 'refused by policy', again: false },
  1009: { text: 'the message was too large', again: true },
  1011: { text: 'the server failed', again: true },
  1012: { text: 'the server restarts', again: true },
  1013: { text: 'the server is busy', again: true },
  4001: { text: 'the session ended', again: false },
  4003: { text: 'forbidden', again: false },
  4008: { text: 'this page read too slowly', again: true },
};

const DEFAULTS = {
  protocols: [],        // subprotocols offered
  buffer: 65536,        // bytes that may wait, here and in the browser
  firstDelay: 500,      // milliseconds: the longest first wait
  longestDelay: 30_000, // milliseconds: the longest of all
  stable: 2_000,        // milliseconds after which a connection counts as good
  random: Math.random,
  WebSocket: globalThis.WebSocket,
};

const encoder = new TextEncoder();

/** Bytes that `data` (text, ArrayBuffer, view or Blob) takes on the wire. */
function sizeOf(data) {
  if (typeof data === 'string') return encoder.encode(data).length;
  return data.byteLength ?? data.size;
}

/** Back-off with full jitter: any time up to a limit that doubles with each
 * attempt, so that the clients of a restarted server do not come at once. */
export function delayBefore(attempt, options = {}) {
  const { firstDelay, longestDelay, random } = { ...DEFAULTS, ...options };
  return random() * Math.min(longestDelay, firstDelay * 2 ** attempt);
}

export class FulcraSocket extends EventTarget {
  state = 'closed';
  code = 0;    // of the last close; 0 before the first
  reason = ''; // why it is not open, in words
  retryAt = 0; // by performance.now()

  #options;
  #socket = null;
  #attempt = 0;
  #openedAt = 0;
  #timer;
  #waiting = [];
  #waitingBytes = 0;
  #remembered = new Map();

  /** @param {string | URL} url  ws:, wss:, or relative to the page
   *  @param {Partial<typeof DEFAULTS>} options */
  constructor(url, options = {}) {
    super();
    this.#options = { ...DEFAULTS, ...options };
    this.url = new URL(url, globalThis.location?.href);
    this.url.protocol = this.url.protocol.replace('http', 'ws');
    globalThis.addEventListener?.('online', () => this.#hurry());
    globalThis.document?.addEventListener('visibilitychange', () => this.#hurry());
  }

  /** Connects, unless it is connected or about to be; a wait ends now. */
  open() {
    if (this.state === 'open' || this.state === 'connecting') return;
    const { WebSocket, protocols } = this.#options;
    const socket = new WebSocket(this.url, protocols);

    clearTimeout(this.#timer);
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => socket === this.#socket && this.#opened();
    socket.onmessage = ({ data }) => socket === this.#socket && this.#emit('message', data);
    socket.onclose = (event) => socket === this.#socket && this.#ended(event);
    this.#become('connecting');
  }

  /** Closes and stays closed; what waited is dropped. */
  close(code = 1000, reason = '') {
    const socket = this.#socket;

    clearTimeout(this.#timer);
    this.#socket = null;
    this.#clear();
    socket?.close(code, reason);
    this.code = code;
    this.reason = reason || 'closed';
    if (this.state !== 'closed') this.#become('closed');
  }

  /** Sends, or keeps until it is open. False where there is no room: then
   * nothing was done with `data`. */
  send(data) {
    const size = sizeOf(data);
    const held = this.#waitingBytes + (this.#socket?.bufferedAmount ?? 0);

    if (this.state === 'closed') return false;
    // A message that is larger than the buffer may go when nothing waits.
    if (held + size > this.#options.buffer && (held > 0 || this.state !== 'open')) return false;
    if (this.state === 'open') {
      this.#socket.send(data);
    } else {
      this.#waiting.push(data);
      this.#waitingBytes += size;
    }
    return true;
  }

  /** Sends `data` now, and first thing on every later connection: what the
   * server must be told to know what this page follows. One for each `name`. */
  remember(name, data) {
    this.#remembered.set(name, data);
    if (this.state === 'open') this.#socket.send(data);
  }

  /** Forgets it; `data`, if given, tells the server of this connection. */
  forget(name, data) {
    if (this.#remembered.delete(name) && data !== undefined && this.state === 'open') {
      this.#socket.send(data);
    }
  }

  /** The subprotocol that the server chose. */
  get protocol() {
    return this.#socket?.protocol ?? '';
  }

  #opened() {
    this.#openedAt = performance.now();
    this.reason = '';
    const waiting = this.#waiting;
    this.#clear();
    for (const data of this.#remembered.values()) this.#socket.send(data);
    for (const data of waiting) this.#socket.send(data);
    this.#become('open');
  }

  #ended({ code, reason }) {
    const { text, again } = CLOSE_CODES[code] ?? { text: `closed with ${code}`, again: true };

    if (this.#openedAt && performance.now() - this.#openedAt > this.#options.stable) this.#attempt = 0;
    this.#openedAt = 0;
    this.#socket = null;
    this.code = code;
    this.reason = reason || text;
    if (!again) {
      this.#clear();
      this.#become('closed');
      return;
    }
    const delay = delayBefore(this.#attempt++, this.#options);
    this.retryAt = performance.now() + delay;
    this.#timer = setTimeout(() => this.#retry(), delay);
    this.#become('waiting');
  }

  #retry() {
    if (this.state === 'waiting') this.open();
  }

  // The network is back, or somebody looks at the page again.
  #hurry() {
    if (!globalThis.document?.hidden) this.#retry();
  }

  #clear() {
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  #become(state) {
    this.state = state;
    this.#emit('state', state);
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
