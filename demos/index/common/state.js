// SPDX-License-Identifier: MIT

// Keeps `element` saying how `connection` is, with a button where it can be
// hurried up; the lever in the page's head tilts with it.
export function showState(element, connection) {
  const text = document.createElement('span');
  const countdown = document.createElement('span');
  const button = document.createElement('button');
  let timer;

  text.setAttribute('role', 'status');
  button.type = 'button';
  button.className = 'quiet tiny';
  button.textContent = 'Connect now';
  button.addEventListener('click', () => connection.open());
  element.replaceChildren(text, countdown, button);

  // Beside the status, so that it is not read out every second.
  function count() {
    const left = Math.ceil((connection.retryAt - performance.now()) / 1000);
    countdown.textContent = connection.state === 'waiting' ? `Next attempt in ${Math.max(1, left)} s` : '';
  }

  function update() {
    const { state, reason } = connection;
    const words = { connecting: 'Connecting…', open: 'Connected' };
    text.textContent = words[state] ?? sentence(reason || 'not connected');
    element.dataset.state = state;
    document.documentElement.dataset.link = state;
    button.hidden = state in words;
    clearInterval(timer);
    if (state === 'waiting') timer = setInterval(count, 250);
    count();
  }

  connection.addEventListener('state', update);
  update();
}

function sentence(text) {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
