// SPDX-License-Identifier: MIT
// What is said in a room, and who is in it.

const SHOWN = 300;

function make(type, text, className = '') {
  const result = document.createElement(type);
  result.textContent = text;
  result.className = className;
  return result;
}

function signature(from, at) {
  const line = make('div', '', 'who');
  const name = make('b', '');
  const when = make('time', new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }));
  when.dateTime = new Date(at).toISOString();
  name.append(make('bdi', from));
  line.append(name, when);
  return line;
}

export class Talk {
  constructor(list) {
    this.list = list;
  }

  clear() {
    this.list.replaceChildren();
  }

  note(text) {
    this.#append(make('li', text, 'note'));
  }

  say({ from, text, at }, isMine) {
    const item = make('li', '', isMine ? 'said mine' : 'said');
    item.append(signature(from, at), make('p', text));
    this.#append(item);
  }

  // Who has scrolled up to read stays there.
  #append(item) {
    const { list } = this;
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
    list.append(item);
    while (list.children.length > SHOWN) list.firstChild.remove();
    if (atEnd) list.scrollTop = list.scrollHeight;
  }
}

export function showNames(list, names, me) {
  list.replaceChildren(...[...names].sort().map((name) => {
    const item = make('li', '', name === me ? 'me' : '');
    item.append(make('bdi', name), name === me ? ' (you)' : '');
    return item;
  }));
}
