/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Room in a table of the cache: who is let in, and who goes for that
 *
 * Guarded by the shard's lock, as the table is.
 */

#include "private/cache_table.h"

#define FULCRA__CACHE_WAYS 4

typedef struct {
    size_t max_bytes;
    unsigned hand;                               /* where room was made last */
    unsigned n_unearned;                         /* that wanted in */
    unsigned n_sets;                             /* a power of two */
    unsigned (*turned_away)[FULCRA__CACHE_WAYS]; /* hashes, the last first */
} FulcraCacheRoom;

void fulcra__cache_room_init(FulcraCacheRoom *self, size_t max_bytes);
void fulcra__cache_room_clear(FulcraCacheRoom *self);

/** Why @entry, which was made of @request and is not in @table, is not let in.
 * @has_place: an older one has left it. (nullable) static */
const char *fulcra__cache_room_refuses(FulcraCacheRoom *self,
        const FulcraCacheTable *table, const FulcraCacheEntry *entry,
        FulcraRequest *request, bool has_place);

/** @entry was asked for before: it is let in the next time. */
void fulcra__cache_room_remember(
        FulcraCacheRoom *self, const FulcraCacheEntry *entry);

/** Makes room for @entry, which is not in @table. What gives it is added to
 * @gone. */
void fulcra__cache_room_make(FulcraCacheRoom *self, FulcraCacheTable *table,
        FulcraCacheEntry *entry, FulcraCacheEntry **gone);
