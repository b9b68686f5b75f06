// SPDX-License-Identifier: MIT
'use strict';

// Each demo's page against the real server, as a visitor uses it.

const assert = require('node:assert');
const { after, before, test } = require('node:test');
const { start } = require('../node/server.js');
const { launch, looks, shot, skip, some, stay, turn } = require('./browser.js');

const pages = {
  index: '/',
  hello: '/demo/hello/',
  echo: '/demo/echo/',
  grouptherapy: '/demo/grouptherapy/',
  ticker: '/demo/ticker/',
  board: '/demo/board/',
};
let server;
let browser;
let visitor; // whose tabs they all are
before(async () => {
  if (skip) return;
  server = await start('--workers', '16'); // the board's sleep most of the time
  browser = await launch();
  visitor = await stay(await browser.newContext(looks.light), server.url + pages.hello);
});
after(async () => {
  if (skip) return;
  await browser.close();
  await server.stop();
});

// A tab. What its console calls an error fails the test.
async function visit(name, look = 'light', url = server.url) {
  const page = await visitor.newPage();
  await turn(page, look);
  page.complaints = [];
  page.on('pageerror', (error) => page.complaints.push(error.message));
  page.on('console', (line) => {
    if (line.type() === 'error') page.complaints.push(line.text());
  });
  await page.goto(url + pages[name]);
  return page;
}

async function leave(...tabs) {
  for (const page of tabs) {
    assert.deepStrictEqual(page.complaints, []);
    await page.close();
  }
}

const connected = (page) => page.waitForSelector('#state[data-state="open"]');

// The element once its text is as expected.
async function reads(page, selector, expected) {
  const check = expected instanceof RegExp
    ? ['regexp', expected.source] : ['text', expected];
  await page.waitForFunction(([where, [kind, what]]) => {
    const text = document.querySelector(where)?.textContent ?? '';
    return kind === 'text' ? text.trim() === what : new RegExp(what).test(text);
  }, [selector, check]).catch(async () => {
    const text = await page.textContent(selector).catch(() => 'nothing');
    assert.fail(`${selector} should read ${expected}, not ${JSON.stringify(text)}`);
  });
}

async function join(page, name) {
  await page.waitForSelector('#enter:enabled');
  await page.fill('#name', name);
  await page.press('#name', 'Enter');
}

async function enter(name) {
  const page = await visit('grouptherapy');
  await join(page, name);
  await page.waitForSelector('#text:visible');
  return page;
}

async function say(page, text) {
  await page.fill('#text', text);
  await page.press('#text', 'Enter');
}

