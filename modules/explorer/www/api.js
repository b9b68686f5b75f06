// SPDX-License-Identifier: MIT
//
// The server's admin:/ resources: asked once over HTTP, or followed: then the
// server sends them again whenever they have changed.

import { FulcraSocket } from '/fulcra.js';

function query(parameters) {
  const given = Object.entries(parameters).filter(([, value]) => value !== '' && value !== undefined && value !== false);
  return given.length ? `?${new URLSearchParams(given)}` : '';
}

async function ask(method, path, parameters = {}) {
  const response = await fetch(`/api${path}${query(parameters)}`, { method, cache: 'no-store' });
  const answer = await response.json().catch(() => ({ message: response.statusText }));
  if (!response.ok) throw new Error(answer.message ?? response.statusText);
  return answer;
}

export const get = (path, parameters) => ask('GET', path, parameters);
export const put = (path, parameters) => ask('PUT', path, parameters);
export const remove = (path, parameters) => ask('DELETE', path, parameters);

/** Calls `changed` with the answer now and each time it has changed, `state`
 * with "open" or "lost". Returns a function that ends it. */
export function follow(path, parameters, changed, state = () => {}) {
  const socket = new FulcraSocket(`/live${path}${query(parameters)}`);
  socket.addEventListener('message', ({ detail }) => changed(JSON.parse(detail)));
  socket.addEventListener('state', () => {
    if (socket.state === 'open') state('open');
    if (socket.state === 'waiting' || (socket.state === 'closed' && socket.code !== 1000)) state('lost', socket.reason);
  });
  socket.open();
  return () => socket.close();
}
