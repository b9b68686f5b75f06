// SPDX-License-Identifier: MIT
//
// Commands to copy: <code data-command="curl {http}/x"> gets the address of
// the server that this page came from, and a button.

const addresses = {
  '{http}': location.origin,
  '{ws}': location.origin.replace('http', 'ws'),
};

async function copy(text) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  // Without TLS a browser has a clipboard for localhost only.
  const field = document.createElement('textarea');
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand('copy');
  field.remove();
}

export function copyButton(getText, noun) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'quiet tiny';
  button.textContent = 'Copy';
  button.setAttribute('aria-label', `Copy ${noun}`);
  button.addEventListener('click', async () => {
    try {
      await copy(getText());
      button.textContent = 'Copied';
    } catch {
      button.textContent = 'Not allowed';
    }
    setTimeout(() => { button.textContent = 'Copy'; }, 1500);
  });
  return button;
}

export function fillCommands() {
  for (const code of document.querySelectorAll('code[data-command]')) {
    code.textContent = code.dataset.command.replace(/\{\w+\}/g, (name) => addresses[name] ?? name);
    code.tabIndex = 0;
    code.after(copyButton(() => code.textContent, 'the command'));
  }
}
