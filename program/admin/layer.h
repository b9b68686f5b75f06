/* SPDX-License-Identifier: MIT */
#pragma once

/* Layers of context that stand for the server itself. */

#include <fulcra-host/context.h>

G_BEGIN_DECLS

/**
 * fulcra_admin_layer_new:
 * @scheme: what it answers
 * @space: (transfer full): by way of which; sealed
 * @parent: (transfer none) (nullable)
 *
 * Returns: (transfer full)
 */
FulcraContext *fulcra_admin_layer_new(
        const char *scheme, FulcraSpace *space, FulcraContext *parent);

G_END_DECLS
