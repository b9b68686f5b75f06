/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The admin plane of a server: see doc/adr/0019-the-admin-plane.md
 *
 * All calls on the control thread.
 */

#include "program/server.h"

G_BEGIN_DECLS

typedef struct _FulcraAdmin FulcraAdmin;

/**
 * fulcra_admin_new:
 * @server: outlives it
 *
 * Binds the UNIX socket that the setting `admin` says, and the listeners of
 * the setting `monitor`; makes the loop that serves them.
 *
 * Returns: (transfer full) (nullable): NULL where one cannot be bound
 */
FulcraAdmin *fulcra_admin_new(FulcraServer *server, GError **error);

/** Accepts from now on. */
void fulcra_admin_start(FulcraAdmin *self);

/** Answers what waits, refuses what comes. /health/ goes on. */
void fulcra_admin_close(FulcraAdmin *self);

/** Closes the listeners and stops the loop. */
void fulcra_admin_stop(FulcraAdmin *self);

/** After the kernel has settled, before it is freed. */
void fulcra_admin_free(FulcraAdmin *self);

/** (nullable) (transfer none): the path of the UNIX socket. */
const char *fulcra_admin_get_path(FulcraAdmin *self);

/** How many listeners of `monitor` there are, and the port of one. */
size_t fulcra_admin_get_n_monitors(FulcraAdmin *self);
uint16_t fulcra_admin_get_monitor_port(FulcraAdmin *self, size_t index);

G_END_DECLS
