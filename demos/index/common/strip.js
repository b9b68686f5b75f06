// SPDX-License-Identifier: MIT
//
// The strip: the requests that a socket just caused, as the server's playground
// remembers them under the tag that the socket was opened with. It asks only
// after something happened and while somebody can see the answer; a server that
// is no playground answers 404, and the strip stays hidden.

const SHOWN = 60;
const SOON = 120;
const AGAIN = 500;

export function newTag() {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export class Strip {
  constructor(element, tag) {
    this.element = element;
    this.list = element.querySelector('ol');
    this.path = `/playground/strip/${tag}`;
    this.last = 0;
    this.absent = false;
    document.addEventListener('visibilitychange', () => { if (this.missed) this.poke(); });
  }

  // Something happened: look, soon.
  poke() {
    if (this.absent || this.timer) return;
    this.missed = document.hidden;
    if (!this.missed) this.#lookIn(SOON);
  }

  #lookIn(delay) {
    this.timer = setTimeout(async () => {
      const grew = await this.#look().catch(() => false);
      this.timer = null;
      if (grew && !document.hidden) this.#lookIn(AGAIN);
    }, delay);
  }

  // Whether there was something new.
  async #look() {
    const response = await fetch(`${this.path}?since=${this.last}`, { cache: 'no-store' });
    this.absent = response.status === 404;
    if (!response.ok) return false;
    const { records } = await response.json();
    if (records.length === 0) return false;
    this.last = records[records.length - 1].order;
    this.element.hidden = false;
    this.show(records);
    return true;
  }

  show(records) {
    this.list.append(...records.map(row));
    while (this.list.children.length > SHOWN) this.list.firstChild.remove();
    this.list.scrollTop = this.list.scrollHeight;
  }
}

function row({ depth, verb, identifier, endpoint, error, us }) {
  const item = document.createElement('li');
  item.dataset.depth = Math.min(depth, 3);
  item.className = 'fresh';
  item.append(
    cell('verb', verb),
    cell('identifier', identifier),
    cell('time', `${us} µs`),
    cell('endpoint', `→ ${endpoint || 'nobody'}${error ? `: ${error}` : ''}`),
  );
  return item;
}

function cell(name, text) {
  const span = document.createElement('span');
  span.className = name;
  span.textContent = text;
  return span;
}
