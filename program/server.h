/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The server: kernel, event loops, transports and modules, put together
 *
 * All calls on one thread, which is no loop's.
 */

#include "control.h"
#include "settings.h"

G_BEGIN_DECLS

typedef struct _FulcraServer FulcraServer;

/**
 * fulcra_server_new:
 * @settings: outlives the server
 * @control: of this thread; outlives the server
 *
 * Binds the listeners, loads the modules, then accepts.
 *
 * Returns: (transfer full) (nullable): NULL where any of that failed
 */
FulcraServer *fulcra_server_new(
        const FulcraSettings *settings, FulcraControl *control, GError **error);

/** Closes what is open, runs what belongs to that, waits for it. */
void fulcra_server_free(FulcraServer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FulcraServer, fulcra_server_free)

/** The port that the @index-th listener is bound to. */
uint16_t fulcra_server_get_port(FulcraServer *self, size_t index);

size_t fulcra_server_count_modules(FulcraServer *self);
size_t fulcra_server_count_loops(FulcraServer *self);

/** The UNIX socket of the admin plane. (nullable) (transfer none) */
const char *fulcra_server_get_admin_path(FulcraServer *self);

/** How many listeners serve metrics and health, and the port of one. */
size_t fulcra_server_get_n_monitors(FulcraServer *self);
uint16_t fulcra_server_get_monitor_port(FulcraServer *self, size_t index);

G_END_DECLS
