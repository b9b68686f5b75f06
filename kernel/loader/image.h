/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a shared object says before any of its code runs
 */

#include <fulcra/module.h>

typedef struct {
    bool has_descriptor;               /* exports fulcra_module */
    FulcraModuleDescriptor descriptor; /* its numbers; name and load are NULL */
    char *host_symbol; /* (nullable) (transfer full): one that it imports */
} FulcraElf;

/** Fails with FULCRA_ERROR_MODULE where @bytes are no shared object for this
 * machine; the message says what they are. */
bool fulcra__elf_read(
        const char *bytes, size_t length, FulcraElf *elf, GError **error);
