// SPDX-License-Identifier: MIT
'use strict';

// A server for a test file: `const server = await start()`, server.url,
// server.explorer with its token, server.ws(path), `await server.stop()`, which insists on a clean end.

const assert = require('node:assert');
const { once } = require('node:events');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const build = process.env.FULCRA_BUILDDIR;
const output = path.join(build, 'tests', 'output');

async function start(...args) {
  fs.mkdirSync(output, { recursive: true });
  const name = path.basename(process.argv[1], '.js');
  const logPath = path.join(output, `${name}.log`);
  const log = fs.openSync(logPath, 'w');
  const child = spawn(path.join(build, 'fulcra'),
    ['serve', '--playground', '--listen', '127.0.0.1:0', ...args],
    { stdio: ['ignore', 'pipe', log] });
  const exited = once(child, 'exit');
  process.on('exit', () => child.kill('SIGKILL'));

  const [url, explorer] = await new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (data) => {
      text += data;
      const found = /^listening on (http:\/\/\S+:\d+)\n(?:.*\n)*explorer on (\S+)$/m.exec(text);
      if (found) resolve(found.slice(1));
    });
    child.on('exit', () => reject(
      new Error(`no listener:\n${fs.readFileSync(logPath, 'utf8')}`)));
  });

  return {
    url,
    explorer,
    ws: (where) => url.replace('http:', 'ws:') + where,
    log: () => fs.readFileSync(logPath, 'utf8'),
    async stop() {
      child.kill('SIGTERM');
      const [code] = await exited;
      const said = fs.readFileSync(logPath, 'utf8');
      assert.strictEqual(code, 0, said);
      assert.doesNotMatch(said, /Sanitizer|runtime error: /);
    },
  };
}

module.exports = { output, start };
