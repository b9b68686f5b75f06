/* SPDX-License-Identifier: MIT */
#pragma once

/* fulcra check --run */

#include "settings.h"

G_BEGIN_DECLS

/**
 * fulcra_check_run:
 * @folders: of modules
 *
 * Runs the suites of all and prints TAP: each module in a kernel of its own,
 * with the modules that are set beside it, and without listeners or timers.
 *
 * Returns: whether nothing failed
 */
bool fulcra_check_run(const FulcraSettings *settings, const GPtrArray *folders);

G_END_DECLS
