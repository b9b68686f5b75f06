// SPDX-License-Identifier: MIT

import { FulcraSocket } from '/fulcra.js';

const form = document.querySelector('form');
const socket = new FulcraSocket('chat');

socket.addEventListener('message', ({ detail }) => {
  document.querySelector('output').textContent = detail;
});
form.addEventListener('submit', (event) => {
  event.preventDefault();
  socket.send(form.elements.name.value);
});
socket.open();
