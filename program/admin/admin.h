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

/** Answers what waits, refuses what comes. /health/ and /log go on. */
void fulcra_admin_close(FulcraAdmin *self);

/** Whoever follows the log has all of it then. The loops run. */
void fulcra_admin_end_log(FulcraAdmin *self);

/** Closes the listeners and stops the loop. */
void fulcra_admin_stop(FulcraAdmin *self);

/** After the kernel has settled, before it is freed. */
void fulcra_admin_free(FulcraAdmin *self);

/** (nullable) (transfer none): the path of the UNIX socket. */
const char *fulcra_admin_get_path(FulcraAdmin *self);

/** The layer that answers admin:/. (transfer none) */
FulcraContext *fulcra_admin_get_layer(FulcraAdmin *self);

/** Listeners for metrics and health, and where one is. (transfer full) */
size_t fulcra_admin_get_n_monitors(FulcraAdmin *self);
char *fulcra_admin_get_monitor_url(FulcraAdmin *self, size_t index);

/* Listening on what `monitor` names now: first it is bound, which may fail,
 * then taken, or left. (transfer full) (nullable) */
typedef struct _FulcraAdminRebind FulcraAdminRebind;
FulcraAdminRebind *fulcra_admin_prepare(FulcraAdmin *self, GError **error);
void fulcra_admin_rebind_commit(FulcraAdminRebind *self);
void fulcra_admin_rebind_abort(FulcraAdminRebind *self);

G_END_DECLS
