// SPDX-License-Identifier: MIT
'use strict';

// The explorer in chromium, as an administrator uses it.

const assert = require('node:assert');
const { after, before, test } = require('node:test');
const { once } = require('node:events');
const WebSocket = require('ws');
const { start } = require('../node/server.js');
const { launch, looks, shot, skip, some, stay, turn } = require('./browser.js');

const views = ['overview', 'spaces', 'requests', 'sockets', 'topics', 'cache', 'modules', 'settings', 'log'];
let server;
let browser;
let visitor; // whose tabs they are
before(async () => {
  if (skip) return;
  server = await start();
  browser = await launch();
  visitor = await stay(await browser.newContext(looks.light), `${server.url}/demo/hello/`);
});
after(async () => {
  if (skip) return;
  await browser.close();
  await server.stop();
});

// A tab that was let in. What its console calls an error fails the test.
async function enter(view = 'overview', look = 'light', context = visitor) {
  const page = await context.newPage();
  await turn(page, look);
  page.complaints = [];
  page.on('pageerror', (error) => page.complaints.push(error.message));
  page.on('console', (line) => {
    if (line.type() === 'error') page.complaints.push(line.text());
  });
  await page.goto(server.explorer);
  if (view !== 'overview') await page.goto(`${new URL(page.url()).origin}/#/${view}`);
  await page.waitForSelector('h1');
  return page;
}

async function leave(...tabs) {
  for (const page of tabs) {
    assert.deepStrictEqual(page.complaints, []);
    await page.close();
  }
}

test('the address shows no token once one is in', { skip }, async () => {
  const page = await enter();
  assert.strictEqual(new URL(page.url()).search, '');
  await page.waitForSelector('.figure b');
  await leave(page);
});

for (const look of some) {
  test(`every view, ${look}`, { skip }, async () => {
    const page = await enter('overview', look);
    for (const view of views) {
      await page.click(`#views a[href="#/${view}"]`);
      await page.waitForSelector(`#views a[href="#/${view}"][aria-current]`);
      await page.waitForSelector('main h1');
      await page.waitForSelector('main .card');
      const wider = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
      assert.strictEqual(wider, false, `${view} is wider than the window`);
      await shot(page, `explorer-${view}-${look}`);
    }
    await leave(page);
  });
}

test('who answers, and who was asked', { skip }, async () => {
  const page = await enter('spaces?identifier=res:/demo/hello/you');
  await page.waitForSelector('.good:has-text("hello")');
  assert.ok(await page.locator('.steps li').count() > 5);
  await page.fill('input[name=identifier]', '/nobody/here');
  await page.click('button:has-text("Resolve")');
  await page.waitForSelector('main .problem:has-text("Nobody answers")');
  await leave(page);
});

test('a tree of requests, and two compared', { skip }, async () => {
  const page = await enter('requests');
  await page.fill('input[placeholder="^res:/demo/"]', '^res:/template/');
  await page.click('button:has-text("Trace")');
  await page.waitForSelector('button:has-text("Stop")');
  for (const name of ['one', 'two']) await fetch(`${server.url}/template/greet/${name}`);
  for (const name of ['one', 'two']) await page.click(`.trees button:has-text("greet/${name}")`);
  assert.strictEqual(await page.locator('.waterfall').count(), 2);
  assert.ok(await page.locator('.waterfall li:has-text("setting:/greeting")').count() >= 1);
  assert.match(await page.textContent('.waterfall li'), /(for all|for who has|because of) ?/);
  await shot(page, 'explorer-compared');
  await page.click('button:has-text("Stop")');
  await page.waitForSelector('button:has-text("Trace")');
  await leave(page);
});

