/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A change of one module, while it is made
 */

#include "loader-private.h"

typedef struct {
    FulcraLoader *loader;
    FulcraChangeOptions options;
    FulcraGeneration *old;   /* (nullable) (transfer none) */
    FulcraGeneration *fresh; /* (nullable) (transfer full) */
    GPtrArray *modules;      /* all, as they would be */
    FulcraPublication *publication;
    GPtrArray *affected; /* of char * */
    size_t n_sockets;
} FulcraChanging;

/* --- survey.c --- */

/** Finds out what would end. Fails where that must be forced and is not. */
bool fulcra__changing_survey(FulcraChanging *self, GError **error);

/* --- audit.c --- */

/** (transfer full) */
FulcraChange *fulcra__changing_report(FulcraChanging *self);

void fulcra__changing_audit(FulcraChanging *self, const FulcraChange *report);

/** @what: what was to be changed */
void fulcra__changing_audit_failure(
        FulcraChanging *self, const char *what, const GError *error);
