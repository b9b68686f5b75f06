/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Small files of a fileset, kept in memory while they do not change
 *
 * Bounded; safe from any thread.
 */

#include "spaces/fileset_find.h"
#include <fulcra/representation.h>

typedef struct _FulcraFilesetCache FulcraFilesetCache;

FulcraFilesetCache *fulcra__fileset_cache_new(void);
void fulcra__fileset_cache_free(FulcraFilesetCache *self);

/** What was put for these files, if they still are what they were then.
 * (transfer full) (nullable) */
FulcraRepresentation *fulcra__fileset_cache_get(
        FulcraFilesetCache *self, const FulcraFilesetFound *found);

/** @answer: made of the files in @found, with its coded forms */
void fulcra__fileset_cache_put(FulcraFilesetCache *self,
        const FulcraFilesetFound *found, FulcraRepresentation *answer);
