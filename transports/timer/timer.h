/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Requests that time causes
 *
 *     { "timer": { "every": "500ms",
 *                  "request": { "identifier": "res:/tick", "verb": "SINK" } } }
 *
 * in a space of a definition issues that request as a root in that space, from
 * an event loop, as long as the module is loaded; with "cron" in the place of
 * "every", at the times that the expression means (cron.h). A tick is left out,
 * and counted, while the request of the last one still runs, and where its time
 * has passed: nothing is made up for.
 */

#include "loop/loop.h"
#include <fulcra-host/loader.h>

G_BEGIN_DECLS

/** Its user_data, a FulcraLoop that runs before modules are loaded and until
 * they are stopped; NULL where definitions are only checked. */
extern const FulcraKind fulcra_kind_timer;

G_END_DECLS
