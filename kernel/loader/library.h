/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The shared object of a module
 */

#include <fulcra/module.h>

#define FULCRA_LIBRARY_MAX (256u << 20) /* bytes */

/**
 * fulcra__library_open:
 * @file: the shared object as it was built
 * @staging: a private folder, to which it is copied
 * @folder: the module's, for messages
 * @trusted: whether it may use host symbols
 *
 * Maps a copy of @file; nothing of it runs unless it was built for this
 * program. Once mapped it stays so.
 *
 * Returns: (transfer none) (nullable): NULL with FULCRA_ERROR_MODULE
 */
const FulcraModuleDescriptor *fulcra__library_open(const char *file,
        const char *staging, const char *folder, bool trusted, GError **error);
