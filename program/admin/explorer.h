/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The explorer: a page for looking into the server and changing it
 *
 * It has a listener on loopback and a scope of its own: the module
 * urn:fulcra:module:explorer, which nobody else imports, and a layer with
 * admin: and explorer:. Who wants in shows a token that only the one who
 * started the server was told.
 */

#include "admin.h"
#include "http/exchange.h"
#include "http/server.h"

G_BEGIN_DECLS

typedef struct _FulcraExplorer FulcraExplorer;

/**
 * fulcra_explorer_new:
 * @admin: the layer that answers admin:/
 * @hook: what makes WebSockets of its handshakes
 * @loops: (array length=n_loops): not started yet; outlive it
 *
 * Listens where the setting `explorer` says; it must not say that there is
 * none.
 *
 * Returns: (transfer full) (nullable): NULL where that cannot be bound
 */
FulcraExplorer *fulcra_explorer_new(FulcraKernel *kernel,
        const FulcraSettings *settings, FulcraContext *admin,
        const FulcraHttpUpgradeHook *hook, FulcraLoop *const *loops,
        size_t n_loops, GError **error);

/** Whether @settings want one. */
bool fulcra_explorer_is_wanted(const FulcraSettings *settings);

/** Accepts from now on; until it is stopped, which waits. */
void fulcra_explorer_start(FulcraExplorer *self);
void fulcra_explorer_stop(FulcraExplorer *self);

/** After the loops were stopped, or where it was not started. */
void fulcra_explorer_free(FulcraExplorer *self);

/** "http://127.0.0.1:4321" (transfer none) */
const char *fulcra_explorer_get_origin(FulcraExplorer *self);

/** The address that opens it, token and all. (transfer full) */
char *fulcra_explorer_get_url(FulcraExplorer *self);

G_END_DECLS
