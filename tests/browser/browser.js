// SPDX-License-Identifier: MIT
'use strict';

// chromium for a test file: `const browser = await launch()`,
// `await shot(page, 'name')` for a screenshot in tests/output/.

const fs = require('node:fs');
const path = require('node:path');
const { chromium } = require('playwright-core');
const { output } = require('../node/server.js');

const program = process.env.CHROMIUM || '/usr/bin/chromium';
const flags = ['--disable-gpu', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--no-first-run'];

// What to give as { skip } to the tests of a file.
const skip = fs.existsSync(program) ? false : `${program} is missing`;

function launch() {
  if (process.getuid() === 0) flags.push('--no-sandbox');
  return chromium.launch({ executablePath: program, args: flags });
}

async function shot(page, name) {
  fs.mkdirSync(output, { recursive: true });
  await page.screenshot({ path: path.join(output, `${name}.png`), fullPage: true });
}

// The same page in light and dark, wide and narrow.
const wide = { width: 1400, height: 900 };
const narrow = { width: 360, height: 740 };
const looks = {
  light: { colorScheme: 'light', viewport: wide },
  dark: { colorScheme: 'dark', viewport: wide },
  narrow: { colorScheme: 'light', viewport: narrow },
  'narrow-dark': { colorScheme: 'dark', viewport: narrow },
};

// All of them in full size; otherwise the two that differ most.
const some = process.env.FULCRA_TEST_SIZE === 'full' ? Object.keys(looks) : ['light', 'narrow-dark'];

// A page that is open already, in another look; what is loaded next has it.
async function turn(page, look) {
  await page.emulateMedia({ colorScheme: looks[look].colorScheme });
  await page.setViewportSize(looks[look].viewport);
}

// The context, with a tab that stays: tabs that come and go then share its
// process, which costs half as much as one for each.
async function stay(context, url) {
  await (await context.newPage()).goto(url);
  return context;
}

module.exports = { launch, looks, shot, skip, some, stay, turn };
