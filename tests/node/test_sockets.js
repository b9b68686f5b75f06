// SPDX-License-Identifier: MIT
'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { after, before, test } = require('node:test');
const WebSocket = require('ws');
const { start } = require('./server.js');

let server;
before(async () => { server = await start(); });
after(() => server.stop());

async function open(where) {
  const socket = new WebSocket(server.ws(where));
  await once(socket, 'open');
  return socket;
}

test('text comes back as text', async () => {
  const socket = await open('/demo/echo');
  socket.send('héllo');
  const [data, isBinary] = await once(socket, 'message');
  assert.strictEqual(data.toString(), 'héllo');
  assert.strictEqual(isBinary, false);
  socket.close(1000);
  const [code] = await once(socket, 'close');
  assert.strictEqual(code, 1000);
});

test('binary comes back as binary', async () => {
  const socket = await open('/demo/echo');
  const sent = Buffer.from([0, 1, 2, 253, 254, 255]);
  socket.send(sent);
  const [data, isBinary] = await once(socket, 'message');
  assert.deepStrictEqual(data, sent);
  assert.strictEqual(isBinary, true);
  socket.close();
  await once(socket, 'close');
});

test('a ping is answered', async () => {
  const socket = await open('/demo/echo');
  socket.ping('are you there');
  const [data] = await once(socket, 'pong');
  assert.strictEqual(data.toString(), 'are you there');
  socket.terminate();
});

test('a path that no socket answers is refused', async () => {
  const socket = new WebSocket(server.ws('/nothing/here'));
  const [, response] = await once(socket, 'unexpected-response');
  assert.strictEqual(response.statusCode, 404);
  response.resume();
});

test('a thousand messages come back in order', async () => {
  const socket = await open('/demo/echo');
  const got = [];
  const all = new Promise((resolve) => socket.on('message', (data) => {
    got.push(data.toString());
    if (got.length === 1000) resolve();
  }));
  for (let i = 0; i < 1000; i++) socket.send(String(i));
  await all;
  assert.deepStrictEqual(got, Array.from({ length: 1000 }, (_, i) => String(i)));
  socket.close();
  await once(socket, 'close');
});

test('a message in fragments comes back whole', async () => {
  const socket = await open('/demo/echo');
  const both = [once(socket, 'pong'), once(socket, 'message')];
  socket.send('one ', { fin: false });
  socket.ping();
  socket.send('two ', { fin: false });
  socket.send('three', { fin: true });
  const [, [data]] = await Promise.all(both);
  assert.strictEqual(data.toString(), 'one two three');
  socket.terminate();
});

test('a message over the limit closes with 1009', async () => {
  const socket = await open('/demo/echo');
  socket.send(Buffer.alloc(65536));
  const [data] = await once(socket, 'message');
  assert.strictEqual(data.length, 65536);
  socket.send(Buffer.alloc(65537));
  const [code] = await once(socket, 'close');
  assert.strictEqual(code, 1009);
});

test('a foreign origin is refused', async () => {
  const socket = new WebSocket(server.ws('/demo/echo'), { origin: 'http://evil.example' });
  const [, response] = await once(socket, 'unexpected-response');
  assert.strictEqual(response.statusCode, 403);
  response.resume();
});

test('compressed where it is agreed on and worth it', async (t) => {
  const compressing = await start('--set', 'websocket.compress=true');
  t.after(() => compressing.stop());
  const long = JSON.stringify(Array.from({ length: 2000 }, (_, n) => ({ n })));
  for (const options of [true, { threshold: 0 }, { serverMaxWindowBits: 12 },
    { clientMaxWindowBits: 9, threshold: 0 }, { serverMaxWindowBits: 9 }]) {
    const socket = new WebSocket(compressing.ws('/demo/echo'), { perMessageDeflate: options });
    await once(socket, 'open');
    // A window smaller than the server's is not agreed to.
    assert.strictEqual(socket.extensions !== '', options.serverMaxWindowBits !== 9);
    const before = socket._socket.bytesRead;
    for (const text of ['', 'short', long]) {
      socket.send(text);
      const [data] = await once(socket, 'message');
      assert.strictEqual(data.toString(), text);
    }
    assert.strictEqual(socket._socket.bytesRead - before < long.length / 2,
      options.serverMaxWindowBits !== 9);
    socket.send('x'.repeat(200_000));
    const [code] = await once(socket, 'close');
    assert.strictEqual(code, 1009);
  }
});
