// SPDX-License-Identifier: MIT

import { FulcraSocket } from '/fulcra.js';
import { get, put, remove } from '../api.js';
import { body, bytes, card, field, h, tag } from '../dom.js';

const generation = ({ number, state, version, loaded_at: at, mapped_bytes: mapped, left = [] }) =>
  h('li', { class: 'entry' }, h('b', {}, `${number}`), tag(state), version, h('span', { class: 'soft' }, at ?? ''),
    mapped ? h('span', { class: 'soft' }, `${bytes(mapped)} mapped`) : null, left.map((what) => tag(what, 'kept')));

export default function open(main, { follow, atEnd }) {
  const problem = h('p', { class: 'problem', role: 'alert' });
  const said = h('p', { class: 'good', role: 'status' });
  const list = h('div', { class: 'two' });
  const folder = field('Folder of a module, on the server', { placeholder: '/home/me/greeter', required: true });
  const form = h('form', { class: 'row' }, folder, h('button', {}, 'Load'));
  let generations = {};
  const talk = chat(() => generations, atEnd);

  async function change(what, doing) {
    problem.textContent = said.textContent = '';
    try {
      await doing;
      said.textContent = what;
    } catch (error) {
      problem.textContent = error.message;
    }
  }

  const name = (uri) => encodeURIComponent(uri);

  function show(module) {
    const { uri, version, title, description, folder: where, state, failure, last_failure: lastFailure, generations: all = [], requires = [], required_by: by = [] } = module;
    const failed = failure ?? lastFailure;
    return card(title ?? uri, h('span', { class: 'entry' }, tag(state), h('span', { class: 'mono' }, version),
      h('button', { class: 'tiny', onclick: () => change(`${uri} was replaced.`, put(`/modules/${name(uri)}`)) }, 'Reload'),
      h('button', { class: 'quiet tiny', onclick: () => change(`${uri} was unloaded.`, remove(`/modules/${name(uri)}`)) }, 'Unload')),
    body(description && h('p', {}, description),
      h('dl', { class: 'facts' }, h('dt', {}, 'uri'), h('dd', { class: 'mono' }, uri), h('dt', {}, 'folder'), h('dd', { class: 'mono' }, where ?? ''),
        requires.length ? [h('dt', {}, 'requires'), h('dd', { class: 'mono' }, requires.map((one) => one.uri ?? one).join(', '))] : null,
        by.length ? [h('dt', {}, 'required by'), h('dd', { class: 'mono' }, by.join(', '))] : null),
      h('div', {}, h('h3', { class: 'small soft' }, 'Generations'), h('ol', { class: 'tree' }, all.map(generation))),
      failed && h('p', { class: 'problem' }, failed.message ?? failed)));
  }

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    change('It was loaded.', put('/modules', { folder: folder.lastChild.value }));
  });
  main.append(h('div', { class: 'title' }, h('h1', {}, 'Modules'),
    h('p', { class: 'soft' }, 'Replaced under open sockets: nobody is disconnected.')), problem, said,
  list, card('Load another', null, body(form)), talk.card);
  follow('/modules', {}, ({ modules }) => {
    generations = Object.fromEntries(modules.map(({ uri, generation: number }) => [uri, number]));
    talk.offer(Object.keys(generations));
    list.replaceChildren(...modules.map(show));
  });
}

// --- edit, build, watch it change: one socket that stays open ---

function chat(generations, atEnd) {
  const url = field('WebSocket', { placeholder: 'ws://127.0.0.1:8080/demo/echo', required: true });
  const module = h('select');
  const text = field('Message', { value: 'hello' });
  const state = h('span', { class: 'small soft', role: 'status' }, 'not connected');
  const send = h('button', { disabled: true }, 'Send');
  const lines = h('ol', { class: 'chat', tabindex: '0', 'aria-label': 'Messages' });
  let socket = null;

  // The module's generation stands beside what was sent and what came back.
  function say(kind, data) {
    const shown = typeof data === 'string' ? data : `${data.byteLength} bytes`;
    lines.append(h('li', {}, tag(kind, ''), h('span', { class: 'text' }, shown), tag(`generation ${generations()[module.value]}`, 'live')));
    lines.scrollTop = lines.scrollHeight;
  }

  function open(event) {
    event.preventDefault();
    socket?.close();
    socket = new FulcraSocket(url.lastChild.value);
    socket.addEventListener('message', ({ detail }) => say('in', detail));
    socket.addEventListener('state', ({ detail }) => {
      state.textContent = detail === 'open' ? 'connected' : `${detail}: ${socket.reason}`;
      send.disabled = detail !== 'open';
    });
    socket.open();
  }

  function speak(event) {
    event.preventDefault();
    if (socket.send(text.lastChild.value)) say('out', text.lastChild.value);
  }

  function offer(uris) {
    const missing = uris.filter((uri) => ![...module.options].some(({ value }) => value === uri));
    module.append(...missing.map((uri) => h('option', {}, uri)));
  }

  get('/server').then(({ listeners }) => {
    url.lastChild.value ||= `${listeners[0].replace('http', 'ws')}/demo/echo`;
  }, () => {});
  atEnd(() => socket?.close());
  return {
    offer,
    card: card('Edit, build, watch it change', state,
      body(h('p', { class: 'soft' }, 'One socket that stays open. With --watch a module is replaced as soon as its build is done: what is said before and after stands here, with the generation of the module.'),
        h('form', { class: 'row', onsubmit: open }, url, h('label', {}, 'Module', module), h('button', { class: 'quiet' }, 'Open')),
        h('form', { class: 'row', onsubmit: speak }, text, send)), lines),
  };
}
