/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The watcher: modules are loaded, replaced and unloaded as the files of
 * watched folders come, change and go; retired generations are looked after
 */

#include <fulcra-host/change.h>

G_BEGIN_DECLS

typedef struct _FulcraWatcher FulcraWatcher;

/**
 * fulcra_watcher_new:
 * @loader: outlives the watcher; what is in @folders was loaded from there
 * @folders: (array zero-terminated=1): modules' folders, or folders of such
 *
 * Starts its thread.
 *
 * Returns: (transfer full)
 */
FulcraWatcher *fulcra_watcher_new(
        FulcraLoader *loader, const char *const *folders);

/** Ends it, after the change that it makes. */
void fulcra_watcher_free(FulcraWatcher *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FulcraWatcher, fulcra_watcher_free)

G_END_DECLS
