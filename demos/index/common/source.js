// SPDX-License-Identifier: MIT
//
// The files a demo is made of, as the server serves them, in tabs:
// <section data-sources="echo.c module.json">.

import { copyButton } from './copy.js';

// Groups: comment, string, directive, keyword, function.
const WORDS = 'bool|break|case|char|const|continue|do|else|enum|extern|false|for|if|int|int64_t|long'
  + '|NULL|return|size_t|sizeof|static|struct|switch|true|typedef|unsigned|void|while';
const C = new RegExp([
  '(/\\*[\\s\\S]*?\\*/|//[^\\n]*)',
  '("(?:\\\\.|[^"\\\\\\n])*"|<[\\w./-]+\\.h>)',
  '^([ \\t]*#[ \\t]*\\w+)',
  `\\b(${WORDS})\\b`,
  '^(\\w+)(?=\\()',
].join('|'), 'gm');
const JSON_TEXT = /(\b\B)|("(?:\\.|[^"\\])*")(?!\s*:)|(\b\B)|\b(true|false|null)\b|("(?:\\.|[^"\\])*")(?=\s*:)/g;
const CLASSES = ['c', 's', 'p', 'k', 'f'];

function grammarOf(name) {
  if (/\.[ch]$/.test(name)) return C;
  return name.endsWith('.json') ? JSON_TEXT : null;
}

// Pieces [class, text] that together are the text.
function* pieces(text, grammar) {
  let at = 0;
  for (const match of grammar ? text.matchAll(grammar) : []) {
    if (match.index > at) yield ['', text.slice(at, match.index)];
    yield [CLASSES[match.slice(1).findIndex((part) => part)], match[0]];
    at = match.index + match[0].length;
  }
  if (at < text.length) yield ['', text.slice(at)];
}

function span(kind, text) {
  const element = document.createElement('span');
  element.className = kind;
  element.textContent = text;
  return element;
}

// A span for each line, and within it one for each piece: no HTML is parsed.
function render(name, text) {
  const lines = [span('line', '')];
  for (const [kind, piece] of pieces(text.trimEnd(), grammarOf(name))) {
    piece.split('\n').forEach((part, index) => {
      if (index > 0) lines.push(span('line', ''));
      if (part) lines[lines.length - 1].append(span(kind, part));
    });
  }
  return lines;
}

async function load(name) {
  const response = await fetch(`source/${name}`);
  if (!response.ok) throw new Error(`${response.status}`);
  return response.text();
}

export function showSources(section) {
  const names = section.dataset.sources.split(' ');
  const texts = new Map();
  const tabs = document.createElement('div');
  const head = document.createElement('header');
  const listing = document.createElement('pre');
  let current;

  async function select(name, focus) {
    current = name;
    for (const tab of tabs.children) {
      const chosen = tab.textContent === name;
      tab.setAttribute('aria-selected', chosen);
      tab.tabIndex = chosen ? 0 : -1;
      if (chosen && focus) tab.focus();
    }
    listing.setAttribute('aria-label', name);
    try {
      if (!texts.has(name)) texts.set(name, await load(name));
      if (current === name) listing.replaceChildren(...render(name, texts.get(name)));
    } catch (problem) {
      listing.textContent = `  source/${name} was not served (${problem.message})`;
    }
    listing.scrollTop = 0;
  }

  function step(event) {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    select(names[(names.indexOf(current) + by + names.length) % names.length], true);
  }

  tabs.className = 'tabs';
  tabs.setAttribute('role', 'tablist');
  tabs.setAttribute('aria-label', 'Files of this demo');
  tabs.addEventListener('keydown', step);
  for (const name of names) {
    const tab = document.createElement('button');
    tab.type = 'button';
    tab.textContent = name;
    tab.setAttribute('role', 'tab');
    tab.addEventListener('click', () => select(name));
    tabs.append(tab);
  }
  listing.className = 'listing';
  listing.tabIndex = 0;
  listing.setAttribute('role', 'tabpanel');
  head.append(tabs, copyButton(() => texts.get(current) ?? '', 'the file'));
  section.replaceChildren(head, listing);
  select(names[0]);
}
