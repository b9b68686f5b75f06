// SPDX-License-Identifier: MIT
//
// What every page does: mark itself in the navigation, fill in the commands,
// show its sources.

import { fillCommands } from './copy.js';
import { showSources } from './source.js';

for (const link of document.querySelectorAll('.top nav a')) {
  if (link.pathname === location.pathname) link.setAttribute('aria-current', 'page');
}
fillCommands();
document.querySelectorAll('[data-sources]').forEach(showSources);
