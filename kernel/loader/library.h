/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The shared object of a generation
 */

#include "staging.h"

#include <fulcra/module.h>

typedef struct {
    char *file;   /* as it was built */
    char *copy;   /* in the staging folder */
    char *name;   /* (nullable): what the code calls itself, if a child has
                     looked */
    void *handle; /* (nullable): once mapped */
    const FulcraModuleDescriptor *descriptor; /* likewise */
    uintptr_t begin, end;                     /* where it is mapped */
} FulcraLibrary;

/**
 * fulcra__library_stage:
 * @file: the shared object as it was built
 * @folder: the module's, for messages
 * @trusted: whether it may use host symbols
 *
 * Copies @file and reads the copy; nothing of it runs.
 *
 * Returns: (transfer full) (nullable): NULL with FULCRA_ERROR_MODULE
 */
FulcraLibrary *fulcra__library_stage(const char *file, FulcraStaging *staging,
        const char *folder, bool trusted, GError **error);

/** Maps the copy; its constructors run. */
bool fulcra__library_map(FulcraLibrary *self, GError **error);

/** Unmaps it. False where the linker keeps it all the same. */
bool fulcra__library_unmap(FulcraLibrary *self);

/** Removes the copy; what is mapped stays so. */
void fulcra__library_free(FulcraLibrary *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FulcraLibrary, fulcra__library_free)

/** @said: by the linker. The same with the copy's name replaced by the file's.
 * (transfer full) */
char *fulcra__library_explain(const FulcraLibrary *self, const char *said);
