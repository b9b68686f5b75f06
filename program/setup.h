/* SPDX-License-Identifier: MIT */
#pragma once

/* What serve, check and request have in common. */

#include "loop/loop.h"
#include "settings.h"
#include "spaces/ticker.h"
#include <fulcra-host/loader.h>

G_BEGIN_DECLS

/** A kernel within the limits that are set. (transfer full) */
FulcraKernel *fulcra_setup_kernel(const FulcraSettings *settings);

/**
 * fulcra_setup_loader:
 * @timers: (nullable): the loop for timers; it runs. Without one they are
 *     read and never started
 * @ticker: (nullable): likewise, for what spaces do again and again; it must
 *     outlive the loader
 *
 * Returns: (transfer full): a loader that knows all kinds of entry, and what
 * the settings say for modules
 */
FulcraLoader *fulcra_setup_loader(FulcraKernel *kernel,
        const FulcraSettings *settings, FulcraLoop *timers,
        FulcraTicker *ticker);

/** Reads the definitions of the modules that are set, those of the playground
 * included. */
bool fulcra_setup_scan(
        FulcraLoader *loader, const FulcraSettings *settings, GError **error);

/** Reads the definition of modules/@name, of those that come with the server,
 * unless a module of its URI was read before. */
bool fulcra_setup_scan_own(
        FulcraLoader *loader, const char *name, GError **error);

/** The folder that has modules/ and demos/: that of the build tree where the
 * program runs from there, otherwise that of the installation. (transfer full)
 */
char *fulcra_setup_stage_folder(void);

/** Installs the log writer with the level that is set. */
void fulcra_setup_log(const FulcraSettings *settings);

/** Raises the soft limit of descriptors to the hard one; what it is now. */
uint64_t fulcra_setup_descriptors(void);

G_END_DECLS
