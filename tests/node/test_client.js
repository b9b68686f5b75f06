// SPDX-License-Identifier: MIT
'use strict';

// fulcra.js as the server serves it, over node's ws, against the real server.

const assert = require('node:assert');
const { once } = require('node:events');
const { after, before, test } = require('node:test');
const WebSocket = require('ws');
const { start } = require('./server.js');

let server;
let client;
before(async () => {
  server = await start();
  const response = await fetch(`${server.url}/fulcra.js`);
  assert.match(response.headers.get('content-type'), /^text\/javascript/);
  const text = await response.text();
  assert.ok(Buffer.byteLength(text) < 8192, 'stays below 8 kB');
  client = await import(`data:text/javascript,${encodeURIComponent(text)}`);
});
after(() => server.stop());

// A ws client that remembers its sockets, so that a test can cut one.
function recorder() {
  const made = [];
  class Recorded extends WebSocket {
    constructor(...args) {
      super(...args);
      made.push(this);
    }
  }
  return { made, Recorded };
}

function connect(where, options = {}) {
  const { made, Recorded } = recorder();
  const socket = new client.FulcraSocket(server.ws(where), {
    WebSocket: Recorded, firstDelay: 20, ...options,
  });
  return { socket, made };
}

async function becomes(socket, state) {
  while (socket.state !== state) await once(socket, 'state');
}

async function messages(socket, count) {
  const got = [];
  await new Promise((resolve) => {
    socket.addEventListener('message', ({ detail }) => {
      got.push(detail);
      if (got.length === count) resolve();
    });
  });
  return got;
}

test('what is sent before it is open waits, in order', async () => {
  const { socket } = connect('/demo/echo');
  const got = messages(socket, 3);
  assert.strictEqual(socket.send('too early'), false, 'closed: nothing waits');
  socket.open();
  assert.strictEqual(socket.state, 'connecting');
  assert.strictEqual(socket.send('one'), true);
  assert.strictEqual(socket.send('two'), true);
  await becomes(socket, 'open');
  socket.send('three');
  assert.deepStrictEqual(await got, ['one', 'two', 'three']);
  socket.close();
  assert.strictEqual(socket.state, 'closed');
});

test('bytes come as an ArrayBuffer', async () => {
  const { socket } = connect('/demo/echo');
  const got = messages(socket, 1);
  socket.open();
  socket.send(Uint8Array.of(1, 2, 254));
  const [data] = await got;
  assert.deepStrictEqual(new Uint8Array(data), Uint8Array.of(1, 2, 254));
  socket.close();
});

test('what would not fit is refused, and what waits is sent', async () => {
  const { socket } = connect('/demo/echo', { buffer: 10 });
  const got = messages(socket, 1);
  socket.open();
  assert.strictEqual(socket.send('12345678'), true);
  assert.strictEqual(socket.send('123'), false);
  assert.deepStrictEqual(await got, ['12345678']);
  assert.strictEqual(socket.send('larger than all of the buffer'), true, 'alone it may go');
  socket.close();
});

test('a lost connection comes back and says first what is remembered', async () => {
  const { socket, made } = connect('/demo/echo');
  socket.remember('room', 'join tea');
  socket.remember('name', 'I am Ada');
  socket.remember('name', 'I am Bo');
  const first = messages(socket, 2);
  socket.open();
  assert.deepStrictEqual(await first, ['join tea', 'I am Bo']);

  socket.forget('room');
  const second = messages(socket, 2);
  made[0].terminate();
  await becomes(socket, 'waiting');
  assert.strictEqual(socket.code, 1006);
  assert.strictEqual(socket.reason, 'the connection was lost');
  assert.ok(socket.retryAt >= performance.now() - 20);
  socket.send('meanwhile');
  assert.deepStrictEqual(await second, ['I am Bo', 'meanwhile']);
  assert.strictEqual(made.length, 2);
  socket.close();
});

test('closed by the page it stays closed', async () => {
  const { socket, made } = connect('/demo/echo');
  socket.open();
  await becomes(socket, 'open');
  socket.close(1000, 'enough');
  assert.strictEqual(socket.reason, 'enough');
  await once(made[0], 'close');
  assert.strictEqual(socket.state, 'closed');
  assert.strictEqual(made.length, 1);
});

test('no attempt is made again where it would change nothing', async () => {
  for (const [code, { again }] of Object.entries(client.CLOSE_CODES)) {
    const fake = class {
      bufferedAmount = 0;
      constructor() { fake.last = this; }
      send() {}
      close() {}
    };
    const socket = new client.FulcraSocket('ws://host/', { WebSocket: fake, random: () => 1 });
    socket.open();
    fake.last.onopen();
    fake.last.onclose({ code: Number(code), reason: '' });
    assert.strictEqual(socket.state, again ? 'waiting' : 'closed', `code ${code}`);
    socket.close();
  }
});

test('the wait doubles up to its limit, and is anything below it', () => {
  const longest = [0, 1, 2, 3, 20].map((attempt) => client.delayBefore(attempt, { random: () => 1 }));
  assert.deepStrictEqual(longest, [500, 1000, 2000, 4000, 30_000]);
  assert.strictEqual(client.delayBefore(5, { random: () => 0 }), 0);
});

test('a failed attempt is followed by longer ones; opening by hand ends the wait', async () => {
  const made = [];
  const fake = class {
    bufferedAmount = 0;
    constructor() { made.push(this); }
    send() {}
    close() {}
  };
  const socket = new client.FulcraSocket('ws://host/', { WebSocket: fake, random: () => 1, firstDelay: 1000 });
  socket.open();
  made[0].onclose({ code: 1006, reason: '' });
  const before = socket.retryAt - performance.now();
  socket.open();
  assert.strictEqual(made.length, 2);
  made[1].onclose({ code: 1006, reason: '' });
  const later = socket.retryAt - performance.now();
  assert.ok(before > 900 && before <= 1000 && later > 1900 && later <= 2000, `${before}, ${later}`);
  made[0].onmessage({ data: 'of a connection that is no longer this one' });
  socket.close();
});
