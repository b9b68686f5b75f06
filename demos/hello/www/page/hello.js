// SPDX-License-Identifier: MIT

const element = (id) => document.getElementById(id);

// A path segment is text until encodeURIComponent() says how to write it; the
// server decodes it once, and it is text again.
async function ask() {
  const name = element('name').value;
  const path = `/demo/hello/${encodeURIComponent(name)}`;
  const began = performance.now();

  element('path').textContent = path;
  element('identifier').textContent = `res:/demo/hello/${escapeSlot(name)}`;
  try {
    const response = await fetch(path, { cache: 'no-store' });
    const text = await response.text();
    const time = (performance.now() - began).toFixed(1);
    element('answer').textContent = text;
    element('status').textContent = `${response.status} ${response.headers.get('Content-Type') ?? ''}, ${time} ms`;
    say(response.ok ? 'open' : 'closed', response.ok ? 'Answered' : `Answered with ${response.status}`);
  } catch {
    element('answer').textContent = '';
    element('status').textContent = 'none';
    say('closed', 'The server does not answer');
  }
}

function escapeSlot(text) {
  return text.replace(/[%+@]/g, encodeURIComponent);
}

function say(state, text) {
  element('state').dataset.state = state;
  element('state').textContent = text;
  document.documentElement.dataset.link = state;
}

element('form').addEventListener('submit', (event) => {
  event.preventDefault();
  ask();
});
ask();