test('a module is replaced by a click, and a chat stays open', { skip }, async () => {
  const demo = await visitor.newPage();
  await demo.goto(`${server.url}/demo/echo/`);
  await demo.waitForSelector('#state[data-state="open"]');
  let closed = 0;
  demo.on('websocket', () => closed++); // another one would mean that the first was lost

  const page = await enter('modules');
  await page.waitForFunction(() => document.querySelector('input[placeholder^="ws:"]').value !== '');
  await page.click('section:has(h2:text-is("Edit, build, watch it change")) button:has-text("Open")');
  await page.selectOption('select', 'urn:fulcra:demo:echo');
  await page.click('button:has-text("Send"):enabled');
  await page.waitForSelector('.chat li:has-text("in") .tag:has-text("generation 1")');
  await page.click('section:has(dd:text-is("urn:fulcra:demo:echo")) button:has-text("Reload")');
  await page.waitForSelector('.good:has-text("urn:fulcra:demo:echo was replaced")');
  await page.waitForSelector('section:has(dd:text-is("urn:fulcra:demo:echo")) .tree li:nth-child(2):has-text("1.0.0")');
  await page.click('button:has-text("Send"):enabled');
  await page.waitForSelector('.chat li:has-text("in") .tag:has-text("generation 2")');
  await shot(page, 'explorer-replaced');

  await demo.click('#send');
  await demo.waitForSelector('#echoes li:has-text("the same")');
  assert.strictEqual(closed, 0);
  await demo.close();
  await leave(page);
});

test('what cannot be loaded is said', { skip }, async () => {
  const page = await enter('modules');
  await page.fill('input[placeholder="/home/me/greeter"]', '/nowhere');
  await page.click('button:text-is("Load")');
  await page.waitForSelector('main > .problem:has-text("/nowhere")');
  page.complaints = page.complaints.filter((line) => !/status of [45]/.test(line));
  await leave(page);
});

test('whose a socket is', { skip }, async () => {
  for (const look of some) {
    const alice = await browser.newContext();
    const room = await alice.newPage();
    await room.goto(`${server.url}/demo/members/login`);
    await room.fill('#user', 'alice');
    await room.fill('#password', 'wonderland');
    await room.click('#login button');
    await room.waitForSelector('#state[data-state="open"]');
    const echo = await alice.newPage();
    await echo.goto(`${server.url}/demo/echo/`);
    await echo.waitForSelector('#state[data-state="open"]');

    const page = await enter('sockets', look);
    await page.waitForSelector('tr:has(code:text-is("/demo/members/room")) td:nth-child(2):text-is("alice")');
    await page.waitForSelector('tr:has(code:text-is("/demo/echo")) td:nth-child(2):text-is("")');
    await shot(page, `explorer-users-${look}`);
    await room.click('#logout button');
    await page.waitForFunction(() => !document.querySelector('main table').textContent.includes('alice'));
    await alice.close();
    await leave(page);
  }
});

test('a socket is closed', { skip }, async () => {
  const demo = await visitor.newPage();
  await demo.goto(`${server.url}/demo/echo/`);
  await demo.waitForSelector('#state[data-state="open"]');
  const page = await enter('sockets?path=/demo/echo');
  await page.click('tr:has(code:text-is("/demo/echo")) button');
  await demo.waitForSelector('#state[data-state="closed"]');
  await page.waitForSelector('.empty:has-text("No socket is open")');
  await demo.close();
  await leave(page);
});

test('who is subscribed to a topic, and what was published', { skip }, async () => {
  const room = new WebSocket(server.ws('/topic/explorer-room'));
  await once(room, 'open');
  const page = await enter('topics');
  await page.waitForSelector('tr:has(code:text-is("topic:explorer-room")) td:nth-child(2):text-is("1")');
  room.send('hello');
  await page.waitForSelector('tr:has(code:text-is("topic:explorer-room")) td:nth-child(3):text-is("1")');
  room.close();
  await page.waitForSelector('tr:has(code:text-is("topic:explorer-room")) td:nth-child(2):text-is("0")');
  await leave(page);
});

test('a key is cut', { skip }, async () => {
  const page = await enter('cache');
  await page.fill('input[placeholder="stock:*"]', 'stock:*');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.good:has-text("stock:* was cut")');
  await leave(page);
});

test('it tells when the server has gone', { skip }, async () => {
  const other = await start();
  const mine = server;
  server = other;
  const page = await enter('overview', 'light', await browser.newContext()); // it has another cookie
  server = mine;
  await other.stop();
  await page.waitForSelector('html[data-link="lost"]');
  await page.context().close();
});
