/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Room in a table of the cache
 */

#include "private/cache_table.h"

/** Makes room for @entry, which is not in @self. What gives it is added to
 * @gone. */
void fulcra__cache_make_room(FulcraCacheTable *self, FulcraCacheEntry *entry,
        FulcraCacheEntry **gone);
