/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Small files of a fileset, kept in memory while they do not change
 *
 * Bounded; safe from any thread.
 */

#include <fulcra/representation.h>
#include <sys/stat.h>

typedef struct _FulcraFilesetCache FulcraFilesetCache;

FulcraFilesetCache *fulcra__fileset_cache_new(void);
void fulcra__fileset_cache_free(FulcraFilesetCache *self);

/** What was put for @path, if the file still is what it was then. (transfer
 * full) (nullable) */
FulcraRepresentation *fulcra__fileset_cache_get(
        FulcraFilesetCache *self, const char *path, const struct stat *status);

void fulcra__fileset_cache_put(FulcraFilesetCache *self, const char *path,
        const struct stat *status, FulcraRepresentation *file);
