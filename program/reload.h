/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Taking a new configuration while sockets are open
 *
 * The control thread. Listeners, limits and log levels change; what cannot
 * without a restart keeps its value, and is named.
 */

#include "server.h"

G_BEGIN_DECLS

/* One setting whose value is another now, or would be after a restart. */
typedef struct {
    FulcraSetting id;
    char *before, *after;
} FulcraReloadedSetting;

typedef struct {
    GArray *changed;    /* of FulcraReloadedSetting */
    GArray *restart;    /* likewise: not taken */
    GPtrArray *modules; /* URIs: of those whose own settings are others now;
                           they take them when they are reloaded */
} FulcraReload;

/**
 * fulcra_server_reload:
 *
 * Reads the configuration again, in all its layers, and takes what is new.
 *
 * Returns: (transfer full) (nullable): NULL where anything is wrong with it, or
 * a listener cannot be bound; nothing has changed then
 */
FulcraReload *fulcra_server_reload(FulcraServer *self, GError **error);
void fulcra_reload_free(FulcraReload *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FulcraReload, fulcra_reload_free)

/** What it did, in a line, for the log. (transfer full) */
char *fulcra_reload_describe(const FulcraReload *self);

/** Whether the setting @id can change without a restart. */
bool fulcra_reload_can_change(FulcraSetting id);

G_END_DECLS
