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

/* Reads the configuration. (transfer full) (nullable) */
typedef FulcraSettings *(*FulcraSettingsLoad)(void *user_data, GError **error);

/**
 * fulcra_server_new:
 * @settings: outlives the server
 * @load: reads them again, for fulcra_server_reload()
 * @control: of this thread; outlives the server
 *
 * Binds the listeners, loads the modules, then accepts.
 *
 * Returns: (transfer full) (nullable): NULL where any of that failed
 */
FulcraServer *fulcra_server_new(const FulcraSettings *settings,
        FulcraSettingsLoad load, void *load_data, FulcraControl *control,
        GError **error);

/** Closes what is open, runs what belongs to that, waits for it. */
void fulcra_server_free(FulcraServer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FulcraServer, fulcra_server_free)

/** Listeners, and where one is: "http://127.0.0.1:8080". (transfer full) */
size_t fulcra_server_get_n_listeners(FulcraServer *self);
char *fulcra_server_get_url(FulcraServer *self, size_t index);

size_t fulcra_server_count_modules(FulcraServer *self);
size_t fulcra_server_count_loops(FulcraServer *self);

/** The address of the explorer, with the token that opens it. (transfer full)
 * (nullable) */
char *fulcra_server_get_explorer_url(FulcraServer *self);

/** The UNIX socket of the admin plane. (nullable) (transfer none) */
const char *fulcra_server_get_admin_path(FulcraServer *self);

/** The same of those that serve metrics and health. (transfer full) */
size_t fulcra_server_get_n_monitors(FulcraServer *self);
char *fulcra_server_get_monitor_url(FulcraServer *self, size_t index);

/** Asks every loop for a sign of life, and waits for it. */
void fulcra_server_check_loops(FulcraServer *self);

G_END_DECLS
