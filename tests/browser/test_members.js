// SPDX-License-Identifier: MIT
'use strict';

// The demo members with two people, and with two tabs of one.

const assert = require('node:assert');
const { after, before, test } = require('node:test');
const { start } = require('../node/server.js');
const { launch, looks, shot, skip, some, stay, turn } = require('./browser.js');

const PAGE = '/demo/members/';
const LOGIN = '/demo/members/login';
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

// Somebody nobody knows: no cookies, and one tab that is no one's.
const gone = [];
const person = async () => gone.pop()
  ?? stay(await browser.newContext(looks.light), `${server.url}/demo/hello/`);

// A tab. What its console calls an error is kept; that a response was refused
// is not one.
async function open(context, look = 'light') {
  const page = await context.newPage();
  await turn(page, look);
  page.complaints = [];
  page.on('pageerror', (error) => page.complaints.push(error.message));
  page.on('console', (line) => {
    if (line.type() === 'error' && !/status of 40[13]/.test(line.text())) page.complaints.push(line.text());
  });
  await page.goto(server.url + PAGE);
  return page;
}

async function leave(...contexts) {
  for (const context of contexts) {
    for (const page of context.pages().slice(1)) {
      assert.deepStrictEqual(page.complaints, []);
      await page.close();
    }
    await context.clearCookies();
    gone.push(context);
  }
}

const where = (page) => new URL(page.url()).pathname;
const connected = (page) => page.waitForSelector('#state[data-state="open"]');

async function logIn(page, user, password) {
  await page.fill('#user', user);
  await page.fill('#password', password);
  await page.click('#login button');
}

async function enter(context, user, password) {
  const page = await open(context);
  assert.strictEqual(where(page), LOGIN);
  await logIn(page, user, password);
  await page.waitForURL(server.url + PAGE);
  await connected(page);
  return page;
}

async function reads(page, selector, expected) {
  await page.waitForFunction(([at, source]) => new RegExp(source).test(
    document.querySelector(at)?.textContent ?? ''), [selector, expected.source]);
}

for (const look of some) {
  test(`members looks well, ${look}`, { skip }, async () => {
    const context = await person();
    const page = await open(context, look);
    await page.waitForSelector('.listing .line:nth-child(5)');
    await shot(page, `members-login-${look}`);
    await logIn(page, 'alice', 'wonderland');
    await connected(page);
    await page.fill('#text', 'Is anybody here?');
    await page.press('#text', 'Enter');
    await reads(page, '#talk', /Is anybody here/);
    await page.waitForSelector('.listing .line:nth-child(5)');
    const beyond = await page.evaluate(
      () => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(beyond <= 0, `the page is ${beyond} pixels too wide`);
    await shot(page, `members-${look}`);
    await leave(context);
  });
}

test('two people talk, each under their own name', { skip }, async () => {
  const [alices, bobs] = [await person(), await person()];
  const alice = await enter(alices, 'alice', 'wonderland');
  const bob = await enter(bobs, 'bob', 'builder');

  await reads(alice, 'h1', /Hello, alice/);
  await reads(bob, 'h1', /Hello, bob/);
  await reads(alice, '#members', /alice \(you\)bob/);
  await reads(bob, '#members', /alicebob \(you\)/);
  await bob.fill('#text', '<b>hello</b>');
  await bob.press('#text', 'Enter');
  await reads(alice, '#talk .said:last-child', /^bob.*<b>hello<\/b>$/);
  await reads(bob, '#talk .mine:last-child', /<b>hello<\/b>$/);
  await leave(bobs);
  await reads(alice, '#members', /^alice \(you\)$/);
  await leave(alices);
});

test('a wrong password says so, and keeps the name', { skip }, async () => {
  const context = await person();
  const page = await open(context);
  await logIn(page, 'alice', 'builder');

  await reads(page, '#problem', /not a name and its password/);
  assert.strictEqual(await page.inputValue('#user'), 'alice');
  assert.strictEqual(await page.inputValue('#password'), '');
  await logIn(page, 'alice', 'wonderland');
  await page.waitForURL(server.url + PAGE);
  await leave(context);
});

test('logging out in one tab ends them all, and another person goes on', { skip }, async () => {
  const [alices, bobs] = [await person(), await person()];
  const one = await enter(alices, 'alice', 'wonderland');
  const two = await open(alices);
  const three = await open(alices);
  const bob = await enter(bobs, 'bob', 'builder');
  await Promise.all([two, three].map(connected));
  assert.strictEqual((await alices.cookies()).length, 1);

  await one.click('#logout button');
  await one.waitForURL(server.url + LOGIN);
  for (const page of [two, three]) {
    await reads(page, '#problem', /session has ended/);
    await page.waitForSelector('#login input[name="csrf"]', { state: 'attached' });
    assert.strictEqual(await page.$('#talk'), null);
  }
  await shot(two, 'members-ended');
  await reads(bob, '#members', /^bob \(you\)$/);

  // The form that took the place of the room is a form like any other, even
  // where another tab has begun another session since.
  await alices.clearCookies();
  await two.goto(server.url + LOGIN);
  await logIn(three, 'alice', 'wonderland');
  await three.waitForURL(server.url + PAGE);
  await connected(three);
  await reads(bob, '#members', /alicebob \(you\)/);
  assert.strictEqual((await alices.cookies()).length, 1);
  await leave(alices, bobs);
});

test('going back after a logout shows nothing of the room', { skip }, async () => {
  const context = await person();
  const page = await enter(context, 'bob', 'builder');
  await page.click('#logout button');
  await page.waitForURL(server.url + LOGIN);
  await page.goBack();
  await page.waitForSelector('#login');
  assert.strictEqual(where(page), LOGIN);
  await leave(context);
});
