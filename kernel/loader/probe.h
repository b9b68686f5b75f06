/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A child process that loads modules before the server does
 */

#include "library.h"

typedef struct {
    const char *const *command; /* (nullable): none is asked */
    unsigned timeout_ms;        /* for all of them */
} FulcraProbe;

/**
 * fulcra__probe_run:
 * @uris: (array length=n_libraries): of their modules
 * @libraries: (array length=n_libraries): staged; each gets its name
 * @failed: (out): which of them it was
 *
 * Fails with FULCRA_ERROR_MODULE for the first that cannot be mapped, or whose
 * constructors or load function crash or hang.
 */
bool fulcra__probe_run(const FulcraProbe *self, const char *const *uris,
        FulcraLibrary *const *libraries, size_t n_libraries, size_t *failed,
        GError **error);
