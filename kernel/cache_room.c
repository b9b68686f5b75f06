/* SPDX-License-Identifier: MIT */

/*
 * cache_room.c - which answers give room to others
 *
 * Room is made by looking at a few entries and dropping the one that is worth
 * least: seldom used, cheap to make, large. They stand far apart in the table,
 * and a hand moves past all of them in turn, so that those that came together
 * are not judged together, and each is looked at as often as any other. What an
 * entry is worth halves each time: uses of long ago count less.
 */

#include "private/cache_room.h"
#include <fulcra-host/stats.h>

#define SAMPLES   8
#define ASKING_US 10 /* what asking costs, however cheap the evaluation */

/* What one use of it saves, by the room that it takes. */
static float
entry_price(const FulcraCacheEntry *self)
{
    return (float)(self->cost_us + ASKING_US) / (float)self->bytes;
}

static float
entry_look(FulcraCacheEntry *self)
{
    unsigned uses = self->uses - self->uses_seen;

    self->uses_seen = self->uses;
    self->worth = self->worth / 2 + (float)uses * entry_price(self);
    return self->worth;
}

static FulcraCacheEntry *
table_find_worst(FulcraCacheTable *self)
{
    unsigned n = self->entries->len;
    FulcraCacheEntry *worst = NULL;
    float least = 0;

    self->hand = self->hand + 1 < n ? self->hand + 1 : 0;
    for (unsigned i = 0; i < SAMPLES; i++) {
        FulcraCacheEntry *entry = g_ptr_array_index(
                self->entries, (self->hand + (size_t)i * n / SAMPLES) % n);
        float worth = entry_look(entry);

        if (worst == NULL || worth < least) {
            worst = entry;
            least = worth;
        }
    }
    return worst;
}

void
fulcra__cache_make_room(FulcraCacheTable *self, FulcraCacheEntry *entry,
        FulcraCacheEntry **gone)
{
    entry->worth = entry_price(entry);
    while (self->bytes + entry->bytes > self->max_bytes &&
            self->entries->len > 0) {
        fulcra_host_stats_add(FULCRA_STAT_CACHE_EVICTED, 1);
        fulcra__cache_table_take(self, table_find_worst(self), gone);
    }
}
