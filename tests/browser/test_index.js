// SPDX-License-Identifier: MIT
'use strict';

const assert = require('node:assert');
const { after, before, test } = require('node:test');
const { start } = require('../node/server.js');
const { launch, looks, shot, skip } = require('./browser.js');

let server;
let browser;
before(async () => {
  if (skip) return;
  server = await start();
  browser = await launch();
});
after(async () => {
  if (skip) return;
  await browser.close();
  await server.stop();
});

for (const { name, ...look } of looks) {
  test(`the index page, ${name}`, { skip }, async () => {
    const context = await browser.newContext(look);
    const page = await context.newPage();
    const complaints = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(`${server.url}/`);
    assert.match(await page.title(), /Fulcra/);
    const wide = await page.evaluate(
      () => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(wide <= 0, `the page is ${wide} pixels too wide`);
    await shot(page, `index-${name}`);
    assert.deepStrictEqual(complaints, []);
    await context.close();
  });
}
