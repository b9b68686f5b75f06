/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A child process that loads shared objects before the server does
 */

#include "library.h"

typedef struct {
    const char *const *command; /* (nullable): none is asked */
    unsigned timeout_ms;        /* for all of them */
} FulcraProbe;

/**
 * fulcra__probe_run:
 * @libraries: (array length=n_libraries): staged; each gets its name
 * @failed: (out): which of them it was
 *
 * Fails with FULCRA_ERROR_MODULE for the first that crashes, hangs or cannot be
 * mapped.
 */
bool fulcra__probe_run(const FulcraProbe *self, FulcraLibrary *const *libraries,
        size_t n_libraries, size_t *failed, GError **error);