for (const look of some) {
  for (const name of Object.keys(pages)) {
    test(`${name} looks well, ${look}`, { skip }, async () => {
      const page = await visit(name, look);
      if (name !== 'hello' && name !== 'index') await connected(page);
      if (name === 'board') await page.waitForSelector('.steps li');
      if (name !== 'index') await page.waitForSelector('.listing .line:nth-child(5)');
      const beyond = await page.evaluate(
        () => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(beyond <= 0, `the page is ${beyond} pixels too wide`);
      await shot(page, `${name}-${look}`);
      await leave(page);
    });
  }
}

// --- index ---

test('index: every card is alive', { skip }, async () => {
  const page = await visit('index');
  await reads(page, '#live-hello', /Hello, visitor/);
  await reads(page, '#live-echo', /\d ms/);
  await reads(page, '#live-grouptherapy', /nobody|here now/);
  await reads(page, '#live-ticker', /[A-Z]{4} \d+\.\d\d/);
  await reads(page, '#live-board', /computed \d+×/);
  await page.click('.demos a[href="/demo/ticker/"]');
  assert.strictEqual(new URL(page.url()).pathname, '/demo/ticker/');
  await leave(page);
});

// --- hello ---

test('hello: greets whatever the name is', { skip }, async () => {
  const page = await visit('hello');
  await reads(page, '#answer', 'Hello, World');
  for (const name of ['a+b@c', '50%', '%2B', 'Ann & Bob <b>', 'Jürgen', 'x?y#z']) {
    await page.fill('#name', name);
    await page.press('#name', 'Enter');
    await reads(page, '#answer', `Hello, ${name}`);
  }
  await leave(page);
});

test('hello: shows its files as they are served, and copies them', { skip }, async () => {
  const page = await visit('hello');
  await visitor.grantPermissions(['clipboard-read', 'clipboard-write']);
  const served = await (await fetch(`${server.url}/demo/hello/source/module.json`)).text();

  await page.focus('[role="tab"][aria-selected="true"]');
  await page.keyboard.press('ArrowRight');
  await reads(page, '[role="tab"][aria-selected="true"]', 'module.json');
  await reads(page, '.listing', /"urn:fulcra:demo:hello"/);
  const lines = await page.$$eval('.listing .line', (all) => all.map((line) => line.textContent));
  assert.strictEqual(lines.join('\n'), served.trimEnd());

  await page.click('[data-sources] button[aria-label="Copy the file"]');
  await reads(page, '[data-sources] button[aria-label="Copy the file"]', 'Copied');
  assert.strictEqual(await page.evaluate(() => navigator.clipboard.readText()), served);
  await page.click('.commands .command button');
  await reads(page, '.commands .command button', 'Copied');
  assert.strictEqual(await page.evaluate(() => navigator.clipboard.readText()),
    `curl ${server.url}/demo/hello/World`);
  await leave(page);
});

// --- echo ---

test('echo: text and bytes come back the same', { skip }, async () => {
  const page = await visit('echo');
  await connected(page);
  await page.fill('#message', 'héllo <b>');
  await page.press('#message', 'Enter');
  await reads(page, '#echoes li .payload', 'héllo <b>');
  await page.check('input[value="bytes"]', { force: true });
  await page.fill('#message', '00 FF 7f');
  await page.click('#send');
  await reads(page, '#echoes li .payload', '00 ff 7f');
  await reads(page, '#echoes li .kind', 'binary, 3 bytes');
  await page.click('#many');
  await page.waitForFunction(() => document.querySelectorAll('#echoes li').length === 40);
  assert.strictEqual(await page.locator('#echoes .differs').count(), 0);
  await leave(page);
});

test('echo: what are no bytes is said so', { skip }, async () => {
  const page = await visit('echo');
  await connected(page);
  await page.check('input[value="bytes"]', { force: true });
  await page.fill('#message', 'xyz');
  await page.click('#send');
  await reads(page, '#problem', /hexadecimal/);
  assert.strictEqual(await page.locator('#echoes li').count(), 0);
  await leave(page);
});

test('echo: the strip shows what the socket caused', { skip }, async () => {
  const page = await visit('echo');
  await connected(page);
  await page.click('#send');
  await page.waitForSelector('#strip li');
  await page.waitForFunction(() => [...document.querySelectorAll('#strip .verb')]
    .map((verb) => verb.textContent).join(' ').startsWith('NEW SINK'));
  const rows = await page.$$eval('#strip li', (all) => all.map((row) => row.textContent));
  assert.match(rows[0], /^NEWws:\/demo\/echo.* µs→ echo$/);
  assert.match(rows[1], /^SINKws:\/demo\/echo.* µs→ echo$/);
  await shot(page, 'echo-strip');
  await leave(page);
});

test('echo: no strip where the server keeps none', { skip }, async () => {
  const page = await visitor.newPage();
  let asked = 0;
  await page.route(/playground.strip/, (route) => {
    asked++;
    return route.fulfill({ status: 404 });
  });
  const answered = page.waitForResponse(/playground.strip/);
  await page.goto(server.url + pages.echo);
  await connected(page);
  await answered;
  for (let i = 0; i < 3; i++) {
    await page.click('#send');
    await page.waitForFunction((n) => document.querySelectorAll('#echoes li').length === n, i + 1);
  }
  assert.ok(!await page.isVisible('#strip'));
  assert.strictEqual(asked, 1);
  await page.close();
});

test('echo: comes back after the server was restarted', { skip }, async () => {
  const first = await start();
  const page = await visit('echo', 'light', first.url);
  await connected(page);
  await first.stop();
  await page.waitForSelector('#state[data-state="waiting"]');
  await reads(page, '#state', /server stopped|connection was lost|going away/i);
  await reads(page, '#state', /Next attempt in \d+ s/);
  assert.ok(await page.isDisabled('#send'));

  const second = await start('--listen', first.url.replace('http://', ''));
  await connected(page);
  await page.click('#send');
  await reads(page, '#echoes li .kind', /characters/);
  await page.close();
  await second.stop();
});

// --- grouptherapy ---

test('grouptherapy: two tabs talk, and one leaves', { skip }, async () => {
  const ann = await enter('Ann');
  const bob = await enter('Bob');
  await reads(ann, '#members', /Ann \(you\).*Bob/);
  await reads(ann, '#talk li:last-child', 'Bob came in');
  await say(ann, 'Is <b>anybody</b> here?');
  await reads(bob, '#talk li:last-child p', 'Is <b>anybody</b> here?');
  await reads(ann, '#talk li.mine p', 'Is <b>anybody</b> here?');
  await say(bob, 'I am.');
  await reads(ann, '#talk li:last-child p', 'I am.');
  await reads(ann, '#here-title', '2 here');
  await shot(ann, 'grouptherapy-talk');
  await leave(bob);
  await reads(ann, '#talk li:last-child', 'Bob left');
  await reads(ann, '#here-title', '1 here');
  await leave(ann);
});

test('grouptherapy: a newcomer gets what was said last', { skip }, async () => {
  const ann = await enter('Ann');
  for (const text of ['first of all', 'then this', 'and that']) {
    await say(ann, text);
    await reads(ann, '#talk li:last-child p', text);
  }
  const bob = await enter('Bob');
  const texts = await bob.$$eval('#talk .said p', (all) => all.map((one) => one.textContent));
  assert.deepStrictEqual(texts.slice(-3), ['first of all', 'then this', 'and that']);
  await leave(ann, bob);
});

test('grouptherapy: what is refused is said, and can be put right', { skip }, async () => {
  const ann = await enter('Ann');
  const bob = await visit('grouptherapy');
  await join(bob, 'Ann');
  await reads(bob, '#problem', /name-taken/);
  await join(bob, 'x'.repeat(33));
  await reads(bob, '#problem', /bad-name/);
  await join(bob, 'Bob');
  await bob.waitForSelector('#text:visible');
  await reads(bob, '#problem', '');
  await say(bob, 'x'.repeat(2001));
  await reads(bob, '#problem', /bad-text/);
  await say(bob, 'short');
  await reads(bob, '#problem', '');
  await reads(ann, '#talk li:last-child p', 'short');
  await leave(ann, bob);
});

test('grouptherapy: is in the room again after the server was restarted', { skip }, async () => {
  const first = await start();
  const page = await visit('grouptherapy', 'light', first.url);
  await join(page, 'Ann');
  await page.waitForSelector('#text:visible');
  await first.stop();
  await page.waitForSelector('#state[data-state="waiting"]');
  const second = await start('--listen', first.url.replace('http://', ''));
  await page.waitForSelector('#text:visible');
  await reads(page, '#members', 'Ann (you)');
  await page.close();
  await second.stop();
});

// --- ticker ---

test('ticker: rendered once, sent to a hundred sockets more', { skip }, async () => {
  const page = await visit('ticker');
  await connected(page);
  await page.waitForSelector('.price:nth-child(6)');
  const before = await page.textContent('#prices');
  await page.waitForFunction((old) => document.querySelector('#prices').textContent !== old, before);
  const counted = Number.parseInt(await page.textContent('#sockets'), 10);

  await page.click('#more');
  await reads(page, '#sockets', `${counted + 100} sockets`);
  await reads(page, '#check', /holds 101 of them, and 101 have the same bytes/);
  await reads(page, '#rendered', '1 time');
  assert.strictEqual(await page.locator('#dots i').count(), 101);
  await shot(page, 'ticker-101');

  await page.click('#fewer');
  await page.waitForFunction(() => document.querySelectorAll('#dots i').length === 1);
  await reads(page, '#sockets', new RegExp(`^${counted} socket`));
  await leave(page);
});

// --- board ---

async function setPrice(page, price) {
  await page.fill('#price', price);
  await page.press('#price', 'Enter');
}

test('board: one price, three views, one computation', { skip }, async () => {
  const page = await visit('board');
  const other = await visit('board');
  await connected(page);
  await page.waitForSelector('#top li:nth-child(10)');
  await reads(page, '#sockets', '6');
  await setPrice(page, '99999');
  for (const tab of [page, other]) {
    await reads(tab, '#one', '99999.00');
    await reads(tab, '#top li:first-child', 'GEAR99999.00');
    await reads(tab, '#all', /GEAR99999\.00/);
  }
  await reads(page, '#once', /^That took 1 computation and \d+\.\d\d s, for 3 messages\.$/);
  await setPrice(page, 'cheap');
  await reads(page, '#problem', /A price is a number/);
  await leave(other);
  await reads(page, '#sockets', '3');
  await page.selectOption('#symbol', 'AXLE');
  await setPrice(page, '0.01');
  await reads(page, '#one', '0.01');
  await reads(page, '#all', /AXLE0\.01/);
  await leave(page);
});

test('board: how a message was made', { skip }, async () => {
  const page = await visit('board');
  await connected(page);
  await setPrice(page, '123.45');
  await reads(page, '#one', '123.45');
  await reads(page, '#formula', 'top = application/json(boardTopTen(boardPrices))');
  await reads(page, '.steps', /boardPrices.*(kept|shared).*until a cut of board:prices/);
  await page.check('#traced input[value="stock"]', { force: true });
  await reads(page, '#formula', 'stock/GEAR = application/json(json(boardPrices))');
  await shot(page, 'board-trace');
  await leave(page);
});

test('board: shared by a hundred sockets more, or not', { skip }, async () => {
  const page = await visit('board');
  await connected(page);
  await page.waitForSelector('#set:enabled');
  await page.click('#more');
  await reads(page, '#sockets', '103');
  await reads(page, '#served', '103');
  await setPrice(page, '500');
  await reads(page, '#once', /^That took 1 computation and .* for 103 messages\.$/);
  await shot(page, 'board-103');

  await page.check('#sharing input[value="off"]', { force: true });
  await reads(page, '#sharing-text', /looks at its socket/);
  await setPrice(page, '501');
  await page.waitForFunction(() => /for 103 messages/.test(document.querySelector('#once').textContent));
  const [, computations] = /That took (\d+) computations/.exec(await page.textContent('#once'));
  assert.ok(Number(computations) >= 103, `${computations} computations`);
  await shot(page, 'board-alone');

  await page.check('#sharing input[value="on"]', { force: true });
  await reads(page, '#sharing-text', /share one computation/);
  await page.click('#fewer');
  await reads(page, '#sockets', '3');
  await leave(page);
});
